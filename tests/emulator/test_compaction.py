# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A base takes the place of a long history, and nobody can tell: not in the world, not in time."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from google.iam.v1 import iam_policy_pb2, policy_pb2
from hypothesis import given, settings, strategies as st

from airflow_spanner_lro.emulator import EmulatorStateError, ManualClock, Snapshot
from airflow_spanner_lro.emulator.engine import Engine
from airflow_spanner_lro.emulator.journal import state_file
from airflow_spanner_lro.emulator.journal.base import base_of, load
from airflow_spanner_lro.emulator.journal.records import RecordWriter, UnknownRecordError
from airflow_spanner_lro.emulator.operations.registry import new_world
from airflow_spanner_lro.emulator.plans import Planner
from tests.emulator.conftest import DATABASE, INSTANCE
from tests.emulator.support.scripted_engine import (
    ACTIONS,
    ADMIN,
    START,
    add_resources,
    fingerprint_now,
    make_engine,
    perform,
    run_script,
)
from tests.emulator.support.world_state import state_of
from tests.emulator.test_snapshots import a_long_script

if TYPE_CHECKING:
    from collections.abc import Callable

SCRIPTS = st.lists(st.tuples(st.integers(0, 90_000), st.sampled_from(ACTIONS)), max_size=16)
CLEAR = "clear_plans"


def first_line_with_base(path: Path) -> int:
    """Return the number of the line that holds a base; 0 if none does."""
    lines = path.read_text().splitlines()
    return next((number for number, line in enumerate(lines, 1) if '"base":{' in line), 0)


@pytest.mark.parametrize("seed", range(12))
def test_a_world_made_of_its_base_holds_the_same(seed: int) -> None:
    """Down to what no client sees: random numbers, limits, plans, ids that are used up."""
    lived = make_engine()
    add_resources(lived)
    run_script(lived, a_long_script(seed))
    with lived.locked() as (world, now):
        again = new_world(plans=Planner(seed=9), seed=9)
        load(again, base_of(world, at=now))

        assert state_of(world) == state_of(again)


@pytest.mark.slow
@settings(deadline=None, max_examples=25)
@given(script=SCRIPTS, compact_after=st.integers(1, 5))
def test_nobody_can_tell_that_a_journal_was_compacted(
    script: list[tuple[int, str]], compact_after: int
) -> None:
    """Beside one that keeps all: lived, restarted and restored, now and in all their future."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "state")
        keeps_all = make_engine()
        lived = make_engine(path, compact_after=compact_after)
        for each in (keeps_all, lived):
            add_resources(each)
            run_script(each, script)
        copy = Path(shutil.copy(path, f"{path}-of-a-killed-one"))
        again = Engine(clock=ManualClock(), state_file=copy)
        other = Engine(clock=ManualClock())
        other.restore(Snapshot.from_json(json.loads(json.dumps(lived.snapshot().to_json()))))

        assert first_line_with_base(path) == 2
        for _ in range(2):
            worlds = [fingerprint_now(each) for each in (keeps_all, lived, again, other)]
            assert worlds == [worlds[0]] * 4
            for each in (keeps_all, lived, again, other):
                perform(each, "backup", 99)
                perform(each, "ddl", 98)
                each.clock.advance(9 * 3600)
        again.release_state_file()
        lived.release_state_file()


def test_a_file_stays_short_however_much_is_done(tmp_path: Path) -> None:
    """It has a header, a base, and no more entries than are kept; a restart goes on so."""
    path = tmp_path / "state"
    lived = make_engine(path, compact_after=10)
    for _ in range(100):
        lived.act(CLEAR)
    lived.release_state_file()
    again = make_engine(path, compact_after=10)
    for _ in range(100):
        again.act(CLEAR)
    again.release_state_file()

    assert len(path.read_text().splitlines()) <= 2 + 20
    assert [path] == list(tmp_path.iterdir())


class KilledError(BaseException):
    """The process is gone: nothing catches this."""


STEPS = ("unlink", "open", "pwrite", "fchmod", "fsync", "flock", "replace", "close")


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", STEPS)
def test_a_kill_at_any_step_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, after: bool
) -> None:
    """Before or after each step of putting a new file there, the next one finds all of it."""
    path = tmp_path / "state"
    make_engine(path).release_state_file()
    lived = Engine(clock=ManualClock(), state_file=path, compact_after=1)
    (tmp_path / "state.new").write_text("left by another one that was killed\n")
    expected = fingerprint_now(lived)
    killed = False

    def dying(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal killed
            if killed:
                return real(*args, **kwargs)
            killed = True
            if after:
                real(*args, **kwargs)
            raise KilledError

        return call

    owners: dict[str, Any] = {"unlink": Path, "replace": Path, "flock": fcntl}
    owner = owners.get(step, os)
    with monkeypatch.context() as patches:
        patches.setattr(owner, step, dying(getattr(owner, step)))
        with pytest.raises(KilledError):
            lived.act("create_instance", name=f"{INSTANCE}-new", config="nam6")
    lived.release_state_file()
    # a killed process holds nothing
    copy = Path(shutil.copy(path, tmp_path / "copy"))
    again = Engine(clock=ManualClock(START), state_file=copy)

    assert expected == fingerprint_now(again)
    assert killed


def test_a_full_disk_leaves_the_old_file_and_nothing_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The journal goes on in the file that is there, and the log says so."""
    path = tmp_path / "state"
    lived = make_engine(path, compact_after=2)

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patches:
        patches.setattr(os, "fsync", full)
        for _ in range(5):
            lived.act(CLEAR)
    before = first_line_with_base(path)
    perform(lived, "backup", 1)
    lived.release_state_file()

    assert (0, [path]) == (before, list(tmp_path.iterdir()))
    assert "No space left on device. Nothing is lost." in caplog.text
    assert fingerprint_now(lived) == fingerprint_now(Engine(clock=ManualClock(), state_file=path))


def test_a_link_stays_a_link_and_a_mode_stays_a_mode(tmp_path: Path) -> None:
    """Who shares a state file by a link, or with a group, still does afterwards."""
    target, path = tmp_path / "target", tmp_path / "state"
    path.symlink_to(target)
    make_engine(path).release_state_file()
    target.chmod(0o640)
    lived = make_engine(path, compact_after=1)
    lived.act(CLEAR)
    lived.release_state_file()

    assert path.is_symlink()
    assert (2, 0o640) == (first_line_with_base(target), target.stat().st_mode & 0o777)


def test_a_compacted_file_is_for_one_emulator_at_a_time(tmp_path: Path) -> None:
    """The new file is held as the old one was, and who had opened the old one finds the new."""
    path = tmp_path / "state"
    lived = make_engine(path)
    latecomer = state_file.StateFile(path)
    opened = os.open(path, os.O_RDWR)
    lived = reopened(lived, path)
    with pytest.raises(EmulatorStateError, match="another emulator uses it"):
        latecomer.open()
    lived.release_state_file()

    assert os.fstat(opened).st_ino != path.stat().st_ino
    assert '"base":{' in latecomer.open()[1].decode()
    os.close(opened)


def reopened(engine: Engine, path: Path) -> Engine:
    """Return another engine on the file of one, which compacts it at once."""
    engine.release_state_file()
    again = Engine(clock=ManualClock(), state_file=path, compact_after=1)
    again.act(CLEAR)
    return again


def test_who_loses_the_race_for_a_file_takes_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An emulator that opens the file just before it is replaced must not write into the old."""
    path = tmp_path / "state"
    make_engine(path).release_state_file()
    real = os.open
    replaced: list[bool] = []

    def open_late(name: Any, *args: Any, **kwargs: Any) -> int:
        descriptor = real(name, *args, **kwargs)
        if not replaced:
            replaced.append(True)
            reopened(Engine(clock=ManualClock(), state_file=path), path).release_state_file()
        return descriptor

    monkeypatch.setattr(os, "open", open_late)
    lines = state_file.StateFile(path).open()

    assert '"base":{' in lines[1].decode()


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('"project', '"prOject', "damaged"),
        ('"serial":1', '"serial":2', "damaged"),
        ('"format":2', '"format":3', "format 3"),
        ('"base":{', '"base":[],"basis":{', "damaged"),
        ('"base":{', '"basis":{', "'base'"),
    ],
)
def test_a_damaged_base_is_refused_and_the_file_left_alone(
    tmp_path: Path, old: str, new: str, reason: str
) -> None:
    """Nobody goes on with a world that is not the one of before; the error names the line."""
    path = tmp_path / "state"
    reopened(make_engine(path), path).release_state_file()
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(EmulatorStateError, match=reason) as caught:
        Engine(clock=ManualClock(), state_file=path)

    assert 2 == caught.value.line
    assert text.replace(old, new, 1) == path.read_text()


@pytest.mark.parametrize(
    "forged",
    [
        {},
        {"at": "2026-01-01T00:00:00+00:00"},
        {"at": "2026-01-01T00:00:00"},
        {"at": 5},
        [],
        "base",
        None,
    ],
)
def test_a_forged_base_changes_nothing(forged: Any) -> None:
    """A snapshot of somebody's own making is refused as a whole."""
    lived = make_engine()
    before = fingerprint_now(lived)
    value = {"format": 2, "seed": 0, "at": "2026-01-01T00:00:00+00:00", "entries": []}
    with pytest.raises(ValueError, match=r"base|snapshot"):
        lived.restore(Snapshot.from_json({**value, "base": forged}))

    assert before == fingerprint_now(lived)


def test_what_cannot_be_written_is_not_compacted(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A value that nobody thought of costs room, and nothing else."""
    lived = make_engine(compact_after=2)
    add_resources(lived)
    run_script(lived, a_long_script(1))

    def unknown(self: RecordWriter, value: Any) -> Any:
        del self, value
        message = "no record can be made of a Surprise"
        raise UnknownRecordError(message)

    monkeypatch.setattr(RecordWriter, "write", unknown)
    for _ in range(200):
        lived.act(CLEAR)
    taken = lived.snapshot()

    assert "not compacted: no record can be made of a Surprise" in caplog.text
    assert len(taken.lines) >= 200
    other = Engine(clock=ManualClock())
    monkeypatch.undo()
    other.restore(taken)
    assert fingerprint_now(lived) == fingerprint_now(other)


@pytest.mark.slow
def test_every_value_has_a_form() -> None:
    """Nothing that random histories bring about is a surprise."""
    for seed in range(30):
        lived = make_engine()
        add_resources(lived)
        run_script(lived, a_long_script(100 + seed))
        with lived.locked() as (world, now):
            assert base_of(world, at=now)


def test_the_policy_of_a_resource_that_is_gone_is_forgotten_unseen() -> None:
    """A new resource of the name has the etag it would have had anyway."""
    etags = []
    for compact_after in (1, 1000):
        lived = make_engine(compact_after=compact_after)
        path = f"/{ADMIN}/SetIamPolicy"
        role = policy_pb2.Binding(role="roles/spanner.viewer", members=["user:a@example.com"])
        request = iam_policy_pb2.SetIamPolicyRequest(
            resource=DATABASE, policy=policy_pb2.Policy(bindings=[role])
        )
        lived.call(lived.methods[path], request)
        drop = lived.methods[f"/{ADMIN}/DropDatabase"]
        lived.call(drop, drop.request(database=DATABASE))
        lived.act(CLEAR)
        lived.act("create_database", name=DATABASE, statements=[], drop_protection=False)
        etags.append(lived.call(lived.methods[path], request).etag)

    assert etags[0] == etags[1]
