# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The file that keeps a world: whatever happens to it or to the process, and who may use it."""

from __future__ import annotations

import json
import resource
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from google.cloud import spanner_admin_database_v1 as database_v1

from airflow_spanner_lro.core.kinds import CREATE_BACKUP
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import (
    Between,
    EmulatorStateError,
    Limits,
    ManualClock,
    Plan,
    RpcError,
    SpannerAdminEmulator,
    SystemClock,
)
from airflow_spanner_lro.emulator.engine import Engine
from tests.emulator.conftest import BACKUP, DATABASE, INSTANCE
from tests.emulator.support.scripted_engine import ADMIN, START, fingerprint_now, make_engine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


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
    first = make_engine(path)
    expected = fingerprint_now(first)
    first.release_state_file()
    with path.open("a") as file:
        file.write(rest)
    second = Engine(clock=ManualClock(), state_file=path)

    assert expected == fingerprint_now(second)
    second.release_state_file()
    assert expected == fingerprint_now(Engine(clock=ManualClock(), state_file=path))


def test_a_header_that_was_cut_short_begins_anew(tmp_path: Path) -> None:
    """The process was killed before anything was done."""
    path = tmp_path / "state"
    make_engine(path).release_state_file()
    path.write_bytes(path.read_bytes()[:40])

    with make_engine(path).locked() as (world, _):
        assert [INSTANCE] == [str(row.name) for row in world.resources.instances]


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
    Engine(clock=ManualClock(START), state_file=path).release_state_file()
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
    lived = make_engine(path)
    before, size = fingerprint_now(lived), path.stat().st_size
    method = lived.methods[f"/{ADMIN}/DropDatabase"]
    with full_disk(path):
        with pytest.raises(RpcError, match="Nothing was changed") as caught:
            lived.call(method, database_v1.DropDatabaseRequest(database=DATABASE))
        assert before == fingerprint_now(lived)
        assert size == path.stat().st_size
        with pytest.raises(RpcError):
            lived.clock.advance(60)
    lived.clock.advance(60)
    lived.call(method, database_v1.DropDatabaseRequest(database=DATABASE))
    lived.release_state_file()

    assert Code.INTERNAL is caught.value.code
    assert fingerprint_now(lived) == fingerprint_now(Engine(clock=ManualClock(), state_file=path))


@pytest.mark.parametrize("scale", [1.0, 60.0])
def test_time_goes_on_as_if_the_emulator_had_not_been_away(tmp_path: Path, scale: float) -> None:
    """A hundred real seconds count at the scale of before, and then the new one counts."""
    path = tmp_path / "state"
    first = Engine(clock=SystemClock(scale=60.0), state_file=path)
    first.release_state_file()
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
    first = make_engine(path)
    first.clock.advance(1000)
    first.release_state_file()
    lines = path.read_text().replace('"wall":', '"wall":9')
    path.write_text(lines)

    assert START + timedelta(seconds=1000) == make_engine(path).clock.now()


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
