# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Cancelling many operations at once, through whichever connections, and what becomes of each."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from airflow_spanner_lro import metrics
from airflow_spanner_lro.admin.drive import run
from airflow_spanner_lro.core.error_text import error_text
from airflow_spanner_lro.core.flows.commands import Cancel
from airflow_spanner_lro.core.flows.operation import stop
from airflow_spanner_lro.core.flows.policy import CancelPolicy
from airflow_spanner_lro.core.flows.together import together
from airflow_spanner_lro.core.operations.settlement import Ending, Settlement
from airflow_spanner_lro.core.status import Code, code_of, is_transient
from airflow_spanner_lro.core.tries.reaping import settled_as

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from airflow_spanner_lro.admin.ports import Clock
    from airflow_spanner_lro.core.flows.commands import Flow
    from airflow_spanner_lro.core.names import OperationName
    from airflow_spanner_lro.core.tries.ledger import LedgerEntry
    from airflow_spanner_lro.reaper.pacing import PacedClient
    from airflow_spanner_lro.reaper.records import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """An operation whose end is decided and written down.

    :param record: as it was written
    :param name: what to cancel: the operation that the task waited for last
    :param about: what a line about it begins with
    """

    record: Record
    entry: LedgerEntry
    name: OperationName
    client: PacedClient
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """What became of one.

    :param entry: what to write down
    """

    stop: Stop
    settlement: Settlement
    entry: LedgerEntry


def stop_together(
    stops: Sequence[Stop],
    *,
    clock: Clock,
    timeout: float | None,
    policy: CancelPolicy | None = None,
) -> list[Stopped]:
    """Cancel operations, all before the first is waited for; settle, and clean up.

    :param policy: how often to poll after that
    :param timeout: how long to wait for all the outcomes, in seconds; None to ask for none
    :raises WaitStoppedError: if the clock is stopped; all have been asked to end by then
    """
    if not stops:
        return []
    deadline = clock.now() + timedelta(seconds=timeout or 0.0)

    def flow(each: Stop) -> Flow[Settlement]:
        if timeout is None:
            return _only_cancel(each.name)
        return stop(
            name=each.name, policy=policy or CancelPolicy(), cleans_up=each.entry.may_clean_up
        )

    def stop_some(some: Sequence[Stop]) -> tuple[Settlement, ...]:
        flows = map(flow, some)
        return run(together(flows), client=some[0].client, clock=clock, deadline=deadline)

    by_client: dict[int, list[Stop]] = {}
    for each in stops:
        by_client.setdefault(id(each.client), []).append(each)
    for some in by_client.values():
        some[0].client.expect(each.name for each in some)
    groups = list(by_client.values())
    with ThreadPoolExecutor(max_workers=len(groups)) as pool:
        outcomes = list(pool.map(stop_some, groups))
    now = clock.now()
    return [
        _stopped(each, settlement, now=now)
        for group, settlements in zip(groups, outcomes, strict=True)
        for each, settlement in zip(group, settlements, strict=True)
    ]


def _only_cancel(name: OperationName) -> Flow[Settlement]:
    """Ask for cancellation, once, and leave it to a later round to see what becomes of it."""
    answer = yield Cancel(name)
    if not isinstance(answer, Exception):
        return Settlement(name=name, ending=Ending.STILL_RUNNING)
    ending = Ending.REFUSED
    if code_of(answer) is Code.NOT_FOUND:
        ending = Ending.GONE
    elif is_transient(answer):
        ending = Ending.NOT_SENT
    return Settlement(name=name, ending=ending, detail=error_text(answer), code=code_of(answer))


def _stopped(stop: Stop, settlement: Settlement, *, now: datetime) -> Stopped:
    metrics.count_cancel(settlement, cause=metrics.Cause.REAPER)
    entry = settled_as(stop.entry, settlement, now=now)
    return Stopped(stop=stop, settlement=settlement, entry=entry)
