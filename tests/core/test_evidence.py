# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What speaks for an operation being ours, and what that allows: by documented tables."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, strategies as st

from airflow_spanner_lro.core.comparison import Difference
from airflow_spanner_lro.core.ledger import evidence
from airflow_spanner_lro.core.ledger.evidence import (
    CLOCK_ALLOWANCE,
    Candidate,
    Evidence,
    LookupResult,
    Mark,
    StartWindow,
    evidence_for,
    identify_started,
)
from airflow_spanner_lro.core.ledger.resume import NextStep, next_step
from airflow_spanner_lro.core.names import OperationName

from .sample_values import BACKUP, FINGERPRINT, NOW, after, entry, running, succeeded

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot

WINDOW = StartWindow(intended=NOW, ended=after(60))
DIFFERENCE = Difference(label="expiry", asked="tomorrow", found="today", fixed=False)
ANY = "any"
SAID: dict[str, dict[str, Any]] = {
    "listed": {"before": True, "since": False, "unknown": None},
    "claimed": {"other": True, "nobody": False},
    "differs": {"yes": (DIFFERENCE,), "no": ()},
    "signature": {"other's": Mark.OTHERS, "ours": Mark.OURS, "not seen": Mark.NOT_SEEN},
    "in time": {"no": after(600), "yes": NOW},
}
"""The words that each column of the second table knows, and what they stand for."""


def table(*header: str) -> list[dict[str, str]]:
    """Return the rows of a documented table, by the names of their columns."""
    words = r"^(?P<rule>[= ]+)\n" + " +".join(map(re.escape, header)) + r"\n[= ]+\n"
    found = re.search(words + r"(?P<rows>(?:[^=].*\n)+)=", evidence.__doc__ or "", re.MULTILINE)
    assert found is not None
    spans = [each.span() for each in re.finditer("=+", found["rule"])]
    return [
        dict(zip(header, (line[begin:end].strip() for begin, end in spans), strict=True))
        for line in found["rows"].splitlines()
    ]


PERMITS = table("evidence", "deliver", "cancel", "delete")
VERDICTS = table(*SAID, "it is")


def candidate(words: dict[str, str]) -> Candidate:
    """Return the candidate that a row describes, whose every column says something."""
    known_before, claimed, differs, mark, began = (SAID[column][words[column]] for column in SAID)
    return Candidate(
        snapshot=running(),
        known_before=known_before,
        claimed=claimed,
        differs=differs,
        mark=mark,
        began=began,
    )


def fits(row: dict[str, str], words: dict[str, str]) -> bool:
    """Tell whether a row of the table says something about a candidate."""
    return all(row[column] in (ANY, words[column]) for column in SAID)


def presumable(operation: str = "_auto_op_1") -> Candidate:
    """Return a candidate that fits in all that can be seen."""
    name = OperationName(resource=BACKUP, operation=operation)
    return Candidate(snapshot=running(name=name), began=NOW, known_before=False)


def signed(operation: str = "_auto_op_2") -> Candidate:
    """Return a candidate that bears our mark."""
    name = OperationName(resource=BACKUP, operation=operation)
    return Candidate(snapshot=running(name=name), mark=Mark.OURS)


@pytest.mark.parametrize("row", PERMITS, ids=lambda row: row["evidence"])
def test_what_an_evidence_allows(row: dict[str, str]) -> None:
    """Each cell of the first documented table is what is asked on every path."""
    proof = Evidence(row["evidence"])
    step = next_step(entry=entry(evidence=proof), snapshot=succeeded(), fingerprint=FINGERPRINT)

    assert (row["deliver"] == "yes") == (step is NextStep.DELIVER)
    assert (row["cancel"] == "yes") == proof.may_cancel
    assert (row["delete"] == "yes") == proof.may_delete


def test_every_evidence_has_its_row() -> None:
    """The first table is complete."""
    assert set(Evidence) == {Evidence(row["evidence"]) for row in PERMITS}


@pytest.mark.parametrize(
    "words",
    [dict(zip(SAID, words, strict=True)) for words in product(*(SAID[column] for column in SAID))],
    ids=lambda words: "-".join(words.values()),
)
def test_what_a_candidate_is(words: dict[str, str]) -> None:
    """Whatever is seen of a candidate, the first row of the second table that fits is decided."""
    row = next(row for row in VERDICTS if fits(row, words))
    expected = None if row["it is"] == "none" else Evidence(row["it is"])

    assert expected is evidence_for(candidate(words), window=WINDOW)


def test_every_row_of_the_table_is_needed() -> None:
    """Each row is the first that fits to some candidate."""
    all_words = [dict(zip(SAID, words, strict=True)) for words in product(*SAID.values())]

    used = {next(n for n, row in enumerate(VERDICTS) if fits(row, words)) for words in all_words}

    assert set(range(len(VERDICTS))) == used


@pytest.mark.parametrize(
    ("began", "expected"),
    [
        pytest.param(NOW, True, id="with the intent"),
        pytest.param(after(30), True, id="during the call"),
        pytest.param(after(60), True, id="at its end"),
        pytest.param(after(-300), True, id="N6 the worker's clock is five minutes fast"),
        pytest.param(after(360), True, id="N6 the worker's clock is five minutes slow"),
        pytest.param(after(-361), False, id="before"),
        pytest.param(after(421), False, id="afterwards"),
        pytest.param(after(2400), False, id="N3 forty minutes later, by hand"),
        pytest.param(None, False, id="it tells no time"),
    ],
)
def test_window(began: datetime | None, expected: bool) -> None:
    """An operation must have begun between intent and end of the call, clocks allowed for."""
    assert expected is WINDOW.holds(began)


def test_window_of_a_call_whose_end_nobody_saw() -> None:
    """A process that died between intent and name leaves the longest that a call may take."""
    longest = timedelta(seconds=60)
    intent = entry(operation=None)

    assert StartWindow(intended=NOW, ended=after(60)) == intent.window(longest=longest)
    assert StartWindow(intended=NOW, ended=after(5)) == intent.unanswered_at(after(5)).window(
        longest=longest
    )


@given(
    seconds=st.integers(-(10**6), 10**6),
    skew=st.integers(-300, 300),
    took=st.integers(0, 60),
)
def test_a_clock_that_differs_hides_nothing_of_ours(seconds: int, skew: int, took: int) -> None:
    """N6: what our call began is in the window, whichever way the clocks differ by five minutes."""
    window = StartWindow(intended=after(seconds), ended=after(seconds + took))

    assert window.holds(after(seconds + skew))
    assert window.holds(after(seconds + took + skew))
    assert timedelta(seconds=300) < CLOCK_ALLOWANCE


@pytest.mark.parametrize(
    ("candidates", "expected"),
    [
        pytest.param([], LookupResult(), id="nothing is there"),
        pytest.param(
            [presumable()],
            LookupResult(snapshot=presumable().snapshot, evidence=Evidence.PRESUMED),
            id="one fits",
        ),
        pytest.param(
            [presumable("one"), presumable("two")],
            LookupResult(ambiguous=(presumable("one").snapshot, presumable("two").snapshot)),
            id="N5 two fit",
        ),
        pytest.param(
            [presumable(), signed()],
            LookupResult(snapshot=signed().snapshot, evidence=Evidence.SIGNED),
            id="one is signed",
        ),
        pytest.param(
            [signed("one"), presumable(), signed("two")],
            LookupResult(ambiguous=(signed("one").snapshot, signed("two").snapshot)),
            id="the same mark on two",
        ),
        pytest.param(
            [Candidate(snapshot=running(), began=NOW, known_before=True)],
            LookupResult(),
            id="it was there before",
        ),
    ],
)
def test_judgement(candidates: list[Candidate], expected: LookupResult) -> None:
    """Exactly one operation is found, or none; those that cannot be told apart are named."""
    assert expected == identify_started(candidates, window=WINDOW)


candidates = st.fixed_dictionaries(
    {column: st.sampled_from(list(words)) for column, words in SAID.items()}
).map(candidate)


@given(among=st.lists(candidates, max_size=4))
def test_nothing_is_found_that_nothing_speaks_for(among: list[Candidate]) -> None:
    """What is found has the evidence that is told for it, and a snapshot and it come together."""
    finding = identify_started(among, window=WINDOW)
    speaking: list[tuple[OperationSnapshot, Evidence | None]] = [
        (each.snapshot, evidence_for(each, window=WINDOW)) for each in among
    ]

    assert (finding.snapshot is None) == (finding.evidence is None)
    assert finding.snapshot is None or (finding.snapshot, finding.evidence) in speaking
    assert finding.snapshot is None or not finding.ambiguous


@given(among=st.lists(candidates, max_size=4))
def test_what_may_be_cancelled_is_signed_or_not_found_so(among: list[Candidate]) -> None:
    """A search alone never allows to delete or cancel, unless it has found our own mark."""
    finding = identify_started(among, window=WINDOW)

    assert finding.evidence in (None, Evidence.PRESUMED, Evidence.SIGNED)
    if finding.evidence is not None and finding.evidence.may_cancel:
        assert any(each.mark is Mark.OURS and not each.claimed for each in among)
