# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What the functions of the recipes decide: which migrations may run, what is copied, who waits."""

from __future__ import annotations

import runpy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from tests.airflow.fakes import BACKUP
from tests.airflow.test_asset_examples import EVENTS, EXAMPLES, Events

if TYPE_CHECKING:
    from pathlib import Path

FILES = {"0001_a.sql": "CREATE TABLE A", "0002_b.sql": "CREATE TABLE B"}
KEY = "migrations"


@dataclass(kw_only=True)
class Store:
    """What an asset remembers, as Airflow gives it to a task."""

    values: dict[str, Any] = field(default_factory=dict)

    def get(self, key: str, default: Any = None) -> Any:
        """Return a value."""
        return self.values.get(key, default)

    def set(self, key: str, value: Any) -> None:
        """Remember a value."""
        self.values[key] = value


@dataclass(kw_only=True)
class Migrations:
    """The example on a folder of its own, with what its asset remembers."""

    functions: dict[str, Any]
    folder: Path
    store: Store = field(default_factory=Store)

    def write(self, name: str, text: str) -> None:
        """Write a file."""
        (self.folder / name).write_text(text)

    def check(self, *, run_id: str = "run", by_hand: tuple[str, ...] = ()) -> None:
        """Do what the first task does."""
        self.functions["check"].function(
            asset_state_store=self.store,
            params={"applied_by_hand": list(by_hand)},
            dag_run=SimpleNamespace(run_id=run_id),
        )

    def begin(self, name: str, *, run_id: str = "run") -> None:
        """Do what happens before a file is run."""
        self.functions["begin"](self._context(name, run_id))

    def finish(self, name: str, *, run_id: str = "run") -> None:
        """Do what happens after a file was run."""
        self.functions["finish"](self._context(name, run_id), {})

    def apply(self, *names: str) -> None:
        """Run files."""
        for name in names:
            self.begin(name)
            self.finish(name)

    def _context(self, name: str, run_id: str) -> dict[str, Any]:
        return {
            "asset_state_store": self.store,
            "task": SimpleNamespace(task_id=name.removesuffix(".sql")),
            "dag_run": SimpleNamespace(run_id=run_id),
        }


@pytest.fixture
def migrations(tmp_path: Path) -> Migrations:
    """Return the example with two files, of which none is applied."""
    functions = runpy.run_path(str(EXAMPLES / "example_spanner_migrations.py"))
    # the functions look their folder up where they were defined
    functions["checksums"].__globals__["FOLDER"] = tmp_path
    made = Migrations(functions=functions, folder=tmp_path)
    for name, text in FILES.items():
        made.write(name, text)
    return made


def test_new_files_may_run(migrations: Migrations) -> None:
    """Where nothing is applied yet, nothing is refused; and nothing is remembered of a check."""
    migrations.check()

    assert {} == migrations.store.values


def test_files_that_are_applied_are_skipped(migrations: Migrations) -> None:
    """A later run is let through, and skips what an earlier one has applied."""
    migrations.apply(*FILES)

    migrations.check(run_id="later")
    with pytest.raises(AirflowSkipException, match=r"0001_a\.sql is applied since 20"):
        migrations.begin("0001_a.sql", run_id="later")


def test_a_file_that_failed_begins_again_in_its_run(migrations: Migrations) -> None:
    """A try after one that has failed runs the file, also if it was corrected meanwhile."""
    migrations.begin("0001_a.sql")
    migrations.write("0001_a.sql", "CREATE TABLE Better")

    migrations.check()
    migrations.apply("0001_a.sql")

    migrations.check(run_id="later")


def refused(migrations: Migrations, **arguments: Any) -> str:
    """Return what a check says that refuses."""
    before = dict(migrations.store.values.get(KEY, {}))
    with pytest.raises(AirflowFailException) as caught:
        migrations.check(**arguments)
    assert before == migrations.store.values.get(KEY, {})
    return str(caught.value)


def test_a_file_that_another_run_began_is_refused(migrations: Migrations) -> None:
    """What is half applied goes on only where its operation is known."""
    migrations.begin("0001_a.sql", run_id="tuesday")

    said = refused(migrations, run_id="wednesday")

    assert said.startswith(
        "Nothing was run: 0001_a.sql was begun by run tuesday and is not finished: clear its task"
    )


def test_a_changed_file_is_refused(migrations: Migrations) -> None:
    """What was changed after it was applied would be applied nowhere."""
    migrations.apply("0001_a.sql")
    migrations.write("0001_a.sql", "CREATE TABLE Other")

    assert "0001_a.sql was changed after it was applied" in refused(migrations)


def test_a_renamed_file_is_refused(migrations: Migrations) -> None:
    """A file under another name would be run again; its old name is told."""
    migrations.apply("0001_a.sql")
    (migrations.folder / "0001_a.sql").rename(migrations.folder / "0003_a.sql")

    said = refused(migrations)

    assert "0001_a.sql is applied and is called 0003_a.sql now: give it its name back" in said


def test_a_file_that_is_gone_is_refused(migrations: Migrations) -> None:
    """Who begins with an empty database would not get the same schema."""
    migrations.apply("0001_a.sql")
    (migrations.folder / "0001_a.sql").unlink()

    assert "0001_a.sql is applied and is not in the folder any more" in refused(migrations)


def test_a_lower_number_is_refused(migrations: Migrations) -> None:
    """A new file comes behind all that are applied: elsewhere they ran in another order."""
    migrations.write("0000_late.sql", "CREATE TABLE Late")
    migrations.apply("0001_a.sql")

    said = refused(migrations)

    assert "0000_late.sql is new and comes before 0001_a.sql: give it a higher number" in said


def test_numbers_and_names_have_a_form(migrations: Migrations) -> None:
    """All that is wrong is told at once: a name that is no number, and a number used twice."""
    migrations.write("fix.sql", "CREATE TABLE F")
    migrations.write("0002_other.sql", "CREATE TABLE O")

    assert (
        "Nothing was run: fix.sql is not named like 0001_what.sql; "
        "0002_b.sql and 0002_other.sql have the same number 0002." == refused(migrations)
    )


def test_a_person_tells_what_a_database_has(migrations: Migrations) -> None:
    """Files that are named as applied by hand are remembered, and count as applied."""
    migrations.begin("0001_a.sql", run_id="tuesday")

    migrations.check(run_id="wednesday", by_hand=("0001_a.sql",))

    with pytest.raises(AirflowSkipException):
        migrations.begin("0001_a.sql", run_id="wednesday")


def test_a_person_may_be_wrong(migrations: Migrations) -> None:
    """A file that is not there is not taken for applied, and the others are not either."""
    said = refused(migrations, by_hand=("0001_a.sql", "0009_z.sql"))

    assert "0009_z.sql is named in applied_by_hand and is not in the folder" in said


@pytest.mark.parametrize("extra", EVENTS)
def test_each_new_backup_is_copied_once(extra: dict[str, Any]) -> None:
    """A task and a watcher may tell of the same backup: there is one copy of it."""
    example = runpy.run_path(str(EXAMPLES / "example_spanner_copy_to_region.py"))
    events = {example["BACKUPS"].uri: [SimpleNamespace(extra=extra)] * 2}

    copies = example["new_backups"].function(Events(events))

    backup_id = BACKUP.rpartition("/")[2]
    assert [{"source_backup": BACKUP, "backup_id": f"{backup_id}-copy"}] == copies


def test_nothing_new_is_copied_by_hand() -> None:
    """A run that was started by hand has no events, and copies nothing."""
    example = runpy.run_path(str(EXAMPLES / "example_spanner_copy_to_region.py"))

    assert [] == example["new_backups"].function(Events({}))


def test_backups_of_the_first_are_kept_for_a_year() -> None:
    """Retention is by the day of the run, and names are those of the run."""
    example = runpy.run_path(str(EXAMPLES / "example_spanner_nightly_backups.py"))
    planned = [
        example["plan"].function(
            dag_run=SimpleNamespace(run_after=datetime(2026, 11, day, 2, tzinfo=UTC)),
            params={"database_ids": ["orders"]},
        )[0]
        for day in (1, 2)
    ]

    assert ["P365D", "P30D"] == [each["keep"] for each in planned]
    assert ["orders-20261101-020000", "orders-20261102-020000"] == [
        each["backup_id"] for each in planned
    ]


@pytest.mark.parametrize(
    ("given", "running", "names"),
    [
        pytest.param(None, [{"name": "a"}, {"name": "b"}], ["a", "b"], id="all that run"),
        pytest.param("given", [{"name": "a"}], ["given"], id="the one that was given"),
    ],
)
def test_who_is_waited_for(given: str | None, running: list[Any], names: list[str]) -> None:
    """The run waits for the operation that it was given, or else for all that run."""
    example = runpy.run_path(str(EXAMPLES / "example_spanner_wait_for_others.py"))

    assert names == example["whom_to_wait_for"].function(running, {"operation_name": given})


def test_nobody_is_waited_for() -> None:
    """Where nothing runs the wait is skipped."""
    example = runpy.run_path(str(EXAMPLES / "example_spanner_wait_for_others.py"))

    with pytest.raises(AirflowSkipException, match="Nobody changes this schema"):
        example["whom_to_wait_for"].function([], {"operation_name": None})
