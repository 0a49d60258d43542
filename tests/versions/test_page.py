# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The page of versions says what pyproject.toml bounds, and what was run; nothing else."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

from tests.versions import report
from tests.versions.days import ROOT
from tests.versions.report import Found
from tests.versions.rows import LEFT_OUT, ROWS, SLICE, Part

if TYPE_CHECKING:
    from pathlib import Path

PAGE = ROOT / "docs" / "reference" / "versions.md"
PASSED = "3900 passed, 2 skipped in 200.11s (0:03:20)"


def test_the_page_has_each_bound_as_it_is() -> None:
    """A floor that is raised is raised on the page, too."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {(each.name, each.specifier) for each in map(Requirement, project["dependencies"])}
    rows = re.findall(r"^\| `([\w-]+)` \| `([^`]+)` \|", PAGE.read_text(), re.MULTILINE)
    python = re.search(r"^\| Python \| `([^`]+)` \|", PAGE.read_text(), re.MULTILINE)

    assert needed == {
        (each.name, each.specifier) for each in (Requirement(name + bound) for name, bound in rows)
    }
    assert python is not None
    assert project["requires-python"] == python[1]


def test_the_page_has_all_rows_that_are_there() -> None:
    """Each row of the matrix has a line, whether it was run or not; and none is made up."""
    table = PAGE.read_text().split(report.BEGIN)[1].split(report.END)[0]

    assert list(ROWS) == re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)
    assert "FAILED" not in table


def test_tests_of_a_slice_are_there() -> None:
    """A file that is renamed does not fall out of the matrix unseen."""
    assert [] == [each for each in (*SLICE, *LEFT_OUT) if not (ROOT / each).exists()]


def test_a_run_of_some_rows_leaves_the_others(tmp_path: Path) -> None:
    """What was found another day stays on the page, in the order of the rows."""
    page = tmp_path / "page.md"
    page.write_text(
        f"above\n{report.BEGIN}\n\n| Row | Packages | What was run | On |\n|---|---|---|---|\n"
        f"| `3.3.0` | old | old | old |\n| `python3.13` | kept | kept | kept |\n\n"
        f"{report.END}\nbelow\n"
    )
    report.write(
        page,
        [
            Found(row="3.3.0", versions={"rich": "13.9.4"}, results={Part.SLICE: PASSED}),
            Found(row="lowest", results={Part.SLICE: PASSED}),
        ],
    )
    text = page.read_text()

    assert text.startswith("above\n")
    assert text.endswith("below\n")
    assert ["lowest", "3.3.0", "python3.13"] == re.findall(r"\| `([^`]+)` \|", text)
    assert "| slice: 3900 passed, 2 skipped |" in text
    assert "rich 13.9.4" in text
    assert "| old |" not in text
    assert "| kept | kept | kept |" in text


def test_a_terminal_is_shown_what_failed_and_what_is_not_here() -> None:
    """A row that failed, and one whose Python is missing, are told apart."""
    failed = Found(row="lowest", results={Part.SLICE: f"FAILED: 2 failed, {PASSED}"})
    absent = Found(row="python3.14", absent="no Python 3.14 here")
    shown = report.table([failed, absent])

    assert [True, False] == [each.failed for each in (failed, absent)]
    assert "slice: FAILED: 2 failed" in shown
    assert "no Python 3.14 here" in shown
