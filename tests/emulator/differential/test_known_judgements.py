# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Where Google's emulator and ours judge the same resources and statements differently.

Ours does not understand queries and expressions: that is what Google's emulator is good at. In all
else ours is on the side of the service's documentation. When one of these tests fails,
Google's emulator has changed (or ours has); if it has caught up, the script belongs to the tests of
what is the same. Seen with the emulator that Google Cloud CLI 528.0.0 brings along (June 2025).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from google.cloud.spanner_admin_database_v1 import DatabaseDialect

from airflow_spanner_lro.core.status import Code
from tests.emulator.differential.sides import SCHEMA, codes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.emulator.differential.conftest import RunBoth
    from tests.emulator.differential.sides import Answer, Side

OK = Code.OK
BAD = Code.INVALID_ARGUMENT
REFUSED = Code.FAILED_PRECONDITION
ITEMS = "CREATE TABLE Items (Id INT64) PRIMARY KEY (Id)"


def test_there_any_configuration_will_do(run_both: RunBoth) -> None:
    """There an instance can be created in a configuration that does not exist, or without any."""

    def script(side: Side) -> Iterator[Answer]:
        yield side.create_instance("first-of-all", config="")
        yield side.create_instance("second", config="nowhere")
        yield side.create_instance("third", config=f"{side.project}/instanceConfigs/nowhere")

    google, ours = run_both(script)

    assert [OK, OK, OK] == codes(google)
    assert [BAD, BAD, Code.NOT_FOUND] == codes(ours)


@pytest.mark.parametrize(
    "fields",
    [
        {"display_name": ""},
        {"display_name": "abc"},
        {"display_name": "x" * 31},
        {"node_count": -1},
        {"node_count": 0, "processing_units": -100},
        {"node_count": 0},
        {"state": "READY"},
        {"edition": 99},
    ],
    ids=str,
)
def test_there_instances_are_hardly_checked(run_both: RunBoth, fields: Mapping[str, Any]) -> None:
    """There an instance may have any display name, or none, and no nodes, or fewer than none."""

    def script(side: Side) -> Iterator[Answer]:
        yield side.create_instance("second", **fields)

    (google,), (ours,) = run_both(script)

    assert (OK, BAD) == (google.code, ours.code)


def test_there_any_key_will_do(run_both: RunBoth) -> None:
    """There nobody asks whether a customer's key is where the instance is."""

    def script(side: Side) -> Iterator[Answer]:
        key = "projects/keys/locations/elsewhere/keyRings/ring/cryptoKeys/key"
        yield side.call(
            side.databases.create_database,
            request={
                "parent": side.instance,
                "create_statement": "CREATE DATABASE secret",
                "encryption_config": {"kms_key_name": key},
            },
        )

    google, ours = run_both(script)

    assert ([OK], [Code.FAILED_PRECONDITION]) == (codes(google), codes(ours))


def test_a_missing_instance_can_be_deleted(run_both: RunBoth) -> None:
    """DeleteInstance is idempotent on both sides."""

    def script(side: Side) -> Iterator[Answer]:
        yield side.call(side.instances.delete_instance, name=f"{side.project}/instances/nowhere")

    (google,), (ours,) = run_both(script)

    assert (OK, OK) == (google.code, ours.code)


def test_there_instances_are_listed_whatever_the_filter(google: Side, ours: Side) -> None:
    """There the filter is not looked at."""
    found = []
    for side in (google, ours):
        side.create_instance("second")
        request = {"parent": side.project, "filter": "name:second"}
        found.append([each.name for each in side.instances.list_instances(request)])

    second = f"{google.project}/instances/second"
    assert [[google.instance, second], [second]] == found


def test_there_is_one_configuration(google: Side, ours: Side) -> None:
    """There it is ``emulator-config``; ours has it among others."""
    there, here = (
        {each.name for each in side.instances.list_instance_configs(parent=side.project)}
        for side in (google, ours)
    )

    assert {f"{google.project}/instanceConfigs/emulator-config"} == there
    assert there < here


def test_there_a_database_tells_its_name_and_state_only(google: Side, ours: Side) -> None:
    """There it has no create time, no retention period and no dialect."""
    found = [side.databases.get_database(name=side.database) for side in (google, ours)]

    assert [False, True] == [each.create_time is not None for each in found]
    assert ["", "1h"] == [each.version_retention_period for each in found]
    assert [
        DatabaseDialect.DATABASE_DIALECT_UNSPECIFIED,
        DatabaseDialect.GOOGLE_STANDARD_SQL,
    ] == [each.database_dialect for each in found]


def test_there_postgresql_databases_may_begin_full(run_both: RunBoth) -> None:
    """There extra_statements go with that dialect; the service takes none."""

    def script(side: Side) -> Iterator[Answer]:
        yield side.create_database_by(
            "CREATE DATABASE pg",
            "CREATE TABLE t (id bigint primary key)",
            database_dialect=DatabaseDialect.POSTGRESQL,
        )

    (google,), (ours,) = run_both(script)

    assert (OK, BAD) == (google.code, ours.code)


def test_there_a_text_of_postgresql_is_one_statement(run_both: RunBoth) -> None:
    """There a second one in the same text is INTERNAL; Google's samples send several."""

    def script(side: Side) -> Iterator[Answer]:
        yield side.create_database_by(
            "CREATE DATABASE pg", database_dialect=DatabaseDialect.POSTGRESQL
        )
        tables = ("CREATE TABLE a (id bigint primary key)", "CREATE TABLE b (id int primary key)")
        request = {"database": f"{side.instance}/databases/pg", "statements": ["; ".join(tables)]}
        yield side.call(side.databases.update_database_ddl, request)

    google, ours = run_both(script)

    assert [OK, Code.INTERNAL] == codes(google)
    assert [OK, OK] == codes(ours)


def test_there_named_schemas_are_not_shown(run_both: RunBoth) -> None:
    """There GetDatabaseDdl leaves CREATE SCHEMA out, so its answer cannot be used again."""

    def script(side: Side) -> Iterator[Answer]:
        side.change("CREATE SCHEMA sales")
        yield side.schema()

    (google,), (ours,) = run_both(script)

    assert len(SCHEMA) == len(google.items)
    assert ["CREATE SCHEMA sales"] == [text for text in ours.items if text not in google.items]


def test_there_statements_are_printed_anew(run_both: RunBoth) -> None:
    """There, as by the service, an ALTER TABLE ends up in the CREATE TABLE; ours keeps both."""

    def script(side: Side) -> Iterator[Answer]:
        side.change("ALTER TABLE Orders ADD COLUMN More INT64")
        yield side.schema()

    (google,), (ours,) = run_both(script)

    assert [len(SCHEMA), len(SCHEMA) + 1] == [len(google.items), len(ours.items)]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE VIEW V SQL SECURITY INVOKER AS SELECT Orders.Nowhere FROM Orders",
        "CREATE VIEW V SQL SECURITY INVOKER AS SELECT 1",
        "CREATE VIEW V SQL SECURITY INVOKER AS SELECT (1",
        "ALTER TABLE Orders ADD CONSTRAINT K CHECK (Nowhere > 0)",
        "ALTER TABLE Orders ADD CONSTRAINT K CHECK (Id)",
        "ALTER TABLE Orders ADD COLUMN A INT64 AS (Nowhere + 1) STORED",
        "ALTER TABLE Orders ADD COLUMN A INT64 DEFAULT (Id)",
        "ALTER TABLE Orders ADD COLUMN A INT64 DEFAULT ('text')",
    ],
)
def test_there_expressions_are_understood(run_both: RunBoth, statement: str) -> None:
    """There names within queries and expressions must be known, and types must fit."""

    def script(side: Side) -> Iterator[Answer]:
        yield side.change(statement)

    (google,), (ours,) = run_both(script)

    assert (BAD, OK) == (google.code, ours.code)


@pytest.mark.parametrize(
    "name", ["`a b`", "`a-b`", "`Größe`"], ids=["space", "hyphen", "letters of other languages"]
)
def test_there_quoted_names_may_be_anything(run_both: RunBoth, name: str) -> None:
    """Tables begin with a letter, and go on with letters, digits and underscores, it is documented.

    A client that relied on other names would learn of it in production.
    """

    def script(side: Side) -> Iterator[Answer]:
        yield side.change(f"CREATE TABLE {name} (Id INT64) PRIMARY KEY (Id)")

    (google,), (ours,) = run_both(script)

    assert (OK, BAD) == (google.code, ours.code)


@pytest.mark.parametrize(
    ("statements", "code"),
    [
        (["CREATE ROLE reader"], Code.INTERNAL),
        (["CREATE ROLE reader", "GRANT SELECT ON TABLE Orders TO ROLE reader"], Code.INTERNAL),
        (["RENAME TABLE Orders TO Purchases"], Code.INTERNAL),
        (["CREATE FUNCTION F(x INT64) RETURNS INT64 AS (x + 1)"], BAD),
        (["CREATE PROPERTY GRAPH G NODE TABLES (Orders)"], BAD),
        (["CREATE QUEUE Q (Id INT64, Payload STRING(MAX)) PRIMARY KEY (Id)"], BAD),
        (["CREATE LOCALITY GROUP cold OPTIONS (storage = 'hdd')"], BAD),
        (["ALTER STATISTICS auto SET OPTIONS (allow_gc = false)"], BAD),
        (["ALTER DATABASE shop SET OPTIONS (optimizer_version = 3)"], BAD),
        (["CREATE TABLE Items (Id UUID) PRIMARY KEY (Id)"], Code.INTERNAL),
        (["CREATE TABLE Items (Id INT64, I INTERVAL) PRIMARY KEY (Id)"], BAD),
        (["CREATE TABLE Items (Id INT64, PRIMARY KEY (Id))"], BAD),
        (["CREATE TABLE Items (Id INT64) PRIMARY KEY (Id), INTERLEAVE IN Orders"], BAD),
        (["ALTER TABLE Orders ADD FOREIGN KEY (Id) REFERENCES Orders (Id) NOT ENFORCED"], BAD),
        (["ALTER TABLE Orders SET OPTIONS (locality_group = 'cold')"], BAD),
        (["CREATE VIEW V SQL SECURITY DEFINER AS SELECT Orders.Id FROM Orders"], BAD),
        (["CREATE CHANGE STREAM C FOR ALL OPTIONS (retention_period = '30d')"], REFUSED),
        (["CREATE CHANGE STREAM C FOR ALL OPTIONS (allow_txn_exclusion = true)"], BAD),
    ],
)
def test_there_the_language_is_smaller(
    run_both: RunBoth, statements: Sequence[str], code: Code
) -> None:
    """There are no roles, new names, graphs, groups or functions in this version."""

    def script(side: Side) -> Iterator[Answer]:
        yield side.change(*statements)

    (google,), (ours,) = run_both(script)

    assert (code, OK) == (google.code, ours.code)


@pytest.mark.parametrize(
    "statement",
    [
        f"-- first\n{ITEMS}",
        f"{ITEMS} -- last",
        "CREATE TABLE Items (Id INT64 /* the key */) PRIMARY KEY (Id)",
    ],
)
def test_comments_are_accepted(run_both: RunBoth, statement: str) -> None:
    """As by the service of today; that emulator accepts them from 1.5.31 on, and refused before."""

    def script(side: Side) -> Iterator[Answer]:
        yield side.change(statement)

    (google,), (ours,) = run_both(script)

    assert google.code in (OK, BAD)
    assert OK == ours.code


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER DATABASE shop SET OPTIONS (version_retention_period = '30d')",
        "ALTER DATABASE shop SET OPTIONS (version_retention_period = 'soon')",
        "ALTER DATABASE shop SET OPTIONS (default_leader = 'us-east1')",
        "ALTER DATABASE other SET OPTIONS (version_retention_period = '3d')",
    ],
)
def test_there_options_are_taken_as_they_come(run_both: RunBoth, statement: str) -> None:
    """There nobody checks the values of options, nor whose options they are."""

    def script(side: Side) -> Iterator[Answer]:
        yield side.change(statement)

    (google,), (ours,) = run_both(script)

    assert (OK, BAD) == (google.code, ours.code)


def test_there_a_database_cannot_create_another(run_both: RunBoth) -> None:
    """There CREATE DATABASE among the statements is INTERNAL; ours calls it what it is."""

    def script(side: Side) -> Iterator[Answer]:
        yield side.change("CREATE DATABASE another")

    (google,), (ours,) = run_both(script)

    assert (Code.INTERNAL, BAD) == (google.code, ours.code)
