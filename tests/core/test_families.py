# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Which operations one list shows, and the lists that are asked for."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given

from airflow_spanner_lro.core.lists.queries import ListCall
from airflow_spanner_lro.core.names import (
    BackupName,
    DatabaseName,
    InstanceConfigName,
    InstanceName,
    InstancePartitionName,
    OperationName,
    ProjectName,
    ResourceName,
    SsdCacheName,
)
from airflow_spanner_lro.core.polling.families import Family, family_of

from .sample_values import BACKUP, NAME, NOW, OTHER, running, succeeded
from .strategies import operation_names

PROJECT = ProjectName(project="test")
MAIN = InstanceName(project="test", instance="main")


def of(resource: ResourceName) -> Family:
    """Return the family of an operation on a resource."""
    return family_of(OperationName(resource=resource, operation="_auto_op_1"))


@pytest.mark.parametrize(
    ("resource", "parent", "call"),
    [
        (BACKUP, MAIN, ListCall.OF_BACKUPS),
        (
            DatabaseName(project="test", instance="main", database="orders"),
            MAIN,
            ListCall.OF_DATABASES,
        ),
        (
            InstancePartitionName(project="test", instance="main", partition="north"),
            MAIN,
            ListCall.OF_PARTITIONS,
        ),
        (MAIN, MAIN, ListCall.OF_RESOURCE),
        (
            InstanceConfigName(project="test", config="custom-mine"),
            PROJECT,
            ListCall.OF_CONFIGS,
        ),
    ],
    ids=["backup", "database", "partition", "instance", "configuration"],
)
def test_a_list_is_asked_of_what_holds_the_resource(
    resource: ResourceName, parent: ResourceName, call: ListCall
) -> None:
    """One list shows what is done to all databases of an instance, another that of its backups."""
    assert Family(parent=parent, call=call) == of(resource)


def test_no_list_shows_what_is_done_to_a_cache() -> None:
    """Google's library has no call for that; such operations are asked about one by one."""
    cache = SsdCacheName(project="test", config="custom-mine", ssd_cache="fast")

    family = of(cache)

    assert family.call is None
    with pytest.raises(ValueError, match="no call lists"):
        _ = family.pending


def test_another_instance_is_another_family() -> None:
    """Backups of the same name in two instances have nothing in common."""
    elsewhere = BackupName(project="test", instance="other", backup=BACKUP.backup)

    assert of(BACKUP) != of(elsewhere)


@given(name=operation_names)
def test_every_operation_has_a_family(name: OperationName) -> None:
    """It lies in the same project, and its parent holds the resource."""
    family = family_of(name)

    assert name.resource.project == family.parent.project
    assert f"{name}/".startswith(f"{family.parent}/")


def test_all_that_are_pending_are_listed_by_that_alone() -> None:
    """No types, no names: whatever runs there."""
    query = family_of(NAME).pending

    assert (ListCall.OF_BACKUPS, MAIN) == (query.call, query.parent)
    assert "(NOT done:true)" == query.server_filter


def test_some_are_listed_by_name_done_or_not() -> None:
    """The full name in each term: equal to it, for a colon would mean to contain it."""
    query = family_of(NAME).named([str(NAME), str(OTHER)])

    assert (ListCall.OF_BACKUPS, MAIN) == (query.call, query.parent)
    assert f'(name="{NAME}") OR (name="{OTHER}")' == query.server_filter


@pytest.mark.parametrize(
    ("resource", "shows"),
    [
        pytest.param(BACKUP, True, id="backup"),
        pytest.param(
            DatabaseName(project="test", instance="main", database="orders"), True, id="database"
        ),
        pytest.param(
            InstancePartitionName(project="test", instance="main", partition="north"),
            False,
            id="partition",
        ),
        pytest.param(MAIN, False, id="instance"),
        pytest.param(
            SsdCacheName(project="test", config="custom-mine", ssd_cache="fast"), False, id="cache"
        ),
    ],
)
def test_ended_ones_are_shown_where_metadata_tell_when_they_ended(
    resource: ResourceName, shows: bool
) -> None:
    """Backups and databases; of the others no more than a few run in an instance."""
    assert shows is of(resource).can_show_ended


def test_those_that_have_just_ended_are_listed_with_those_that_are_pending() -> None:
    """By kind, since the grammar wants a type before a field of metadata; times are in UTC."""
    since = datetime(2026, 11, 21, 14, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=2)))

    query = family_of(NAME).pending_or_ended(since)

    assert (ListCall.OF_BACKUPS, MAIN) == (query.call, query.parent)
    ended = [
        f"((metadata.@type:type.googleapis.com/google.spanner.admin.database.v1.{name}) AND "
        '(metadata.progress.end_time>"2026-11-21T12:00:00Z"))'
        for name in ("CreateBackupMetadata", "CopyBackupMetadata")
    ]
    assert " OR ".join(["(NOT done:true)", *ended]) == query.server_filter


def test_nothing_that_has_ended_is_filtered_out_again() -> None:
    """The query is for both, so it accepts both."""
    query = family_of(NAME).pending_or_ended(NOW)

    assert query.accepts(running())
    assert query.accepts(succeeded(end_time=NOW))
