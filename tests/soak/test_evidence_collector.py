# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The evidence of a soak is complete, also where Airflow has forgotten something."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from airflow_spanner_lro.execution.store import KEY_PREFIX
from tests.soak.evidence import Adoption, Try
from tests.soak.evidence_collector import (
    LEDGER_KEY,
    adoptions_in,
    complete_tries,
    is_told_in,
    left_operations,
)

if TYPE_CHECKING:
    from pathlib import Path

LATEST = Try(number=2, state="success", started=50.0, ended=60.0)


def write(path: Path, *seconds: float) -> None:
    """Write a log whose lines have times."""
    moments = (datetime.fromtimestamp(each, tz=UTC).isoformat() for each in seconds)
    lines = (json.dumps({"timestamp": moment, "event": "so"}) for moment in moments)
    path.write_text("\n".join([*lines, "no object"]))


def test_an_adoption_is_read_from_a_log(tmp_path: Path) -> None:
    """What a try says that it has adopted is an operation's name, and nothing that follows it."""
    event = "Create backup nightly of an earlier try was adopted. projects/p/operations/o"
    at = datetime.fromtimestamp(12.0, tz=UTC).isoformat()
    line = json.dumps({"timestamp": at, "event": event, "task_id": "t"}, separators=(",", ":"))
    (tmp_path / "attempt=2.log").write_text(line)

    assert [Adoption(operation="projects/p/operations/o", at=12.0)] == list(adoptions_in(tmp_path))


def test_a_try_that_airflow_has_forgotten_is_read_from_its_logs(tmp_path: Path) -> None:
    """A try without a record lasted from the first line of its logs to the last one."""
    write(tmp_path / "attempt=1.log", 12.0, 15.0, 20.0)
    write(tmp_path / "attempt=1.log.trigger.7.log", 16.0, 31.0)
    write(tmp_path / "attempt=2.log", 50.0)

    tries = complete_tries((LATEST,), logs=tmp_path)

    assert (Try(number=1, state="failed", started=12.0, ended=31.0), LATEST) == tries


def test_a_try_without_record_and_log_is_unknown(tmp_path: Path) -> None:
    """Nothing is made up."""
    assert (LATEST,) == complete_tries((LATEST,), logs=tmp_path)


def test_the_keys_of_a_ledger_are_known() -> None:
    """The soak reads ledgers over REST, by the keys that tasks write."""
    assert KEY_PREFIX == LEDGER_KEY


def test_what_was_left_is_read_from_the_ledger() -> None:
    """Of all entries those count that are closed as left, and only presumed."""
    left = {"closed": True, "left": True, "evidence": "presumed", "operation": "a"}
    entries = (
        left,
        {**left, "operation": "b", "left": False},
        {**left, "operation": "c", "evidence": "answered"},
        {**left, "operation": "d", "closed": False},
        {**left, "operation": None},
        "no entry",
        None,
    )

    assert ["a"] == list(left_operations(entries))


def test_a_line_must_name_an_operation_and_say_what_it_is() -> None:
    """A name somewhere, and a word elsewhere, tell nobody anything."""
    assert is_told_in("soak_pair.backup  s0001  left  -  databases/d/operations/o", "ions/o")
    assert is_told_in("so\nLeft running, Presumed ours: databases/d/operations/o", "ions/o")
    assert not is_told_in("adopted databases/d/operations/o\nanother is presumed", "ions/o")
