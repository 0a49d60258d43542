# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Which operations can be in progress on a resource, and how they are asked for."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_spanner_lro.core.errors import InvalidArgumentError
from airflow_spanner_lro.core.kinds import (
    CREATE_BACKUP,
    CREATE_DATABASE,
    KINDS,
    RESTORE_DATABASE,
    OperationKind,
)
from airflow_spanner_lro.core.lists.pending import kind_named, pending_on
from airflow_spanner_lro.core.lists.queries import ListCall
from airflow_spanner_lro.core.names import DatabaseName, InstanceName

from .builders import BACKUP

INSTANCE = InstanceName(project="test", instance="main")
DATABASE = DatabaseName(project="test", instance="main", database="orders")


def test_pending_on_a_database() -> None:
    """A database is busy with its own operations, and with the creation of backups of it."""
    own, backups = pending_on(DATABASE, field="types")

    assert (ListCall.OF_RESOURCE, DATABASE) == (own.call, own.parent)
    assert "(NOT done:true)" == own.server_filter
    assert (ListCall.OF_BACKUPS, INSTANCE) == (backups.call, backups.parent)
    assert (
        f"(metadata.@type:{CREATE_BACKUP.metadata_type_url})"
        f' AND (metadata.database="{DATABASE}") AND (NOT done:true)'
    ) == backups.server_filter


def test_pending_on_a_backup() -> None:
    """A backup is busy with its own operations, and with restores from it."""
    own, restores = pending_on(BACKUP, field="types")

    assert BACKUP == own.parent
    assert (RESTORE_DATABASE.metadata_type_url,) == restores.types
    assert f'metadata.backup_info.backup="{BACKUP}"' == restores.filter_


def test_pending_on_an_instance() -> None:
    """An instance is busy with its own operations, and with those of all that is in it."""
    queries = pending_on(INSTANCE, field="types")

    assert [
        ListCall.OF_RESOURCE,
        ListCall.OF_DATABASES,
        ListCall.OF_BACKUPS,
        ListCall.OF_PARTITIONS,
    ] == [query.call for query in queries]
    assert all(query.pending and not query.types for query in queries)


def test_kinds_leave_out_lists() -> None:
    """Where only some kinds matter, the lists that cannot have them are not asked for."""
    (query,) = pending_on(INSTANCE, kinds=[CREATE_BACKUP], field="types")

    assert ListCall.OF_BACKUPS is query.call
    assert (CREATE_BACKUP.metadata_type_url,) == query.types


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_every_kind_has_a_word(kind: OperationKind) -> None:
    """Each kind can be named as in the API or as in Python, in any case."""
    word = kind.metadata.removesuffix("Metadata")

    assert kind is kind_named(word, field="types")
    assert kind is kind_named(kind.rpc or word.upper(), field="types")


@pytest.mark.parametrize("word", ["Backup", "", 7, None])
def test_an_unknown_word(word: Any) -> None:
    """A word that names no kind is refused with those that do."""
    with pytest.raises(InvalidArgumentError, match=r"types=.*OptimizeRestoredDatabase"):
        kind_named(word, field="types")


def test_a_kind_that_does_not_fit() -> None:
    """A kind that never works on such a resource is refused: nobody waits for nothing."""
    with pytest.raises(InvalidArgumentError, match=r"CreateDatabase.*on this backup.*CopyBackup"):
        pending_on(BACKUP, kinds=[CREATE_DATABASE], field="types")
