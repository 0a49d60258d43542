# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The table of kinds agrees with the installed client library, so it cannot fall behind."""

from __future__ import annotations

import inspect

import pytest
from google.api_core.operation_async import AsyncOperation
from google.cloud.spanner_admin_database_v1 import DatabaseAdminAsyncClient
from google.cloud.spanner_admin_instance_v1 import InstanceAdminAsyncClient
from google.longrunning.operations_pb2 import Operation

from airflow_spanner_lro.core.kinds import (
    CREATE_BACKUP,
    KINDS,
    OPTIMIZE_RESTORED_DATABASE,
    UPDATE_DATABASE_DDL,
    OperationKind,
    ProgressShape,
    Service,
    kind_of_metadata,
)
from airflow_spanner_lro.core.names import OPERATION_PARENTS

CLIENTS = {
    Service.DATABASE_ADMIN: DatabaseAdminAsyncClient,
    Service.INSTANCE_ADMIN: InstanceAdminAsyncClient,
}
STARTABLE = [kind for kind in KINDS if kind.rpc]
every_kind = pytest.mark.parametrize("kind", KINDS, ids=str)
every_startable_kind = pytest.mark.parametrize("kind", STARTABLE, ids=str)


def test_every_call_that_starts_an_operation_has_a_kind() -> None:
    """The generated clients have exactly the thirteen methods that the table names."""
    starting = {
        (service, name)
        for service, client in CLIENTS.items()
        for name, method in inspect.getmembers(client, inspect.iscoroutinefunction)
        if inspect.signature(method, eval_str=True).return_annotation is AsyncOperation
    }

    assert starting == {(kind.service, kind.rpc) for kind in STARTABLE}
    assert 13 == len(STARTABLE)


def test_the_follow_up_is_the_only_kind_that_no_call_starts() -> None:
    """It has no request type to load, and says why."""
    assert [OPTIMIZE_RESTORED_DATABASE] == [kind for kind in KINDS if kind.rpc is None]
    assert not OPTIMIZE_RESTORED_DATABASE.method
    with pytest.raises(ValueError, match="started by the service"):
        OPTIMIZE_RESTORED_DATABASE.request_type()


@every_startable_kind
def test_the_request_type_is_the_one_that_the_call_takes(kind: OperationKind) -> None:
    """The request message of the table is the one in the generated method's signature."""
    method = getattr(CLIENTS[kind.service], str(kind.rpc))
    annotation = inspect.signature(method).parameters["request"].annotation

    assert kind.request_type().__name__ in str(annotation)
    assert f"{kind.method}Request" == kind.request_type().__name__


@every_kind
def test_message_types_travel_under_the_url_of_the_table(kind: OperationKind) -> None:
    """Packed metadata carries exactly the type URL by which the kind is found again."""
    type_ = kind.metadata_type()
    operation = Operation()
    operation.metadata.Pack(type_.pb(type_()))

    assert kind.metadata_type_url == operation.metadata.type_url
    assert kind is kind_of_metadata(operation.metadata.type_url)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.response], ids=str)
def test_the_response_type_exists(kind: OperationKind) -> None:
    """Every kind that answers a message names one that the library has."""
    name = str(kind.response)

    assert name == kind.service.message(name).__name__


@every_kind
def test_the_progress_shape_fits_the_metadata(kind: OperationKind) -> None:
    """The fields that the shape promises are fields of the metadata message."""
    promised = {
        ProgressShape.SINGLE: {"progress"},
        ProgressShape.PER_STATEMENT: {
            "progress",
            "statements",
            "commit_timestamps",
            "actions",
            "throttled",
        },
        ProgressShape.TIMES_ONLY: {"start_time", "cancel_time", "end_time"},
        ProgressShape.NONE: set(),
    }
    fields = set(kind.metadata_type().meta.fields)

    assert promised[kind.progress] == promised[kind.progress] & fields
    assert (kind.progress in {ProgressShape.SINGLE, ProgressShape.PER_STATEMENT}) == (
        "progress" in fields
    )


def test_type_urls_and_titles_are_unique() -> None:
    """A kind can be told by its metadata, and by its title."""
    assert len(KINDS) == len({kind.metadata_type_url for kind in KINDS})
    assert len(KINDS) == len({kind.title for kind in KINDS})


@every_kind
def test_targets_can_have_operations(kind: OperationKind) -> None:
    """What a kind works on has an operations collection; its text is its title."""
    assert kind.target in OPERATION_PARENTS
    assert kind.title == str(kind)


@every_kind
def test_only_what_creates_cleans_up(kind: OperationKind) -> None:
    """Nothing that existed before an operation is ever deleted after it."""
    assert kind.creates or not kind.cleans_up
    assert kind.creates == (kind.method.startswith(("Create", "Copy", "Restore")))


def test_only_schema_changes_are_named_by_their_caller() -> None:
    """A request that takes an operation id is marked as such, and no other is."""
    taking = [kind for kind in STARTABLE if "operation_id" in kind.request_type().meta.fields]

    assert [UPDATE_DATABASE_DDL] == taking
    assert taking == [kind for kind in KINDS if kind.named_by_caller]


def test_a_method_is_spelled_as_on_the_wire() -> None:
    """The name of the RPC is the generated method's, in CamelCase."""
    assert "CreateBackup" == CREATE_BACKUP.method


@pytest.mark.parametrize("type_url", ["", "type.googleapis.com/google.protobuf.Empty"])
def test_metadata_of_another_type_has_no_kind(type_url: str) -> None:
    """What the table lacks is nothing, not an error."""
    assert kind_of_metadata(type_url) is None


def test_an_unknown_message_is_an_attribute_error() -> None:
    """A client library too old for a kind says which message it lacks."""
    with pytest.raises(AttributeError, match="NoSuchMessage"):
        Service.DATABASE_ADMIN.message("NoSuchMessage")
