# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What was found comes back from its file as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.benchmarks.report import Row, Table, Target
from tests.benchmarks.stored import Found

if TYPE_CHECKING:
    from pathlib import Path


def test_what_was_found_comes_back(tmp_path: Path) -> None:
    """Tables, targets and the machine survive the file."""
    target = Target.below(1, what="cpu", figure=0.5, unit="s")
    table = Table(
        title="Costs",
        columns=("side", "CPU"),
        rows=(Row(cells=("ours", "0.5"), target=target), Row(cells=("theirs", "5"))),
        notes=("A note.",),
        targets=(target,),
    )
    found = Found(part="waiting", quick=True, machine=("Two cores.",), tables=(table,))

    found.save(tmp_path)

    assert found == Found.load(tmp_path, "waiting")
