# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Operation names that an XCom of another task brings: they are only what somebody has written.

Whoever may edit a task instance may write its XComs, and so name any operation. What a task that
starts operations is to have started its own operator says, so each name is compared with that. A
name that stands in the Dag, and one that other code of the author's has returned, is the author's
own word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from airflow.sdk.definitions.xcom_arg import XComArg

from airflow_spanner_lro.airflow_internals.dags import authored_task
from airflow_spanner_lro.core.errors import InvalidArgumentError
from airflow_spanner_lro.core.kinds import OperationKind
from airflow_spanner_lro.core.ledger.authority import check_kind, check_written
from airflow_spanner_lro.core.ledger.entry import RECORD_KEY, LedgerEntry
from airflow_spanner_lro.core.ledger.evidence import run_began, too_early
from airflow_spanner_lro.core.ledger.record import LedgerFormatError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow.sdk import Context

    from airflow_spanner_lro.core.names import OperationName
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot

_FIELD = "operation_name"
_PULL = re.compile(r"xcom_pull\s*\(")
_TEXTS = re.compile(r"""(['"])(.*?)\1""")


class Claims:
    """Which tasks have named which operations."""

    def __init__(self) -> None:
        # values as they came, by the tasks that start operations and are asked for them; what a
        # mapped task returned is read when it is needed, and not while the parameter is rendered
        self._noted: list[tuple[list[Any], Any]] = []

    def note(self, content: Any, rendered: Any, context: Context) -> None:
        """Take note of what a part of the parameter has been rendered to."""
        if isinstance(content, list | tuple | dict | set):
            # each item of it is rendered, and noted, by itself
            return
        self._noted.append((_starting(_named_in(content, context)), rendered))

    def note_expanded(self, values: Any, operator: Any) -> None:
        """Take note of what a mapped cancel operator was expanded over, which is not rendered."""
        expanded = getattr(operator, getattr(operator, "_expand_input_attr", ""), None)
        if expanded is not None:
            references = XComArg.iter_xcom_references(expanded.value)
            if tasks := _starting(each for each, _ in references):
                self._noted.append((tasks, values))

    def tasks(self, name: OperationName) -> list[Any]:
        """Return the tasks that an operation must be of; none if its name is the author's word."""
        found = [tasks for tasks, value in self._noted if str(name) in _texts_in(value)]
        return [task for tasks in found for task in tasks] if all(found) else []

    def check(self, snapshot: OperationSnapshot, *, context: Context) -> None:
        """Check that an operation is what one of the tasks that name it is to have started.

        :raises InvalidArgumentError: if it is not
        """
        tasks = self.tasks(snapshot.name)
        wrong = [_objection(snapshot, task, context) for task in tasks]
        if wrong and all(wrong):
            rule = f"it came by XCom, and is not what that task started. {wrong[0]}"
            raise InvalidArgumentError(field=_FIELD, value=str(snapshot.name), rule=rule)

    def presumed(self, name: OperationName, *, context: Context) -> bool:
        """Tell whether a task says itself that an operation is only presumed to be its own."""
        return any(
            name in entry.operations and not entry.may_cancel
            for task in self.tasks(name)
            for entry in _published(task, context)
        )


def _objection(snapshot: OperationSnapshot, operator: Any, context: Context) -> str | None:
    task = authored_task(operator)
    if snapshot.kind is None:
        return "Spanner tells no kind of operation that is known here."
    refusal = check_kind(snapshot.kind, task=task) or check_written(
        snapshot.name.resource, task=task
    )
    if refusal:
        return refusal.sentence
    return too_early(snapshot, began=run_began(context.get("dag_run")))


def _published(operator: Any, context: Context) -> Iterator[LedgerEntry]:
    records: Any = context["ti"].xcom_pull(task_ids=operator.task_id, key=RECORD_KEY)
    many = isinstance(records, Iterable) and not isinstance(records, Mapping | str)
    for record in records if many else [records]:
        try:
            yield LedgerEntry.from_record(record)
        except LedgerFormatError:
            # none, or not to be read; the name itself was checked
            continue


def _named_in(content: Any, context: Context) -> Iterator[Any]:
    """Yield the operators of the tasks whose XComs a part of a parameter asks for."""
    if isinstance(content, XComArg):
        yield from (operator for operator, _ in content.iter_references())
    dag = context.get("dag")
    if isinstance(content, str) and dag is not None and _PULL.search(content):
        for _, text in _TEXTS.findall(content):
            if dag.has_task(text):
                yield dag.get_task(text)


def _starting(operators: Iterable[Any]) -> list[Any]:
    """Return those of some operators that start operations."""
    classes = ((each, getattr(each, "operator_class", type(each))) for each in operators)
    return [each for each, cls in classes if isinstance(getattr(cls, "kind", None), OperationKind)]


def _texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Iterable) and not isinstance(value, Mapping | bytes):
        for each in value:
            yield from _texts_in(each)
