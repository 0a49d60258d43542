# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The same journal makes the same world: after a restart, from a snapshot, after a reset."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from google.api_core import exceptions
from hypothesis import given, settings, strategies as st

from airflow_spanner_lro.emulator import Limits, ManualClock, Snapshot, SpannerAdminEmulator
from airflow_spanner_lro.emulator.engine import Engine
from tests.emulator.conftest import DATABASE, INSTANCE
from tests.emulator.support.scripted_engine import (
    ACTIONS,
    add_resources,
    fingerprint_now,
    make_engine,
    perform,
    run_script,
)

if TYPE_CHECKING:
    from tests.emulator.conftest import StartBackup

SCRIPTS = st.lists(st.tuples(st.integers(0, 3000), st.sampled_from(ACTIONS)), max_size=24)
PRINT_A_REPLAY = """
import sys
from pathlib import Path
from airflow_spanner_lro.emulator import ManualClock
from airflow_spanner_lro.emulator.engine import Engine
from tests.emulator.support.scripted_engine import fingerprint_now

print(fingerprint_now(Engine(clock=ManualClock(), state_file=Path(sys.argv[1]))))
"""


def a_long_script(seed: int) -> list[tuple[int, str]]:
    """Return a script of many actions, in an order that is a good one as likely as any."""
    rng = random.Random(seed)  # noqa: S311 - the same script each time
    return [(rng.randint(0, 3000), rng.choice(ACTIONS)) for _ in range(40)]


@pytest.mark.slow
def test_scripts_reach_everything() -> None:
    """There is nothing in the scripts that the world always refuses."""
    done = set()
    for seed in range(30):
        lived = make_engine()
        add_resources(lived)
        done |= run_script(lived, a_long_script(seed))

    assert set(ACTIONS) == done


@pytest.mark.slow
@settings(deadline=None, max_examples=60)
@given(script=SCRIPTS)
def test_a_replay_makes_the_same_world(script: list[tuple[int, str]]) -> None:
    """After a restart, and in a snapshot, everything is as it was, now and in all its future."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "state")
        lived = make_engine(path)
        add_resources(lived)
        run_script(lived, script)
        copy = Path(shutil.copy(path, f"{path}-of-a-killed-one"))
        again = Engine(clock=ManualClock(), state_file=copy)
        other = Engine(clock=ManualClock())
        other.restore(Snapshot.from_json(json.loads(json.dumps(lived.snapshot().to_json()))))

        for _ in range(2):
            assert fingerprint_now(lived) == fingerprint_now(again) == fingerprint_now(other)
            for each in (lived, again, other):
                perform(each, "backup", 99)
                each.clock.advance(9 * 3600)
        again.release_state_file()
        lived.release_state_file()


@pytest.mark.slow
def test_another_process_makes_the_same_world(tmp_path: Path) -> None:
    """Nothing depends on the order of sets or maps, which each process has its own of."""
    path = tmp_path / "state"
    lived = make_engine(path)
    add_resources(lived)
    for seed in range(3):
        run_script(lived, a_long_script(seed))
    lived.release_state_file()
    replayed = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", PRINT_A_REPLAY, str(path)],
        env={**os.environ, "PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert str(fingerprint_now(lived)) == replayed.stdout.removesuffix("\n")


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
    lived = make_engine(path)
    taken = lived.snapshot()
    lived.clock.advance(3600)
    perform(lived, "drop", 0)
    lived.restore(taken)
    perform(lived, "backup", 1)
    lived.release_state_file()

    assert fingerprint_now(lived) == fingerprint_now(Engine(clock=ManualClock(), state_file=path))


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

        assert () == first.resources()
        assert () == first.operations()
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
