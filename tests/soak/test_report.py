# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The report of a soak tells the five numbers, and everything about each violation."""

from __future__ import annotations

from pathlib import Path

from tests.soak.dag_specs import Kind
from tests.soak.evidence import CauseKind
from tests.soak.judge import Charge, judge
from tests.soak.plan import ActionKind
from tests.soak.presumed_operations import Doubt, presumptions
from tests.soak.report import Totals, report
from tests.soak.sample_histories import History


def told(history: History, totals: Totals | None = None) -> str:
    """Return the report about one task."""
    lines = report(
        judge(history.evidence),
        presumed=presumptions(history.evidence),
        totals=totals or Totals(minutes=1),
        log_folder=lambda dag_id, run_id: Path("logs") / dag_id / run_id,
    )
    return "\n".join(lines)


def test_a_report_ends_with_the_five_numbers() -> None:
    """Each number is there, also if it is 0."""
    orphan = History(state="failed", made=False).tried(0, 10).ran(2, None, "RUNNING")
    lines = told(orphan).splitlines()[-len(Charge) :]

    assert [
        "1  orphans",
        "0  duplicate starts",
        "0  false cancels",
        "0  false successes",
        "0  strangers' operations or resources touched",
    ] == [line.strip() for line in lines]


def test_a_report_tells_the_evidence() -> None:
    """A violation is told with its task, its operation, calls, causes and logs."""
    history = History(state="failed", made=False).tried(0, 30).ran(2, 21, "CANCELLED")
    text = told(history.cancelled(20, code="UNAVAILABLE").caused(CauseKind.CLEAR, 25).adopted(15))

    assert history.name(1) in text
    assert "CancelOperation" in text
    assert "UNAVAILABLE" in text
    assert CauseKind.CLEAR in text
    assert "00:00:15.00" in text
    assert str(Path("logs/soak_test/s0001")) in text


def test_a_report_warns_of_an_idle_soak() -> None:
    """A soak that proves nothing says so, though all numbers are 0."""
    text = told(History().tried(0, 42, "success").ran(2, 40), Totals(minutes=1))

    assert "TOO LITTLE TO BE A PROOF" in text


def test_a_report_tells_what_was_done() -> None:
    """Each deed is counted."""
    totals = Totals(minutes=1)
    totals.done[ActionKind.EVICT] = 12

    assert f"12  {ActionKind.EVICT}" in told(History().tried(0, 42).ran(2, 40), totals)


def test_a_report_tells_what_was_left_in_doubt() -> None:
    """What is only presumed is counted apart, with its operation and the answer that was lost."""
    history = History(kind=Kind.RESTORE, state="failed", made=False).tried(0, 30)
    history.called(2, code="UNAVAILABLE").ran(2.1, None, "RUNNING").left()
    text = told(history)

    assert f"1  {Doubt.LEFT}" in text
    assert history.name(1) in text
    assert "RestoreDatabase at 00:00:02 was answered UNAVAILABLE" in text


def test_a_report_tells_whose_a_call_was() -> None:
    """A stranger's operation and a stranger's calls are marked as such."""
    history = History(state="failed").tried(0, 30).ran(2, 40, stranger=True)
    text = told(history.cancelled(12).cancelled(13, stranger=True))

    assert "-> OK (a stranger's)" in text
    assert "SUCCEEDED, a stranger's" in text
