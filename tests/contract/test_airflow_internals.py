# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What is not Airflow's public interface is used in three modules, which say what they rely on."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from .conftest import PACKAGE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

INTERNAL = (
    "airflow.models",
    "airflow.sdk.bases.xcom",
    "airflow.sdk.execution_time",
    "airflow.settings",
    "airflow.state",
    "airflow.utils",
)
HERE = tuple(PACKAGE / f"airflow_{each}.py" for each in ("database", "internals", "serialised"))


def imports(path: Path) -> Iterator[str]:
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


def internal(path: Path) -> list[str]:
    """Return the imports of a module that are not public."""
    return [
        name
        for name in imports(path)
        if f"{name}.".startswith(tuple(f"{each}." for each in INTERNAL))
    ]


@pytest.mark.parametrize(
    "path",
    sorted(set(PACKAGE.rglob("*.py")) - set(HERE)),
    ids=lambda path: str(path.relative_to(PACKAGE)),
)
def test_nothing_else_uses_airflows_internals(path: Path) -> None:
    """Only these modules import them, so a new release of Airflow is checked in one place."""
    assert [] == internal(path)


@pytest.mark.parametrize("path", HERE, ids=lambda path: path.name)
def test_the_modules_are_what_uses_them(path: Path) -> None:
    """The rule sees imports within functions, too."""
    assert internal(path)
