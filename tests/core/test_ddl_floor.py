# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Texts of DDL are split by releases of sqlglot that split them rightly, and by no older ones.

An older one takes a part of the text for a statement of its own, and says nothing: what the author
had within a name or a string would be run.
"""

from __future__ import annotations

import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from airflow_spanner_lro.core.arguments.ddl_text import split
from airflow_spanner_lro.core.arguments.dialects import Dialect

REPOSITORY = Path(__file__).parents[2]
NAME = "sqlglot"
FLOOR = Version("30.29")

SPLIT_BY_30_27 = (
    Dialect.GOOGLE_STANDARD_SQL,
    r"ALTER TABLE `a\`; DROP TABLE Orders; --` ADD COLUMN Note STRING(MAX)",
)
SPLIT_BY_26 = [
    (
        Dialect.GOOGLE_STANDARD_SQL,
        r'ALTER TABLE A ALTER COLUMN B SET DEFAULT ("""b\"""; DROP TABLE Orders; --""")',
    ),
    (
        Dialect.POSTGRESQL,
        r"ALTER TABLE a ALTER COLUMN b SET DEFAULT E'\'; DROP TABLE orders; --'",
    ),
]


def declared() -> Requirement:
    """Return what the package says of sqlglot."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    found = [Requirement(text) for text in project["dependencies"]]
    (requirement,) = [each for each in found if each.name == NAME]
    return requirement


@pytest.mark.parametrize(("dialect", "statement"), [SPLIT_BY_30_27, *SPLIT_BY_26])
def test_what_older_releases_split_stays_whole(dialect: Dialect, statement: str) -> None:
    """A statement that looks like two to an older sqlglot is one, and the one behind it another."""
    found = split(f"{statement};\nDROP TABLE Z;", dialect=dialect, field="ddl_statements")

    assert (statement, "DROP TABLE Z") == found


def test_the_declared_floor_leaves_older_releases_out() -> None:
    """Nobody can install the package with a sqlglot that splits wrongly."""
    specifier = declared().specifier
    lowest = min(Version(each.version) for each in specifier if each.operator in (">=", "=="))

    assert lowest >= FLOOR
    assert not specifier.contains("30.27.0")


def test_the_pinned_release_is_allowed() -> None:
    """The requirements that the suite runs with, and what is installed, are within the bounds."""
    lines = (REPOSITORY / "requirements.txt").read_text().splitlines()
    (pinned,) = [line.partition("==")[2] for line in lines if line.startswith(f"{NAME}==")]

    assert declared().specifier.contains(pinned)
    assert declared().specifier.contains(version(NAME))
