# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""From resources and types to queries: gcloud's requests, and what can be in progress."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_spanner_lro.core.errors import InvalidArgumentError, InvalidNameError
from airflow_spanner_lro.core.kinds import (
    CREATE_BACKUP,
    CREATE_DATABASE,
    KINDS,
    RESTORE_DATABASE,
    OperationKind,
)
from airflow_spanner_lro.core.lists.queries import (
    ListCall,
    OperationType,
    parse_kind,
    pending_queries,
    query_for_ids,
    query_for_resource,
)
from airflow_spanner_lro.core.names import (
    BackupName,
    DatabaseName,
    InstanceConfigName,
    InstanceName,
    InstancePartitionName,
    ResourceName,
    SsdCacheName,
)

from .sample_values import BACKUP

PROJECT = "projects/test"
I = f"{PROJECT}/instances/main"  # noqa: E741  # as in the table of gcloud's requests
D = f"{I}/databases/orders"
ON_I: dict[str, Any] = {"instance_id": "main"}
ON_D = ON_I | {"database_id": "orders"}
ON_B = ON_I | {"backup_id": "nightly"}
ON_X = ON_I | {"partition_id": "part"}
ON_C = {"config_id": "custom-mine"}
C = f"{PROJECT}/instanceConfigs/custom-mine"
OF_DATABASE = "metadata.@type:type.googleapis.com/google.spanner.admin.database.v1."
OF_INSTANCE = "metadata.@type:type.googleapis.com/google.spanner.admin.instance.v1."
CREATE = f"({OF_DATABASE}CreateDatabaseMetadata)"
DDL = f"({OF_DATABASE}UpdateDatabaseDdlMetadata)"
QUORUM = f"({OF_DATABASE}ChangeQuorumMetadata)"
RESTORE = (
    f"(({OF_DATABASE}OptimizeRestoredDatabaseMetadata) OR ({OF_DATABASE}RestoreDatabaseMetadata))"
)
BACKUPS_OF_D = f'({OF_DATABASE}CreateBackupMetadata) AND (metadata.database="{D}")'
CONFIG_CREATE = f"({OF_INSTANCE}CreateInstanceConfigMetadata)"
CONFIG_UPDATE = f"({OF_INSTANCE}UpdateInstanceConfigMetadata)"

ONE, DATABASES, BACKUPS = ListCall.OF_RESOURCE, ListCall.OF_DATABASES, ListCall.OF_BACKUPS
PARTITIONS, CONFIGS = ListCall.OF_PARTITIONS, ListCall.OF_CONFIGS

REQUESTS: list[Any] = [
    (None, ON_I, ONE, I, ""),
    (None, ON_D, ONE, D, ""),
    (None, ON_B, ONE, f"{I}/backups/nightly", ""),
    (None, ON_X, ONE, f"{I}/instancePartitions/part", ""),
    (None, ON_C, ONE, C, ""),
    ("INSTANCE", ON_I, ONE, I, ""),
    ("DATABASE", ON_I, DATABASES, I, ""),
    ("DATABASE", ON_D, ONE, D, ""),
    ("DATABASE_CREATE", ON_I, DATABASES, I, CREATE),
    ("DATABASE_CREATE", ON_D, ONE, D, CREATE),
    ("DATABASE_UPDATE_DDL", ON_I, DATABASES, I, DDL),
    ("DATABASE_UPDATE_DDL", ON_D, ONE, D, DDL),
    ("DATABASE_CHANGE_QUORUM", ON_I, DATABASES, I, QUORUM),
    ("DATABASE_CHANGE_QUORUM", ON_D, ONE, D, QUORUM),
    ("DATABASE_RESTORE", ON_I, DATABASES, I, RESTORE),
    ("DATABASE_RESTORE", ON_D, ONE, D, RESTORE),
    ("BACKUP", ON_I, BACKUPS, I, ""),
    ("BACKUP", ON_D, BACKUPS, I, BACKUPS_OF_D),
    ("BACKUP", ON_B, ONE, f"{I}/backups/nightly", ""),
    ("INSTANCE_PARTITION", ON_I, PARTITIONS, I, ""),
    ("INSTANCE_PARTITION", ON_X, ONE, f"{I}/instancePartitions/part", ""),
    ("INSTANCE_CONFIG_CREATE", ON_C, ONE, C, CONFIG_CREATE),
    ("INSTANCE_CONFIG_CREATE", {}, CONFIGS, PROJECT, CONFIG_CREATE),
    ("INSTANCE_CONFIG_UPDATE", ON_C, ONE, C, CONFIG_UPDATE),
    ("INSTANCE_CONFIG_UPDATE", {}, CONFIGS, PROJECT, CONFIG_UPDATE),
]
"""Type, resource, call, parent, filter: the requests of gcloud 528.0.0, save for its quirks."""


@pytest.mark.parametrize(("list_type", "ids", "call", "parent", "filter_"), REQUESTS)
def test_requests_are_those_of_gcloud(
    list_type: str | None, ids: dict[str, Any], call: ListCall, parent: str, filter_: str
) -> None:
    """A resource and a type are asked for as gcloud asks for them."""
    query = query_for_ids(project="test", list_type=list_type, **ids)

    assert (call, parent, filter_) == (query.call, str(query.parent), query.server_filter)


def test_every_type_is_in_the_table() -> None:
    """No type is forgotten in the requests above."""
    assert {each.value for each in OperationType} == {row[0] for row in REQUESTS} - {None}


@pytest.mark.parametrize("text", ["backup", "Backup", " BACKUP "])
def test_types_have_no_case(text: str) -> None:
    """A type is understood in any case, as by gcloud."""
    query = query_for_ids(project="test", instance_id="main", list_type=text)

    assert ListCall.OF_BACKUPS is query.call


def test_filter_and_pending_go_along() -> None:
    """A filter of one's own comes after the type, in parentheses, and before what is pending."""
    query = query_for_ids(
        project="test",
        instance_id="main",
        list_type="DATABASE_CREATE",
        filter_="name:a OR name:b",
        pending=True,
    )

    assert f"{CREATE} AND (name:a OR name:b) AND (NOT done:true)" == query.server_filter


def test_filter_of_the_backups_of_a_database() -> None:
    """A filter of one's own is added to that for the source database."""
    query = query_for_ids(project="test", list_type="BACKUP", filter_="done:true", **ON_D)

    assert f'((metadata.database="{D}") AND (done:true))' in query.server_filter


ALL_TYPES = tuple(OperationType)
BAD: list[Any] = [
    pytest.param(
        ON_I | {"list_type": "BACKUPS"}, "list_type='BACKUPS'", ALL_TYPES, id="unknown-type"
    ),
    pytest.param(ON_I | {"list_type": ""}, "list_type=''", ALL_TYPES, id="empty-type"),
    pytest.param({}, "instance_id=None", ["exactly one of instance_id and config_id"], id="none"),
    pytest.param(
        {"list_type": "database"},
        "instance_id=None",
        ["exactly one of", "list_type DATABASE"],
        id="type-without-instance",
    ),
    pytest.param(
        ON_I | ON_C,
        "config_id='custom-mine'",
        ["exactly one of instance_id and config_id", "instance_id='main'"],
        id="instance-and-config",
    ),
    pytest.param(
        ON_D | ON_B,
        "backup_id='nightly'",
        ["at most one of database_id and backup_id", "'orders'"],
        id="database-and-backup",
    ),
    pytest.param(
        ON_X | ON_D | ON_B,
        "backup_id='nightly'",
        ["database_id and backup_id and partition_id"],
        id="all-three",
    ),
    pytest.param(
        ON_C | {"database_id": "orders"},
        "database_id='orders'",
        ["goes with instance_id"],
        id="database-of-a-config",
    ),
    pytest.param(
        {"list_type": "INSTANCE_CONFIG_CREATE", "backup_id": "nightly"},
        "backup_id='nightly'",
        ["goes with instance_id"],
        id="backup-of-a-project",
    ),
    pytest.param(
        ON_D | {"list_type": "INSTANCE"},
        "list_type='INSTANCE'",
        ["database_id='orders'", "but with instance_id"],
        id="instance-type-of-a-database",
    ),
    pytest.param(
        ON_B | {"list_type": "DATABASE_RESTORE"},
        "list_type='DATABASE_RESTORE'",
        ["backup_id='nightly'", "instance_id or instance_id and database_id"],
        id="restores-of-a-backup",
    ),
    pytest.param(
        ON_X | {"list_type": "BACKUP"},
        "list_type='BACKUP'",
        ["partition_id='part'", "instance_id and backup_id or instance_id and database_id"],
        id="backups-of-a-partition",
    ),
    pytest.param(
        ON_C | {"list_type": "BACKUP"},
        "list_type='BACKUP'",
        ["config_id='custom-mine'", "but with instance_id"],
        id="backups-of-a-config",
    ),
    pytest.param(
        ON_I | {"list_type": "INSTANCE_CONFIG_UPDATE"},
        "list_type='INSTANCE_CONFIG_UPDATE'",
        ["instance_id='main'", "config_id, or without any"],
        id="configs-of-an-instance",
    ),
]


@pytest.mark.parametrize(("arguments", "culprit", "words"), BAD)
def test_arguments_that_do_not_go_together(
    arguments: dict[str, Any], culprit: str, words: list[str]
) -> None:
    """The error names argument, value and rule."""
    with pytest.raises(InvalidArgumentError) as caught:
        query_for_ids(project="test", **arguments)

    message = str(caught.value)
    assert message.startswith(culprit)
    assert [] == [word for word in words if word not in message]


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"instance_id": "Main"}, "instance id"),
        ({"instance_id": ""}, "instance id"),
        ({"instance_id": "main", "database_id": ""}, "database id"),
        ({"instance_id": "main", "backup_id": "a/b"}, "backup id"),
        ({"instance_id": "main", "partition_id": "-"}, "partition id"),
        ({"config_id": "nam 3"}, "config id"),
        ({"instance_id": "main", "project": "P!"}, "project id"),
    ],
    ids=str,
)
def test_ids_that_break_their_rule(arguments: dict[str, Any], field: str) -> None:
    """An id that cannot be is refused by its pattern; rendered to nothing it is not left out."""
    with pytest.raises(InvalidNameError, match=f"^{field}="):
        query_for_ids(**{"project": "test"} | arguments)


WITHIN = {"project": "test", "instance": "main"}


@pytest.mark.parametrize(
    ("resource", "ids"),
    [
        (InstanceName(**WITHIN), ON_I),
        (DatabaseName(**WITHIN, database="orders"), ON_D),
        (BackupName(**WITHIN, backup="nightly"), ON_B),
        (InstancePartitionName(**WITHIN, partition="part"), ON_X),
        (InstanceConfigName(project="test", config="custom-mine"), ON_C),
    ],
    ids=str,
)
def test_a_name_is_as_good_as_its_ids(resource: ResourceName, ids: dict[str, Any]) -> None:
    """A resource that is given by its full name is asked for like one that is given by ids."""
    types = [row[0] for row in REQUESTS if row[1] == ids]

    queries = [
        query_for_resource(resource, list_type=type_, filter_="done:true") for type_ in types
    ]

    assert queries == [
        query_for_ids(project="test", list_type=type_, filter_="done:true", **ids)
        for type_ in types
    ]


def test_an_ssd_cache_has_operations_of_no_type() -> None:
    """Operations of an SSD cache can be listed, and have no type in gcloud."""
    cache = SsdCacheName(project="test", config="custom-mine", ssd_cache="fast")

    assert query_for_resource(cache).parent == cache
    with pytest.raises(InvalidArgumentError, match=f"list_type='DATABASE'.*{cache}"):
        query_for_resource(cache, list_type="DATABASE")


INSTANCE = InstanceName(project="test", instance="main")
DATABASE = DatabaseName(project="test", instance="main", database="orders")


def test_pending_on_a_database() -> None:
    """A database is busy with its own operations, and with the creation of backups of it."""
    own, backups = pending_queries(DATABASE, field="types")

    assert (ListCall.OF_RESOURCE, DATABASE) == (own.call, own.parent)
    assert "(NOT done:true)" == own.server_filter
    assert (ListCall.OF_BACKUPS, INSTANCE) == (backups.call, backups.parent)
    assert (
        f"(metadata.@type:{CREATE_BACKUP.metadata_type_url})"
        f' AND (metadata.database="{DATABASE}") AND (NOT done:true)'
    ) == backups.server_filter


def test_pending_on_a_backup() -> None:
    """A backup is busy with its own operations, and with restores from it."""
    own, restores = pending_queries(BACKUP, field="types")

    assert BACKUP == own.parent
    assert (RESTORE_DATABASE.metadata_type_url,) == restores.types
    assert f'metadata.backup_info.backup="{BACKUP}"' == restores.filter_


def test_pending_on_an_instance() -> None:
    """An instance is busy with its own operations, and with those of all that is in it."""
    queries = pending_queries(INSTANCE, field="types")

    assert [
        ListCall.OF_RESOURCE,
        ListCall.OF_DATABASES,
        ListCall.OF_BACKUPS,
        ListCall.OF_PARTITIONS,
    ] == [query.call for query in queries]
    assert all(query.pending and not query.types for query in queries)


def test_kinds_leave_out_lists() -> None:
    """Where only some kinds matter, the lists that cannot have them are not asked for."""
    (query,) = pending_queries(INSTANCE, kinds=[CREATE_BACKUP], field="types")

    assert ListCall.OF_BACKUPS is query.call
    assert (CREATE_BACKUP.metadata_type_url,) == query.types


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_every_kind_has_a_word(kind: OperationKind) -> None:
    """Each kind can be named as in the API or as in Python, in any case."""
    word = kind.name

    assert kind is parse_kind(word, field="types")
    assert kind is parse_kind(kind.rpc or word.upper(), field="types")


@pytest.mark.parametrize("word", ["Backup", "", 7, None])
def test_an_unknown_word(word: Any) -> None:
    """A word that names no kind is refused with those that do."""
    with pytest.raises(InvalidArgumentError, match=r"types=.*OptimizeRestoredDatabase"):
        parse_kind(word, field="types")


def test_a_kind_that_does_not_fit() -> None:
    """A kind that never works on such a resource is refused: nobody waits for nothing."""
    with pytest.raises(InvalidArgumentError, match=r"CreateDatabase.*on this backup.*CopyBackup"):
        pending_queries(BACKUP, kinds=[CREATE_DATABASE], field="types")
