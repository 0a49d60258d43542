# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Which statements of a schema change are committed, and which a retry still has to run."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st

from airflow_spanner_lro.core.operations.schema_change import (
    StatementRecord,
    carry_over_commits,
    committed_prefix,
    statement_records,
    statement_report,
    with_commits,
)
from airflow_spanner_lro.core.operations.snapshot import OperationError, StatementProgress
from airflow_spanner_lro.core.status import Code

from .sample_values import NOW, cancelled, failed, running, succeeded

if TYPE_CHECKING:
    from collections.abc import Sequence

TEXTS = ["CREATE TABLE A", "CREATE TABLE B", "CREATE TABLE C"]
TIME = datetime(2026, 11, 21, 3, 0, 5, tzinfo=UTC)


def progress(*committed: bool) -> tuple[StatementProgress, ...]:
    """Return what an operation tells of statements, of which some are committed."""
    return tuple(
        StatementProgress(label="", percent=0, committed=NOW if each else None)
        for each in committed
    )


def known(texts: Sequence[str], committed: int) -> tuple[StatementRecord, ...]:
    """Return statements of which the first ones are committed."""
    statements = statement_records(texts)
    return tuple(
        StatementRecord(digest=each.digest, committed=NOW if number < committed else None)
        for number, each in enumerate(statements)
    )


def test_an_operation_commits_what_was_left() -> None:
    """What an operation tells counts for the statements that it was given: those not committed."""
    statements = known(TEXTS, 1)

    seen = with_commits(statements, failed(statements=progress(True, False)), carried=1)

    assert known(TEXTS, 2) == seen
    assert seen == with_commits(seen, failed(statements=progress(True, False)), carried=1)


def test_nothing_known_changes_nothing() -> None:
    """An operation that nobody can ask any more leaves what is known as it is."""
    assert known(TEXTS, 1) == with_commits(known(TEXTS, 1), None)
    assert known(TEXTS, 1) == with_commits(known(TEXTS, 1), running())


@pytest.mark.parametrize(
    ("before", "wanted", "expected"),
    [
        pytest.param(known(TEXTS, 2), TEXTS, known(TEXTS, 2), id="goes on"),
        pytest.param(known(TEXTS, 0), TEXTS, known(TEXTS, 0), id="nothing committed"),
        pytest.param(known(TEXTS, 3), TEXTS, known(TEXTS, 0), id="all committed starts anew"),
        pytest.param((), TEXTS, known(TEXTS, 0), id="no earlier try"),
        pytest.param(
            known(TEXTS, 2),
            [*TEXTS[:2], "corrected"],
            known([*TEXTS[:2], "corrected"], 2),
            id="the failing one is corrected",
        ),
        pytest.param(
            known(TEXTS, 2), ["other", *TEXTS], known(["other", *TEXTS], 0), id="another beginning"
        ),
        pytest.param(known(TEXTS, 2), TEXTS[:1], known(TEXTS[:1], 1), id="the rest is left out"),
    ],
)
def test_a_retry_goes_on_where_the_beginning_is_the_same(
    before: tuple[StatementRecord, ...], wanted: list[str], expected: tuple[StatementRecord, ...]
) -> None:
    """Committed statements are carried over as long as they are still wanted, in this order."""
    assert expected == carry_over_commits(statement_records(wanted), before=before)


@given(
    st.lists(st.text(max_size=3), max_size=6), st.lists(st.text(max_size=3), max_size=6), st.data()
)
def test_what_is_carried_over_was_committed(
    old: list[str], new: list[str], data: st.DataObject
) -> None:
    """No statement is ever skipped that was not committed, at that very place, before."""
    before = known(old, data.draw(st.integers(0, len(old))))

    carried = committed_prefix(carry_over_commits(statement_records(new), before=before))

    assert committed_prefix(before)[: len(carried)] == carried
    assert old[: len(carried)] == new[: len(carried)]


def test_a_statement_survives_its_record() -> None:
    """A statement comes back from JSON as it was."""
    for statement in known(TEXTS, 1):
        record = json.loads(json.dumps(statement.to_record()))

        assert statement == StatementRecord.from_record(record)


def test_the_report_tells_every_statement() -> None:
    """Committed with its time, failed with the server's words, not run; and where to go on."""
    statements = [
        StatementRecord(digest="1", committed=TIME),
        StatementRecord(digest="2"),
        StatementRecord(digest="3"),
    ]

    text = statement_report(list(zip(TEXTS, statements, strict=True)), snapshot=failed())

    assert [
        "Statements:",
        "  1. committed 2026-11-21 03:00:05 UTC: CREATE TABLE A",
        "  2. failed (no room): CREATE TABLE B",
        "  3. not run: CREATE TABLE C",
        "A retry goes on with statement 2.",
    ] == text.splitlines()


def test_the_report_of_a_cancel_blames_nobody() -> None:
    """The statement that was running when the operation was cancelled is cancelled."""
    text = statement_report(
        list(zip(TEXTS, statement_records(TEXTS), strict=True)), snapshot=cancelled()
    )

    assert "  1. cancelled: CREATE TABLE A" in text


def test_what_was_never_told_of_is_carried_over() -> None:
    """Tries that committed everything, and whose success nobody heard of, leave only the rest."""
    wanted = [*TEXTS, "CREATE TABLE D"]

    carried = carry_over_commits(statement_records(wanted), before=known(TEXTS, 3), delivered=False)

    assert known(wanted, 3) == carried


def test_the_report_of_many_statements_is_short() -> None:
    """Of hundreds the ends of each row are listed, and always the one that failed."""
    texts = [f"CREATE TABLE T{number}" for number in range(1, 301)]

    text = statement_report(list(zip(texts, known(texts, 150), strict=True)), snapshot=failed())

    lines = text.splitlines()
    assert 1 + 11 + 1 + 11 + 1 == len(lines)
    assert "  … and 140 more, committed" in lines
    assert "  151. failed (no room): CREATE TABLE T151" in lines
    assert "  … and 139 more, not run" in lines
    assert lines[-2].startswith("  300. not run")


def test_the_report_keeps_one_line_for_each() -> None:
    """What a server says in many lines, at length, does not tear the list apart."""
    error = OperationError(code=Code.ABORTED, message="lost\nthe lock " * 1000)

    text = statement_report(
        list(zip(TEXTS, statement_records(TEXTS), strict=True)), snapshot=failed(error=error)
    )

    assert 1 + len(TEXTS) + 1 == len(text.splitlines())
    assert len(text) < 500


def test_an_operation_that_succeeded_commits_all() -> None:
    """After success every statement has a time."""
    seen = with_commits(statement_records(TEXTS), succeeded(statements=progress(True, True, True)))

    assert seen == committed_prefix(seen)
