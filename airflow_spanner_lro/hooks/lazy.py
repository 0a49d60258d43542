# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Make the hook of an operator or a sensor when it is first used, on the worker.

Separate from the hook, because every Dag file imports this and the hook loads the Google provider.
It has no constructor: Airflow applies ``default_args`` to the parameters that each class names.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook


class HookOnDemand:
    """Has a hook, for a class that has a connection and whom to impersonate."""

    gcp_conn_id: str
    impersonation_chain: str | Sequence[str] | None

    @cached_property
    def hook(self) -> SpannerAdminHook:
        """The hook, made from the rendered parameters when first used."""
        return self._make_hook()

    def _make_hook(self) -> SpannerAdminHook:
        from airflow_spanner_lro.hooks.spanner_admin import (  # noqa: PLC0415  # loads gRPC
            SpannerAdminHook,
        )

        return SpannerAdminHook(
            gcp_conn_id=self.gcp_conn_id, impersonation_chain=self.impersonation_chain
        )
