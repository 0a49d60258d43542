# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Many orphans at once: few polls, cancels first, and never more requests than Spanner takes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from airflow_spanner_lro.core.kinds import CREATE_BACKUP
from airflow_spanner_lro.core.ledger.entry import Stage
from airflow_spanner_lro.core.names import BackupName
from airflow_spanner_lro.core.operations.settlement import Ending
from airflow_spanner_lro.core.polling.budget import SPAN
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import Plan
from airflow_spanner_lro.reaper import loop
from airflow_spanner_lro.reaper.bulk import MOST, RateLimitedClient, RequestAllowance
from airflow_spanner_lro.reaper.loop import ReaperLoop

from .airflow_tables import back_up

if TYPE_CHECKING:
    from airflow.state import TaskScope

    from airflow_spanner_lro.core.names import OperationName

    from .harness import ReaperHarness

INSTANCES = 3
EACH = 8
POLLS = ("GetOperation", "ListBackupOperations", "ListDatabaseOperations", "ListOperations")


def start(reaper: ReaperHarness, *, instance: int, number: int) -> tuple[OperationName, str]:
    """Start a backup of a database of its own."""
    parent = f"projects/test/instances/main{instance}"
    database = f"{parent}/databases/db{number}"
    reaper.emulator.create_database(database, if_missing=True)
    backup = {"database": database, "expire_time": reaper.time.now() + timedelta(days=9)}
    request = reaper.request().__class__(parent=parent, backup_id=f"b{number}", backup=backup)
    snapshot = reaper.client.start(kind=CREATE_BACKUP, request=request)
    return snapshot.name, f"{parent}/backups/b{number}"


def orphans(reaper: ReaperHarness) -> list[TaskScope]:
    """Let many tasks fail without a word, each with a backup that goes on."""
    scopes = []
    for instance in range(INSTANCES):
        for number in range(EACH):
            name, backup = start(reaper, instance=instance, number=number)
            ids: dict[str, Any] = {
                "instance_id": f"main{instance}",
                "database_id": f"db{number}",
                "backup_id": f"b{number}",
            }
            scope = reaper.tables.add_task(
                task_id=f"t{instance}_{number}",
                author=lambda task_id, ids=ids: back_up(task_id, **ids),  # type: ignore[misc]
            )
            reaper.tables.write(scope, reaper.entry(name, target=BackupName.parse(backup)))
            scopes.append(scope)
    return scopes


def polls(reaper: ReaperHarness) -> int:
    """Return how often Spanner was asked about operations."""
    return len([call for call in reaper.emulator.calls if call.method in POLLS])


def test_one_list_for_each_family(reaper: ReaperHarness) -> None:
    """Twenty-four orphans in three instances take a list each before, and another in the end."""
    scopes = orphans(reaper)
    one = ReaperLoop(host="one", clock=reaper.clock)

    one.run_once()
    before = polls(reaper)
    reaper.clock.sleep(40)
    summary = one.run_once()

    assert summary is not None
    assert [INSTANCES * EACH, 0] == [summary.reaped, summary.left]
    assert [INSTANCES, 2 * INSTANCES] == [before, polls(reaper)]
    assert INSTANCES * EACH == len(reaper.cancels)
    assert {Stage.CLOSED} == {reaper.tables.read(scope).stage for scope in scopes}


def test_all_are_cancelled_before_the_first_is_waited_for(reaper: ReaperHarness) -> None:
    """No outcome is asked for before the last cancel is out."""
    orphans(reaper)

    ReaperLoop(host="one", clock=reaper.clock).run_once()

    methods = [call.method for call in reaper.emulator.calls]
    first = methods.index("CancelOperation")
    assert ["CancelOperation"] * INSTANCES * EACH == methods[first : first + INSTANCES * EACH]


def test_what_cannot_be_listed_is_asked_one_by_one(reaper: ReaperHarness) -> None:
    """An account that may get operations and not list them loses nothing but speed."""
    orphans(reaper)
    reaper.emulator.faults.fail(
        method="ListBackupOperations", code=Code.PERMISSION_DENIED, times=None
    )

    ReaperLoop(host="one", clock=reaper.clock).run_once()

    assert INSTANCES * EACH == len(reaper.cancels)


@pytest.mark.parametrize(
    ("code", "ending"),
    [
        (Code.PERMISSION_DENIED, Ending.REFUSED),
        (Code.UNAVAILABLE, Ending.NOT_SENT),
        (Code.NOT_FOUND, Ending.GONE),
    ],
)
def test_answer_to_each_cancel_is_written_down(
    reaper: ReaperHarness, code: Code, ending: Ending
) -> None:
    """Of many no outcome is waited for, and what Spanner answered to each is told all the same."""
    scopes = orphans(reaper)
    reaper.emulator.faults.fail(method="CancelOperation", code=code, times=None)

    ReaperLoop(host="one", clock=reaper.clock).run_once()

    assert {ending} == {reaper.tables.read(scope).ending for scope in scopes}


def test_cancel_that_has_taken_hold_is_not_sent_again(
    reaper: ReaperHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An operation that takes its time to end costs later rounds no cancel."""
    monkeypatch.setattr(loop, "_SETTLE", 0.0)
    reaper.emulator.plan(Plan(cancel_delay=timedelta(minutes=10)))
    scope = reaper.orphan()
    one = ReaperLoop(host="one", clock=reaper.clock)

    for _ in range(4):
        one.run_once()
        reaper.clock.sleep(40)

    assert 1 == len(reaper.cancels)
    assert not reaper.tables.read(scope).closed


def test_rest_is_left_to_the_next_round(
    reaper: ReaperHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A round that may send little more sees to few, and a later one to the others."""
    elapsed = [0.0]
    budget = RequestAllowance(most=20, elapsed=lambda: elapsed[0])
    monkeypatch.setattr("airflow_spanner_lro.reaper.authority.RequestAllowance", lambda **_: budget)
    one = ReaperLoop(host="one", clock=reaper.clock)
    reaper.orphan()
    # from now on it knows how much it may send
    one.run_once()
    orphans(reaper)

    first = one.run_once()
    cancelled = len(reaper.cancels) - 1
    elapsed[0] += SPAN
    one.run_once()

    assert first is not None
    assert INSTANCES * EACH == first.left
    assert 0 < cancelled < INSTANCES * EACH
    assert INSTANCES * EACH == len(reaper.cancels) - 1


def test_allowance_is_never_exceeded(reaper: ReaperHarness) -> None:
    """In a hundred seconds there are no more requests than 400, and all of them at once if need be.

    The clock's sleep is what lets time pass.
    """
    began = reaper.clock.now()

    def elapsed() -> float:
        # the real time that passes meanwhile is no matter
        return round((reaper.clock.now() - began).total_seconds())

    budget = RequestAllowance(elapsed=elapsed)
    sent = []
    for _ in range(2 * MOST):
        budget.take(reaper.clock)
        sent.append(elapsed())

    assert [0.0] * MOST == sent[:MOST]
    assert SPAN - 1 <= sent[MOST] <= SPAN + 1


def test_poll_that_a_list_has_answered_is_not_answered_again(reaper: ReaperHarness) -> None:
    """Whoever asks twice gets what is known now, and not what was known before."""
    names = [start(reaper, instance=0, number=number)[0] for number in range(4)]
    client = RateLimitedClient(reaper.client, allowance=RequestAllowance(), clock=reaper.clock)
    client.expect(names)
    before = [client.get(name=name).done for name in names]
    reaper.time.advance(timedelta(hours=20))

    after = [client.get(name=name).done for name in names]

    assert [[False] * 4, [True] * 4] == [before, after]
    assert 2 == len(reaper.emulator.calls.of("ListBackupOperations"))
