# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What all our operators share: through which connection, in which project, to ask Spanner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from airflow.sdk import BaseOperator

from airflow_spanner_lro.hooks.lazy import HookOnDemand

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook

_OF_THIS_PROCESS = ("hook", "_run", "_wait", "_killed", "_killed_early")
"""Attributes with channels and threads, which an operator has once it was executed."""


class SpannerAdminOperator(BaseOperator, HookOnDemand):
    """Ask the Spanner admin API for something.

    :param project_id: Google Cloud project; by default the connection's
    :param gcp_conn_id: connection of type ``google_cloud_platform``
    :param impersonation_chain: service account to impersonate, or a chain of them
    """

    template_fields: Sequence[str] = ("project_id", "gcp_conn_id", "impersonation_chain")
    ui_color = "#d5e5fa"
    # shallow for the moment that a deep copy has them at all
    shallow_copy_attrs = _OF_THIS_PROCESS

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

    def __getstate__(self) -> dict[str, Any]:
        """Return what copies and pickles take along: nothing that belongs to this process."""
        state: dict[str, Any] = super().__getstate__()  # type: ignore[no-untyped-call]
        return {key: value for key, value in state.items() if key not in _OF_THIS_PROCESS}

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Return a copy without what belongs to this process; Airflow's would copy channels."""
        copied: Self = super().__deepcopy__(memo)
        for key in _OF_THIS_PROCESS:
            vars(copied).pop(key, None)
        return copied

    def _make_hook(self) -> SpannerAdminHook:
        # a sensor changes nothing, and does not say this at each of its looks
        hook = super()._make_hook()
        hook.warn_if_emulated(warn=self.log.warning)
        return hook

    @property
    def project(self) -> str:
        """The project to work in: the given one, or the connection's."""
        return self.project_id or self.hook.project_id
