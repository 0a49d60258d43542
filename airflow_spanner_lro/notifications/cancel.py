# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Cancel the operations of a Dag run when something else in it fails, or its deadline passes.

What tasks have published is only what somebody has written. Where the Dag is at hand, its tasks say
through which connection, of which kind and on what; where it is not, the notifier's own connection
counts and no other. A record that says something else is logged, and nobody is asked for it.

Where callbacks run (the dag-processor, the triggerer), the task state store is out of reach: a read
of it hangs for ever and takes the process down (Airflow 3.3.2). So this reads task states and XComs
only: each task publishes its ledger entry right after the start. Both reads block.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseNotifier

from airflow_spanner_lro import settings
from airflow_spanner_lro.airflow_internals import task_states, xcom_of
from airflow_spanner_lro.airflow_internals.dags import authored_task
from airflow_spanner_lro.core.arguments.times import require_seconds
from airflow_spanner_lro.core.connection import ConnectionSpec
from airflow_spanner_lro.core.errors import InvalidNameError
from airflow_spanner_lro.core.kinds import OperationKind
from airflow_spanner_lro.core.ledger.authority import (
    Refusal,
    authorise_given,
    authorise_published,
    confirm,
)
from airflow_spanner_lro.core.ledger.entry import RECORD_KEY, LedgerEntry
from airflow_spanner_lro.core.ledger.evidence import run_began
from airflow_spanner_lro.core.ledger.ownership import TaskLiveness, liveness_of
from airflow_spanner_lro.core.ledger.record import LedgerFormatError
from airflow_spanner_lro.core.names import parse_operation_names
from airflow_spanner_lro.core.text import escape_unprintable, shorten
from airflow_spanner_lro.execution.optional_xcom import OptionalOperationXCom
from airflow_spanner_lro.notifications.bulk_cancel import CancelBatch, CancelOrder, cancel_all

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from airflow.sdk import DAG, Context

    from airflow_spanner_lro.core.ledger.authority import Grant
    from airflow_spanner_lro.core.names import OperationName


log = logging.getLogger(__name__)

_LONGEST = 200
"""How many characters are shown of why a record cannot be read."""
_NEVER_RAN = {None, "none", "upstream_failed"}
_MAPPED = re.compile(r"(.+)_(\d+)")
READING_TIME = 15.0
"""Seconds to ask Airflow what was started. With the time to settle this stays well below the 50 s
after which Airflow kills a dag-processor (``[dag_processor] dag_file_processor_timeout``)."""


class SpannerCancelOperationNotifier(OptionalOperationXCom, BaseNotifier):
    """Cancel the operations that the tasks of a Dag run have started and that are not done.

    For ``on_failure_callback`` of a task or of a Dag, and for a deadline alert (``AsyncCallback``).
    Which of them fires when is in the documentation. Other tasks of the run that still wait
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
    :param gcp_conn_id: connection for ``operation_name``, and in a deadline alert the only one
        through which operations of the run are cancelled; elsewhere each is reached as its task is
        written
    :param impersonation_chain: service account to impersonate with that connection, or a chain
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
        # it is never rendered, so a mistake can be shown where it is written
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
            self.log.exception("Nothing is cancelled: what to cancel cannot be found out")
            return
        if not work:
            self.log.info("Nothing to cancel.")
            return
        for report in cancel_all(list(self._batches(work)), timeout=self.settle_timeout):
            log_line = self.log.info if report.settled else self.log.warning
            log_line(report.sentence)

    async def async_notify(self, context: Context) -> None:
        """Cancel, in the triggerer."""
        await asyncio.to_thread(self.notify, context)

    @property
    def _own_connection(self) -> ConnectionSpec:
        chain = self.impersonation_chain or ()
        return ConnectionSpec(
            gcp_conn_id=self.gcp_conn_id,
            impersonation_chain=(chain,) if isinstance(chain, str) else tuple(chain),
            endpoint=None,
        )

    def _given(self) -> dict[ConnectionSpec, list[_Claim]]:
        names = dict.fromkeys(self._names_in(self.operation_name))
        return (
            {self._own_connection: [(CancelOrder(name=name), None) for name in names]}
            if names
            else {}
        )

    def _names_in(self, value: object) -> Iterator[OperationName]:
        """Yield the operations that a value stands for; log what stands for none."""
        try:
            yield from parse_operation_names(value)
        except InvalidNameError as exc:
            if isinstance(value, Sequence) and not isinstance(value, str | bytes):
                for each in value:
                    yield from self._names_in(each)
            else:
                self.log.warning("Not cancelled: %s", exc)

    def _started(self, context: Context) -> dict[ConnectionSpec, list[_Claim]]:
        """Return what the tasks of the context's run have started, by connection."""
        run = _run_of(context)
        if run is None:
            self.log.warning(
                "Nothing is cancelled: Airflow did not tell which Dag run this is about."
            )
            return {}
        dag: DAG | None = context.get("dag")
        dag_id, run_id = run
        began = run_began(context.get("dag_run"))
        found: dict[ConnectionSpec, dict[OperationName, _Claim]] = {}
        for started in started_operations(
            dag_id=dag_id,
            run_id=run_id,
            task_ids=None if dag is None else _our_tasks(dag),
            within=READING_TIME,
        ):
            name, entry = self._wanted(started), started.entry
            if name is None:
                continue
            grant = self._grant(started, dag)
            if isinstance(grant, Refusal):
                self.log.warning("%s %s", grant.sentence, name)
                continue
            order = CancelOrder(
                name=name,
                # a task that goes on would deliver something that is not there any more
                cleans_up=entry.may_clean_up and not entry.follow_up and not started.awaited,
                own_project=grant.own_project,
                objection=partial(entry.disproof, began=began),
            )
            found.setdefault(grant.connection_spec, {})[name] = (order, entry)
        return {connection_spec: list(claims.values()) for connection_spec, claims in found.items()}

    def _wanted(self, started: StartedOperation) -> OperationName | None:
        """Return the operation to cancel, if the task's own record wants that; log why not."""
        entry = started.entry
        last = entry.waited_for
        if last is None or entry.closed or not last.ours:
            return None
        if entry.exempt:
            self.log.info("Left running, as its task wants (cancel_on_kill=False). %s", last.name)
            return None
        if not entry.may_cancel:
            self.log.warning(
                "Left running: its start call was never answered, so it is only presumed to be "
                "this run's. If it is, end it with `spanner-lro cancel`. %s",
                last.name,
            )
            return None
        return last.name

    def _grant(self, started: StartedOperation, dag: DAG | None) -> Grant | Refusal:
        deployment = settings.deployment()
        if dag is None:
            return authorise_given(
                started.entry, connection_spec=self._own_connection, deployment=deployment
            )
        return authorise_published(
            started.entry,
            task=authored_task(dag.get_task(started.task_id)),
            allowed=settings.reaper_connections(),
            deployment=deployment,
        )

    def _batches(self, work: Mapping[ConnectionSpec, Sequence[_Claim]]) -> Iterator[CancelBatch]:
        from airflow_spanner_lro.hooks.spanner_admin import (  # noqa: PLC0415  # loads gRPC
            SpannerAdminHook,
        )

        for connection, claims in work.items():
            try:
                # here: only this thread may be able to ask Airflow for a connection
                hook = SpannerAdminHook.from_connection(connection)
                connection_spec = hook.connection_spec
            except Exception:
                self.log.exception(
                    "Not cancelled, because connection %s cannot be used: %s",
                    connection.gcp_conn_id,
                    ", ".join(str(order.name) for order, _ in claims),
                )
            else:
                orders = [
                    order for order, entry in claims if self._fits(order, entry, connection_spec)
                ]
                yield CancelBatch(
                    orders=orders,
                    connect=partial(getattr, hook, "client"),
                    project=partial(getattr, hook, "project_id"),
                )

    def _fits(
        self, order: CancelOrder, entry: LedgerEntry | None, connection_spec: ConnectionSpec
    ) -> bool:
        """Tell whether a record agrees with where its connection leads to from here; log if not."""
        if entry is None or not (refusal := confirm(entry, connection_spec=connection_spec)):
            return True
        self.log.warning("%s %s", refusal.sentence, order.name)
        return False


_Claim = tuple[CancelOrder, "LedgerEntry | None"]
"""What to cancel, and the record that names it; None where a Dag's author does."""


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
    """Return the tasks whose operators say what kind of operation they start."""
    classes = ((task.task_id, getattr(task, "operator_class", type(task))) for task in dag.tasks)
    return {
        task_id
        for task_id, class_ in classes
        if isinstance(getattr(class_, "kind", None), OperationKind)
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedOperation:
    """What a task instance has started.

    :param task_id: its task
    :param entry: what its latest try has published; it has an operation's name
    :param awaited: the task goes on and will find out about the end by itself
    """

    task_id: str
    entry: LedgerEntry
    awaited: bool


def started_operations(
    *, dag_id: str, run_id: str, task_ids: Collection[str] | None, within: float
) -> list[StartedOperation]:
    """Return what the latest try of each task instance has started, what is awaited first.

    :param task_ids: the tasks to ask; None for all, which takes a read for each
    :param within: how long this may take, in seconds; what is not read by then is left out
    :raises airflow.sdk.exceptions.AirflowRuntimeError: if Airflow cannot be asked
    """
    if task_ids is not None and not task_ids:
        return []
    end = time.monotonic() + within
    states = task_states(dag_id=dag_id, run_id=run_id, task_ids=task_ids)
    may_have = [each for each in states.items() if each[1] not in _NEVER_RAN]
    # stable, so Airflow's order stays within both halves
    may_have.sort(key=lambda each: _has_ended(each[1]))
    found = []
    for position, (key, state) in enumerate(may_have):
        if time.monotonic() > end:
            log.warning(
                "Out of time: %s task instances of run %s of %s were not asked what they "
                "have started.",
                len(may_have) - position,
                run_id,
                dag_id,
            )
            break
        for task_id, map_index in _instances(key, task_ids=task_ids):
            try:
                record = xcom_of(
                    key=RECORD_KEY,
                    dag_id=dag_id,
                    task_id=task_id,
                    run_id=run_id,
                    map_index=map_index,
                )
            except Exception:
                log.exception("Left alone: the record of %s cannot be read", key)
                continue
            if record and (entry := _read(record, key=key)) and entry.operation:
                awaited = not _has_ended(state)
                found.append(StartedOperation(task_id=task_id, entry=entry, awaited=awaited))
    return found


def _has_ended(state: str | None) -> bool:
    return liveness_of(state) is TaskLiveness.ENDED


def _instances(key: str, *, task_ids: Collection[str] | None) -> Iterator[tuple[str, int]]:
    """Yield what a key of Airflow's task states may mean: ``a_1`` may be the second ``a``."""
    if task_ids is None or key in task_ids:
        yield key, -1
    if (mapped := _MAPPED.fullmatch(key)) and (task_ids is None or mapped[1] in task_ids):
        yield mapped[1], int(mapped[2])


def _read(record: object, *, key: str) -> LedgerEntry | None:
    try:
        return LedgerEntry.from_record(record)
    except LedgerFormatError as exc:
        why = shorten(escape_unprintable(str(exc)), length=_LONGEST)
        log.warning("Left alone: the record of %s cannot be read: %s", key, why)
        return None
