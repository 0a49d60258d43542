# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Remember which statements of a schema change are committed over all tries, and which are to run.

Committed statements stay, whatever becomes of their operation, so a retry goes on with the first
one that was not. Statements are known by digest: their texts can be megabytes, and the ledger that
remembers them holds a few kilobytes.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.text import from_iso_text, shorten, to_iso_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot


_MANY = 20
"""How many statements in a row that fared alike are all listed."""
_ENDS = 5
"""How many are listed of each end of more."""
_MAX_ERROR_TEXT = 200
"""How many characters of the server's words stand beside a statement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementRecord:
    """One statement of a schema change, as it was asked for.

    :param digest: of its text
    :param committed: when it was committed, by whichever try; None if it was not
    """

    digest: str
    committed: datetime | None = None

    def to_record(self) -> list[Any]:
        """Return the statement as primitives."""
        return [self.digest, to_iso_text(self.committed)]

    @classmethod
    def from_record(cls, record: Sequence[Any]) -> StatementRecord:
        """Return the statement that ``to_record`` described."""
        digest, committed = record
        return cls(digest=digest, committed=from_iso_text(committed))


def statement_records(texts: Iterable[str]) -> tuple[StatementRecord, ...]:
    """Return the statements with these texts, none of which has run yet."""
    return tuple(
        StatementRecord(digest=hashlib.sha256(text.encode()).hexdigest()[:16]) for text in texts
    )


def committed_prefix(statements: Sequence[StatementRecord]) -> tuple[StatementRecord, ...]:
    """Return the statements at the beginning that are committed: Spanner runs them in order."""
    return tuple(takewhile(lambda each: each.committed is not None, statements))


def with_commits(
    statements: Sequence[StatementRecord], snapshot: OperationSnapshot | None, *, carried: int = 0
) -> tuple[StatementRecord, ...]:
    """Return the statements with what an operation has committed; the same however often.

    :param statements: all that were asked for
    :param snapshot: the operation, None if nothing is known of it
    :param carried: how many of them were committed before it: it was given the others
    """
    ran = snapshot.statements if snapshot else ()
    news = [
        replace(statement, committed=progress.committed)
        for statement, progress in zip(statements[carried:], ran, strict=False)
    ]
    return (*statements[:carried], *news, *statements[carried + len(news) :])


def carry_over_commits(
    wanted: Sequence[StatementRecord], *, before: Sequence[StatementRecord], delivered: bool = True
) -> tuple[StatementRecord, ...]:
    """Return the wanted statements, those committed by earlier tries with the time of it.

    Nothing is carried over from tries that had committed everything and said so: whoever runs the
    task again after that wants it all again. Nor if the beginning is another one by now.

    :param before: what earlier tries were asked for, and have committed
    :param delivered: whether their outcome, good or bad, was delivered
    """
    done = committed_prefix(before)
    common = min(len(done), len(wanted))
    same = all(
        old.digest == new.digest for old, new in zip(done[:common], wanted[:common], strict=True)
    )
    if (delivered and len(done) == len(before)) or not same:
        return tuple(wanted)
    return (*done[:common], *wanted[common:])


def statement_report(
    outcome: Sequence[tuple[str, StatementRecord]], *, snapshot: OperationSnapshot
) -> str:
    """Say of each statement what became of it, and where a retry goes on.

    :param outcome: each statement that was asked for, its text and what is known of it
    :param snapshot: the operation that did not commit them all
    """
    done = len(committed_prefix([statement for _, statement in outcome]))
    lines = []
    for number, (text, statement) in enumerate(outcome):
        if statement.committed:
            became = f"committed {statement.committed:%Y-%m-%d %H:%M:%S %Z}"
        elif number > done:
            became = "not run"
        elif snapshot.cancelled:
            became = "cancelled"
        else:
            # the whole of what the server said stands above
            reason = (
                shorten(snapshot.error.message, length=_MAX_ERROR_TEXT) if snapshot.error else ""
            )
            became = f"failed ({reason})" if reason else "failed"
        lines.append(f"  {number + 1}. {became}: {shorten(text)}")
    listed = [*_few(lines[:done], "committed"), *lines[done : done + 1]]
    listed += _few(lines[done + 1 :], "not run")
    return "\n".join(["Statements:", *listed, f"A retry goes on with statement {done + 1}."])


def _few(lines: list[str], became: str) -> list[str]:
    """Return lines of which all say the same of their statement, without the middle of many."""
    if len(lines) <= _MANY:
        return lines
    left_out = len(lines) - 2 * _ENDS
    return [*lines[:_ENDS], f"  … and {left_out} more, {became}", *lines[-_ENDS:]]
