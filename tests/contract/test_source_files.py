# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What no linter checks of source files: header, length, and what of Airflow they may use."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tests.contract.conftest import EXAMPLES, PACKAGE, REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

HEADER = [
    "# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors",
    "# SPDX-License-Identifier: Apache-2.0",
]
FILES = sorted(PACKAGE.rglob("*.py"))
# an empty file has nothing that could be licensed
TESTS = sorted(path for path in (REPOSITORY / "tests").rglob("*.py") if path.stat().st_size)
MAXIMUM = 450
"""Lines that are read to the end without opening another file."""
LONGER: Mapping[str, str] = {}
"""Files that are longer, and why they are one idea all the same."""

INTERNAL = (
    "airflow.jobs",
    "airflow.models",
    "airflow.sdk.bases.xcom",
    "airflow.sdk.execution_time",
    "airflow.sdk.serde",
    "airflow.settings",
    "airflow.state",
    "airflow.utils",
)
"""What of Airflow is not its public interface."""
ROOM = sorted((PACKAGE / "airflow_internals").glob("*.py"))
"""The modules that may use it, and say what they rely on."""


def test_every_file_names_its_licence() -> None:
    """The first two lines are those of SPDX."""
    wrong = [path for path in [*FILES, *TESTS, *EXAMPLES] if HEADER != _lines(path)[:2]]

    assert [] == wrong


def test_no_file_is_longer_than_what_is_read_in_one_go() -> None:
    """A file has at most 450 lines, save those that are listed with a reason."""
    long = {
        str(path.relative_to(REPOSITORY))
        for path in [*FILES, *TESTS, *EXAMPLES]
        if len(_lines(path)) > MAXIMUM
    }

    assert set(LONGER) == long


def test_airflows_internals_are_used_in_one_room() -> None:
    """Only these modules import them, so a new release of Airflow is checked in one place."""
    used = {path for path in FILES if any(_is_internal(name) for name in _imports(path))}

    assert set(ROOM) == used


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


def _is_internal(name: str) -> bool:
    return f"{name}.".startswith(tuple(f"{each}." for each in INTERNAL))


def _imports(path: Path) -> Iterator[str]:
    """Yield what a module imports, wherever it does, save what only a type checker sees."""
    pending: list[ast.AST] = [ast.parse(path.read_text())]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        pending += ast.iter_child_nodes(node)
