# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Many orphans at once: few polls, cancels first, and never more requests than Spanner takes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.kinds import CREATE_BACKUP
from airflow_spanner_lro.core.ledger.entry import Stage
from airflow_spanner_lro.core.names import BackupName
from airflow_spanner_lro.core.polling.budget import SPAN
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import Plan
from airflow_spanner_lro.reaper import loop
from airflow_spanner_lro.reaper.bulk import MOST, RateLimitedClient, RequestAllowance
from airflow_spanner_lro.reaper.loop import ReaperLoop

from .rows import back_up

if TYPE_CHECKING:
    import pytest
    from airflow.state import TaskScope

    from airflow_spanner_lro.core.names import OperationName

    from .reaping import Reaping

INSTANCES = 3
EACH = 8
POLLS = ("GetOperation", "ListBackupOperations", "ListDatabaseOperations", "ListOperations")


def start(reaping: Reaping, *, instance: int, number: int) -> tuple[OperationName, str]:
    """Start a backup of a database of its own."""
    parent = f"projects/test/instances/main{instance}"
    database = f"{parent}/databases/db{number}"
    reaping.emulator.create_database(database, if_missing=True)
    backup = {"database": database, "expire_time": reaping.time.now() + timedelta(days=9)}
    request = reaping.request().__class__(parent=parent, backup_id=f"b{number}", backup=backup)
    snapshot = reaping.client.start(kind=CREATE_BACKUP, request=request)
    return snapshot.name, f"{parent}/backups/b{number}"


def orphans(reaping: Reaping) -> list[TaskScope]:
    """Let many tasks fail without a word, each with a backup that goes on."""
    scopes = []
    for instance in range(INSTANCES):
        for number in range(EACH):
            name, backup = start(reaping, instance=instance, number=number)
            ids: dict[str, Any] = {
                "instance_id": f"main{instance}",
                "database_id": f"db{number}",
                "backup_id": f"b{number}",
            }
            scope = reaping.rows.add_task(
                task_id=f"t{instance}_{number}",
                author=lambda task_id, ids=ids: back_up(task_id, **ids),  # type: ignore[misc]
            )
            reaping.rows.write(scope, reaping.entry(name, target=BackupName.parse(backup)))
            scopes.append(scope)
    return scopes


def polls(reaping: Reaping) -> int:
    """Return how often Spanner was asked about operations."""
    return len([call for call in reaping.emulator.calls if call.method in POLLS])


def test_one_list_for_each_family(reaping: Reaping) -> None:
    """Twenty-four orphans in three instances take a list each before, and another in the end."""
    scopes = orphans(reaping)
    one = ReaperLoop(host="one", clock=reaping.clock)

    one.run_once()
    before = polls(reaping)
    reaping.clock.sleep(40)
    summary = one.run_once()

    assert summary is not None
    assert [INSTANCES * EACH, 0] == [summary.reaped, summary.left]
    assert [INSTANCES, 2 * INSTANCES] == [before, polls(reaping)]
    assert INSTANCES * EACH == len(reaping.cancels)
    assert {Stage.CLOSED} == {reaping.rows.read(scope).stage for scope in scopes}


def test_all_are_cancelled_before_the_first_is_waited_for(reaping: Reaping) -> None:
    """No outcome is asked for before the last cancel is out."""
    orphans(reaping)

    ReaperLoop(host="one", clock=reaping.clock).run_once()

    methods = [call.method for call in reaping.emulator.calls]
    first = methods.index("CancelOperation")
    assert ["CancelOperation"] * INSTANCES * EACH == methods[first : first + INSTANCES * EACH]


def test_what_cannot_be_listed_is_asked_one_by_one(reaping: Reaping) -> None:
    """An account that may get operations and not list them loses nothing but speed."""
    orphans(reaping)
    reaping.emulator.faults.fail(
        method="ListBackupOperations", code=Code.PERMISSION_DENIED, times=None
    )

    ReaperLoop(host="one", clock=reaping.clock).run_once()

    assert INSTANCES * EACH == len(reaping.cancels)


def test_cancel_that_has_taken_hold_is_not_sent_again(
    reaping: Reaping, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An operation that takes its time to end costs later rounds no cancel."""
    monkeypatch.setattr(loop, "_SETTLE", 0.0)
    reaping.emulator.plan(Plan(cancel_delay=timedelta(minutes=10)))
    scope = reaping.orphan()
    one = ReaperLoop(host="one", clock=reaping.clock)

    for _ in range(4):
        one.run_once()
        reaping.clock.sleep(40)

    assert 1 == len(reaping.cancels)
    assert not reaping.rows.read(scope).closed


def test_rest_is_left_to_the_next_round(reaping: Reaping, monkeypatch: pytest.MonkeyPatch) -> None:
    """A round that may send little more sees to few, and a later one to the others."""
    elapsed = [0.0]
    budget = RequestAllowance(most=20, elapsed=lambda: elapsed[0])
    monkeypatch.setattr("airflow_spanner_lro.reaper.authority.RequestAllowance", lambda: budget)
    one = ReaperLoop(host="one", clock=reaping.clock)
    reaping.orphan()
    # from now on it knows how much it may send
    one.run_once()
    orphans(reaping)

    first = one.run_once()
    cancelled = len(reaping.cancels) - 1
    elapsed[0] += SPAN
    one.run_once()

    assert first is not None
    assert INSTANCES * EACH == first.left
    assert 0 < cancelled < INSTANCES * EACH
    assert INSTANCES * EACH == len(reaping.cancels) - 1


def test_allowance_is_never_exceeded(reaping: Reaping) -> None:
    """In a hundred seconds there are no more requests than 400, and all of them at once if need be.

    The clock's sleep is what lets time pass.
    """
    began = reaping.clock.now()

    def elapsed() -> float:
        # the real time that passes meanwhile is no matter
        return round((reaping.clock.now() - began).total_seconds())

    budget = RequestAllowance(elapsed=elapsed)
    sent = []
    for _ in range(2 * MOST):
        budget.take(reaping.clock)
        sent.append(elapsed())

    assert [0.0] * MOST == sent[:MOST]
    assert SPAN - 1 <= sent[MOST] <= SPAN + 1


def test_poll_that_a_list_has_answered_is_not_answered_again(reaping: Reaping) -> None:
    """Whoever asks twice gets what is known now, and not what was known before."""
    names = [start(reaping, instance=0, number=number)[0] for number in range(4)]
    client = RateLimitedClient(reaping.client, allowance=RequestAllowance(), clock=reaping.clock)
    client.expect(names)
    before = [client.get(name=name).done for name in names]
    reaping.time.advance(timedelta(hours=20))

    after = [client.get(name=name).done for name in names]

    assert [[False] * 4, [True] * 4] == [before, after]
    assert 2 == len(reaping.emulator.calls.of("ListBackupOperations"))
