# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Every kind of operation of the client library has all its parts: none is forgotten half-way.

That the table of kinds has each call of the library is for ``tests/core/test_kinds.py``; here each
entry of the table is found in the other rooms.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest

from airflow_spanner_lro.core.kinds import KINDS
from airflow_spanner_lro.emulator import services
from airflow_spanner_lro.emulator.state.behaviours import BEHAVIOURS
from airflow_spanner_lro.operators.operation import SpannerOperationOperator

from .conftest import EXAMPLES, REPOSITORY
from .required import REQUIRED

if TYPE_CHECKING:
    from airflow_spanner_lro.core.kinds import OperationKind

STARTABLE = [kind for kind in KINDS if kind.rpc]
DOCS = "\n".join(path.read_text() for path in (REPOSITORY / "docs").rglob("*.md"))
every_kind = pytest.mark.parametrize("kind", KINDS, ids=str)
every_startable_kind = pytest.mark.parametrize("kind", STARTABLE, ids=str)


def operator_of(kind: OperationKind) -> type[SpannerOperationOperator]:
    """Return the one operator that starts operations of a kind."""
    (found,) = (
        class_
        for class_ in REQUIRED
        if issubclass(class_, SpannerOperationOperator) and class_.kind is kind
    )
    return found


def classes_used_in_examples() -> set[str]:
    """Return the names of all classes that the example Dags make instances of."""
    calls = (
        node.func
        for path in EXAMPLES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
    )
    return {
        part.id
        for call in calls
        for part in ast.walk(call)
        if isinstance(part, ast.Name) and part.id.startswith("Spanner")
    }


@every_startable_kind
def test_kind_has_an_operator_named_after_its_call(kind: OperationKind) -> None:
    """Each call has one operator, whose name is that of the call."""
    assert f"Spanner{kind.method}Operator" == operator_of(kind).__name__


@every_startable_kind
def test_kind_has_an_example(kind: OperationKind) -> None:
    """Each operator is shown in an example Dag."""
    assert operator_of(kind).__name__ in classes_used_in_examples()


@every_startable_kind
def test_emulator_answers_its_call(kind: OperationKind) -> None:
    """The emulator has a handler for each call that starts an operation."""
    servicers = [each for each in vars(services).values() if isinstance(each, type)]

    assert 1 == sum(kind.method in vars(servicer) for servicer in servicers)


@every_kind
def test_emulator_knows_its_behaviour(kind: OperationKind) -> None:
    """The emulator knows what an operation of each kind tells and does."""
    assert kind in BEHAVIOURS


@every_kind
def test_documentation_has_its_section(kind: OperationKind) -> None:
    """Each kind has a section that says what a cancel does, found by its anchor."""
    name = (kind.rpc or kind.title.lower()).replace("_", "-").replace(" ", "-")

    assert f"(kind-{name})=" in DOCS


@pytest.mark.parametrize("name", sorted(class_.__name__ for class_ in REQUIRED))
def test_every_class_is_told_and_shown(name: str) -> None:
    """Each operator and sensor has a place in the documentation, and is used in an example."""
    assert re.search(rf"^\(howto/operator:{name}\)=$", DOCS, re.MULTILINE)
    assert name in classes_used_in_examples()
