# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What all our operators share: through which connection, in which project, to ask Spanner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from airflow_spanner_lro.hooks.lazy import HookOnDemand

if TYPE_CHECKING:
    from collections.abc import Sequence


class SpannerAdminOperator(BaseOperator, HookOnDemand):
    """Ask the Spanner admin API for something.

    :param project_id: Google Cloud project; by default the connection's
    :param gcp_conn_id: connection of type ``google_cloud_platform``
    :param impersonation_chain: service account to impersonate, or a chain of them
    """

    template_fields: Sequence[str] = ("project_id", "gcp_conn_id", "impersonation_chain")
    ui_color = "#d5e5fa"

    def __init__(
        self,
        *,
        project_id: str | None = None,
        gcp_conn_id: str = "google_cloud_default",
        impersonation_chain: str | Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.project_id = project_id
        self.gcp_conn_id = gcp_conn_id
        self.impersonation_chain = impersonation_chain

    @property
    def project(self) -> str:
        """The project to work in: the given one, or the connection's."""
        return self.project_id or self.hook.project_id
