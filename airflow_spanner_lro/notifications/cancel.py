# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Cancel the operations of a Dag run when something else in it fails, or its deadline passes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseNotifier

from airflow_spanner_lro.core.access import Access
from airflow_spanner_lro.core.arguments.seconds import require_seconds
from airflow_spanner_lro.core.flows.operation import cancel_and_settle
from airflow_spanner_lro.core.flows.policy import CancelPolicy
from airflow_spanner_lro.core.names import OperationName
from airflow_spanner_lro.core.status import code_of
from airflow_spanner_lro.notifications.started import started_operations
from airflow_spanner_lro.operators.operation import SpannerOperationOperator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import DAG, Context

    from airflow_spanner_lro.admin.client import SpannerAdminClient

_AT_ONCE = 16
"""How many operations are cancelled at the same time."""


class SpannerCancelOperationNotifier(BaseNotifier):
    """Cancel the operations that the tasks of a Dag run have started and that are not done.

    For ``on_failure_callback`` of a Dag, and for a deadline alert (``AsyncCallback``). As the
    callback of one task it cancels what other tasks wait for too: these fail, and their retries
    start anew.

    Logs what became of each operation. An operation that cannot be cancelled does not keep the
    others from being cancelled, and fails nothing. What an operation had made before the cancel
    took hold is left there.

    :param operation_name: cancel these instead: a full name or several; empty ones are passed over
    :param settle_timeout: how long to wait for the outcome, in seconds; short, because a
        dag-processor waits meanwhile
    :param gcp_conn_id: connection for ``operation_name``; an operation of the run is reached as its
        task did
    :param impersonation_chain: service account to impersonate for ``operation_name``, or a chain
    """

    template_fields: Sequence[str] = ("operation_name", "gcp_conn_id", "impersonation_chain")

    def __init__(
        self,
        *,
        operation_name: str | Sequence[str] | None = None,
        settle_timeout: float = 10.0,
        gcp_conn_id: str = "google_cloud_default",
        impersonation_chain: str | Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        # it is never rendered, so a mistake can be told where it is written
        require_seconds(settle_timeout, field="settle_timeout")
        self.operation_name = operation_name
        self.settle_timeout = settle_timeout
        self.gcp_conn_id = gcp_conn_id
        self.impersonation_chain = impersonation_chain

    def notify(self, context: Context) -> None:
        """Cancel, in a worker or in the dag-processor."""
        work = self._given() if self.operation_name is not None else _started(context)
        if not work:
            self.log.info("There is no operation to cancel.")
            return
        # made here: only this thread may be able to ask Airflow for a connection
        clients = {access: self._client(access) for access in work}
        with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
            stops = [
                pool.submit(_stop, name, client=client, timeout=self.settle_timeout)
                for access, client in clients.items()
                if client
                for name in work[access]
            ]
            for stop in stops:
                self.log.info(stop.result())
        for client in filter(None, clients.values()):
            client.close()

    async def async_notify(self, context: Context) -> None:
        """Cancel, in the triggerer."""
        await asyncio.to_thread(self.notify, context)

    def _given(self) -> dict[Access, list[str]]:
        chain = self.impersonation_chain or ()
        access = Access(
            gcp_conn_id=self.gcp_conn_id,
            impersonation_chain=(chain,) if isinstance(chain, str) else tuple(chain),
            endpoint=None,
        )
        names = self.operation_name or ()
        given = [names] if isinstance(names, str) else names
        # an XCom that was never pushed is rendered as the text None
        wanted = [name for name in given if name and name != "None"]
        return {access: wanted} if wanted else {}

    def _client(self, access: Access) -> SpannerAdminClient | None:
        from airflow_spanner_lro.hooks.spanner_admin import (  # noqa: PLC0415  # loads gRPC
            SpannerAdminHook,
        )

        try:
            return SpannerAdminHook.for_access(access).client
        except Exception:
            self.log.exception("Operations of connection %s are not cancelled", access.gcp_conn_id)
            return None


def _started(context: Context) -> dict[Access, list[str]]:
    """Return what the tasks of the context's run have started, by the way it is reached."""
    dag: DAG | None = context.get("dag")
    found: dict[Access, list[str]] = {}
    dag_id, run_id = _run_of(context)
    for entry in started_operations(
        dag_id=dag_id, run_id=run_id, task_ids=None if dag is None else _our_tasks(dag)
    ):
        found.setdefault(entry.access, []).append(str(entry.operation))
    return found


def _run_of(context: Any) -> tuple[str, str]:
    """Return Dag and run: a deadline's context describes its run, others have the real one."""
    run = context.get("dag_run")
    if isinstance(run, Mapping):
        return run["dag_id"], run["dag_run_id"]
    # in the dag-processor there may be only this
    dag_id = run.dag_id if run else context["dag"].dag_id
    return dag_id, run.run_id if run else context["run_id"]


def _our_tasks(dag: DAG) -> set[str]:
    return {
        task.task_id
        for task in dag.tasks
        if issubclass(getattr(task, "operator_class", type(task)), SpannerOperationOperator)
    }


def _stop(name: str, *, client: SpannerAdminClient, timeout: float) -> str:
    """Cancel one operation that is not done; return what became of it."""
    from airflow_spanner_lro.admin.clock import StoppableClock  # noqa: PLC0415  # with the client
    from airflow_spanner_lro.admin.drive import run  # noqa: PLC0415

    try:
        operation, clock = OperationName.parse(name), StoppableClock()
        if client.get(name=operation).done:
            return f"{name} was done already."
        settlement = run(
            cancel_and_settle(name=operation, policy=CancelPolicy()),
            client=client,
            clock=clock,
            deadline=clock.now() + timedelta(seconds=timeout),
        )
    except Exception as exc:  # noqa: BLE001  # whatever it is, the others come next
        code = code_of(exc)
        told = f"{code.name}: {getattr(exc, 'message', exc)}" if code else repr(exc)
        return f"{name} could not be cancelled: {told}"
    return f"{name}: {settlement.sentence}"
