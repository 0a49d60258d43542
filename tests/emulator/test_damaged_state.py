# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""State files and snapshots that were damaged: a prefix is a world, anything else is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_spanner_lro.core.errors import InvalidNameError
from airflow_spanner_lro.emulator import EmulatorStateError, ManualClock, Snapshot
from airflow_spanner_lro.emulator.engine import Engine
from tests.emulator.conftest import INSTANCE
from tests.emulator.support.scripted_engine import START, fingerprint_now, make_engine, perform

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_spanner_lro.emulator import SpannerAdminEmulator
AT = "2026-01-01T00:00:00+00:00"
CLEAR = {"at": AT, "action": "clear_plans", "arguments": {}}
SNAPSHOT: dict[str, Any] = {"format": 1, "seed": 0, "at": AT, "entries": [CLEAR]}
HEADER = '{"file":"airflow-spanner-lro emulator","format":1,"seed":0,'


@pytest.mark.slow
def test_a_file_cut_at_any_byte_holds_all_lines_before_the_cut(tmp_path: Path) -> None:
    """Wherever a crash of the machine cuts it, the world is that of the complete lines."""
    path, cut = tmp_path / "state", tmp_path / "cut"
    lived = make_engine(path)
    taken = lived.snapshot()
    lived.clock.advance(60)
    lived.restore(taken)
    perform(lived, "backup", 1)
    lived.release_state_file()
    data = path.read_bytes()
    complete: dict[int, object] = {}
    for size in range(len(data) + 1):
        cut.write_bytes(data[:size])
        made = Engine(clock=ManualClock(START), seed=3, state_file=cut)
        found = fingerprint_now(made)
        made.release_state_file()
        # the first cut of as many lines is the one right behind a line
        assert complete.setdefault(data[:size].count(b"\n"), found) == found

    assert complete[len(complete) - 1] == fingerprint_now(lived)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (f'{HEADER}"at":"9999-12-31T00:00:00Z","wall":0,"scale":1}}\n', "not between"),
        (f'{HEADER}"at":"{AT}","wall":0,"scale":NaN}}\n', "time cannot go by"),
        (f'{HEADER}"at":"{AT}","wall":Infinity,"scale":1}}\n', "time cannot go by"),
        (f'{HEADER}"at":"{AT}","wall":0,"scale":-1}}\n', "time cannot go by"),
        (HEADER.replace("0,", f'1e999,"at":"{AT}","wall":0,"scale":1}}\n'), "header is damaged"),
        ("[" * 100_000 + "\n", "nested too deeply"),
    ],
)
def test_times_that_cannot_be_are_refused(tmp_path: Path, content: str, reason: str) -> None:
    """An emulator that began with them would fail in every call."""
    path = tmp_path / "state"
    path.write_text(content)

    with pytest.raises(EmulatorStateError, match=reason):
        Engine(clock=ManualClock(START), state_file=path)


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"at": AT, "rpc": 5, "request": ""}, "no text"),
        ({"at": AT, "rpc": [], "request": ""}, "no text"),
        ({"at": AT, "action": "create_instance", "arguments": {"x": 1}}, "entry 1 is damaged"),
        ({"at": AT, "action": "clear_plans", "arguments": [1]}, "no entry"),
        (
            {"at": AT, "rpc": "/google.longrunning.Operations/CancelOperation", "request": "AAAA"},
            "entry 1 is damaged: its request is none of CancelOperation",
        ),
        ({**CLEAR, "at": "2027-01-01T00:00:00Z"}, "order of their times"),
        ({**CLEAR, "at": "9999-01-01T00:00:00Z"}, "not between"),
        (5, "no JSON object"),
    ],
)
def test_a_damaged_snapshot_changes_nothing(
    emulator: SpannerAdminEmulator, entry: object, reason: str
) -> None:
    """It is refused as a whole, and the error says why."""
    emulator.create_instance("projects/test/instances/other")
    before, resources = emulator.snapshot(), emulator.resources()
    with pytest.raises(ValueError, match=reason):
        emulator.restore(Snapshot.from_json({**SNAPSHOT, "entries": [entry]}))

    assert (before, resources) == (emulator.snapshot(), emulator.resources())


def test_half_characters_can_be_written_and_read(tmp_path: Path) -> None:
    """JSON can say them and UTF-8 cannot, so the file has them in JSON's own way."""
    path = tmp_path / "state"
    lived = make_engine(path)
    with pytest.raises(InvalidNameError):
        lived.act("create_instance", name=INSTANCE.replace("main", "new"), config="\ud800")
    lived.release_state_file()
    again = Engine(clock=ManualClock(), state_file=path)

    assert fingerprint_now(lived) == fingerprint_now(again)
    assert lived.snapshot().to_json() == again.snapshot().to_json()
