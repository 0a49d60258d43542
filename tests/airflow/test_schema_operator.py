# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Schema changes from texts and from ``.sql`` files, in both dialects, with proto descriptors."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from jinja2 import TemplateNotFound

from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.operators.databases import SpannerCreateDatabaseOperator
from tests.airflow.fakes import DATABASE, LONG, STATEMENTS, FakeTask
from tests.airflow.operator_builders import create_database, finish_at_each_look
from tests.airflow.task_runner import change_schema, play

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_spanner_lro.operators.schemas import SpannerUpdateDatabaseDdlOperator
    from tests.airflow.fakes import Stage

TEXT = """\
-- What a shop needs; nothing else.
CREATE TABLE Shops (
  Id INT64, -- never empty; see the manual
  Name STRING(64) DEFAULT ("it's; here"),
) PRIMARY KEY (Id);

/* for lists; not for look-ups */
CREATE INDEX ShopsByName ON Shops (Name);
"""
TABLE = (
    "CREATE TABLE Shops (\n"
    "  Id INT64, -- never empty; see the manual\n"
    '  Name STRING(64) DEFAULT ("it\'s; here"),\n'
    ") PRIMARY KEY (Id)"
)
INDEX = "CREATE INDEX ShopsByName ON Shops (Name)"
POSTGRES_TEXT = """\
/* a shop; /* nested; */ still a comment; */
CREATE TABLE shops (id bigint PRIMARY KEY, name text DEFAULT E'it\\'s; here');
CREATE INDEX "by;name" ON shops (name);
"""


def texts(result: Any) -> list[str]:
    """Return the statements of a result."""
    return [each["statement"] for each in json.loads(json.dumps(result))["statements"]]


def ddl_of(database_id: str) -> Any:
    """Return what somebody else sees of a database's schema."""
    operator = create_database(database_id=database_id)
    return operator.hook.client.database_admin.get_database_ddl(database=str(operator.target))


def render(operator: SpannerUpdateDatabaseDdlOperator, **context: Any) -> None:
    """Do with an operator what Airflow does: read its files, and render its templates."""
    operator.resolve_template_files()
    operator.render_template_fields(context)  # type: ignore[arg-type]  # what templates need


def in_dag(folder: Path, *, native: bool = False, **parameters: Any) -> Any:
    """Return an operator of a Dag whose file is in a folder, and its search path beside that."""
    with DAG(
        "dag",
        schedule=None,
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        template_searchpath=[str(folder / "shared")],
        render_template_as_native_obj=native,
    ) as dag:
        operator = change_schema(**parameters)
    dag.fileloc = str(folder / "dag.py")
    return operator


@pytest.mark.parametrize(
    "given", [TEXT, [TABLE, f"{INDEX};"], (TABLE, INDEX)], ids=["text", "list", "tuple"]
)
def test_text_is_split(stage: Stage, task: FakeTask, given: Any, *, deferrable: bool) -> None:
    """A text with several statements runs as a list of them does, without what is around them."""
    finish_at_each_look(stage)

    result = play(change_schema(ddl_statements=given, deferrable=deferrable), task)

    assert [TABLE, INDEX] == texts(result) == list(ddl_of("orders").statements)
    assert DATABASE == result["database"]
    assert [True, True] == [bool(each["commit_time"]) for each in result["statements"]]
    assert 1 == len(stage.starts)


def test_dialect_is_asked_for_once(stage: Stage, task: FakeTask) -> None:
    """However many texts are to be split, and however often: a database keeps its dialect."""
    finish_at_each_look(stage)

    play(change_schema(ddl_statements=[f"{TABLE};", f"{INDEX};"]), task)

    assert 1 == len(stage.emulator.calls.of("GetDatabase"))


def test_single_statements_ask_for_nothing(stage: Stage, task: FakeTask) -> None:
    """Without a semicolon there is nothing to split, and no permission to read is needed."""
    finish_at_each_look(stage)

    result = play(change_schema(), task)

    assert STATEMENTS == texts(result)
    assert not stage.emulator.calls.of("GetDatabase")


def test_dialect_decides_where_statements_end(stage: Stage) -> None:
    """In PostgreSQL comments nest, and strings have other escapes."""
    finish_at_each_look(stage)
    play(create_database(database_id="elephants", dialect="POSTGRESQL"), FakeTask())
    operator = change_schema(database_id="elephants", ddl_statements=POSTGRES_TEXT)

    request = operator.build_request()

    assert [
        "CREATE TABLE shops (id bigint PRIMARY KEY, name text DEFAULT E'it\\'s; here')",
        'CREATE INDEX "by;name" ON shops (name)',
    ] == list(request.statements)


@pytest.mark.parametrize("where", ["beside", "shared"])
@pytest.mark.parametrize("listed", [False, True], ids=["text", "list"])
def test_file_is_read_and_rendered(
    stage: Stage, task: FakeTask, tmp_path: Path, *, where: str, listed: bool
) -> None:
    """A file beside the Dag's, or in its search path, is rendered and then split."""
    finish_at_each_look(stage)
    folder = tmp_path if where == "beside" else tmp_path / "shared"
    (folder / "sql").mkdir(parents=True)
    text = TEXT.replace("Shops", "{{ params.table }}").replace("\n", "\r\n")
    (folder / "sql" / "shops.sql").write_text(f"\ufeff{text}", encoding="utf-8", newline="")
    name = "sql/shops.sql"
    operator = in_dag(tmp_path, ddl_statements=[name, "ANALYZE"] if listed else name)
    render(operator, params={"table": "Shops"})

    result = play(operator, task)

    # Jinja makes all ends of lines the same
    assert [TABLE, INDEX, *(["ANALYZE"] if listed else [])] == texts(result)


def test_file_is_read_for_a_native_dag(stage: Stage, task: FakeTask, tmp_path: Path) -> None:
    """A Dag that renders to native objects changes nothing about a text of statements."""
    finish_at_each_look(stage)
    (tmp_path / "shops.sql").write_text(TEXT)
    operator = in_dag(tmp_path, native=True, ddl_statements="shops.sql")
    render(operator)

    assert [TABLE, INDEX] == texts(play(operator, task))


def test_file_makes_the_first_schema(stage: Stage, task: FakeTask, tmp_path: Path) -> None:
    """A new database takes its extra statements from a file as well."""
    finish_at_each_look(stage)
    (tmp_path / "shops.sql").write_text(TEXT)
    with DAG("dag", schedule=None) as dag:
        operator = SpannerCreateDatabaseOperator(
            task_id="create",
            project_id="test",
            instance_id="main",
            database_id="shops",
            extra_statements="shops.sql",
        )
    dag.fileloc = str(tmp_path / "dag.py")
    operator.resolve_template_files()
    operator.render_template_fields({})

    play(operator, task)

    assert [TABLE, INDEX] == list(ddl_of("shops").statements)


def test_missing_file_is_named(tmp_path: Path) -> None:
    """Airflow fails the task when it renders; the error has the name and where it looked."""
    operator = in_dag(tmp_path, ddl_statements="nowhere.sql")

    with pytest.raises(TemplateNotFound, match=r"'nowhere\.sql' not found") as caught:
        render(operator)

    assert str(tmp_path / "shared") in str(caught.value)


def test_file_named_by_a_template_is_refused(stage: Stage, task: FakeTask, tmp_path: Path) -> None:
    """Airflow does not read it, and Spanner would only see the name."""
    (tmp_path / "shops.sql").write_text(TEXT)
    operator = in_dag(tmp_path, ddl_statements="{{ params.file }}")
    render(operator, params={"file": "shops.sql"})

    with pytest.raises(AirflowFailException, match=r"'shops\.sql'.*comes out of a template"):
        operator.execute(task.context)

    assert not stage.emulator.calls


def test_descriptors_come_along(stage: Stage, task: FakeTask, tmp_path: Path) -> None:
    """Proto descriptors are read on the worker, for statements on the proto bundle."""
    finish_at_each_look(stage)
    files = FileDescriptorSet(file=[FileDescriptorProto(name="thing.proto", package="test")])
    (tmp_path / "things.pb").write_bytes(files.SerializeToString())
    operator = in_dag(
        tmp_path,
        ddl_statements="CREATE PROTO BUNDLE (test.Thing)",
        proto_descriptors_file="{{ params.name }}.pb",
    )
    render(operator, params={"name": "things"})

    play(operator, task)

    assert files.SerializeToString() == ddl_of("orders").proto_descriptors


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("DROP TABLE A;\nDROP TABLE 'B;\n", ["'B;", "line 2", "no end"]),
        ("DROP TABLE A;\n\n/* DROP TABLE B;\n", ["/* DROP TABLE B;", "line 3", "no end"]),
        ("/* /* */ DROP TABLE A;\n*/ x", ["*/ x", "line 2", "do not nest"]),
        ("-- DROP TABLE A;\n", ["-- DROP TABLE A;", "one or more DDL statements"]),
    ],
    ids=["string", "comment", "nested", "nothing"],
)
def test_text_that_cannot_be_split_is_never_sent(
    stage: Stage, task: FakeTask, text: str, words: list[str]
) -> None:
    """What has no end is named with its line, and nothing is run."""
    with pytest.raises(AirflowFailException) as caught:
        change_schema(ddl_statements=text).execute(task.context)

    assert [] == [word for word in ["ddl_statements", *words] if word not in str(caught.value)]
    assert not stage.starts
    assert not task.store.values


@pytest.mark.parametrize(
    "given", [[1], [INDEX, None], [INDEX, ""], b"DROP TABLE A", {"a": 1}, 7], ids=repr
)
def test_what_is_no_statement_is_never_sent(stage: Stage, task: FakeTask, given: Any) -> None:
    """Each text must be one, and hold a statement."""
    operator = change_schema()
    operator.ddl_statements = given

    with pytest.raises(AirflowFailException, match=r"ddl_statements=.*one or more DDL statements"):
        operator.execute(task.context)

    assert not stage.emulator.calls


def test_descriptors_that_are_missing_are_never_sent(stage: Stage, task: FakeTask) -> None:
    """A file that this worker does not have fails the task at once."""
    with pytest.raises(AirflowFailException, match=r"proto_descriptors_file='/nowhere/a\.pb'"):
        change_schema(proto_descriptors_file="/nowhere/a.pb").execute(task.context)

    assert not stage.emulator.calls


def test_missing_database_is_named(stage: Stage, task: FakeTask) -> None:
    """Whoever asks for the dialect of a database that is not there hears so."""
    with pytest.raises(AirflowFailException, match=r"NOT_FOUND: .*elsewhere") as caught:
        change_schema(database_id="elsewhere", ddl_statements=TEXT).execute(task.context)

    assert "Check project, instance and id" in str(caught.value)
    assert not stage.emulator.operations()


def test_missing_permission_to_read(stage: Stage, task: FakeTask) -> None:
    """A text that is to be split needs the permission to get the database."""
    stage.emulator.plan(LONG)
    stage.script.fail(
        method="GetDatabase", code=Code.PERMISSION_DENIED, message="needs spanner.databases.get"
    )

    with pytest.raises(AirflowFailException, match=r"PERMISSION_DENIED: .*spanner\.databases\.get"):
        change_schema(ddl_statements=TEXT).execute(task.context)

    assert not stage.starts
