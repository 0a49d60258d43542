# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What sensors wait for, judged by hand; and how it is asked again and again.

How a condition is asked again and again, and what is said meanwhile.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from airflow_spanner_lro.core.flows.commands import Get, ListOperations
from airflow_spanner_lro.core.flows.conditions import (
    BackupReady,
    ConditionLog,
    DatabaseInState,
    Failed,
    Met,
    NothingInProgress,
    NotYet,
    OperationsSucceeded,
    ask_once,
    wait_until_met,
)
from airflow_spanner_lro.core.lists.backups import BackupFacts, BackupQuery
from airflow_spanner_lro.core.lists.queries import pending_queries
from airflow_spanner_lro.core.names import (
    BackupName,
    BackupScheduleName,
    DatabaseName,
    InstanceName,
)
from airflow_spanner_lro.core.operations.errors import OperationFailedError
from airflow_spanner_lro.core.operations.snapshot import ResourceState
from airflow_spanner_lro.core.polling.policy import PollPolicy

from .sample_values import (
    BACKUP,
    DENIED,
    GONE,
    NAME,
    NOW,
    OTHER,
    UNAVAILABLE,
    cancelled,
    failed,
    running,
    succeeded,
)
from .scripted_flows import play

if TYPE_CHECKING:
    from airflow_spanner_lro.core.flows.commands import Answer
    from airflow_spanner_lro.core.flows.conditions import Condition, Verdict


INSTANCE = InstanceName(project="test", instance="main")
DATABASE = DatabaseName(project="test", instance="main", database="orders")
SCHEDULE = BackupScheduleName(
    project="test", instance="main", database="orders", schedule="nightly"
)
ALL = OperationsSucceeded(names=(NAME, OTHER), any_=False)
ANY = OperationsSucceeded(names=(NAME, OTHER), any_=True)
QUIET = NothingInProgress(on=DATABASE, queries=pending_queries(DATABASE, field="types"))
NEWEST = BackupReady(query=BackupQuery(instance=INSTANCE, database=DATABASE))
IN_STATE = DatabaseInState(name=DATABASE, states=("READY", "READY_OPTIMIZING"))


def backup(**fields: Any) -> BackupFacts:
    """Return a READY backup of the database."""
    usual: dict[str, Any] = {
        "name": BACKUP,
        "database": DATABASE,
        "state": "READY",
        "create_time": NOW,
    }
    return BackupFacts(**usual | fields)


def looked(condition: Condition, *answers: Answer) -> Verdict:
    """Return what a look comes to."""
    verdict = play(ask_once(condition), answers).result
    assert verdict is not None
    return verdict


def test_all_are_met_with_their_names() -> None:
    """All operations have succeeded when the last has."""
    verdict = looked(ALL, succeeded(), succeeded(name=OTHER))

    assert Met(facts=[str(NAME), str(OTHER)]) == verdict


def test_any_is_met_with_the_one_name() -> None:
    """One operation is enough for any, whatever becomes of the others."""
    verdict = looked(ANY, failed(), succeeded(name=OTHER))

    assert Met(facts=str(OTHER)) == verdict


def test_what_has_ended_is_not_asked_again() -> None:
    """The next look asks for those only that have not ended, and forgets none."""
    verdict = looked(ALL, succeeded(), running(name=OTHER))

    assert isinstance(verdict, NotYet)
    assert (Get(OTHER),) == verdict.condition.commands
    assert Met(facts=[str(NAME), str(OTHER)]) == looked(verdict.condition, succeeded(name=OTHER))


@pytest.mark.parametrize("end", [failed(), cancelled()], ids=["failed", "cancelled"])
def test_one_bad_end_is_the_end_for_all(end: Any) -> None:
    """All can no longer succeed when one has failed or was cancelled."""
    verdict = looked(ALL, end, running(name=OTHER))

    assert isinstance(verdict, Failed)
    assert isinstance(verdict.error, OperationFailedError)
    assert str(NAME) in str(verdict.error)


def test_any_fails_when_the_last_has_failed() -> None:
    """While one operation runs, it may still succeed; when all have failed, none will."""
    first = looked(ANY, failed(), running(name=OTHER))
    assert isinstance(first, NotYet)

    last = looked(first.condition, cancelled(name=OTHER))

    assert isinstance(last, Failed)
    assert "None of the 2 operations succeeded" in str(last.error)


def test_an_unknown_operation_fails() -> None:
    """An operation that Spanner does not know will not appear either."""
    assert Failed(error=GONE) == looked(ALL, running(), GONE)


@pytest.mark.parametrize("error", [GONE, DENIED], ids=["unknown", "denied"])
def test_any_passes_over_what_cannot_be_asked(error: Exception) -> None:
    """One of several that Spanner does not show keeps no other from being the one that succeeds."""
    assert Met(facts=str(OTHER)) == looked(ANY, error, succeeded(name=OTHER))
    assert Met(facts=str(NAME)) == looked(ANY, succeeded(), error)


def test_any_fails_when_no_other_is_left() -> None:
    """The error of the last that might have succeeded is the end."""
    first = looked(ANY, running(), GONE)
    assert isinstance(first, NotYet)
    assert (Get(NAME),) == first.condition.commands
    assert first.trouble is None

    assert Failed(error=DENIED) == looked(first.condition, DENIED)


def test_transient_trouble_ends_a_look_early() -> None:
    """Where Spanner is out of reach, no more questions are asked, and nothing is decided."""
    played = play(ask_once(ALL), [UNAVAILABLE])

    assert [Get(NAME)] == played.commands
    assert NotYet(condition=ALL, trouble=UNAVAILABLE) == played.result


def test_what_was_seen_before_trouble_counts() -> None:
    """What ended before the trouble began is not asked again."""
    verdict = looked(ALL, succeeded(), UNAVAILABLE)

    assert isinstance(verdict, NotYet)
    assert (Get(OTHER),) == verdict.condition.commands


def test_something_in_progress() -> None:
    """What is in progress is named by what it does and to what."""
    verdict = looked(QUIET, (), (running(),))

    assert isinstance(verdict, NotYet)
    assert f"In progress on database orders: Create backup nightly. {DATABASE}" == verdict.message


def test_of_much_in_progress_a_few_are_named() -> None:
    """Of many operations a few are named, and the others counted."""
    verdict = looked(QUIET, (), (running(),) * 7)

    assert isinstance(verdict, NotYet)
    assert "Create backup nightly and 2 more. " in verdict.message


def test_nothing_in_progress() -> None:
    """Empty lists are silence."""
    verdict = looked(QUIET, (), ())

    assert (
        Met(facts=None, message=f"Nothing is in progress on database orders. {DATABASE}") == verdict
    )


def test_a_list_that_is_missing_is_not_silence() -> None:
    """When only the first of two lists came, something may be in the second."""
    assert NotYet(condition=QUIET, trouble=UNAVAILABLE) == looked(QUIET, (), UNAVAILABLE)


def test_the_newest_ready_backup() -> None:
    """Of several READY backups the newest counts, in whatever order they come."""
    newest = backup(create_time=NOW)
    older = backup(create_time=NOW - timedelta(days=1))

    verdict = looked(NEWEST, (older, newest))

    assert isinstance(verdict, Met)
    assert newest.to_dict() == verdict.facts


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        (NEWEST, f"Database orders has no backup yet. {DATABASE}"),
        (
            BackupReady(query=NEWEST.query, newer_than=NOW, schedule=SCHEDULE),
            (
                "Database orders has no backup yet, made by schedule nightly "
                f"after 2026-11-21 12:00:00 UTC. {DATABASE}"
            ),
        ),
        (
            BackupReady(query=NEWEST.query, name=BACKUP),
            f"Backup nightly does not exist yet. {BACKUP}",
        ),
        (
            BackupReady(query=NEWEST.query, name=BACKUP, newer_than=NOW),
            (
                "Backup nightly does not exist yet, or is not newer than 2026-11-21 12:00:00 UTC. "
                f"{BACKUP}"
            ),
        ),
    ],
)
def test_no_backup_yet(condition: BackupReady, message: str) -> None:
    """A backup that is missing may still come; the log says which one is meant."""
    assert NotYet(condition=condition, message=message) == looked(condition, ())


def test_a_backup_that_is_being_made() -> None:
    """A backup that is not READY is waited for."""
    verdict = looked(NEWEST, (backup(state="CREATING"),))

    assert NotYet(condition=NEWEST, message=f"Backup nightly is CREATING. {BACKUP}") == verdict


@pytest.mark.parametrize(
    "condition",
    [
        BackupReady(query=NEWEST.query, newer_than=NOW),
        BackupReady(query=NEWEST.query, schedule=SCHEDULE),
        BackupReady(
            query=NEWEST.query, name=BackupName(project="test", instance="main", backup="other")
        ),
    ],
    ids=["too old", "of no schedule", "another name"],
)
def test_a_backup_that_does_not_match(condition: BackupReady) -> None:
    """What the server's filter lets through is checked again."""
    assert isinstance(looked(condition, (backup(),)), NotYet)


def test_a_backup_of_a_schedule() -> None:
    """A backup says which schedules made it."""
    condition = BackupReady(query=NEWEST.query, schedule=SCHEDULE)

    assert isinstance(looked(condition, (backup(schedules=(str(SCHEDULE),)),)), Met)


@pytest.mark.parametrize("state", ["READY", "READY_OPTIMIZING"])
def test_a_database_in_a_state(state: str) -> None:
    """A database is in one of the states."""
    verdict = looked(IN_STATE, ResourceState(name=str(DATABASE), state=state, create_time=NOW))

    facts = {"name": str(DATABASE), "state": state, "create_time": NOW.isoformat()}
    assert Met(facts=facts, message=f"Database orders is {state}. {DATABASE}") == verdict


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (GONE, f"Database orders does not exist yet. {DATABASE}"),
        (
            ResourceState(name=str(DATABASE), state="CREATING"),
            f"Database orders is CREATING. {DATABASE}",
        ),
    ],
    ids=["missing", "creating"],
)
def test_a_database_in_no_such_state(answer: Answer, message: str) -> None:
    """A database that is missing, or in another state, is waited for."""
    assert NotYet(condition=IN_STATE, message=message) == looked(IN_STATE, answer)


def test_a_database_in_no_instance() -> None:
    """Where there is no such instance, no database is waited for."""
    error = type(GONE)(f"Instance not found: {INSTANCE}")

    assert Failed(error=error) == looked(IN_STATE, error)


@pytest.mark.parametrize("condition", [ALL, QUIET, NEWEST, IN_STATE], ids=type)
def test_an_error_that_stays(condition: Condition) -> None:
    """An error that asking again does not cure ends the wait, whatever is waited for."""
    assert Failed(error=DENIED) == looked(condition, DENIED)


@pytest.mark.parametrize("condition", [ALL, QUIET, NEWEST, IN_STATE], ids=type)
def test_trouble_decides_nothing(condition: Condition) -> None:
    """A passing error says nothing, whatever is waited for."""
    assert NotYet(condition=condition, trouble=UNAVAILABLE) == looked(condition, UNAVAILABLE)


def test_lists_are_asked_in_order() -> None:
    """What a condition asks is what its queries say."""
    assert tuple(map(ListOperations, QUIET.queries)) == QUIET.commands


EVEN = PollPolicy(maximum=10, jitter=0)


def test_a_watch_asks_until_it_is_met() -> None:
    """A watch looks, sleeps and looks again; what ended is not asked again."""
    heard: list[Verdict] = []
    flow = wait_until_met(ALL, policy=EVEN, on_verdict=heard.append)

    played = play(flow, [succeeded(), running(name=OTHER), UNAVAILABLE, succeeded(name=OTHER)])

    assert [Get(NAME), Get(OTHER), Get(OTHER), Get(OTHER)] == played.asked
    assert [str(NAME), str(OTHER)] == played.result
    assert [NotYet, NotYet, Met] == [type(each) for each in heard]


def test_names_come_in_the_order_given() -> None:
    """In whatever order the operations end, their names are told in that of the argument."""
    flow = wait_until_met(ALL, policy=EVEN, on_verdict=lambda _: None)

    played = play(flow, [running(), succeeded(name=OTHER), succeeded()])

    assert [str(NAME), str(OTHER)] == played.result


def test_a_watch_that_cannot_be_met_raises() -> None:
    """A watch ends with the error of its condition."""
    flow = wait_until_met(QUIET, policy=EVEN, on_verdict=lambda _: None)

    with pytest.raises(type(DENIED)):
        play(flow, [(), (running(),), DENIED])


def test_trouble_that_lasts_too_long_counts() -> None:
    """Transient errors are waited out for so long, counted from the last answer."""
    policy = PollPolicy(maximum=1, jitter=0, transient_error_limit=2)
    flow = wait_until_met(QUIET, policy=policy, on_verdict=lambda _: None)

    with pytest.raises(type(UNAVAILABLE)):
        play(flow, [UNAVAILABLE, (), (running(),), UNAVAILABLE, UNAVAILABLE, UNAVAILABLE])


def test_narration_is_about_changes() -> None:
    """The same answer again is not worth a line; trouble and its end are one line each."""
    narrator = ConditionLog()
    heard: list[Verdict] = [
        NotYet(condition=QUIET, message="busy"),
        NotYet(condition=QUIET, message="busy"),
        NotYet(condition=QUIET, trouble=UNAVAILABLE),
        NotYet(condition=QUIET, trouble=UNAVAILABLE),
        NotYet(condition=QUIET, message="busy"),
        Met(facts=None, message="quiet"),
    ]

    lines = [line for each in heard for line in narrator.lines(each, now=datetime.now(tz=UTC))]

    assert ["busy", "Spanner is no", "Spanner answers again.", "quiet"] == [
        line[:13] if "not answering" in line else line for line in lines
    ]


def test_operations_are_narrated_one_by_one() -> None:
    """Each operation has its own progress to tell."""
    narrator = ConditionLog()
    seen = [running(percent=40), running(name=OTHER, percent=40), running(percent=41)]

    lines = [line for each in seen for line in narrator.lines(each, now=NOW)]

    assert 2 == len(lines)


def test_errors_are_told_by_the_look() -> None:
    """An error of a get is heard twice, and told once."""
    assert [] == ConditionLog().lines(UNAVAILABLE, now=NOW)


def test_what_was_seen_last_before_anything_was() -> None:
    """A wait may end before its first poll."""
    assert "nothing, it was not polled." == ConditionLog().last_seen
