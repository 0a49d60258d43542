# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Cancel the operations of a Dag run when something else in it fails, or its deadline passes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseNotifier

from airflow_spanner_lro.core.access import Access
from airflow_spanner_lro.core.arguments.references import refer_operations
from airflow_spanner_lro.core.arguments.seconds import require_seconds
from airflow_spanner_lro.core.errors import InvalidNameError
from airflow_spanner_lro.notifications.started import started_operations
from airflow_spanner_lro.notifications.stopping import Batch, Order, stop_all
from airflow_spanner_lro.execution.optional_xcom import AbsentOperations
from airflow_spanner_lro.operators.operation import SpannerOperationOperator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow.sdk import DAG, Context

    from airflow_spanner_lro.admin.client import SpannerAdminClient
    from airflow_spanner_lro.core.names import OperationName
    from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook
    from airflow_spanner_lro.notifications.started import StartedOperation

LOOKING_TIME = 15.0
"""Seconds to ask Airflow what was started. With the time to settle this stays well below the 50 s
after which Airflow kills a dag-processor (``[dag_processor] dag_file_processor_timeout``)."""


class SpannerCancelOperationNotifier(AbsentOperations, BaseNotifier):
    """Cancel the operations that the tasks of a Dag run have started and that are not done.

    For ``on_failure_callback`` of a task or of a Dag, and for a deadline alert (``AsyncCallback``).
    Which of them fires when is told in the documentation. Other tasks of the run that still wait
    for an operation fail when it is cancelled, and their retries start anew.

    Logs what became of each operation. An operation that cannot be cancelled does not keep the
    others from being cancelled, and fails nothing.

    What an operation had made before the cancel took hold is deleted if its task would have done
    so (``clean_up``) and has ended; a task that goes on delivers it. An operation that was done
    before is not touched. A task with ``cancel_on_kill=False`` keeps its operation; name it in
    ``operation_name`` to cancel it all the same.

    :param operation_name: cancel these instead: a full name, or many in lists; None in a list and
        empty text are nothing to cancel
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
        operation_name: str | Sequence[Any] | None = None,
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
        """Cancel, in a worker or in the dag-processor; trouble is logged, and never raised."""
        try:
            given = self.operation_name is not None
            work = self._given() if given else self._started(context)
        except Exception:
            # also what Airflow answers where a database is down: it may be of any type
            self.log.exception("It cannot be found out what to cancel; nothing is cancelled")
            return
        if not work:
            self.log.info("There is no operation to cancel.")
            return
        for told in stop_all(list(self._batches(work)), timeout=self.settle_timeout):
            tell = self.log.info if told.settled else self.log.warning
            tell(told.sentence)

    async def async_notify(self, context: Context) -> None:
        """Cancel, in the triggerer."""
        await asyncio.to_thread(self.notify, context)

    def _given(self) -> dict[Access, list[Order]]:
        chain = self.impersonation_chain or ()
        access = Access(
            gcp_conn_id=self.gcp_conn_id,
            impersonation_chain=(chain,) if isinstance(chain, str) else tuple(chain),
            endpoint=None,
        )
        names = dict.fromkeys(self._readable(self.operation_name))
        return {access: [Order(name=name) for name in names]} if names else {}

    def _readable(self, value: object) -> Iterator[OperationName]:
        """Yield the operations that a value stands for; tell of what stands for none."""
        try:
            yield from refer_operations(value)
        except InvalidNameError as exc:
            if isinstance(value, Sequence) and not isinstance(value, str | bytes):
                for each in value:
                    yield from self._readable(each)
            else:
                self.log.warning("It cannot be cancelled: %s", exc)

    def _started(self, context: Context) -> dict[Access, list[Order]]:
        """Return what the tasks of the context's run have started, by the way it is reached."""
        run = _run_of(context)
        if run is None:
            self.log.warning(
                "Airflow did not tell which Dag run this is about, so nothing can be cancelled."
            )
            return {}
        dag: DAG | None = context.get("dag")
        dag_id, run_id = run
        found: dict[Access, dict[OperationName, Order]] = {}
        for started in started_operations(
            dag_id=dag_id,
            run_id=run_id,
            task_ids=None if dag is None else _our_tasks(dag),
            within=LOOKING_TIME,
        ):
            if order := self._order(started):
                found.setdefault(started.entry.access, {})[order.name] = order
        return {access: list(orders.values()) for access, orders in found.items()}

    def _order(self, started: StartedOperation) -> Order | None:
        entry = started.entry
        last = entry.waited_for
        if last is None or entry.closed or not last.ours:
            return None
        if entry.spared:
            self.log.info("%s goes on: its task is not to cancel it.", last.name)
            return None
        # a task that goes on would tell of something that is not there any more
        cleans_up = entry.cleans_up and not entry.follow_up and not started.awaited
        return Order(name=last.name, cleans_up=cleans_up)

    def _batches(self, work: Mapping[Access, Sequence[Order]]) -> Iterator[Batch]:
        from airflow_spanner_lro.hooks.spanner_admin import (  # noqa: PLC0415  # loads gRPC
            SpannerAdminHook,
        )

        for access, orders in work.items():
            try:
                # here: only this thread may be able to ask Airflow for a connection
                hook = SpannerAdminHook.for_access(access)
            except Exception:
                self.log.exception(
                    "These operations of connection %s are not cancelled: %s",
                    access.gcp_conn_id,
                    ", ".join(str(order.name) for order in orders),
                )
            else:
                yield Batch(orders=orders, connect=_connecting(hook))


def _connecting(hook: SpannerAdminHook) -> Callable[[], SpannerAdminClient]:
    return lambda: hook.client


def _run_of(context: Any) -> tuple[str, str] | None:
    """Return Dag and run: a deadline's context describes its run, others have the real one."""
    run = context.get("dag_run") or context.get("ti")
    if isinstance(run, Mapping):
        found = run.get("dag_id"), run.get("dag_run_id")
    else:
        # in the dag-processor there may be only a Dag and an id
        source = run or context.get("dag")
        found = getattr(source, "dag_id", None), getattr(run, "run_id", context.get("run_id"))
    return (str(found[0]), str(found[1])) if all(found) else None


def _our_tasks(dag: DAG) -> set[str]:
    return {
        task.task_id
        for task in dag.tasks
        if issubclass(getattr(task, "operator_class", type(task)), SpannerOperationOperator)
    }
