# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What a part of the benchmark has found, in a file: a page can be written without measuring."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

from tests.benchmarks.report import Row, Table, Target

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The tables of a part.

    :param part: its name
    :param quick: whether it was measured in a hurry
    :param machine: sentences on where it was measured
    """

    part: str
    quick: bool
    machine: tuple[str, ...]
    tables: tuple[Table, ...]

    def save(self, folder: Path) -> None:
        """Write a file for this part."""
        folder.mkdir(parents=True, exist_ok=True)
        _path(folder, self.part).write_text(json.dumps(asdict(self), indent=1))

    @classmethod
    def load(cls, folder: Path, part: str) -> Self:
        """Read the file of a part.

        :raises FileNotFoundError: if it was never measured
        """
        record = json.loads(_path(folder, part).read_text())
        return cls(
            part=record["part"],
            quick=record["quick"],
            machine=tuple(record["machine"]),
            tables=tuple(map(_table, record["tables"])),
        )


def _path(folder: Path, part: str) -> Path:
    return folder / f"{part}.json"


def _table(record: dict[str, Any]) -> Table:
    return Table(
        title=record["title"],
        columns=tuple(record["columns"]),
        rows=tuple(
            Row(
                cells=tuple(row["cells"]), target=Target(**row["target"]) if row["target"] else None
            )
            for row in record["rows"]
        ),
        notes=tuple(record["notes"]),
        targets=tuple(Target(**target) for target in record["targets"]),
    )
