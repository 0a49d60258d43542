# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What the rows have found, as a table for a terminal and as one for the documentation."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tests.versions.rows import NOTABLE, ROWS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

BEGIN, END = "<!-- matrix: make versions writes it -->", "<!-- matrix ends -->"
_FAILED = "FAILED"


@dataclass(slots=True, kw_only=True)
class Found:
    """What came of one row."""

    row: str
    absent: str = ""
    seconds: float = 0.0
    versions: dict[str, str] = field(default_factory=dict)
    results: dict[str, str] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        """Whether something of it does not hold."""
        return any(each.startswith(_FAILED) for each in self.results.values())


def table(found: Sequence[Found]) -> str:
    """Return what a terminal is shown: a line a row, and the versions below it."""
    lines = []
    for each in found:
        what = each.absent or "; ".join(f"{part}: {said}" for part, said in each.results.items())
        lines.append(f"{each.row:<12} {each.seconds:5.0f} s  {what}")
        known = [
            f"{label} {each.versions[name]}"
            for name, label in NOTABLE.items()
            if name in each.versions
        ]
        if known:
            lines.append(f"{'':<12}          {', '.join(known)}")
    return "\n".join(lines) + "\n"


def markdown(found: Sequence[Found], *, today: str) -> str:
    """Return the same as a table of a page."""
    lines = ["| Row | Packages | What was run | On |", "|---|---|---|---|"]
    for each in found:
        known = [
            f"{label} {each.versions[name]}"
            for name, label in NOTABLE.items()
            if name in each.versions
        ]
        ran = [f"{part}: {re.sub(r' in [0-9].*', '', said)}" for part, said in each.results.items()]
        packages = f"{ROWS[each.row].packages}: {', '.join(known)}" if known else "—"
        what = f"not run: {each.absent}" if each.absent else "; ".join(ran)
        lines.append(f"| `{each.row}` | {packages} | {what} | {today} |")
    return "\n".join(lines)


def write(page: Path, found: Sequence[Found]) -> None:
    """Put the table between its marks on a page: rows that were not asked for stay."""
    text = page.read_text()
    before, rest = text.split(BEGIN)
    old, after = rest.split(END)
    new = markdown(found, today=datetime.now(UTC).date().isoformat()).splitlines()
    rows = {_name(line): line for line in [*old.splitlines(), *new] if _name(line) in ROWS}
    lines = [*new[:2], *(rows[name] for name in ROWS if name in rows)]
    page.write_text(f"{before}{BEGIN}\n\n" + "\n".join(lines) + f"\n\n{END}{after}")


def _name(line: str) -> str:
    found = re.match(r"\| `([^`]+)` \|", line)
    return found.group(1) if found else ""
