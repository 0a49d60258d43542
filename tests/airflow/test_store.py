# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Ledger entries are found again, whatever has become of the keys around them."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk import NEVER_EXPIRE  # type: ignore[attr-defined]  # missing in its stub only

from airflow_spanner_lro.core.connection import ConnectionSpec
from airflow_spanner_lro.core.kinds import CREATE_BACKUP
from airflow_spanner_lro.core.ledger.entry import RECORD_KEY, LedgerEntry
from airflow_spanner_lro.core.ledger.evidence import Evidence
from airflow_spanner_lro.core.ledger.record import LedgerUnreadableError
from airflow_spanner_lro.core.names import BackupName, OperationName
from airflow_spanner_lro.core.operations.errors import EndedByOthersError
from airflow_spanner_lro.core.operations.settlement import Ending, Settlement
from airflow_spanner_lro.core.operations.snapshot import FollowUp
from airflow_spanner_lro.execution.store import NEWEST_KEY, TaskLedger
from tests.airflow.fakes import BACKUP, DATABASE, INSTANCE, LATER, LONG, SOURCE
from tests.airflow.task_runner import backup, change_schema, defer, restore, resume

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow.sdk.exceptions import TaskDeferred

    from airflow_spanner_lro.operators.operation import SpannerOperationOperator
    from tests.airflow.fakes import FakeTask, Stage

NOW = datetime.now(tz=UTC)
TARGET = BackupName.parse(BACKUP)


def name(number: int) -> OperationName:
    """Return the name of an operation."""
    return OperationName(resource=TARGET, operation=f"_auto_op_{number}")


def entry(number: int, **fields: Any) -> LedgerEntry:
    """Return the entry of an operation that the first try has started."""
    usual: dict[str, Any] = {
        "kind": CREATE_BACKUP,
        "target": TARGET,
        "fingerprint": "as rendered",
        "intended": NOW,
        "try_number": 1,
        "connection_spec": ConnectionSpec(gcp_conn_id="google_cloud_default"),
        "operation": name(number),
        "evidence": Evidence.ANSWERED,
    }
    return LedgerEntry(**usual | fields)


def intent(**fields: Any) -> LedgerEntry:
    """Return an intent of the first try."""
    return entry(0, operation=None, evidence=None, **fields)


def keep(task: FakeTask, *numbers: int, newest: object = None) -> None:
    """Let the store hold entries of operations under their numbers, and what is the newest."""
    for number in numbers:
        task.store.set(f"spanner_lro:{number}", entry(number).to_record())
    if newest is not None:
        task.store.set(NEWEST_KEY, newest)


def latest(task: FakeTask) -> OperationName | None:
    """Return the operation of the newest entry, as a process that has just begun finds it."""
    found = TaskLedger(task.context).latest()
    return found.operation if found else None


def test_nothing_is_there(task: FakeTask) -> None:
    """A task in its first try has no entry."""
    assert latest(task) is None


@pytest.mark.parametrize(
    ("numbers", "newest", "expected"),
    [
        pytest.param((1, 2), 2, 2, id="all are there"),
        pytest.param((2,), 2, 2, id="N11 an earlier one has expired"),
        pytest.param((7,), 7, 7, id="N11 all earlier ones have expired"),
        pytest.param((1,), 2, 1, id="the process ended between the two writes"),
        pytest.param((1, 2), 3, 2, id="the newest was deleted"),
        pytest.param((), 3, None, id="all were deleted"),
    ],
)
def test_the_newest_is_found(
    task: FakeTask, numbers: tuple[int, ...], newest: int, expected: int | None
) -> None:
    """No hole hides what comes after it, and no number without an entry hides what came before."""
    keep(task, *numbers, newest=newest)

    assert (name(expected) if expected else None) == latest(task)


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        pytest.param((1, 2), 2, id="all are there"),
        pytest.param((2,), 2, id="the first has expired"),
        pytest.param((3, 4), 4, id="the first two have expired"),
        pytest.param((1, 3), 3, id="with a hole"),
    ],
)
def test_what_an_older_release_wrote_is_found(
    task: FakeTask, numbers: tuple[int, ...], expected: int
) -> None:
    """It noted no number of the newest entry, so a later try looks beyond holes."""
    keep(task, *numbers)
    task.next_try()

    assert name(expected) == latest(task)


def test_what_an_older_release_wrote_in_the_first_try_is_found(task: FakeTask) -> None:
    """A task that was deferred under an older release goes on with the last of its entries."""
    keep(task, 1, 2)

    assert name(2) == latest(task)


@pytest.mark.parametrize("newest", [0, -1, True, "2", 2.0, [], {"number": 2}], ids=repr)
def test_a_damaged_number_is_not_relied_upon(task: FakeTask, newest: object) -> None:
    """Whoever may edit the task may have written it: the entries themselves are looked for then."""
    keep(task, 1, 2, newest=newest)

    assert name(2) == latest(task)


@pytest.mark.parametrize(
    ("numbers", "newest", "expected"),
    [
        pytest.param((), None, 1, id="the first"),
        pytest.param((1,), 1, 2, id="the second"),
        pytest.param((2,), 2, 3, id="N11 the first has expired"),
        pytest.param((1,), 2, 2, id="the process before ended between the two writes"),
        pytest.param((), 3, 4, id="all were deleted"),
        pytest.param((2,), None, 3, id="an older release, and the first has expired"),
    ],
)
def test_an_entry_gets_a_key_of_its_own(
    task: FakeTask, numbers: tuple[int, ...], newest: int | None, expected: int
) -> None:
    """Nothing that may still be owed is ever written over."""
    keep(task, *numbers, newest=newest)
    task.next_try()

    TaskLedger(task.context).append(entry(9))

    kept = {f"spanner_lro:{number}" for number in (*numbers, expected)}
    assert kept == set(task.entries)
    assert expected == task.store.get(NEWEST_KEY)
    assert name(9) == latest(task)


def test_two_entries_never_share_an_operation_after_a_hole(stage: Stage, task: FakeTask) -> None:
    """N11: when the first entry has expired, a retry adopts under the key that is there."""
    stage.emulator.plan(LONG)
    keep(task, 1, newest=1)
    task.store.set("spanner_lro:1", entry(1, closed=True).to_record())
    defer(backup(deferrable=True), task)
    task.store.delete("spanner_lro:1")
    task.next_try()

    defer(backup(deferrable=True), task)

    assert ["spanner_lro:2"] == task.entries
    assert 2 == task.entry["try_number"]
    assert 1 == len(stage.starts)


def test_the_number_is_written_before_the_entry(task: FakeTask) -> None:
    """A process that ends between the two writes leaves a number too many, and no lost entry."""
    written: list[str] = []
    keep_value = task.store.set

    def set_(key: str, value: Any, **options: Any) -> None:
        written.append(key)
        keep_value(key, value, **options)

    task.store.set = set_  # type: ignore[method-assign]

    TaskLedger(task.context).append(intent())

    assert [NEWEST_KEY, "spanner_lro:1"] == written


def test_an_intent_that_came_to_nothing_gives_its_key_away(task: FakeTask) -> None:
    """A task that is refused many times keeps one key."""
    for _ in range(5):
        ledger = TaskLedger(task.context)
        ledger.append(intent())
        ledger.update(intent().close())

    assert ["spanner_lro:1"] == task.entries


def test_a_late_answer_keeps_its_key(task: FakeTask) -> None:
    """The process of an earlier try may only be frozen: what it writes down late stays."""
    frozen = TaskLedger(task.context)
    frozen.append(intent())
    task.next_try()
    second = TaskLedger(task.context)
    second.latest()
    second.update(intent().close())
    frozen.answered_late(entry(1))

    second.append(intent(try_number=2))

    assert entry(1).to_record() == task.store.get("spanner_lro:1")
    assert intent(try_number=2).to_record() == task.store.get("spanner_lro:2")


@pytest.mark.parametrize(
    "earlier",
    [
        pytest.param(intent(), id="an open intent"),
        pytest.param(entry(1), id="an open entry"),
        pytest.param(entry(1, closed=True), id="a closed entry"),
        pytest.param(entry(1, closed=True, left=True), id="one that was left"),
    ],
)
def test_what_may_have_begun_something_keeps_its_key(task: FakeTask, earlier: LedgerEntry) -> None:
    """Only an intent that is closed without a name has surely begun nothing."""
    TaskLedger(task.context).append(earlier)

    TaskLedger(task.context).append(intent())

    assert ["spanner_lro:1", "spanner_lro:2"] == task.entries


def reads(task: FakeTask, act: Callable[[], object]) -> int:
    """Return how often something reads the store: each time is a request to Airflow."""
    before = task.store.reads
    act()
    return task.store.reads - before


@pytest.mark.parametrize("deferrable", [False, True])
@pytest.mark.parametrize("make", [backup, restore, change_schema])
def test_no_process_reads_more_than_three_times(
    stage: Stage,
    task: FakeTask,
    make: Callable[..., SpannerOperationOperator],
    deferrable: bool,
) -> None:
    """Each read is a request to Airflow: two to begin with, and one before the end is written."""
    stage.emulator.create_backup(SOURCE, DATABASE)
    operator = make(deferrable=deferrable)
    if not deferrable:
        stage.finish_upon("GetOperation")
        assert 3 == reads(task, lambda: operator.execute(task.context))
        return
    stage.emulator.plan(LONG)
    deferrals: list[TaskDeferred] = []
    assert 2 == reads(task, lambda: deferrals.append(defer(operator, task)))
    stage.clock.advance(LATER)

    assert 3 == reads(task, lambda: resume(operator, deferrals[0], task))
    assert task.entry["closed"]


@pytest.mark.parametrize(
    ("parameters", "starts"),
    [
        pytest.param({}, 1, id="it adopts"),
        pytest.param(
            {"backup_id": "again", "database_id": "other"}, 2, id="it asks for something else"
        ),
    ],
)
def test_a_retry_reads_no_more(
    stage: Stage, task: FakeTask, parameters: dict[str, str], starts: int
) -> None:
    """The number of the newest entry, the entry, and nothing that is known already."""
    stage.emulator.plan(LONG)
    stage.emulator.create_database(f"{INSTANCE}/databases/other")
    defer(backup(deferrable=True), task)
    task.next_try()

    found = reads(task, lambda: defer(backup(deferrable=True, **parameters), task))

    assert 2 == found
    assert starts == len(stage.starts)


def test_what_is_owed_never_expires(task: FakeTask) -> None:
    """Only closed entries expire; the number of the newest one never does."""
    ledger = TaskLedger(task.context)
    ledger.append(entry(1))
    owed = dict(task.store.retentions)

    ledger.update(entry(1).close())

    assert {NEWEST_KEY: NEVER_EXPIRE, "spanner_lro:1": NEVER_EXPIRE} == owed
    assert {NEWEST_KEY: NEVER_EXPIRE, "spanner_lro:1": None} == task.store.retentions


CHANGES = [
    pytest.param(lambda it: it.close(name(1)), id="close"),
    pytest.param(lambda it: it.leave(name(1)), id="leave"),
    pytest.param(lambda it: it.deliver(None), id="deliver"),
    pytest.param(lambda it: it.note_stopping(name(1), now=NOW), id="note_stopping"),
    pytest.param(
        lambda it: it.settle(Settlement(name=name(1), ending=Ending.CANCELLED), now=NOW),
        id="settle",
    ),
    pytest.param(lambda it: it.exempt_from_reaping(), id="exempt_from_reaping"),
    pytest.param(lambda it: it.go_on_with(FollowUp(name=name(2))), id="go_on_with"),
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_process_that_was_frozen_owns_nothing(
    task: FakeTask, change: Callable[[TaskLedger], None]
) -> None:
    """N8: a process whose operation the next try has adopted writes nothing about it any more."""
    frozen = TaskLedger(task.context)
    frozen.append(entry(1))
    frozen.refresh()
    task.next_try()
    adopted = entry(1).owned_by(2, deadline=None, now=NOW)
    TaskLedger(task.context).update(adopted)

    change(frozen)

    assert frozen.own() is None
    assert adopted.to_record() == task.entry
    assert RECORD_KEY not in task.ti.xcoms


@pytest.mark.parametrize("change", CHANGES)
def test_a_process_that_was_frozen_writes_under_no_other_key(
    task: FakeTask, change: Callable[[TaskLedger], None]
) -> None:
    """What the next try has started anew is out of reach for the process before it."""
    frozen = TaskLedger(task.context)
    frozen.append(entry(1))
    frozen.refresh()
    task.next_try()
    second = TaskLedger(task.context)
    second.update(entry(1).close())
    second.append(entry(2, try_number=2))

    # what follows a closed entry is not this process's to wait for, and it is told so
    with suppress(EndedByOthersError):
        change(frozen)

    assert entry(2, try_number=2).to_record() == task.store.get("spanner_lro:2")
    assert 2 == task.store.get(NEWEST_KEY)
    assert task.store.get("spanner_lro:1")["closed"]


def test_a_late_answer_is_written_down_and_published(task: FakeTask) -> None:
    """What a call has begun whose wait was given up is known to all who ask."""
    ledger = TaskLedger(task.context)
    ledger.append(intent())
    ledger.given_up(intent().unanswered_at(NOW))

    ledger.answered_late(entry(1))

    assert entry(1).to_record() == task.entry
    assert entry(1).to_record() == task.ti.xcoms[RECORD_KEY]


def test_a_late_answer_is_not_forgotten_again(task: FakeTask) -> None:
    """An answer that comes in the moment in which the wait is given up keeps its name."""
    ledger = TaskLedger(task.context)
    ledger.append(intent())
    ledger.answered_late(entry(1))

    ledger.given_up(intent().unanswered_at(NOW))

    assert entry(1).to_record() == task.entry


def test_a_late_answer_leaves_what_the_next_try_has_taken_over(task: FakeTask) -> None:
    """N8: a newer try that has found the operation by itself owns the entry."""
    frozen = TaskLedger(task.context)
    frozen.append(intent())
    task.next_try()
    adopted = entry(1, evidence=Evidence.SIGNED).owned_by(2, deadline=None, now=NOW)
    TaskLedger(task.context).update(adopted)

    frozen.answered_late(entry(1))

    assert adopted.to_record() == task.entry
    assert RECORD_KEY not in task.ti.xcoms


def test_a_late_answer_is_not_published_over_a_newer_trys(task: FakeTask) -> None:
    """What a newer try has started anew stays published; the other is there for the reaper."""
    first_try = task.context
    frozen = TaskLedger(first_try)
    frozen.append(intent(signed=True))
    task.next_try()
    TaskLedger(task.context).append(entry(2, try_number=2))

    frozen.answered_late(entry(1))

    assert entry(1).to_record() == task.store.get("spanner_lro:1")
    assert entry(2, try_number=2).to_record() == task.store.get("spanner_lro:2")
    assert RECORD_KEY not in first_try["ti"].xcoms


@pytest.mark.parametrize("record", [{"version": 7}, "text", {}, ["a"], 7, {"version": 2}], ids=repr)
def test_an_entry_that_cannot_be_read_is_nobodys(
    task: FakeTask, caplog: pytest.LogCaptureFixture, record: object
) -> None:
    """Its key is logged, nothing is written beside it, and nothing of it is owned."""
    keep(task, 1, newest=2)
    task.store.set("spanner_lro:2", record)
    ledger = TaskLedger(task.context)

    with pytest.raises(LedgerUnreadableError, match="spanner_lro:2") as caught:
        ledger.latest()
    with pytest.raises(LedgerUnreadableError):
        ledger.append(intent())

    assert "spanner_lro:2" == caught.value.key
    assert ledger.own() is None
    assert "left alone: it cannot be read" in caplog.text
    assert record == task.store.get("spanner_lro:2")
    assert ["spanner_lro:1", "spanner_lro:2"] == task.entries


def test_an_older_entry_that_cannot_be_read_is_in_nobodys_way(task: FakeTask) -> None:
    """Only the newest entry is read: what came before is closed, or the reaper's business."""
    keep(task, 2, newest=2)
    task.store.set("spanner_lro:1", {"version": 7})

    assert name(2) == latest(task)
