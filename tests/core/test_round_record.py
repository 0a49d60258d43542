# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The record of the reaper's latest round, which anybody may have edited."""

from __future__ import annotations

from datetime import timedelta

import pytest

from airflow_spanner_lro.core.ledger.reaping import OVERDUE, RoundRecord, overdue

from .builders import NOW

RECORD = RoundRecord(host="one (triggerer)", ended=NOW, seconds=0.1, kept=3, reaped=2, left=1)


def test_it_is_read_as_it_was_written() -> None:
    """A record goes to JSON and back."""
    assert RECORD == RoundRecord.from_json(RECORD.to_json())


@pytest.mark.parametrize("text", [None, "", "[]", "{}", "7", "[" * 100_000, '{"ended": 3}'])
def test_what_is_damaged_counts_as_missing(text: str | None) -> None:
    """Whatever somebody has written there, reading it raises nothing."""
    assert RoundRecord.from_json(text) is None


def test_round_is_overdue_after_ten_minutes() -> None:
    """A round that is ten minutes old is good enough, and not a second more."""
    late = NOW + OVERDUE + timedelta(seconds=1)

    assert overdue(RECORD, now=NOW + OVERDUE) is None
    assert "10 minutes ago (2026-11-21 12:00:00 UTC)" in str(overdue(RECORD, now=late))
    assert "no round" in str(overdue(None, now=NOW))


def test_clock_that_is_behind_makes_no_round_old() -> None:
    """The clock of whoever reads may be behind that of whoever has written."""
    assert timedelta() == RECORD.age(NOW - timedelta(minutes=5))
