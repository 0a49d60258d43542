# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What came out of a restore drill: of each check, and of all, as a verdict to alert on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.errors import SpannerLroError
from airflow_spanner_lro.core.text import count_of, format_bytes, format_duration

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOutcome:
    """What one check has found.

    :param title: what it is called in the log
    :param problem: what is wrong, as a sentence that stands alone; empty if nothing is
    :param left_out: why it compared nothing; empty if it did
    :param transient: it could not be done for now, and another try may help
    :param rows: how many rows were compared, by table
    """

    title: str
    problem: str = ""
    left_out: str = ""
    transient: bool = False
    rows: Mapping[str, int] | None = None

    @property
    def passed(self) -> bool:
        """It was done, and found nothing wrong."""
        return not self.problem and not self.left_out

    @property
    def sentence(self) -> str:
        """What to write into the log."""
        if self.problem:
            return f"Check failed: {self.problem}."
        if self.left_out:
            return f"Check left out: {self.title}: {self.left_out}."
        if self.rows is None:
            return f"Check passed: {self.title}."
        told = f"{count_of(len(self.rows), 'table')}, {count_of(sum(self.rows.values()), 'row')}"
        return f"Check passed: {self.title}: {told}."


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillReport:
    """What came out of a drill.

    :param source: full name of the database that was backed up
    :param restored: full name of the scratch database
    :param backup: full name of the backup
    :param version_time: as of when the backup shows the source, as ISO 8601 text
    :param seconds: from the beginning of the drill to the end of its checks
    :param restore_seconds: from the start of the restore to its end; None if Spanner did not tell
    :param size_bytes: size of the backup; 0 if Spanner did not tell
    """

    source: str
    restored: str
    backup: str
    version_time: str
    outcomes: tuple[CheckOutcome, ...]
    seconds: float
    restore_seconds: float | None
    size_bytes: int

    @property
    def failed(self) -> tuple[CheckOutcome, ...]:
        """The checks that have found something, or could not be done."""
        return tuple(each for each in self.outcomes if each.problem)

    @property
    def left_out(self) -> tuple[CheckOutcome, ...]:
        """The checks that compared nothing."""
        return tuple(each for each in self.outcomes if each.left_out)

    @property
    def passed(self) -> bool:
        """Something was checked, and nothing is wrong."""
        return not self.failed and len(self.left_out) < len(self.outcomes)

    @property
    def rows(self) -> Mapping[str, int]:
        """The rows that were compared, by table; of a table that several checks name once."""
        return {name: rows for each in self.outcomes for name, rows in (each.rows or {}).items()}

    @property
    def verdict(self) -> str:
        """The drill in one sentence."""
        if self.failed:
            first, *others = (each.problem for each in self.failed)
            more = f" {count_of(len(others), 'more check')} failed: {'; '.join(others)}."
            return f"Restore drill failed: {first}.{more if others else ''} {self.restored}"
        if not self.passed:
            reason = self.left_out[0].left_out if self.left_out else "there was no check"
            return f"Restore drill failed: nothing was checked: {reason}. {self.restored}"
        checks = len(self.outcomes) - len(self.left_out)
        parts = [count_of(checks, "check"), format_duration(self.seconds)]
        if rows := self.rows:
            counted = f"{count_of(sum(rows.values()), 'row')} checked"
            parts = [count_of(len(rows), "table"), counted, *parts]
        if self.size_bytes:
            parts.append(format_bytes(self.size_bytes))
        out = f"; {count_of(len(self.left_out), 'check')} left out" if self.left_out else ""
        return f"Restore drill passed: {', '.join(parts)}{out}. {self.backup}"

    def to_record(self) -> dict[str, Any]:
        """Return the report as primitives, fit for an XCom and for an alert."""
        return {
            "passed": self.passed,
            "verdict": self.verdict,
            "source": self.source,
            "restored": self.restored,
            "backup": self.backup,
            "version_time": self.version_time,
            "tables": len(self.rows),
            "rows": sum(self.rows.values()),
            "seconds": round(self.seconds, 3),
            "restore_seconds": self.restore_seconds,
            "size_bytes": self.size_bytes,
            "checks": [
                {
                    "title": each.title,
                    "passed": each.passed,
                    "problem": each.problem,
                    "left_out": each.left_out,
                }
                for each in self.outcomes
            ],
        }


class RestoreDrillFailedError(SpannerLroError):
    """The restored database is not what it should be, or a check could not be done.

    :param report: what was found
    """

    def __init__(self, report: DrillReport) -> None:
        super().__init__(report.verdict)
        self.report = report

    @property
    def permanent(self) -> bool:
        """Whether another try would find the same."""
        failed = self.report.failed
        return not failed or any(not each.transient for each in failed)
