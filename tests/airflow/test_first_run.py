# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The Dag for a first run tells a service that is otherwise, and deletes only what it made."""

from __future__ import annotations

import runpy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from airflow_spanner_lro.core.kinds import CREATE_BACKUP, UPDATE_DATABASE_DDL
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import Plan, SpannerAdminEmulator
from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EXAMPLE = Path(__file__).parents[2] / "example_dags" / "example_spanner_first_run.py"
INSTANCE = "projects/test/instances/main"
DATABASE = f"{INSTANCE}/databases/first"
STATEMENTS = ["CREATE TABLE Orders (Id STRING(36) NOT NULL) PRIMARY KEY (Id)"]


@pytest.fixture
def emulator(quick_polls: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[SpannerAdminEmulator]:
    """Run an emulator with a database; operations go on until they are told otherwise."""
    del quick_polls
    with SpannerAdminEmulator() as emulator:
        emulator.create_instance(INSTANCE)
        emulator.create_database(DATABASE)
        emulator.plan(Plan(duration=timedelta(hours=1)))
        monkeypatch.setenv("SPANNER_EMULATOR_HOST", emulator.endpoint)
        yield emulator


@pytest.fixture(scope="module")
def function() -> Callable[[str], Callable[..., Any]]:
    """Return a function that returns what a task of the Dag does."""
    tasks = runpy.run_path(str(EXAMPLE))
    return lambda name: tasks[name].function


def backup(backup_id: str = "first-run") -> str:
    """Start a backup, and return the name of its operation."""
    request = {
        "parent": INSTANCE,
        "backup_id": backup_id,
        "backup": {"database": DATABASE, "expire_time": datetime.now(tz=UTC) + timedelta(days=1)},
    }
    return str(SpannerAdminHook().start_operation(kind=CREATE_BACKUP, request=request))


def doubts(verdicts: list[dict[str, Any]]) -> list[str]:
    """Return the beliefs that do not hold."""
    return [each["belief"] for each in verdicts if each["holds"] is False]


def test_a_second_backup_is_tried_while_one_runs(
    emulator: SpannerAdminEmulator, function: Callable[[str], Callable[..., Any]]
) -> None:
    """The limit that a task waits for is seen as it is, and nothing is started."""
    verdicts = function("try_a_second_backup")(DATABASE, "second", backup())

    assert [] == doubts(verdicts)
    assert [True, True] == [each["holds"] for each in verdicts]
    assert 1 == len(emulator.operations())


def test_a_service_without_the_limit_is_told(
    emulator: SpannerAdminEmulator, function: Callable[[str], Callable[..., Any]]
) -> None:
    """A second backup that is accepted is told, and cancelled again."""
    emulator.change_limits(pending_backups=5)

    verdicts = function("try_a_second_backup")(DATABASE, "second", backup())

    (told,) = doubts(verdicts)
    assert told.startswith("a second backup of a database is refused")
    assert "second" in "".join(each.name for each in emulator.operations() if each.done)


def test_a_backup_that_was_too_quick_decides_nothing(
    emulator: SpannerAdminEmulator, function: Callable[[str], Callable[..., Any]]
) -> None:
    """Where the first backup has ended before anybody could look, nothing is claimed."""
    pending = backup()
    emulator.run_until_done(pending)

    verdicts = function("try_a_second_backup")(DATABASE, "second", pending)

    assert [None, None] == [each["holds"] for each in verdicts]


def test_a_cancel_is_looked_at(
    emulator: SpannerAdminEmulator, function: Callable[[str], Callable[..., Any]]
) -> None:
    """A cancelled backup is gone and can be cancelled again; one that was too late is no doubt."""
    cancelled = backup("cancelled")
    SpannerAdminHook().cancel_operation(cancelled)
    late = backup("late")
    emulator.run_until_done(late)

    look = function("look_at_cancel")

    assert [True, True, True] == [each["holds"] for each in look(cancelled)]
    assert [None, None, True] == [each["holds"] for each in look(late)]


def test_an_untyped_list_may_be_refused(
    emulator: SpannerAdminEmulator, function: Callable[[str], Callable[..., Any]]
) -> None:
    """What nobody knows of the service is told, and decides nothing."""
    operation = backup()
    emulator.run_until_done(operation)
    facts = SpannerAdminHook().get_resource(operation)
    emulator.faults.fail(method="ListBackupOperations", code=Code.INVALID_ARGUMENT)

    verdicts = function("look_at_backup")(operation, facts)

    assert [] == doubts(verdicts)
    assert "INVALID_ARGUMENT" in verdicts[-1]["seen"] or "Invalid" in verdicts[-1]["seen"]


def test_a_lost_signature_is_told(
    emulator: SpannerAdminEmulator, function: Callable[[str], Callable[..., Any]]
) -> None:
    """Without its microseconds a backup could not be known again."""
    operation = backup()
    emulator.run_until_done(operation)
    facts = SpannerAdminHook().get_resource(operation)

    verdicts = function("look_at_backup")(
        operation, facts | {"expire_time": "2026-12-01T00:00:00Z"}
    )

    assert ["the microseconds of expire_time are kept: they sign the backup as the task's"] == (
        doubts(verdicts)
    )


def test_a_schema_change_is_looked_at(
    emulator: SpannerAdminEmulator, function: Callable[[str], Callable[..., Any]]
) -> None:
    """A name that the service has chosen is told: a lost start could not be found by it."""
    hook = SpannerAdminHook()
    request = {"database": DATABASE, "statements": STATEMENTS}
    own = hook.start_operation(
        kind=UPDATE_DATABASE_DDL, request=request | {"operation_id": "lro_1"}
    )
    emulator.run_until_done(str(own))
    look = function("look_at_schema_change")

    assert [] == doubts(look(str(own), STATEMENTS))


@pytest.mark.parametrize(
    ("looks", "text"),
    [
        pytest.param([[{"belief": "x", "seen": "y", "holds": False}]], "in 1 of 1", id="otherwise"),
        pytest.param([None], "1 looks could not be taken", id="not taken"),
    ],
)
def test_report_fails_for_doubts(
    function: Callable[[str], Callable[..., Any]], looks: list[Any], text: str
) -> None:
    """The run fails where the service is otherwise, or nobody could look."""
    with pytest.raises(RuntimeError, match=text):
        function("report")(looks)


def test_report_has_a_line_for_each_belief(
    function: Callable[[str], Callable[..., Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    """What holds and what is of use is told in a line each, and the run succeeds."""
    looks = [
        [{"belief": "a", "seen": 1, "holds": True}],
        [{"belief": "b", "seen": 2, "holds": None}],
    ]

    function("report")(looks)

    out = capsys.readouterr().out
    assert "AS BELIEVED      a: 1\nFOR INFORMATION  b: 2\n" in out


def test_clean_up_leaves_a_given_instance(
    emulator: SpannerAdminEmulator, function: Callable[[str], Callable[..., Any]]
) -> None:
    """An instance that was there, and what else is in it, is left as it is."""
    emulator.create_database(f"{INSTANCE}/databases/theirs")
    operation = backup()

    function("clean_up")(INSTANCE, "first", ["first-run", "never-made"], "first-run")

    names = {each.name for each in emulator.resources()}
    assert {INSTANCE, f"{INSTANCE}/databases/theirs"} <= names
    assert DATABASE not in names
    assert operation.partition("/operations/")[0] not in names


def test_clean_up_deletes_its_own_instance(
    emulator: SpannerAdminEmulator, function: Callable[[str], Callable[..., Any]]
) -> None:
    """The instance of the run is deleted with everything in it."""
    backup()

    function("clean_up")(INSTANCE, "first", ["first-run"], "main")

    assert INSTANCE not in {each.name for each in emulator.resources()}


def test_clean_up_goes_on_after_a_refusal(
    emulator: SpannerAdminEmulator, function: Callable[[str], Callable[..., Any]]
) -> None:
    """What cannot be deleted is named, and everything else is deleted all the same."""
    backup()
    emulator.faults.fail(method="DeleteBackup", code=Code.PERMISSION_DENIED)

    with pytest.raises(RuntimeError, match=r"Left behind, and costs money: .*first-run"):
        function("clean_up")(INSTANCE, "first", ["first-run", "other"], "other")

    deleted = [call.resource for call in emulator.calls.of("DeleteBackup")]
    assert f"{INSTANCE}/backups/other" in deleted
