# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Every kind of operation of the client library has all its parts: none is forgotten half-way.

That the table of kinds has each call of the library is for ``tests/core/test_kinds.py``; here each
entry of the table is found in the other rooms.
"""

from __future__ import annotations

import ast
import inspect
from typing import TYPE_CHECKING, Any

import pytest

from airflow_spanner_lro.core.facets import Label
from airflow_spanner_lro.core.kinds import KINDS
from airflow_spanner_lro.core.names import (
    BackupName,
    DatabaseName,
    InstanceConfigName,
    InstanceName,
    InstancePartitionName,
)
from airflow_spanner_lro.emulator import engine
from airflow_spanner_lro.emulator.operations.registry import HANDLERS
from airflow_spanner_lro.operators.operation import SpannerOperationOperator
from tests.contract.asking import ARGUMENTS, NOT_COMPARED, NOT_TRIED, fields_set, requests_of
from tests.contract.conftest import EXAMPLES, REPOSITORY
from tests.contract.required import REQUIRED

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_spanner_lro.core.kinds import OperationKind

STARTABLE = [kind for kind in KINDS if kind.rpc]
DOCS = "\n".join(path.read_text() for path in (REPOSITORY / "docs").rglob("*.md"))
RESOURCES = {
    BackupName: "Backup",
    DatabaseName: "Database",
    InstanceName: "Instance",
    InstanceConfigName: "InstanceConfig",
    InstancePartitionName: "InstancePartition",
}
"""The message that a get call answers for each type of name."""
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
    servicers = [each for each in vars(engine).values() if isinstance(each, type)]

    assert 1 == sum(kind.method in vars(servicer) for servicer in servicers)


@every_kind
def test_emulator_has_its_handler(kind: OperationKind) -> None:
    """The emulator knows what an operation of each kind reports and does."""
    assert kind in HANDLERS


@every_kind
def test_documentation_has_its_section(kind: OperationKind) -> None:
    """Each kind has a section that says what a cancel does, found by its anchor."""
    name = (kind.rpc or kind.title.lower()).replace("_", "-").replace(" ", "-")

    assert f'<a id="kind-{name}"></a>' in DOCS


@pytest.mark.parametrize("name", sorted(class_.__name__ for class_ in REQUIRED))
def test_every_class_is_told_and_shown(name: str) -> None:
    """Each operator and sensor has a place in the documentation, and is used in an example."""
    assert f'<a id="{name.lower()}"></a>' in DOCS
    assert name in classes_used_in_examples()


def has_field(type_: Any, path: str) -> bool:
    """Tell whether messages of a type have a field at a dotted path."""
    descriptor = type_.pb(type_()).DESCRIPTOR
    for part in path.split("."):
        field = descriptor.fields_by_name.get(part) if descriptor else None
        if field is None:
            return False
        descriptor = field.message_type
    return True


@every_startable_kind
def test_kind_is_compared(kind: OperationKind) -> None:
    """What each kind was asked for can be told from what somebody else asked for.

    A kind without this would be adopted, reported as a success and cancelled on a guess.
    """
    labels = [facet.label for facet in kind.compared]

    assert labels
    assert len(labels) == len(set(labels))
    # something is seen while the operation runs, or in what it makes
    assert all(
        facet.metadata or facet.resource or facet.label is Label.SCHEMA for facet in kind.compared
    )


@every_kind
def test_what_is_compared_is_in_the_messages(kind: OperationKind) -> None:
    """Each path of a kind's entry leads to a field of its request, metadata and resource."""
    resource = kind.service.message(RESOURCES[kind.target])
    paths = [
        *((kind.request_type(), path) for facet in kind.compared for path in facet.request),
        *((kind.metadata_type(), path) for facet in kind.compared for path in facet.metadata),
        *((resource, path) for facet in kind.compared for path in facet.resource),
    ]
    if kind.mask:
        paths.append((kind.request_type(), f"{kind.mask}.paths"))
    if kind.metadata_mask:
        paths.append((kind.metadata_type(), f"{kind.metadata_mask}.paths"))

    assert [] == [(type_.__name__, path) for type_, path in paths if not has_field(type_, path)]


@every_startable_kind
def test_updates_are_compared_by_their_masks(kind: OperationKind) -> None:
    """A request with a mask is read by it, and metadata that repeats the request by that of its."""
    masks = {
        name
        for name, field in kind.request_type().pb().DESCRIPTOR.fields_by_name.items()
        if field.message_type is not None
        and field.message_type.full_name == "google.protobuf.FieldMask"
    }
    repeats = has_field(kind.metadata_type(), "request")

    assert masks == ({kind.mask} if kind.mask else set())
    assert (f"request.{kind.mask}" if repeats else "") == kind.metadata_mask


@every_startable_kind
def test_all_that_can_be_asked_for_is_compared(kind: OperationKind, tmp_path: Path) -> None:
    """Each field that the operator can set is compared, or it is listed why it cannot be."""
    compared = tuple(path for facet in kind.compared for path in facet.request)
    asked = set[str]()
    for request in requests_of(operator_of(kind), files=tmp_path):
        asked |= fields_set(request)

    left = {
        path
        for path in asked
        if path != kind.mask and not any(f"{path}.".startswith(f"{each}.") for each in compared)
    }

    assert set(NOT_COMPARED[kind]) == left


@every_startable_kind
def test_all_that_can_be_asked_for_is_tried(kind: OperationKind) -> None:
    """The requests of the test above were made with each parameter of the operator."""
    operator = operator_of(kind)
    own = set(inspect.signature(operator.__init__).parameters) - {"self", "kwargs"}
    given = set(REQUIRED[operator]).union(*ARGUMENTS[kind])

    assert own - set(NOT_TRIED) == given - set(NOT_TRIED)


def test_every_label_is_used() -> None:
    """No label is left over from a comparison that is no more."""
    assert set(Label) == {facet.label for kind in KINDS for facet in kind.compared}
