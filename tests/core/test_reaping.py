# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Whether an entry is left to nobody, and what is done then.

The record of the reaper's latest round, which anybody may have edited.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import assume, given, strategies as st

from airflow_spanner_lro.core.ledger.entry import Stage
from airflow_spanner_lro.core.ledger.evidence import Evidence
from airflow_spanner_lro.core.ledger.reaping import (
    OVERDUE,
    ReapDecision,
    ReapStep,
    RoundRecord,
    TaskFacts,
    TaskPhase,
    decide_reap,
    overdue,
    reap_step,
    settled_as,
)
from airflow_spanner_lro.core.operations.settlement import Ending, Settlement
from airflow_spanner_lro.core.operations.snapshot import FollowUp

from .sample_values import NAME, NOW, OTHER, after, cancelled, entry, failed, running, succeeded
from .strategies import entries, settlements, snapshots

GRACE = timedelta(seconds=60)
LATER = after(600)
SECOND = timedelta(seconds=1)


def facts(phase: TaskPhase = TaskPhase.OVER, **fields: Any) -> TaskFacts:
    """Return a task instance in its first try, of which nothing has changed for long."""
    usual: dict[str, Any] = {"state": phase, "try_number": 1, "started": NOW, "changed": NOW}
    return TaskFacts(phase=phase, **usual | fields)


def decide(task: TaskFacts, **fields: Any) -> ReapDecision:
    """Return what is decided ten minutes later."""
    return decide_reap(entry(**fields), task=task, now=LATER, grace=GRACE)


tasks = st.builds(
    TaskFacts,
    state=st.text(),
    phase=st.sampled_from(TaskPhase),
    try_number=st.integers(0, 100),
    started=st.none() | st.datetimes(timezones=st.just(UTC)),
    changed=st.none() | st.datetimes(timezones=st.just(UTC)),
)


@pytest.mark.slow
@given(
    each=entries,
    task=tasks,
    now=st.datetimes(timezones=st.just(UTC)),
    grace=st.timedeltas(timedelta(), timedelta(days=1)),
)
def test_what_may_be_waited_for_is_never_reaped(
    each: Any, task: TaskFacts, now: datetime, grace: timedelta
) -> None:
    """Whatever an entry says: a task that waits, or will be run again, keeps the reaper away."""
    waits = task.phase is TaskPhase.AT_WORK and task.try_number <= each.try_number
    assume(waits or task.phase is TaskPhase.COMING)

    assert ReapDecision.REAP is not decide_reap(each, task=task, now=now, grace=grace)


@pytest.mark.slow
@given(each=entries, task=tasks, now=st.datetimes(timezones=st.just(UTC)))
def test_what_is_owed_to_nobody_is_never_reaped(each: Any, task: TaskFacts, now: datetime) -> None:
    """A closed entry, and one that its owner wants to go on, keep the reaper away."""
    assume(each.closed or (each.exempt and not each.stopping))

    assert ReapDecision.REAP is not decide_reap(each, task=task, now=now, grace=GRACE)


def test_ended_task_leaves_it_to_the_reaper() -> None:
    """A task that ended without closing its entry has left an operation to nobody."""
    assert ReapDecision.REAP is decide(facts())


def test_end_of_the_task_may_be_too_young() -> None:
    """Whoever else stops the operation of a task that has just ended gets time for it."""
    assert ReapDecision.TOO_YOUNG is decide(facts(changed=after(550)))


def test_task_that_has_gone_leaves_it_to_the_reaper() -> None:
    """Of a task without a trace the entry alone tells how old things are."""
    assert ReapDecision.REAP is decide(facts(changed=None, started=None, try_number=0))


@pytest.mark.parametrize("field", ["intended", "adopted", "stopping"])
def test_entry_may_be_too_young(field: str) -> None:
    """What was started, adopted or being stopped a moment ago is in somebody's hands."""
    assert ReapDecision.TOO_YOUNG is decide(facts(), **{field: after(550)})


def test_newer_try_that_has_just_begun_may_adopt() -> None:
    """A newer try gets time to read the ledger."""
    task = facts(TaskPhase.AT_WORK, try_number=2, started=after(550))

    assert ReapDecision.NEWER_TRY is decide(task)


def test_newer_try_that_did_not_adopt_leaves_it_to_the_reaper() -> None:
    """A newer try that has begun long ago has not taken it up, and will not."""
    assert ReapDecision.REAP is decide(facts(TaskPhase.AT_WORK, try_number=2, started=after(300)))


def test_task_instance_that_was_made_anew_is_waited_for() -> None:
    """A task instance that was deleted counts its tries from the beginning, and may adopt."""
    assert ReapDecision.WAITS is decide(facts(TaskPhase.AT_WORK, try_number=1), try_number=3)


def test_cancel_of_what_was_spared_is_seen_through() -> None:
    """A cancel that the owner decided after all is not forgotten."""
    assert ReapDecision.REAP is decide(facts(), exempt=True, stopping=NOW)


@pytest.mark.parametrize(
    ("evidence", "step"),
    [
        (Evidence.ANSWERED, ReapStep.STOP),
        (Evidence.NAMED, ReapStep.STOP),
        (Evidence.SIGNED, ReapStep.STOP),
        (Evidence.PRESUMED, ReapStep.LEAVE),
        (None, ReapStep.LEAVE),
    ],
)
def test_running_operation_is_stopped_by_its_evidence(
    evidence: Evidence | None, step: ReapStep
) -> None:
    """What runs and is known to be ours is cancelled; what is only presumed ours goes on."""
    assert step is reap_step(entry(evidence=evidence), running())


@pytest.mark.parametrize("snapshot", [failed(), cancelled(), None])
def test_what_has_come_to_nothing_is_closed(snapshot: Any) -> None:
    """An operation that failed, was cancelled, or is gone needs nothing."""
    assert ReapStep.CLOSE is reap_step(entry(), snapshot)


def test_success_is_left_for_a_later_try() -> None:
    """Work that is done and was never delivered is not undone."""
    assert ReapStep.EXEMPT is reap_step(entry(cleans_up=True), succeeded())


def test_success_before_its_end_was_decided_stays() -> None:
    """What was done before anybody decided to end it may be what a later try delivers."""
    decided = entry(cleans_up=True, stopping=LATER + SECOND)

    assert ReapStep.EXEMPT is reap_step(decided, succeeded(end_time=LATER))


def test_success_whose_time_is_not_told_stays() -> None:
    """Of some kinds Spanner does not say when they ended."""
    decided = entry(cleans_up=True, stopping=NOW)

    assert ReapStep.EXEMPT is reap_step(decided, succeeded(end_time=None))


@pytest.mark.parametrize(
    ("fields", "step"),
    [
        pytest.param({"cleans_up": True}, ReapStep.STOP, id="wanted"),
        pytest.param({"cleans_up": False}, ReapStep.EXEMPT, id="not wanted"),
        pytest.param(
            {"cleans_up": True, "evidence": Evidence.PRESUMED}, ReapStep.EXEMPT, id="presumed"
        ),
        pytest.param(
            {"cleans_up": True, "follow_up": FollowUp(name=OTHER, ours=True)},
            ReapStep.EXEMPT,
            id="follow-up",
        ),
    ],
)
def test_success_after_its_end_was_decided_is_cleaned_up(
    fields: dict[str, Any], step: ReapStep
) -> None:
    """The reaper cleans up where the process that had cancelled was lost before it could."""
    decided = entry(stopping=LATER - SECOND, **fields)

    assert step is reap_step(decided, succeeded(end_time=LATER))


@pytest.mark.parametrize(
    ("ours", "step"), [(True, ReapStep.STOP), (False, ReapStep.EXEMPT)], ids=["ours", "foreign"]
)
def test_follow_up_is_stopped_if_it_is_the_tasks(ours: bool, step: ReapStep) -> None:
    """What goes on by itself with the work was not started by the task."""
    follow_up = FollowUp(name=OTHER, ours=ours)

    assert step is reap_step(entry(follow_up=follow_up), running(name=OTHER))


def test_end_of_a_follow_up_does_not_close() -> None:
    """What was done before the follow-up is still to be delivered."""
    follow_up = FollowUp(name=OTHER, ours=True)

    assert ReapStep.EXEMPT is reap_step(entry(follow_up=follow_up), failed(name=OTHER))


@pytest.mark.parametrize("ending", [Ending.REFUSED, Ending.STILL_RUNNING, Ending.NOT_SENT])
def test_unsettled_entry_stays_open(ending: Ending) -> None:
    """While the operation goes on its end stays decided, and the entry says how it stands."""
    settlement = Settlement(name=NAME, ending=ending)
    expected = entry(stopping=NOW, ending=ending)

    assert expected == settled_as(entry(stopping=NOW), settlement, now=LATER)
    assert expected == settled_as(entry(), settlement, now=NOW)


@pytest.mark.parametrize(
    ("ending", "decision"),
    [(Ending.NOT_SENT, ReapDecision.REAP), (Ending.STILL_RUNNING, ReapDecision.TOO_YOUNG)],
)
def test_cancel_that_was_not_sent_is_the_reapers_at_once(
    ending: Ending, decision: ReapDecision
) -> None:
    """Whoever was to cancel has said that it could not, so nobody is given time for it."""
    just_now = after(595)

    decided = decide(facts(changed=just_now), intended=just_now, stopping=just_now, ending=ending)

    assert decision is decided


def test_cancel_that_was_not_sent_waits_for_a_newer_try() -> None:
    """A newer try that has just begun finds the entry, and sees to it."""
    task = facts(TaskPhase.AT_WORK, try_number=2, started=after(550))

    assert ReapDecision.NEWER_TRY is decide(task, stopping=NOW, ending=Ending.NOT_SENT)


def test_leftover_is_left_for_a_later_try() -> None:
    """What could not be cleaned up can still be delivered."""
    stopping = entry(stopping=NOW, cleans_up=True)
    settlement = Settlement(
        name=NAME, ending=Ending.FINISHED_FIRST, snapshot=succeeded(), left_behind="DENIED: no"
    )

    expected = entry(exempt=True, cleans_up=True, ending=Ending.FINISHED_FIRST)

    assert expected == settled_as(stopping, settlement, now=LATER)


def test_what_was_cleaned_up_is_closed() -> None:
    """Nothing is left to deliver."""
    settlement = Settlement(
        name=NAME, ending=Ending.FINISHED_FIRST, snapshot=succeeded(), cleaned_up="it"
    )

    assert Stage.CLOSED is settled_as(entry(stopping=NOW), settlement, now=LATER).stage


def test_success_before_the_cancel_is_left_for_a_later_try() -> None:
    """A stop that came too late leaves the work to be delivered."""
    settlement = Settlement(name=NAME, ending=Ending.FINISHED_FIRST, snapshot=succeeded())

    expected = entry(exempt=True, ending=Ending.FINISHED_FIRST)

    assert expected == settled_as(entry(stopping=NOW), settlement, now=LATER)


@pytest.mark.slow
@given(each=entries, settlement=settlements)
def test_settled_entry_is_stopping_no_more(each: Any, settlement: Settlement) -> None:
    """An entry says how the cancel ended, and is stopping no more once nothing of it goes on."""
    stopping = replace(each, closed=False, operation=NAME, stopping=NOW)

    settled = settled_as(stopping, settlement, now=LATER)

    assert (settled.stage is Stage.STOPPING) is not settlement.settled
    assert settlement.ending is settled.ending


@pytest.mark.slow
@given(each=entries, snapshot=st.none() | snapshots)
def test_what_is_done_is_not_cancelled(each: Any, snapshot: Any) -> None:
    """Only what runs is stopped, and what was being stopped while it ran."""
    assume(snapshot is None or (snapshot.done and each.stopping is None))

    assert ReapStep.STOP is not reap_step(each, snapshot)


@pytest.mark.slow
@given(each=entries, snapshot=st.none() | snapshots)
def test_what_is_not_known_to_be_ours_is_never_stopped(each: Any, snapshot: Any) -> None:
    """Whatever else an entry says: without evidence that allows it nothing is cancelled."""
    assume(not each.may_cancel)

    assert ReapStep.STOP is not reap_step(each, snapshot)


RECORD = RoundRecord(host="one (triggerer)", ended=NOW, seconds=0.1, kept=3, reaped=2, left=1)


def test_it_is_read_as_it_was_written() -> None:
    """A record goes to JSON and back."""
    assert RECORD == RoundRecord.from_json(RECORD.to_json())


@pytest.mark.parametrize("text", [None, "", "[]", "{}", "7", "[" * 100_000, '{"ended": 3}'])
def test_what_is_damaged_counts_as_missing(text: str | None) -> None:
    """Whatever somebody has written there, reading it raises nothing."""
    assert RoundRecord.from_json(text) is None


def test_round_is_overdue_after_ten_minutes() -> None:
    """A round that is ten minutes old is good enough, and not a second more."""
    late = NOW + OVERDUE + timedelta(seconds=1)

    assert overdue(RECORD, now=NOW + OVERDUE) is None
    assert "10 minutes ago (2026-11-21 12:00:00 UTC)" in str(overdue(RECORD, now=late))
    assert "no round" in str(overdue(None, now=NOW))


def test_clock_that_is_behind_makes_no_round_old() -> None:
    """The clock of whoever reads may be behind that of whoever has written."""
    assert timedelta() == RECORD.age(NOW - timedelta(minutes=5))
