# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Poll and cancel many operations at once: few requests, and never more than Spanner takes.

Spanner counts five requests a second on average over a hundred seconds. The reaper takes at most
400 in a hundred seconds, all at once if need be, and leaves the rest to those who wait. A thousand
orphans in a hundred instances are polled by a hundred lists. All of them are asked to end before
the first is waited for.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro import metrics
from airflow_spanner_lro.admin.client import SpannerAdminClient
from airflow_spanner_lro.admin.driver import CALL_TIMEOUT, run
from airflow_spanner_lro.core.flows.commands import Cancel
from airflow_spanner_lro.core.flows.operation import gather, stop
from airflow_spanner_lro.core.ledger.reaping import settled_as
from airflow_spanner_lro.core.operations.settlement import Ending, Settlement
from airflow_spanner_lro.core.polling.budget import SPAN, RequestWindow
from airflow_spanner_lro.core.polling.families import Family, family_of
from airflow_spanner_lro.core.polling.policy import CancelPolicy
from airflow_spanner_lro.core.polling.schedule import NAMED_AT_ONCE, WORTH_A_LIST
from airflow_spanner_lro.core.status import Code, code_of, error_text, is_transient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from airflow_spanner_lro.admin.driver import SyncClock
    from airflow_spanner_lro.core.flows.commands import Flow
    from airflow_spanner_lro.core.kinds import Service
    from airflow_spanner_lro.core.ledger.entry import LedgerEntry
    from airflow_spanner_lro.core.names import OperationName
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot
    from airflow_spanner_lro.core.polling.seen import Emulated
    from airflow_spanner_lro.reaper.records import LedgerRow

    Elapsed = Callable[[], float]

MOST = 400
"""Requests in a hundred seconds; a triggerer's usual budget for polls is another hundred."""
_FRESH = 2.0
"""Seconds for which an operation's entry in a list counts as a poll."""


class RequestAllowance:
    """How many requests may still be sent; one for all rounds of a process.

    :param elapsed: seconds on an axis that only goes forward
    """

    def __init__(self, *, most: int = MOST, elapsed: Elapsed = time.monotonic) -> None:
        self._window = RequestWindow(room=most, span=SPAN)
        self._elapsed = elapsed

    @property
    def room(self) -> int:
        """How many requests may be sent right now."""
        return self._window.left(self._elapsed())

    def take(self, clock: SyncClock) -> None:
        """Count a request that is about to be sent; wait until it may be.

        :raises WaitStoppedError: if the clock is stopped meanwhile
        """
        while (seconds := self._window.until_room(self._elapsed())) > 0:
            clock.sleep(max(seconds, 0.01))
        self._window.sent.append(self._elapsed())


class RateLimitedClient(SpannerAdminClient):
    """Asks through another client, within an allowance; polls of a family share a list.

    A list is by name, so it has operations that have ended as well. What it does not have, or what
    cannot be listed, is polled one by one.
    """

    def __init__(
        self, client: SpannerAdminClient, *, allowance: RequestAllowance, clock: SyncClock
    ) -> None:
        self._client = client
        self._allowance = allowance
        self._clock = clock
        self._families: dict[Family, dict[OperationName, None]] = {}
        self._listed: dict[OperationName, tuple[float, OperationSnapshot]] = {}
        self._unlisted: set[OperationName] = set()
        self._no_lists: set[Family] = set()

    @property
    def emulated(self) -> Emulated | None:
        """What is known of the emulator that answers; None if there is none."""
        return self._client.emulated

    @property
    def omni(self) -> bool:
        """Whether it asks Spanner Omni, which does not serve everything."""
        return self._client.omni

    def expect(self, names: Iterable[OperationName]) -> None:
        """Hear which operations will be polled, instead of those of before."""
        self._families.clear()
        self._listed.clear()
        self._unlisted.clear()
        for name in names:
            self._families.setdefault(family_of(name), {})[name] = None

    def get(self, *, name: OperationName, timeout: float = CALL_TIMEOUT) -> OperationSnapshot:
        """Get an operation, from a list that was just read if it is one of many."""
        snapshot = self._known(name)
        family = family_of(name)
        if snapshot is None and self._is_worth_a_list(family, name):
            self._list_some(family, first=name, timeout=timeout)
            snapshot = self._known(name)
        if snapshot is None:
            snapshot = super().get(name=name, timeout=timeout)
        if snapshot.done:
            # nobody polls it any more
            self._families.get(family, {}).pop(name, None)
        return snapshot

    def cancel(self, *, name: OperationName, timeout: float = CALL_TIMEOUT) -> None:
        """Ask for cancellation; what was known of the operation is old then."""
        self._listed.pop(name, None)
        super().cancel(name=name, timeout=timeout)

    def _known(self, name: OperationName) -> OperationSnapshot | None:
        # once: whoever asks again wants to know anew
        since, snapshot = self._listed.pop(name, (-1.0, None))
        if snapshot is None:
            return None
        return snapshot if snapshot.done or time.monotonic() - since <= _FRESH else None

    def _is_worth_a_list(self, family: Family, name: OperationName) -> bool:
        if family.call is None or family in self._no_lists or name in self._unlisted:
            return False
        expected = self._families.get(family, {})
        return name in expected and len(expected) >= WORTH_A_LIST

    def _list_some(self, family: Family, *, first: OperationName, timeout: float) -> None:
        """List an operation with those that are expected to be asked for next."""
        expected = [*self._families[family]]
        start = expected.index(first)
        names = (expected[start:] + expected[:start])[:NAMED_AT_ONCE]
        query = family.named(map(str, names))
        try:
            found = self.query_operations(query=query, timeout=timeout)
        except Exception as exc:
            if code_of(exc) is None:
                raise
            # a permission is missing, or it cannot be filtered; each one may still be asked for
            self._no_lists.add(family)
            return
        now = time.monotonic()
        self._listed.update({each.name: (now, each) for each in found})
        self._unlisted |= set(names) - {each.name for each in found}

    def _call(self, service: Service, method: str, *args: Any, **kwargs: Any) -> Any:
        self._allowance.take(self._clock)
        return self._client._call(service, method, *args, **kwargs)  # noqa: SLF001  # our base's

    def close(self) -> None:
        """Close the channels that were opened."""
        self._client.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRequest:
    """An operation whose end is decided and written down.

    :param row: as it was written
    :param name: what to cancel: the operation that the task waited for last
    :param subject: what a line about it begins with
    """

    row: LedgerRow
    entry: LedgerEntry
    name: OperationName
    client: RateLimitedClient
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOutcome:
    """What became of one.

    :param entry: what to write down
    """

    request: CancelRequest
    settlement: Settlement
    entry: LedgerEntry


def cancel_together(
    requests: Sequence[CancelRequest],
    *,
    clock: SyncClock,
    timeout: float | None,
    policy: CancelPolicy | None = None,
) -> list[CancelOutcome]:
    """Cancel operations, all before the first is waited for; settle, and clean up.

    :param policy: how often to poll after that
    :param timeout: how long to wait for all the outcomes, in seconds; None to ask for none
    :raises WaitStoppedError: if the clock is stopped; all have been asked to end by then
    """
    if not requests:
        return []
    deadline = clock.now() + timedelta(seconds=timeout or 0.0)

    def flow(each: CancelRequest) -> Flow[Settlement]:
        if timeout is None:
            return _only_cancel(each.name)
        return stop(
            name=each.name, policy=policy or CancelPolicy(), cleans_up=each.entry.may_clean_up
        )

    def cancel_some(some: Sequence[CancelRequest]) -> tuple[Settlement, ...]:
        flows = map(flow, some)
        return run(gather(flows), client=some[0].client, clock=clock, deadline=deadline)

    by_client: dict[int, list[CancelRequest]] = {}
    for each in requests:
        by_client.setdefault(id(each.client), []).append(each)
    for some in by_client.values():
        some[0].client.expect(each.name for each in some)
    groups = list(by_client.values())
    with ThreadPoolExecutor(max_workers=len(groups)) as pool:
        settled = list(pool.map(cancel_some, groups))
    now = clock.now()
    return [
        _outcome(each, settlement, now=now)
        for group, settlements in zip(groups, settled, strict=True)
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


def _outcome(request: CancelRequest, settlement: Settlement, *, now: datetime) -> CancelOutcome:
    metrics.count_cancel(settlement, cause=metrics.Cause.REAPER)
    entry = settled_as(request.entry, settlement, now=now)
    return CancelOutcome(request=request, settlement=settlement, entry=entry)
