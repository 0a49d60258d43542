# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The sensor that waits for an operation by its name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseSensorOperator
from airflow.sdk.configuration import conf
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from airflow_spanner_lro.core.conclusion import conclude
from airflow_spanner_lro.core.errors import OperationFailedError
from airflow_spanner_lro.core.event import WaitOutcome
from airflow_spanner_lro.core.names import OperationName
from airflow_spanner_lro.core.narrate import ProgressNarrator
from airflow_spanner_lro.core.status import is_transient
from airflow_spanner_lro.failing import failing_for_good
from airflow_spanner_lro.hooks.lazy import HookOnDemand
from airflow_spanner_lro.triggers.operation import SpannerOperationTrigger

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.sdk import Context

    from airflow_spanner_lro.core.snapshot import OperationSnapshot


class SpannerOperationSensor(BaseSensorOperator, HookOnDemand):
    """Wait until an operation is done. It never cancels: somebody else started the operation.

    Succeeds when the operation succeeded; fails without retrying when it failed or was cancelled,
    or is skipped then with ``soft_fail=True``. When Spanner cannot be asked for a while, it goes
    on waiting.

    :param operation_name: full name of the operation, such as the output of an operator with
        ``wait_for_completion=False``
    :param deferrable: wait in the triggerer instead of poking
    :param gcp_conn_id: connection of type ``google_cloud_platform``
    :param impersonation_chain: service account to impersonate, or a chain of them

    Also accepts the parameters of :class:`~airflow.sdk.BaseSensorOperator`.
    """

    template_fields: Sequence[str] = ("operation_name", "gcp_conn_id", "impersonation_chain")
    ui_color = "#e8f0fc"

    def __init__(
        self,
        *,
        operation_name: str,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        gcp_conn_id: str = "google_cloud_default",
        impersonation_chain: str | Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.operation_name = operation_name
        self.deferrable = deferrable
        self.gcp_conn_id = gcp_conn_id
        self.impersonation_chain = impersonation_chain

    @cached_property
    def _narrator(self) -> ProgressNarrator:
        return ProgressNarrator()

    def execute(self, context: Context) -> None:
        """Poke, or look once and then wait in the triggerer."""
        if not self.deferrable:
            super().execute(context)
            return
        try:
            if self.poke(context):
                return
        except AirflowFailException as exc:
            # as Airflow does where it pokes itself, and after a deferral
            if self.soft_fail or self.never_fail:
                raise AirflowSkipException(str(exc)) from exc
            raise
        self.defer(
            trigger=SpannerOperationTrigger.watching(
                OperationName.parse(self.operation_name),
                access=self.hook.access,
                poll_interval=max(self.poke_interval, 1.0),
            ),
            method_name="execute_complete",
            timeout=timedelta(seconds=self.timeout),
        )

    def execute_complete(self, context: Context, event: Mapping[str, Any]) -> None:  # noqa: ARG002
        """Go on when the trigger has fired."""
        _require_success(WaitOutcome.from_event(event))

    def poke(self, context: Context) -> bool:  # noqa: ARG002  # Airflow's signature
        """Look once: True when the operation has succeeded."""
        snapshot = self._look()
        if snapshot is None:
            return False
        self._tell(snapshot)
        if not snapshot.done:
            return False
        _require_success(WaitOutcome(name=snapshot.name, snapshot=snapshot))
        return True

    def _look(self) -> OperationSnapshot | None:
        """Get the operation; None while Spanner cannot be asked."""
        with failing_for_good():
            try:
                return self.hook.get_operation(name=self.operation_name)
            except Exception as exc:
                if not is_transient(exc):
                    raise
                self._tell(exc)
                return None

    def _tell(self, heard: OperationSnapshot | Exception) -> None:
        for line in self._narrator.lines(heard, now=datetime.now(tz=UTC)):
            self.log.info(line)


def _require_success(outcome: WaitOutcome) -> None:
    try:
        conclude(outcome, deadline=None)
    except OperationFailedError as exc:
        raise AirflowFailException(str(exc)) from exc
