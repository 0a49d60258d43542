# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A journal in trouble: a disk that is full, a file that goes away, a base that is a bug's."""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from google.cloud import spanner_admin_database_v1 as database_v1

from airflow_spanner_lro.core.names import OperationName
from airflow_spanner_lro.emulator import EmulatorStateError, ManualClock, engine as engine_module
from airflow_spanner_lro.emulator.engine import Engine
from airflow_spanner_lro.emulator.errors import RpcError
from airflow_spanner_lro.emulator.journal.actions import ACTIONS
from airflow_spanner_lro.emulator.journal.base import base_of
from airflow_spanner_lro.emulator.journal.state_file import StateFile
from tests.emulator.conftest import DATABASE
from tests.emulator.support.scripted_engine import (
    ADMIN,
    START,
    TABLE,
    fingerprint_now,
    make_engine,
    perform,
)
from tests.emulator.test_compaction import CLEAR
from tests.emulator.test_journal import full_disk

if TYPE_CHECKING:
    from pathlib import Path


def _compact(engine: Engine) -> None:
    """Do what changes nothing, until a base takes the place of it all."""
    for _ in range(100):
        engine.act(CLEAR)


def test_a_disk_that_is_full_from_the_start_is_told(tmp_path: Path) -> None:
    """An emulator that could keep nothing does not start, and leaves the file to others."""
    path = tmp_path / "state"
    path.touch()
    with full_disk(path), pytest.raises(EmulatorStateError, match="cannot be used") as refused:
        Engine(clock=ManualClock(START), state_file=path)

    assert path == refused.value.path
    assert make_engine(path).snapshot().lines


def test_half_a_line_that_cannot_be_removed_ends_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is written behind it, so the next one finds all that was done, and no more."""
    path = tmp_path / "state"
    lived = make_engine(path)
    expected = fingerprint_now(lived)

    def broken(*_: Any) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "ftruncate", broken)
    with full_disk(path), pytest.raises(RpcError, match="Nothing was changed"):
        lived.act(CLEAR)
    with pytest.raises(RpcError, match="half a line could not be removed"):
        lived.act(CLEAR)
    monkeypatch.undo()
    lived.release_state_file()

    assert expected == fingerprint_now(Engine(clock=ManualClock(START), state_file=path))


def test_a_file_that_loses_its_name_while_it_is_taken_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever removes the file at that very moment ends nothing."""
    path = tmp_path / "state"
    make_engine(path).release_state_file()
    complete = path.read_bytes()
    real = os.open

    def removed_at_once(name: Any, *args: Any, **kwargs: Any) -> int:
        descriptor = real(name, *args, **kwargs)
        path.unlink()
        return descriptor

    monkeypatch.setattr(os, "open", removed_at_once)
    file = StateFile(path)

    assert complete.splitlines() == file.open()
    file.close()


def test_a_base_that_makes_another_world_is_not_taken(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A bug in writing bases costs room, and nothing else; the log says whose it is."""
    lived = make_engine(compact_after=2)
    written: list[str] = []

    def another(*args: Any, **kwargs: Any) -> str:
        written.append(base_of(*args, **kwargs))
        # the second one, of the world that was made of the first, is another one
        return written[-1] + " " * len(written)

    monkeypatch.setattr(engine_module, "base_of", another)
    _compact(lived)
    taken = lived.snapshot()
    monkeypatch.undo()
    other = Engine(clock=ManualClock())
    other.restore(taken)

    assert "its base makes another world" in caplog.text
    assert (True, "") == (len(taken.lines) > 100, taken.base)
    assert fingerprint_now(lived) == fingerprint_now(other)


def test_a_forged_base_in_a_file_is_refused_with_its_line(tmp_path: Path) -> None:
    """Its checksum is right, and no world can be made of it: the file is left alone."""
    path = tmp_path / "state"
    lived = make_engine(path, compact_after=2)
    _compact(lived)
    lived.release_state_file()
    lines = path.read_text().splitlines()
    entry = json.loads(lines[1])
    base = entry["restore"]["base"]
    base["databases"] = [5]
    del base["sha256"]
    text = json.dumps(base, sort_keys=True, separators=(",", ":"))
    base["sha256"] = hashlib.sha256(text.encode()).hexdigest()
    forged = "\n".join([lines[0], json.dumps(entry), *lines[2:], ""])
    path.write_text(forged)
    with pytest.raises(EmulatorStateError, match="its base is not one") as refused:
        Engine(clock=ManualClock(), state_file=path)

    assert (2, forged) == (refused.value.line, path.read_text())


def test_a_bug_that_comes_up_again_does_not_lock_up_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What failed when it was done fails when it is done again, and the rest is there."""
    path = tmp_path / "state"
    lived = make_engine(path)

    def bug(world: object, now: object) -> None:
        del world, now
        message = "a bug"
        raise ZeroDivisionError(message)

    monkeypatch.setitem(ACTIONS, CLEAR, bug)
    with pytest.raises(ZeroDivisionError):
        lived.act(CLEAR)
    perform(lived, "backup", 1)
    lived.release_state_file()
    again = Engine(clock=ManualClock(START), state_file=path)

    assert fingerprint_now(lived) == fingerprint_now(again)
    assert "of the journal failed" in caplog.text


def _add_u(engine: Engine) -> None:
    """Start a schema change by an id of our own."""
    method = engine.methods[f"/{ADMIN}/UpdateDatabaseDdl"]
    statement = "CREATE TABLE U (Id INT64) PRIMARY KEY (Id)"
    request = {"database": DATABASE, "statements": [statement], "operation_id": "add_u"}
    engine.call(method, method.request(request))


@pytest.mark.parametrize("dropped", [False, True])
def test_a_chosen_id_is_taken_as_long_as_its_database_is_there(*, dropped: bool) -> None:
    """A base holds ids of forgotten operations, except those of a database that is gone."""
    lived = Engine(clock=ManualClock(START), compact_after=2)
    lived.restore(make_engine().snapshot())
    _add_u(lived)
    lived.clock.advance(8 * 86_400)
    if dropped:
        method = lived.methods[f"/{ADMIN}/DropDatabase"]
        lived.call(method, database_v1.DropDatabaseRequest(database=DATABASE))
    _compact(lived)
    base = json.loads(lived.snapshot().base)
    if dropped:
        lived.act("create_database", name=DATABASE, statements=[TABLE], drop_protection=False)
    other = Engine(clock=ManualClock())
    other.restore(lived.snapshot())

    assert not base["operations"]
    assert (not dropped) is bool(base["chosen"])
    name = OperationName.parse(f"{DATABASE}/operations/add_u")
    for each in (lived, other):
        with each.locked() as (world, _):
            assert (not dropped) is (name in dict(world.operations.chosen()))
        if dropped:
            _add_u(each)
        else:
            with pytest.raises(RpcError, match="add_u"):
                _add_u(each)
