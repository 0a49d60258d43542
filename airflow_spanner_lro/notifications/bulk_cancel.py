# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Cancel many operations side by side, within a time that holds whatever Spanner does.

A dag-processor is killed, and all that it still had to do with it, when a callback takes too long.
So the work is done in threads that nobody waits for when the time is up: a call that hangs costs an
outcome in the log, and no more. A worker, a triggerer and a dag-processor use the same.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import timedelta
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING

from airflow_spanner_lro import metrics
from airflow_spanner_lro.core.flows.commands import Get, Sleep
from airflow_spanner_lro.core.flows.operation import (
    DeadlinePassedError,
    cancel_if_running,
    gather,
    stop,
)
from airflow_spanner_lro.core.names import same_project
from airflow_spanner_lro.core.operations.settlement import Ending, Settlement
from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot
from airflow_spanner_lro.core.polling.policy import CancelPolicy
from airflow_spanner_lro.core.status import Code, code_of, error_text, is_transient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from airflow_spanner_lro.admin.client import SpannerAdminClient
    from airflow_spanner_lro.core.flows.commands import Flow
    from airflow_spanner_lro.core.names import OperationName

    Report = SimpleQueue[tuple[OperationName, "CancelReport"]]

_AT_ONCE = 16
"""How many calls are made at the same time, for each connection."""
_GRACE = 5.0
"""Seconds beyond the time to settle, for calls that are under way when it is spent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOrder:
    """An operation to cancel.

    :param cleans_up: delete what it made in spite of that
    :param own_project: it must be in the connection's own project
    :param objection: returns why it is not to be touched, once it was seen; None for one that a
        Dag's author has named
    """

    name: OperationName
    cleans_up: bool = False
    own_project: bool = False
    objection: Callable[[OperationSnapshot], str | None] | None = None


@dataclass(frozen=True, slots=True)
class CancelReport:
    """What there is to say of an operation.

    :param settled: nothing of it goes on
    """

    sentence: str
    settled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelBatch:
    """Operations that are reached through the same connection.

    :param connect: makes the client; called in a thread, because credentials may take long
    :param project: returns the connection's own project; likewise
    """

    orders: Sequence[CancelOrder]
    connect: Callable[[], SpannerAdminClient]
    project: Callable[[], str] = str


def cancel_all(batches: Sequence[CancelBatch], *, timeout: float) -> Iterator[CancelReport]:
    """Cancel operations; yield what became of each as soon as that is known.

    :param timeout: how long to wait for the outcomes, in seconds; this ends within seconds of it
    """
    end = time.monotonic() + timeout + _GRACE
    report: Report = SimpleQueue()
    missing = {order.name for batch in batches for order in batch.orders}
    for batch in batches:
        _in_thread(_cancel_batch, batch, timeout, report)
    while missing:
        try:
            name, each = report.get(timeout=max(end - time.monotonic(), 0))
        except Empty:
            break
        missing.discard(name)
        yield replace(each, sentence=f"{each.sentence} {name}")
    for lost in sorted(map(str, missing)):
        unknown = "Not known what became of it; check it with `spanner-lro describe`."
        yield CancelReport(f"{unknown} {lost}", settled=False)


def _cancel_batch(batch: CancelBatch, timeout: float, report: Report) -> None:
    try:
        client = batch.connect()
        orders = list(_in_project(batch, report))
    except Exception as exc:  # noqa: BLE001  # it is reported, and other batches do not care
        _report_failure(exc, batch.orders, report)
        return
    lanes = min(_AT_ONCE, len(orders))
    threads = [
        _in_thread(_cancel_some, orders[lane::lanes], client, timeout, report)
        for lane in range(lanes)
    ]
    for thread in threads:
        thread.join()
    client.close()


def _in_project(batch: CancelBatch, report: Report) -> Iterator[CancelOrder]:
    """Yield the orders whose project is not another one than it must be; report the rest."""
    for order in batch.orders:
        named = order.name.resource.project
        if order.own_project and not same_project(named, batch.project()):
            sentence = f"Refused: its task's project is {batch.project()}."
            report.put((order.name, CancelReport(sentence, settled=False)))
        else:
            yield order


def _cancel(order: CancelOrder) -> Flow[OperationSnapshot | Settlement | CancelReport]:
    """Cancel an operation that still runs, if nothing speaks against it once it was seen."""
    policy, cleans_up = CancelPolicy(), order.cleans_up
    if order.objection is None:
        return (yield from cancel_if_running(name=order.name, policy=policy, cleans_up=cleans_up))
    trouble: Exception | None = None
    try:
        for delay in policy.delays():
            match (yield Get(order.name)):
                case OperationSnapshot() as snapshot if wrong := order.objection(snapshot):
                    return CancelReport(
                        f"Left alone: it cannot be this run's. {wrong}", settled=False
                    )
                case OperationSnapshot(done=True) as snapshot:
                    return snapshot
                case OperationSnapshot():
                    return (yield from stop(name=order.name, policy=policy, cleans_up=cleans_up))
                case Exception() as exc if code_of(exc) is Code.NOT_FOUND:
                    return Settlement(name=order.name, ending=Ending.GONE)
                case Exception() as exc:
                    trouble = exc
                    if not is_transient(exc):
                        break
            yield Sleep(delay)
    except DeadlinePassedError:
        pass
    why = error_text(trouble) if trouble else "the time was over"
    detail = f"it could not be polled: {why}"
    return Settlement(name=order.name, ending=Ending.NOT_SENT, detail=detail)


def _cancel_some(
    orders: Sequence[CancelOrder], client: SpannerAdminClient, timeout: float, report: Report
) -> None:
    from airflow_spanner_lro.admin.clock import StoppableClock  # noqa: PLC0415  # with the client
    from airflow_spanner_lro.admin.driver import run  # noqa: PLC0415

    clock = StoppableClock()
    try:
        ends = run(
            gather(_cancel(order) for order in orders),
            client=client,
            clock=clock,
            deadline=clock.now() + timedelta(seconds=timeout),
        )
    except Exception as exc:  # noqa: BLE001  # it is reported, and other lanes do not care
        _report_failure(exc, orders, report)
        return
    for order, end in zip(orders, ends, strict=True):
        outcome = CancelReport("Nothing to cancel: it was done already.", settled=True)
        if isinstance(end, CancelReport):
            outcome = end
        elif isinstance(end, Settlement):
            metrics.count_cancel(end, cause=metrics.Cause.NOTIFIER)
            outcome = CancelReport(end.sentence, settled=end.settled and not end.left_behind)
        report.put((order.name, outcome))


def _report_failure(exc: Exception, orders: Sequence[CancelOrder], report: Report) -> None:
    for order in orders:
        end = Settlement(name=order.name, ending=Ending.NOT_SENT, detail=error_text(exc))
        metrics.count_cancel(end, cause=metrics.Cause.NOTIFIER)
        report.put((order.name, CancelReport(end.sentence, settled=False)))


def _in_thread(work: Callable[..., None], *arguments: object) -> Thread:
    thread = Thread(target=work, args=arguments, name="spanner-lro-cancel", daemon=True)
    thread.start()
    return thread
