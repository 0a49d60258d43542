# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What is put into DDL by templates, by other tasks and by callers runs no statement of its own."""

from __future__ import annotations

import copy
import pickle
from typing import TYPE_CHECKING, Any

import pytest

from tests.airflow.ddl_rendering import (
    ATTACK,
    COLUMN,
    MANY,
    NOTE,
    dag_in,
    refused,
    rendered,
    statements,
)
from tests.airflow.operator_builders import TABLE, create_database
from tests.airflow.task_runner import change_schema

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from airflow.sdk import DAG

    from tests.airflow.fakes import FakeTask, Stage

MACRO = (
    "{% macro of(name) %}{{ name }} INT64 /* of {{ name }} */{% endmacro %}"
    "CREATE TABLE A ({{ of('Id') }}, {{ of(params.value) | upper }}); DROP TABLE B"
)
CONDITION = (
    "{% set kind %}index{% endset %}{% set a = 1 %}"
    "{% if kind == 'index' %}DROP INDEX {{ params.value }}; DROP TABLE A{% endif %}"
)


@pytest.fixture(autouse=True)
def dag(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[DAG]:
    """Make a Dag around a test, whose file is in a folder; it renders natively if asked to."""
    with dag_in(tmp_path, native=getattr(request, "param", False)) as dag:
        yield dag


NATIVE_AND_NOT = pytest.mark.parametrize(
    "dag", [False, True], indirect=True, ids=["text", "native"]
)


@NATIVE_AND_NOT
@pytest.mark.parametrize("how", ["text", "item", "file", "file-item"])
@pytest.mark.parametrize(
    ("template", "value", "words"),
    [
        (COLUMN, ATTACK, "its semicolon would end a statement"),
        (COLUMN, "a INT64 -- ", "its quotes, backslashes or comment marks"),
        (COLUMN, "a'", "its quotes, backslashes or comment marks"),
        (COLUMN, "a INT64 /*", "its quotes, backslashes or comment marks"),
        (NOTE, "'); DROP TABLE Payments; --", "its semicolon would end a statement"),
        (NOTE, "it's", "its quotes, backslashes or comment marks"),
        (f"{NOTE}; DROP INDEX B", "' || '", "its quotes, backslashes or comment marks"),
    ],
)
def test_value_adds_no_statement(
    stage: Stage,
    task: FakeTask,
    tmp_path: Path,
    dag: DAG,
    *,
    how: str,
    template: str,
    value: str,
    words: str,
) -> None:
    """A value that would add a statement or end one is refused before anything is sent."""
    del dag
    (tmp_path / "change.sql").write_text(template)
    given: Any = "change.sql" if how.startswith("file") else template
    if how.endswith("item"):
        given = [TABLE, given]
    operator = rendered(change_schema(ddl_statements=given), value=value)

    told = refused(operator, task)

    field = "ddl_statements[1]" if how.endswith("item") else "ddl_statements"
    assert told.startswith(f"{field}={value!r} is not usable: a template puts this in on line 1")
    assert words in told
    assert "Check where the value comes from." in told
    assert not stage.starts
    assert not task.store.values


def test_new_database_takes_no_statement_from_a_value(stage: Stage, task: FakeTask) -> None:
    """It is the same for the first schema of a database."""
    template = "CREATE TABLE A ({{ params.value }}) PRIMARY KEY (Id)"
    attack = "Id INT64) PRIMARY KEY (Id); CREATE ROLE all_mighty; CREATE TABLE B (Id INT64"

    told = refused(rendered(create_database(extra_statements=template), value=attack), task)

    assert "its semicolon would end a statement" in told
    assert told.startswith("extra_statements='Id INT64")
    assert not stage.starts


@NATIVE_AND_NOT
@pytest.mark.parametrize(
    ("template", "value", "expected"),
    [
        (COLUMN, "a", ["ALTER TABLE Orders ADD COLUMN a INT64"]),
        (NOTE, "no; -- /*", ["ALTER TABLE Orders ALTER COLUMN Note SET DEFAULT ('no; -- /*')"]),
        (NOTE, "", ["ALTER TABLE Orders ALTER COLUMN Note SET DEFAULT ('')"]),
        (
            "-- for {{ params.value }}\nDROP TABLE A; DROP TABLE B",
            "Ann; Bob",
            MANY[:-1].split(";\n"),
        ),
        (
            "CREATE TABLE {{ params.value }}ByDay ({{ params.value }}Id INT64)",
            "Orders",
            ["CREATE TABLE OrdersByDay (OrdersId INT64)"],
        ),
        (
            "{% for t in params.value %}DROP TABLE {{ t }};\n{% endfor %}",
            ["A", "B"],
            ["DROP TABLE A", "DROP TABLE B"],
        ),
        (
            "DROP TABLE A;{% if params.value == 'b' %} DROP TABLE B;{% endif %}",
            "b",
            ["DROP TABLE A", "DROP TABLE B"],
        ),
        (
            MACRO,
            "b",
            ["CREATE TABLE A (Id INT64 /* of Id */, B INT64 /* OF B */)", "DROP TABLE B"],
        ),
        (
            CONDITION,
            "B",
            ["DROP INDEX B", "DROP TABLE A"],
        ),
        (
            "{% raw %}DROP TABLE {{A}};{% endraw %}DROP TABLE B",
            "",
            ["DROP TABLE {{A}}", "DROP TABLE B"],
        ),
        (" {{ params.value }}\n", "DROP TABLE A;", ["DROP TABLE A"]),
    ],
    ids=[
        "name",
        "within-a-string",
        "empty",
        "within-a-comment",
        "part-of-a-name",
        "loop",
        "condition",
        "macro",
        "set",
        "raw",
        "whole-statement",
    ],
)
def test_harmless_templates(
    stage: Stage, dag: DAG, *, template: str, value: Any, expected: list[str]
) -> None:
    """The author's own statements are as many as he writes, also by loops and conditions."""
    del stage, dag
    operator = rendered(change_schema(ddl_statements=template), value=value)

    assert expected == statements(operator)
    assert "\ue000" not in operator.ddl_statements


@pytest.mark.parametrize(
    "template",
    [
        "{% macro of(name) %}DROP TABLE {{ name }};{% endmacro %}{{ of('A') }} DROP TABLE B",
        "{% filter upper %}DROP TABLE {{ params.value }};{% endfilter %} DROP TABLE B",
        "{% filter replace('x', params.value) %}DROP TABLE x{% endfilter %} DROP TABLE B",
        "{% set a %}DROP TABLE x{% endset %}{{ a | replace('x', params.value) }} DROP TABLE B",
        "{% block a %}DROP TABLE x{% endblock %}; {{ self.a() | replace('x', params.value) }}",
    ],
    ids=["macro", "filter", "replacing", "set", "block"],
)
def test_what_is_captured_is_a_value(stage: Stage, task: FakeTask, template: str) -> None:
    """What a template keeps before it puts it out may hold anything by then, so it is a value."""
    operator = rendered(change_schema(ddl_statements=template), value="A; DROP TABLE Payments; --")

    told = refused(operator, task)

    assert "its semicolon would end a statement" in told
    assert not stage.starts


def test_marks_cannot_be_guessed(stage: Stage, task: FakeTask) -> None:
    """A value that imitates the author's marks stays a value."""
    operator = rendered(
        change_schema(ddl_statements="{{ params.value }} {{ params.value }} TABLE A"),
        value="\ue000000000000000000000\ue001DROP TABLE B;\ue002000000000000000000\ue003",
    )

    assert "its semicolon would end a statement" in refused(operator, task)
    assert not stage.starts


def test_item_is_one_statement(stage: Stage, task: FakeTask) -> None:
    """An item of a list that holds more is refused with its place, whoever wrote it."""
    operator = rendered(change_schema(ddl_statements=[TABLE, MANY]))

    told = refused(operator, task)

    assert told.startswith("ddl_statements[1]='DROP TABLE A;\\nDROP TABLE B;' is not usable: ")
    assert "it holds 2 statements, and an item of a list is exactly one" in told
    assert "one text or in a .sql file" in told
    assert not stage.starts


def test_files_in_a_list_are_split(stage: Stage, tmp_path: Path) -> None:
    """A file is the author's text, also as an item of a list, beside items that are one."""
    del stage
    (tmp_path / "many.sql").write_text(MANY)
    operator = rendered(change_schema(ddl_statements=[TABLE, "many.sql", "ANALYZE;"]))

    assert [TABLE, "DROP TABLE A", "DROP TABLE B", "ANALYZE"] == statements(operator)


def test_files_in_a_list_of_several_operators(stage: Stage, tmp_path: Path) -> None:
    """Operators may share a list of files, into which Airflow reads the files."""
    del stage
    (tmp_path / "many.sql").write_text(MANY)
    given = ["many.sql"]
    operators = [change_schema(task_id=task_id, ddl_statements=given) for task_id in ("a", "b")]

    one, other = (rendered(operator) for operator in operators)

    assert ["DROP TABLE A", "DROP TABLE B"] == statements(one) == statements(other)


def test_file_may_include_another(stage: Stage, task: FakeTask, tmp_path: Path) -> None:
    """What a file includes is the author's as well, and its values are not."""
    (tmp_path / "part.sql").write_text("DROP TABLE A; DROP TABLE {{ params.value }};")
    (tmp_path / "all.sql").write_text("{% include 'part.sql' %}\nDROP TABLE C;")

    harmless = rendered(change_schema(task_id="a", ddl_statements="all.sql"), value="B")
    harmful = rendered(change_schema(task_id="b", ddl_statements="all.sql"), value="B; DROP C")

    assert ["DROP TABLE A", "DROP TABLE B", "DROP TABLE C"] == statements(harmless)
    assert "its semicolon would end a statement" in refused(harmful, task)
    assert not stage.starts


class Made:
    """What another task returns, as a parameter in a Dag."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def resolve(self, context: Any) -> Any:
        """Return it."""
        del context
        return self.value


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (Made(MANY), "ddl_statements='DROP TABLE A;\\nDROP TABLE B;' is not usable: it holds 2"),
        ("{{ params.value }}", "ddl_statements='DROP TABLE A;\\nDROP TABLE B;' is not usable: it"),
        (
            lambda **_: MANY,
            "ddl_statements='DROP TABLE A;\\nDROP TABLE B;' is not usable: it holds",
        ),
        (
            Made([TABLE, MANY]),
            "ddl_statements[1]='DROP TABLE A;\\nDROP TABLE B;' is not usable: it",
        ),
        (
            [Made(MANY)],
            "ddl_statements[0]='DROP TABLE A;\\nDROP TABLE B;' is not usable: it holds 2",
        ),
        (["{{ params.value }}"], "ddl_statements[0]='DROP TABLE A;\\nDROP TABLE B;' is not usable"),
    ],
    ids=["task", "template", "function", "list", "item", "template-item"],
)
def test_text_of_somebody_else_is_not_split(
    stage: Stage, task: FakeTask, given: Any, words: str
) -> None:
    """A text that another task or a caller delivers is one statement, or an error that says how."""
    operator = rendered(change_schema(ddl_statements=given), value=MANY)

    told = refused(operator, task)

    assert told.startswith(words)
    assert "holds 2 statements" in told
    assert not stage.starts


@pytest.mark.parametrize("given", [Made(["A", "B;"]), [Made("A"), "B"], ("A", Made("B"))])
def test_list_of_another_task(stage: Stage, given: Any) -> None:
    """Another task delivers several statements as a list."""
    del stage
    operator = rendered(change_schema(ddl_statements=given))

    assert ["A", "B"] == statements(operator)


@pytest.mark.parametrize("dag", [True], indirect=True)
@pytest.mark.parametrize("value", [["A", "B;"], "['A', 'B']"])
def test_list_of_a_native_template(stage: Stage, dag: DAG, value: Any) -> None:
    """In a Dag that renders to native objects, a template that is all of the text gives a list."""
    del stage, dag
    operator = rendered(change_schema(ddl_statements="{{ params.value }}"), value=value)

    assert ["A", "B"] == statements(operator)


@pytest.mark.parametrize("dag", [True], indirect=True)
def test_native_text_becomes_no_list(stage: Stage, task: FakeTask, dag: DAG) -> None:
    """A value cannot make a list of the author's text, which would not be his any more."""
    del dag
    operator = rendered(
        change_schema(ddl_statements="{{ params.value }} TABLE A"),
        value="['DROP TABLE Payments'] #",
    )

    assert "is not usable: a template puts this in on line 1" in refused(operator, task)
    assert not stage.starts


def pickled(operator: Any) -> Any:
    """Return an operator as another process gets it."""
    return pickle.loads(pickle.dumps(operator))  # noqa: S301  # our own


@pytest.mark.parametrize("times", [copy.copy, copy.deepcopy, pickled])
def test_copies_know_whose_words_they_have(stage: Stage, times: Any, tmp_path: Path) -> None:
    """An operator is copied at will, before and after it is rendered."""
    del stage
    (tmp_path / "many.sql").write_text(MANY)
    operator = times(change_schema(ddl_statements=["many.sql", COLUMN]))
    operator.resolve_template_files()

    assert 3 == len(statements(times(rendered(times(operator), value="a"))))


def test_rendered_twice(stage: Stage, task: FakeTask) -> None:
    """What is rendered once more is nobody's own text: a value in it may have looked like one."""
    operator = rendered(change_schema(ddl_statements=f"{COLUMN}; {COLUMN}"), value="a")
    assert 2 == len(statements(operator))

    again = rendered(operator)

    assert "holds 2 statements" in refused(again, task)
    assert not stage.starts


def test_environment_of_the_dag_is_left_alone(dag: DAG, stage: Stage) -> None:
    """Other parameters are rendered as ever, also by an environment with a cache."""
    del stage
    dag.jinja_environment_kwargs = {"cache_size": 10}
    operator = change_schema(ddl_statements="DROP TABLE A", database_id="{{ params.value }}-db")

    operator = rendered(operator, value="my")

    assert "my-db" == operator.database_id
    assert "DROP TABLE A" == operator.ddl_statements


@pytest.mark.parametrize("alone", [True, False], ids=["text", "item"])
def test_a_statement_that_ends_in_a_comment_is_no_file(stage: Stage, alone: bool) -> None:
    """Airflow takes whatever ends in ``.sql`` for a file; what has a comment at its end is DDL."""
    del stage
    text = "DROP TABLE {{ params.value }} -- see drop.sql"

    operator = rendered(change_schema(ddl_statements=text if alone else [text]), value="B")

    assert ["DROP TABLE B"] == [each.partition(" --")[0] for each in statements(operator)]
