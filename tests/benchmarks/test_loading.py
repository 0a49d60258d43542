# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What a probe has noted becomes figures, and only ours are judged."""

from __future__ import annotations

import json

import pytest

from tests.benchmarks.real_airflow.loading import LONGEST_BLOCK, Blocks, Load, table_of


def test_the_longest_block_is_a_round_or_a_pass() -> None:
    """A pass in another thread blocks the loop as well, though no round of it was long."""
    noted = [
        {"at": 1.0, "what": "pass", "cpu": 0.3},
        {"at": 2.0, "what": "round", "cpu": 0.2, "collecting": 0.1, "callbacks": {}},
        {"at": 3.0, "what": "pass", "cpu": 0.1},
    ]

    blocks = Blocks.read("\n".join(map(json.dumps, noted)))

    assert Blocks(passes=(0.3, 0.1), rounds=(0.2,)) == blocks
    assert 0.3 == blocks.longest


@pytest.mark.parametrize(
    ("seconds", "verdict"),
    [(LONGEST_BLOCK, "met"), (LONGEST_BLOCK * 1.1, "missed")],
)
def test_only_ours_are_judged(seconds: float, verdict: str) -> None:
    """What Airflow does with triggers that do nothing is no target of ours."""
    found = dict.fromkeys(Load, Blocks(passes=(), rounds=(seconds,)))

    table = table_of(found, tasks=5_000)

    judged = [row.target.verdict if row.target else None for row in table.rows]
    assert [None, verdict, None] == judged
