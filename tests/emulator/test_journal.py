# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A world survives: in its file, whatever happens to the process, and in snapshots."""

from __future__ import annotations

import json
import resource
import shutil
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from google.api_core import exceptions
from google.cloud import spanner_admin_database_v1 as database_v1
from google.longrunning import operations_pb2
from hypothesis import given, settings, strategies as st

from airflow_spanner_lro.core.kinds import CREATE_BACKUP
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import (
    Between,
    EmulatorStateError,
    Limits,
    ManualClock,
    Plan,
    RpcError,
    Snapshot,
    SpannerAdminEmulator,
    SystemClock,
)
from airflow_spanner_lro.emulator.engine import Engine
from airflow_spanner_lro.emulator.state.views import fingerprint

from .conftest import BACKUP, DATABASE, INSTANCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .conftest import StartBackup

START = datetime(2026, 1, 1, tzinfo=UTC)
ADMIN = "google.spanner.admin.database.v1.DatabaseAdmin"
PRINTS = tuple[object, ...]

SCRIPTS = st.lists(
    st.tuples(
        st.integers(0, 3000),
        st.sampled_from(
            ["backup", "restore", "ddl", "drop", "cancel", "delete", "plan", "limits", "fail"]
        ),
    ),
    max_size=14,
)


def engine(path: Path | None = None, *, clock: ManualClock | None = None) -> Engine:
    """Return an engine with a database, on a file if there is a path."""
    made = Engine(clock=clock or ManualClock(START), seed=3, state_file=path)
    made.act(
        "create_database", name=DATABASE, statements=[], drop_protection=False, if_missing=True
    )
    return made


def prints(of: Engine) -> PRINTS:
    """Return all that clients can see now."""
    with of.look() as (world, now):
        return now, fingerprint(world, now=now)


def do(on: Engine, action: str, number: int) -> None:
    """Do one thing, as a client or as the owner."""
    with on.look() as (world, now):
        operations = [str(row.name) for row in world.operations]
    backup = f"{INSTANCE}/backups/nightly"
    table = f"CREATE TABLE T{number} (Id INT64) PRIMARY KEY (Id)"
    requests: dict[str, tuple[str, Any]] = {
        "backup": (
            f"{ADMIN}/CreateBackup",
            database_v1.CreateBackupRequest(
                parent=INSTANCE,
                backup_id="nightly",
                backup=database_v1.Backup(database=DATABASE, expire_time=now + timedelta(hours=7)),
            ),
        ),
        "restore": (
            f"{ADMIN}/RestoreDatabase",
            database_v1.RestoreDatabaseRequest(
                parent=INSTANCE, database_id=f"r{number}", backup=backup
            ),
        ),
        "ddl": (
            f"{ADMIN}/UpdateDatabaseDdl",
            database_v1.UpdateDatabaseDdlRequest(database=DATABASE, statements=[table]),
        ),
        "drop": (f"{ADMIN}/DropDatabase", database_v1.DropDatabaseRequest(database=DATABASE)),
        "delete": (f"{ADMIN}/DeleteBackup", database_v1.DeleteBackupRequest(name=backup)),
        "cancel": (
            "google.longrunning.Operations/CancelOperation",
            operations_pb2.CancelOperationRequest(name=operations[-1] if operations else ""),
        ),
    }
    try:
        match action:
            case "plan":
                span = {"shortest": 60, "longest": 6000}
                on.act("plan", plan={"duration": span}, kind=None, target="*", times=2)
            case "limits":
                on.act("set_limits", limits={"pending_restores": number % 3})
            case "fail" if operations:
                on.act("fail_operation", name=operations[-1], code=13, message="no")
            case "fail":
                pass
            case _:
                path, request = requests[action]
                on.call(on.methods[f"/{path}"], request)
    except (RpcError, ValueError):
        return  # refused, which is as good an answer as any


@settings(deadline=None, max_examples=60)
@given(script=SCRIPTS)
def test_a_replay_makes_the_same_world(script: list[tuple[int, str]]) -> None:
    """After a restart, and in a snapshot, everything is as it was, now and in all its future."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "state")
        lived = engine(path)
        for number, (pause, action) in enumerate(script):
            lived.clock.advance(pause)
            do(lived, action, number)
        copy = Path(shutil.copy(path, f"{path}-of-a-killed-one"))
        again = Engine(clock=ManualClock(), state_file=copy)
        other = Engine(clock=ManualClock())
        other.restore(Snapshot.from_json(json.loads(json.dumps(lived.snapshot().to_json()))))

        for _ in range(2):
            assert prints(lived) == prints(again) == prints(other)
            for each in (lived, again, other):
                do(each, "backup", 99)
                each.clock.advance(9 * 3600)
        again.release()
        lived.release()


def test_a_stopped_emulator_leaves_its_file_to_the_next(tmp_path: Path) -> None:
    """The next one has the world, the time and the plans of the one before."""
    path = tmp_path / "state"
    clock = ManualClock(START)
    with SpannerAdminEmulator(clock=clock, state_file=path) as first:
        first.create_database(DATABASE)
        first.create_backup(BACKUP, DATABASE)
        clock.advance(100)
        resources = first.resources()
    with SpannerAdminEmulator(clock=ManualClock(), state_file=str(path)) as second:
        assert resources == second.resources()
        assert START + timedelta(seconds=100) == second.clock.now()


def test_a_stopped_emulator_can_go_on_with_its_file(tmp_path: Path) -> None:
    """What is done between a stop and a start is kept, too."""
    path = tmp_path / "state"
    emulator = SpannerAdminEmulator(clock=ManualClock(START), state_file=path)
    with emulator:
        emulator.create_instance(INSTANCE)
    emulator.create_database(DATABASE)
    emulator.clock.advance(60)
    with emulator:
        resources = emulator.resources()

    again = SpannerAdminEmulator(clock=ManualClock(), state_file=path)
    assert resources == again.resources()
    assert START + timedelta(seconds=60) == again.clock.now()


def test_a_file_is_for_one_emulator_at_a_time(tmp_path: Path) -> None:
    """The second one says what to do."""
    path = tmp_path / "state"
    with (
        SpannerAdminEmulator(state_file=path),
        pytest.raises(EmulatorStateError, match="another emulator uses it") as caught,
    ):
        SpannerAdminEmulator(state_file=path)

    assert "Stop that one" in str(caught.value)


def test_who_comes_back_to_a_file_that_others_changed_is_told(tmp_path: Path) -> None:
    """A stopped emulator must not write into the world of its successor."""
    path = tmp_path / "state"
    with SpannerAdminEmulator(state_file=path) as first:
        pass
    with SpannerAdminEmulator(state_file=path) as second:
        second.create_instance(INSTANCE)

    with pytest.raises(EmulatorStateError, match="another emulator has used it"):
        first.start()
    with pytest.raises(RpcError, match="Nothing was changed"):
        first.create_instance(INSTANCE)
    assert () == first.resources()


@pytest.mark.parametrize("rest", ['{"at":"2026-01-01T00:0', "\0\0\0\0", '{"at"'])
def test_a_line_that_was_cut_short_is_no_harm(tmp_path: Path, rest: str) -> None:
    """Its call was never answered; the file is whole again afterwards."""
    path = tmp_path / "state"
    first = engine(path)
    expected = prints(first)
    first.release()
    with path.open("a") as file:
        file.write(rest)
    second = Engine(clock=ManualClock(), state_file=path)

    assert expected == prints(second)
    second.release()
    assert expected == prints(Engine(clock=ManualClock(), state_file=path))


def test_a_header_that_was_cut_short_begins_anew(tmp_path: Path) -> None:
    """The process was killed before anything was done."""
    path = tmp_path / "state"
    engine(path).release()
    path.write_bytes(path.read_bytes()[:40])

    assert INSTANCE in {str(row.name) for row in instances_of(engine(path))}


def instances_of(of: Engine) -> list[Any]:
    """Return the instances."""
    with of.look() as (world, _):
        return list(world.resources.instances)


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        ("shopping list", 1, "not a state file"),
        ("shopping list\nbread\n", 1, "Expecting value"),
        ("[]\n", 1, "no JSON object"),
        ("{}\n", 1, "not a state file"),
        ('{"file":"airflow-spanner-lro emulator","format":99}\n', 1, "format 99"),
        ('{"file":"airflow-spanner-lro emulator","format":1}\n', 1, "header is damaged"),
        ("HEADERgarbage\n", 2, "Expecting value"),
        ('HEADER{"at":"2026-01-01T00:00:00+00:00","rpc":"/x/Nope","request":""}\n', 2, "/x/Nope"),
        ('HEADER{"at":"2026-01-01T00:00:00+00:00","action":"x","arguments":{}}\n', 2, "'x'"),
        ('HEADER{"at":"2026-01-01T00:00:00","action":"x","arguments":{}}\n', 2, "time zone"),
        ('HEADER{"restore":{}}\n', 2, "no snapshot"),
        ("HEADER{}\n", 2, "no entry"),
    ],
)
def test_a_file_of_something_else_is_refused_and_left_alone(
    tmp_path: Path, content: str, line: int, reason: str
) -> None:
    """The error says which line, why, and what to do."""
    path = tmp_path / "state"
    Engine(clock=ManualClock(START), state_file=path).release()
    content = content.replace("HEADER", path.read_text().splitlines(keepends=True)[0])
    path.write_text(content)
    with pytest.raises(EmulatorStateError, match=reason) as caught:
        SpannerAdminEmulator(state_file=path)

    assert f"line {line}" in str(caught.value)
    assert "Give another file" in str(caught.value)
    assert content == path.read_text()


@pytest.mark.parametrize("name", ["nowhere/state", "", "/dev/zero"])
def test_a_path_that_cannot_be_a_file_is_refused(tmp_path: Path, name: str) -> None:
    """The error names the path."""
    with pytest.raises(EmulatorStateError, match="cannot be used"):
        SpannerAdminEmulator(state_file=tmp_path / name)


@contextmanager
def full_disk(path: Path) -> Iterator[None]:
    """Leave room for a few bytes only in a file."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 20, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_what_cannot_be_written_is_not_done(tmp_path: Path) -> None:
    """On a full disk calls are refused, reading goes on, and later all is well."""
    path = tmp_path / "state"
    lived = engine(path)
    before, size = prints(lived), path.stat().st_size
    method = lived.methods[f"/{ADMIN}/DropDatabase"]
    with full_disk(path):
        with pytest.raises(RpcError, match="Nothing was changed") as caught:
            lived.call(method, database_v1.DropDatabaseRequest(database=DATABASE))
        assert before == prints(lived)
        assert size == path.stat().st_size
        with pytest.raises(RpcError):
            lived.clock.advance(60)
    lived.clock.advance(60)
    lived.call(method, database_v1.DropDatabaseRequest(database=DATABASE))
    lived.release()

    assert Code.INTERNAL is caught.value.code
    assert prints(lived) == prints(Engine(clock=ManualClock(), state_file=path))


@pytest.mark.parametrize("scale", [1.0, 60.0])
def test_time_goes_on_as_if_the_emulator_had_not_been_away(tmp_path: Path, scale: float) -> None:
    """A hundred real seconds count at the scale of before, and then the new one counts."""
    path = tmp_path / "state"
    first = Engine(clock=SystemClock(scale=60.0), state_file=path)
    first.release()
    header = json.loads(path.read_text())
    header["wall"] -= 100
    path.write_text(json.dumps(header) + "\n")
    second = Engine(clock=SystemClock(scale=scale), state_file=path)
    away = second.clock.now() - datetime.fromisoformat(header["at"])

    assert timedelta(seconds=6000) <= away < timedelta(seconds=9000)
    assert scale == second.clock.anchor().scale


def test_time_is_never_before_what_was_done(tmp_path: Path) -> None:
    """Even if the wall clock was set back meanwhile."""
    path = tmp_path / "state"
    first = engine(path)
    first.clock.advance(1000)
    first.release()
    lines = path.read_text().replace('"wall":', '"wall":9')
    path.write_text(lines)

    assert START + timedelta(seconds=1000) == engine(path).clock.now()


def test_jumps_of_a_system_clock_are_kept(tmp_path: Path) -> None:
    """A restart does not take them back."""
    path = tmp_path / "state"
    with SpannerAdminEmulator(state_file=path) as first:
        ahead = first.clock.advance(timedelta(days=5))
    with SpannerAdminEmulator(state_file=path) as second:
        assert ahead <= second.clock.now()


def test_a_world_keeps_its_seed_and_its_limits(tmp_path: Path) -> None:
    """What another start says of the seed does not count; what it says of limits does."""
    path = tmp_path / "state"
    plans = {CREATE_BACKUP: Plan(duration=Between(shortest=timedelta(1), longest=timedelta(2)))}
    with SpannerAdminEmulator(
        state_file=path, seed=7, plans=plans, limits=Limits(databases=3)
    ) as first:
        seed = first.snapshot().seed
    with SpannerAdminEmulator(state_file=path, seed=8) as second:
        assert (seed, 3) == (second.snapshot().seed, second.limits.databases)
    with SpannerAdminEmulator(state_file=path, limits=Limits(databases=4)) as third:
        assert 4 == third.limits.databases


def test_a_snapshot_brings_back_world_and_time(
    emulator: SpannerAdminEmulator, start_backup: StartBackup, clock: ManualClock
) -> None:
    """Clients on the same connection meet the world of before, and its future is the same."""
    operation = start_backup()
    clock.advance(60)
    taken, views = emulator.snapshot(), emulator.operations()
    clock.advance(3600)
    emulator.create_database(f"{INSTANCE}/databases/later")
    emulator.restore(taken)

    assert views == emulator.operations()
    assert taken == emulator.snapshot()
    with pytest.raises(exceptions.AlreadyExists):
        start_backup()
    emulator.run_until_done()
    assert operation.done()


def test_a_restored_world_survives_a_restart(tmp_path: Path) -> None:
    """What was before the restore is gone for good."""
    path = tmp_path / "state"
    lived = engine(path)
    taken = lived.snapshot()
    lived.clock.advance(3600)
    do(lived, "drop", 0)
    lived.restore(taken)
    do(lived, "backup", 1)
    lived.release()

    assert prints(lived) == prints(Engine(clock=ManualClock(), state_file=path))


def test_a_reset_empties_the_world_and_keeps_what_it_was_made_with(
    clock: ManualClock, tmp_path: Path
) -> None:
    """Limits of the constructor are in force again, time goes on, ids begin anew."""
    path = tmp_path / "state"
    with SpannerAdminEmulator(clock=clock, limits=Limits(databases=3), state_file=path) as first:
        first.create_database(DATABASE)
        first.change_limits(databases=5)
        now = clock.advance(60)
        first.reset()

        assert () == first.resources() == first.operations()
        assert (3, now) == (first.limits.databases, clock.now())
    with SpannerAdminEmulator(clock=ManualClock(), state_file=path) as second:
        assert () == second.resources()
        assert (3, now) == (second.limits.databases, second.clock.now())


def test_a_snapshot_that_cannot_be_understood_changes_nothing(
    emulator: SpannerAdminEmulator,
) -> None:
    """The world stays, and so does its journal."""
    taken, resources = emulator.snapshot(), emulator.resources()
    line = '{"at":"2026-01-01T00:00:00+00:00","action":"x","arguments":{}}'
    with pytest.raises(ValueError, match="'x'"):
        emulator.restore(replace(taken, lines=(line,)))

    assert resources == emulator.resources()
    assert taken == emulator.snapshot()
