# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Databases are created with a schema and keys, restored with keys, and updated."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

from tests.airflow.fakes import DATABASE, RESTORED, SOURCE
from tests.airflow.operator_builders import (
    DATABASE_KEY,
    EVERYWHERE,
    FRESH,
    TABLE,
    create_database,
    database_starts,
    finish_at_each_look,
    update_database,
)
from tests.airflow.task_runner import play, restore

if TYPE_CHECKING:
    from pathlib import Path

    from tests.airflow.fakes import FakeTask, Stage

OTHER_KEY = f"{DATABASE_KEY}2"
BUNDLE = "CREATE PROTO BUNDLE (test.Thing)"


def schema_of_fresh() -> Any:
    """Return what somebody else sees of the new database's schema."""
    return create_database().hook.client.database_admin.get_database_ddl(database=FRESH)


@pytest.fixture
def descriptors(tmp_path: Path) -> Path:
    """Return a file with descriptors, as protoc makes it."""
    path = tmp_path / "things.pb"
    files = FileDescriptorSet(file=[FileDescriptorProto(name="thing.proto", package="test")])
    path.write_bytes(files.SerializeToString())
    return path


def test_create_returns_the_database(stage: Stage, task: FakeTask, *, deferrable: bool) -> None:
    """The database is there afterwards, and is the result."""
    finish_at_each_look(stage)

    result = play(create_database(deferrable=deferrable), task)

    assert FRESH == json.loads(json.dumps(result))["name"]
    assert ("READY", "GOOGLE_STANDARD_SQL") == (result["state"], result["database_dialect"])
    assert not result["enable_drop_protection"]
    assert ["CreateDatabase"] == database_starts(stage)
    assert task.entry["closed"]


@pytest.mark.parametrize(
    ("dialect", "statement"),
    [
        ("GOOGLE_STANDARD_SQL", "CREATE DATABASE `fresh-one`"),
        ("postgresql", 'CREATE DATABASE "fresh-one"'),
    ],
)
def test_create_quotes_as_the_dialect_wants(
    stage: Stage, task: FakeTask, dialect: str, statement: str
) -> None:
    """An id with a hyphen needs the dialect's quotes."""
    finish_at_each_look(stage)
    operator = create_database(dialect=dialect)

    result = play(operator, task)

    assert statement == operator.build_request().create_statement
    assert dialect.upper() == result["database_dialect"]


@pytest.mark.parametrize(
    "statements",
    [[TABLE, "CREATE INDEX B ON A (Id)"], f"-- tables;\n{TABLE};\nCREATE INDEX B ON A (Id);\n"],
    ids=["list", "text"],
)
def test_create_with_a_schema(stage: Stage, task: FakeTask, statements: Any) -> None:
    """Extra statements make the schema, given one by one or as one text."""
    finish_at_each_look(stage)

    play(create_database(extra_statements=statements), task)

    ddl = schema_of_fresh()
    assert [TABLE, "CREATE INDEX B ON A (Id)"] == list(ddl.statements)
    assert ["CreateDatabase"] == database_starts(stage)


@pytest.mark.usefixtures("stage")
@pytest.mark.parametrize("nothing", [None, [], ()], ids=repr)
@pytest.mark.parametrize("dialect", ["GOOGLE_STANDARD_SQL", "POSTGRESQL"])
def test_create_without_a_schema(nothing: Any, dialect: str) -> None:
    """No extra statements are none in either dialect."""
    assert (
        not create_database(extra_statements=nothing, dialect=dialect)
        .build_request()
        .extra_statements
    )


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (None, {}),
        (DATABASE_KEY, {"kms_key_name": DATABASE_KEY}),
        ([DATABASE_KEY], {"kms_key_name": DATABASE_KEY}),
        (EVERYWHERE, {"kms_key_names": EVERYWHERE}),
    ],
    ids=["google's", "text", "one", "two"],
)
def test_create_with_keys(
    stage: Stage, task: FakeTask, keys: Any, expected: dict[str, Any]
) -> None:
    """The database is encrypted with the keys that were given."""
    finish_at_each_look(stage)

    result = play(create_database(kms_key_names=keys), task)

    config = result.get("encryption_config") or {}
    assert expected == {name: value for name, value in config.items() if value}


def test_create_with_descriptors(stage: Stage, task: FakeTask, descriptors: Path) -> None:
    """Descriptors are read from a file on the worker."""
    finish_at_each_look(stage)

    play(create_database(extra_statements=BUNDLE, proto_descriptors_file=str(descriptors)), task)

    ddl = schema_of_fresh()
    assert descriptors.read_bytes() == ddl.proto_descriptors


@pytest.mark.usefixtures("stage")
def test_descriptors_are_looked_for_beside_the_dag(descriptors: Path) -> None:
    """A relative path is seen from the Dag's file, wherever the worker was started."""
    with DAG("dag", schedule=None) as dag:
        operator = create_database(proto_descriptors_file="things.pb")
    dag.fileloc = str(descriptors.parent / "dag.py")

    assert descriptors.read_bytes() == operator.build_request().proto_descriptors


def test_create_fails_with_its_statement(stage: Stage, task: FakeTask) -> None:
    """If an extra statement cannot be run, there is no database either."""
    with pytest.raises(AirflowFailException, match="Table not found: Nowhere"):
        play(create_database(extra_statements=["CREATE INDEX B ON Nowhere (Id)"]), task)

    assert not stage.has(FRESH)


@pytest.mark.usefixtures("stage")
@pytest.mark.parametrize(
    ("changes", "paths"),
    [
        ({"enable_drop_protection": False}, ["enable_drop_protection"]),
        ({"kms_key_names": DATABASE_KEY}, ["encryption_config"]),
        (
            {"enable_drop_protection": True, "kms_key_names": [DATABASE_KEY, OTHER_KEY]},
            ["enable_drop_protection", "encryption_config"],
        ),
    ],
    ids=["off", "keys", "both"],
)
def test_update_names_what_it_changes(changes: dict[str, Any], paths: list[str]) -> None:
    """The mask has what was given, and nothing else."""
    request = update_database(**changes).build_request()

    assert paths == list(request.update_mask.paths)
    assert DATABASE == request.database.name
    assert changes.get("enable_drop_protection", False) == request.database.enable_drop_protection


def test_update_changes_keys(stage: Stage, task: FakeTask) -> None:
    """A database with keys of the customer can be given others."""
    finish_at_each_look(stage)
    play(create_database(kms_key_names=DATABASE_KEY), task)
    task.next_try()

    result = play(update_database(database_id="fresh-one", kms_key_names=EVERYWHERE), task)

    assert EVERYWHERE == result["encryption_config"]["kms_key_names"]


def test_restore_with_keys(stage: Stage, task: FakeTask, *, deferrable: bool) -> None:
    """A backup is restored into a database with keys of its own."""
    stage.emulator.create_backup(SOURCE, DATABASE)
    finish_at_each_look(stage)

    result = play(restore(kms_key_names=DATABASE_KEY, deferrable=deferrable), task)

    assert RESTORED == result["name"]
    assert DATABASE_KEY == result["encryption_config"]["kms_key_name"]


@pytest.mark.usefixtures("stage")
@pytest.mark.parametrize(
    ("parameters", "type_"),
    [
        ({}, "ENCRYPTION_TYPE_UNSPECIFIED"),
        ({"encryption_type": "google_default_encryption"}, "GOOGLE_DEFAULT_ENCRYPTION"),
        ({"kms_key_names": DATABASE_KEY}, "CUSTOMER_MANAGED_ENCRYPTION"),
    ],
    ids=["left to Spanner", "type", "keys"],
)
def test_restore_asks_for_encryption(parameters: dict[str, Any], type_: str) -> None:
    """What is not given is left to Spanner; keys mean that they are to be used."""
    request = restore(**parameters).build_request()

    assert bool(parameters) == ("encryption_config" in request)
    assert type_ == request.encryption_config.encryption_type.name
