# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Whatever is cancelled, whenever, and however it takes that: it ends in a documented way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings, strategies as st

from airflow_spanner_lro.core import kinds
from airflow_spanner_lro.core.kinds import ProgressShape
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import Plan, Rollback, RpcError
from tests.emulator.support.lifecycle_harness import LifecycleHarness
from tests.emulator.support.operation_starts import STARTS

if TYPE_CHECKING:
    from tests.emulator.support.operation_starts import OperationStart

WORK = timedelta(seconds=1000)
QUEUED = timedelta(seconds=100)
REFUSAL = (Code.UNAVAILABLE, "not now")
# as the comments on cancel_time promise
UNDO_GUARANTEED = (
    kinds.CREATE_INSTANCE,
    kinds.UPDATE_INSTANCE,
    kinds.CREATE_INSTANCE_CONFIG,
    kinds.UPDATE_INSTANCE_CONFIG,
    kinds.CREATE_INSTANCE_PARTITION,
    kinds.UPDATE_INSTANCE_PARTITION,
)
DELAYS = st.one_of(
    st.none(),
    st.just(timedelta()),
    st.just(Rollback.AS_LONG_AS_IT_RAN),
    st.integers(1, 1500).map(lambda seconds: timedelta(seconds=seconds)),
)
SHARES = st.one_of(st.just(1.0), st.integers(0, 1000).map(lambda share: share / 1000))


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A cancel: when it is asked for, and how the operation takes it.

    :param asked: since the work began; negative while it is queued
    """

    asked: timedelta
    delay: timedelta | Rollback | None
    until: float
    refused: bool

    @property
    def plan(self) -> Plan:
        """What the operation is going to do."""
        return Plan(
            duration=WORK,
            queued=QUEUED,
            cancel_delay=self.delay,
            cancel_until=self.until,
            cancel_error=REFUSAL if self.refused else None,
        )

    @property
    def heeded(self) -> bool:
        """Whether the cancel has an effect, although the work may be done before that shows."""
        in_time = self.asked < WORK and self.asked <= WORK * self.until
        return in_time and not self.refused and self.delay is not None

    def cancelled_after(self, *, guaranteed: bool) -> timedelta | None:
        """Return when it ends as cancelled, since the work began; None if it succeeds."""
        if not self.heeded or self.delay is None:
            return None
        match self.delay:
            case Rollback():
                return self.asked + max(self.asked, timedelta())
            case delay:
                end = self.asked + delay
                return end if guaranteed or end < WORK else None


CASES = st.builds(
    Case,
    asked=st.integers(-100, 1200).map(lambda seconds: timedelta(seconds=seconds)),
    delay=DELAYS,
    until=SHARES,
    refused=st.sampled_from([False, False, False, True]),
)
LOOKS = st.lists(st.integers(0, 3000).map(lambda seconds: timedelta(seconds=seconds)), max_size=6)


@pytest.mark.parametrize("start", STARTS, ids=str)
@settings(deadline=None, max_examples=25)
@given(case=CASES, looks=LOOKS)
def test_a_cancel_ends_in_a_documented_way(
    start: OperationStart, case: Case, looks: list[timedelta]
) -> None:
    """Cancelled without a trace, or finished with all there is, and each in its time."""
    life = LifecycleHarness.begin(start, case.plan)
    begins = life.started + QUEUED
    end = case.cancelled_after(guaranteed=start.kind in UNDO_GUARANTEED)
    life.go(begins + case.asked)
    if case.refused and case.asked < WORK:
        with pytest.raises(RpcError) as caught:
            life.cancel()
        assert REFUSAL == (caught.value.code, caught.value.message)
    else:
        life.cancel()
    ending = begins + (WORK if end is None else end)
    for look in sorted(looks):
        life.go(max(life.now, life.started + look))
        assert (life.now >= ending) == life.operation.done
        if life.now >= begins + case.asked and not case.refused:
            # the first request counts
            life.cancel()
    life.go(max(life.now, ending))

    if end is None:
        life.check_finished()
    else:
        life.check_cancelled()


@pytest.mark.parametrize("start", STARTS, ids=str)
@settings(deadline=None, max_examples=15)
@given(case=CASES, later=st.lists(st.integers(1, 6 * 24 * 3600), min_size=1, max_size=4))
def test_an_ending_is_final(start: OperationStart, case: Case, later: list[int]) -> None:
    """Neither time nor another cancel changes an operation that has ended, for seven days."""
    life = LifecycleHarness.begin(start, case.plan)
    life.go(life.started + QUEUED + case.asked)
    if not case.refused:
        life.cancel()
    life.go(life.now + 3 * WORK)
    ended, at = life.operation, life.now
    assert ended.done

    for seconds in sorted(later):
        life.go(at + timedelta(seconds=seconds))
        assert ended == life.operation
        life.cancel()
        assert ended == life.operation


@pytest.mark.parametrize("start", STARTS, ids=str)
@settings(deadline=None, max_examples=25)
@given(case=CASES, looks=LOOKS)
def test_metadata_tells_a_story_that_makes_sense(
    start: OperationStart, case: Case, looks: list[timedelta]
) -> None:
    """Percentages never fall, ends are told once there are, and a cancel if it has an effect."""
    life = LifecycleHarness.begin(start, case.plan)
    begins = life.started + QUEUED
    end = case.cancelled_after(guaranteed=start.kind in UNDO_GUARANTEED)
    asked, asks = begins + case.asked, not case.refused
    times = {life.started + look for look in looks} | {asked, asked + timedelta(seconds=1)}
    percents = [0] * 9
    for time in sorted({*times, begins + (end or WORK)}):
        life.go(time)
        if asks and time >= asked:
            life.cancel()
            asks = False
            if isinstance(case.delay, Rollback) and case.heeded:
                # it counts anew, on the way back
                percents = [0] * 9
        told = life.percents
        assert all(was <= now for was, now in zip(percents, told, strict=False))
        percents[: len(told)] = told

        done = life.operation.done
        if start.kind.progress is not ProgressShape.NONE:
            assert done == life.tells_end
        # one that finished before the cancel took hold was not cancelled
        undone = case.heeded and time >= asked and (end is not None or not done)
        assert (undone and life.has_cancel_time) == life.tells_cancel
        if life.tells_cancel:
            assert asked == life.cancel_time
    assert life.operation.done
