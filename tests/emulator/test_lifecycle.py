# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The lifecycle is a pure function; these properties hold for every plan and every moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import assume, given, strategies as st

from airflow_spanner_lro.core.operations.snapshot import OperationState
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator.lifecycle import Lifecycle
from airflow_spanner_lro.emulator.plans import Plan, Rollback, spread

START = datetime(2026, 1, 1, tzinfo=UTC)
durations = st.integers(0, 100).map(lambda seconds: timedelta(seconds=seconds))
moments = durations.map(lambda since: START + since * 3)
plans = st.builds(
    Plan,
    cancel_delay=st.none() | st.just(Rollback.AS_LONG_AS_IT_RAN) | durations,
    cancel_until=st.floats(0, 1),
    fail_at=st.none() | st.floats(0, 1),
    fail_with=st.none() | st.just((Code.RESOURCE_EXHAUSTED, "no nodes left")),
)


@st.composite
def lifecycles(draw: st.DrawFn) -> Lifecycle:
    """Draw an operation of some steps that somebody may have cancelled."""
    plan = draw(plans)
    length = draw(st.none() | durations)
    usual = tuple(draw(st.lists(durations, min_size=1, max_size=4)))
    life = Lifecycle(
        started=START,
        steps=spread(length, usual),
        plan=plan,
        begins=draw(st.none() | durations.map(lambda wait: START + wait)),
        undo_guaranteed=draw(st.booleans()),
    )
    cancel_at = draw(st.none() | moments)
    return life if cancel_at is None else life.cancel(cancel_at)


@given(length=st.none() | durations, usual=st.lists(durations, min_size=1, max_size=5).map(tuple))
def test_steps_add_up_to_the_planned_duration(
    length: timedelta | None, usual: tuple[timedelta, ...]
) -> None:
    """However a duration is spread over steps, nothing is lost to rounding."""
    steps = spread(length, usual)

    expected = sum(usual, timedelta()) if length is None else length
    assert expected == sum(steps, timedelta())


@given(life=lifecycles(), first=moments, later=durations)
def test_a_terminal_state_never_changes(life: Lifecycle, first: datetime, later: timedelta) -> None:
    """What has ended stays as it ended, also if someone then asks to cancel it."""
    ended = life.ended(first)
    if ended is None:
        return

    assert ended == life.ended(first + later)
    assert ended == life.cancel(first).ended(first + later)


@given(life=lifecycles(), first=moments, later=durations)
def test_progress_never_falls(life: Lifecycle, first: datetime, later: timedelta) -> None:
    """Percentages and finished steps never fall, save when a cancel makes work go backwards."""
    second = first + later
    turned = life.cancel_effective if life.rolls_back else None
    assume(turned is None or not first < turned <= second)

    assert life.percent(first) <= life.percent(second)
    assert life.steps_done(first) <= life.steps_done(second)
    for step in range(len(life.steps)):
        assert life.step_percent(step, first) <= life.step_percent(step, second)


@given(life=lifecycles(), now=moments)
def test_a_hundred_percent_means_success(life: Lifecycle, now: datetime) -> None:
    """The percentage is 100, and all steps are done, exactly when the operation has succeeded."""
    succeeded = life.state(now) is OperationState.SUCCEEDED

    assert succeeded == (100 == life.percent(now))
    assert succeeded == (life.steps_done(now) == len(life.steps))


@given(life=lifecycles(), at=moments)
def test_a_cancel_never_rewrites_what_has_happened(life: Lifecycle, at: datetime) -> None:
    """Steps that were done when the cancel arrived are done afterwards."""
    cancelled = life.cancel(at)

    assert life.steps_done(at) <= cancelled.steps_done(at)
    if (ending := cancelled.ending) is not None:
        assert life.steps_done(at) <= cancelled.steps_done(ending.at)


@given(life=lifecycles(), at=moments)
def test_a_cancel_ends_in_a_documented_way(life: Lifecycle, at: datetime) -> None:
    """A cancel in time ends CANCELLED after its delay, unless the work ends before, or is over."""
    life = replace(life, cancel_requested=None)
    cancelled = life.cancel(at)

    before, after = life.ending, cancelled.ending
    assert after is not None or cancelled.cancel_effective is None
    if after == before:
        certain = cancelled.undo_guaranteed or cancelled.rolls_back
        assert cancelled.cancel_effective is None or not certain
    else:
        assert after is not None
        assert OperationState.CANCELLED is after.state
        assert at <= after.at
        assert at == cancelled.cancel_effective
        assert before is None or at < before.at


@given(life=lifecycles(), at=moments)
def test_a_rollback_takes_as_long_as_the_work_had_run(life: Lifecycle, at: datetime) -> None:
    """What goes backwards is back where it began after the time that it had gone forwards."""
    plan = replace(life.plan, cancel_delay=Rollback.AS_LONG_AS_IT_RAN, cancel_until=1.0)
    begins = life.begins or START
    running = replace(life, cancel_requested=None, plan=plan, begins=begins)
    cancelled = running.cancel(at)

    assert cancelled.ending is not None
    if running.ended(at) is None:
        assert max(timedelta(), at - begins) == cancelled.ending.at - at
    else:
        assert running.ending == cancelled.ending


@given(life=lifecycles(), at=moments)
def test_an_abort_ends_at_once(life: Lifecycle, at: datetime) -> None:
    """Whatever the plan says about cancelling, an operation whose target is removed ends."""
    ended = life.abort(at).ended(at)

    assert ended is not None
    assert ended.at <= at


@given(life=lifecycles(), now=moments)
def test_an_event_is_never_overdue_once_settled(life: Lifecycle, now: datetime) -> None:
    """Events come in order, and after the last step there is the ending."""
    settled, events = 0, []
    while (at := life.next_event(settled)) is not None and settled < life.steps_done(at):
        events.append(at)
        settled += 1
    if at is not None:
        events.append(at)

    assert sorted(events) == events
    assert life.steps_done(now) == sum(each <= now for each in events[:settled])


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"duration": timedelta(seconds=-1)}, "it cannot be negative"),
        ({"queued": timedelta(seconds=-1)}, "it cannot be negative"),
        ({"cancel_delay": timedelta(seconds=-1)}, "it cannot be negative"),
        ({"cancel_until": 1.5}, "a fraction lies within 0 and 1"),
        ({"throttled": (0.5, -0.1)}, "a fraction lies within 0 and 1"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(fields: dict[str, Any], message: str) -> None:
    """Time goes forwards, and a fraction is of the work."""
    with pytest.raises(ValueError, match=message):
        Plan(**fields)
