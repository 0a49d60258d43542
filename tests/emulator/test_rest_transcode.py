# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Requests from path, query and body, without a server: who wins, and which spellings count."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from google.cloud import (
    spanner_admin_database_v1 as database_v1,
    spanner_admin_instance_v1 as instance_v1,
)
from google.iam.v1 import iam_policy_pb2
from google.protobuf import json_format
from hypothesis import given, strategies as st

from airflow_spanner_lro.emulator.http.requests import MessageReader, read_request
from airflow_spanner_lro.emulator.http.routes import HTTP_RULES, Router
from tests.emulator.conftest import BACKUP, DATABASE, INSTANCE

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from airflow_spanner_lro.emulator.http.requests import Json

ROUTER = Router(HTTP_RULES)


def read(
    message: Message, verb: str, path: str, body: object = None, **query: str | list[str]
) -> None:
    """Fill in a request."""
    match = ROUTER.find(verb, path)
    assert match is not None
    pairs = [
        (name, each)
        for name, value in query.items()
        for each in (value if isinstance(value, list) else [value])
    ]
    content = b"" if body is None else json.dumps(body).encode()
    read_request(message, match=match, query=pairs, body=content)


@pytest.mark.parametrize("mask", ["node_count,autoscaling_config", "nodeCount,autoscalingConfig"])
def test_gclouds_update_of_an_instance(mask: str) -> None:
    """The mask is a text within the body, in either spelling; the name comes from the path."""
    request = instance_v1.UpdateInstanceRequest.pb()()
    read(request, "PATCH", f"/v1/{INSTANCE}", {"instance": {"nodeCount": 2}, "fieldMask": mask})

    assert (INSTANCE, 2) == (request.instance.name, request.instance.node_count)
    assert ["node_count", "autoscaling_config"] == list(request.field_mask.paths)


def test_the_path_wins_over_the_body_and_the_body_over_the_query() -> None:
    """A client that contradicts itself is taken by the word that is hardest to get wrong."""
    request = database_v1.UpdateBackupRequest.pb()()
    body = {"name": "other", "database": "by body"}
    read(request, "PATCH", f"/v1/{BACKUP}", body, **{"backup.database": "by query"})

    assert (BACKUP, "by body") == (request.backup.name, request.backup.database)


@pytest.mark.parametrize("size", ["5", 5, 5.0], ids=repr)
def test_numbers_may_be_text(size: object) -> None:
    """Numbers of 64 bits are text in JSON, and numbers are taken too."""
    request = database_v1.CreateBackupRequest.pb()()
    read(request, "POST", f"/v1/{INSTANCE}/backups", {"sizeBytes": size})

    assert 5 == request.backup.size_bytes


@pytest.mark.parametrize("dialect", ["POSTGRESQL", 2, "2"], ids=repr)
def test_enums_are_names_or_numbers(dialect: object) -> None:
    """Either is fine in a body."""
    request = database_v1.CreateDatabaseRequest.pb()()
    read(request, "POST", f"/v1/{INSTANCE}/databases", {"databaseDialect": dialect})

    assert database_v1.DatabaseDialect.POSTGRESQL == request.database_dialect


@pytest.mark.parametrize(("sent", "flag"), [("True", True), ("False", False), ("true", True)])
def test_flags_of_a_query_may_be_pythons(sent: str, flag: bool) -> None:
    """``gcloud spanner instance-configs delete`` sends ``validateOnly=False``."""
    request = instance_v1.DeleteInstanceConfigRequest.pb()()
    config = "projects/test/instanceConfigs/custom-mine"
    read(request, "DELETE", f"/v1/{config}", validateOnly=sent)

    assert (config, flag) == (request.name, request.validate_only)


@pytest.mark.parametrize("text", ["+/+/aA==", "-_-_aA==", "+/+/aA", "-_-_aA"])
def test_bytes_are_base64_of_either_alphabet(text: str) -> None:
    """The etag of a policy comes from gcloud in the alphabet of URLs."""
    request = iam_policy_pb2.SetIamPolicyRequest()
    read(request, "POST", f"/v1/{DATABASE}:setIamPolicy", {"policy": {"etag": text}})

    assert b"\xfb\xff\xbfh" == request.policy.etag


@pytest.mark.parametrize(
    "name", ["encryptionConfig.kmsKeyNames", "encryption_config.kms_key_names"]
)
def test_repeated_parameters_are_lists(name: str) -> None:
    """A list is a parameter several times, within a message too, in either spelling."""
    request = database_v1.CreateBackupRequest.pb()()
    read(request, "POST", f"/v1/{INSTANCE}/backups", **{name: ["a", "b"]})

    assert ["a", "b"] == list(request.encryption_config.kms_key_names)


def test_times_are_parameters_too() -> None:
    """A message with a text form is one parameter."""
    request = instance_v1.GetInstanceRequest.pb()()
    read(request, "GET", f"/v1/{INSTANCE}", fieldMask="name,nodeCount")
    listing = instance_v1.ListInstancePartitionOperationsRequest.pb()()
    path = f"/v1/{INSTANCE}/instancePartitionOperations"
    read(listing, "GET", path, instancePartitionDeadline="2026-01-01T00:00:20.5Z")

    assert ["name", "node_count"] == list(request.field_mask.paths)
    assert "2026-01-01T00:00:20.500Z" == listing.instance_partition_deadline.ToJsonString()


def test_an_absent_value_is_no_value() -> None:
    """A null says nothing, also about a field that has another value already."""
    request = database_v1.UpdateDatabaseDdlRequest.pb()()
    read(request, "PATCH", f"/v1/{DATABASE}/ddl", {"statements": None, "operationId": "a"})

    assert ("a", []) == (request.operation_id, list(request.statements))


def test_an_empty_object_is_a_value() -> None:
    """Some messages say what they say by being there."""
    request = database_v1.CreateBackupScheduleRequest.pb()()
    body = {"fullBackupSpec": {}, "retentionDuration": "86400s"}
    read(request, "POST", f"/v1/{DATABASE}/backupSchedules", body, backupScheduleId="daily")

    assert request.backup_schedule.HasField("full_backup_spec")
    assert 86400 == request.backup_schedule.retention_duration.seconds


def test_a_policy() -> None:
    """Messages in lists, and bytes, arrive."""
    request = iam_policy_pb2.SetIamPolicyRequest()
    binding = {"role": "roles/spanner.viewer", "members": ["user:a@example.com"]}
    body = {"policy": {"bindings": [binding], "etag": "BwWWja0YfJA="}}
    read(request, "POST", f"/v1/{DATABASE}:setIamPolicy", body)

    assert ["user:a@example.com"] == list(request.policy.bindings[0].members)
    assert b"\x07\x05\x96\x8d\xad\x18|\x90" == request.policy.etag


def test_values_of_any_type() -> None:
    """A list whose values have types of their own is one value."""
    request = database_v1.AddSplitPointsRequest.pb()()
    split = {"table": "Orders", "keys": [{"keyParts": [1, "a", None]}]}
    read(request, "POST", f"/v1/{DATABASE}:addSplitPoints", {"splitPoints": [split]})

    assert [1, "a", None] == list(request.split_points[0].keys[0].key_parts)


@pytest.mark.parametrize("value", [True, "true"])
def test_flags(value: object) -> None:
    """A flag is a word of JSON, or text."""
    request = database_v1.UpdateDatabaseRequest.pb()()
    read(request, "PATCH", f"/v1/{DATABASE}", {"enableDropProtection": value})

    assert request.database.enable_drop_protection


@pytest.mark.parametrize("value", [0.5, "0.5"], ids=repr)
def test_fractions(value: Json) -> None:
    """The one field with a fraction has no route, and is read all the same."""
    request = database_v1.InternalUpdateGraphOperationRequest.pb()()
    reader = MessageReader()
    reader.root(request, {"progress": value})
    wrong = MessageReader()
    wrong.root(request, {"progress": True})

    assert ([], 0.5) == (reader.violations, request.progress)
    assert ["Invalid value at 'progress' (TYPE_DOUBLE), true"] == [
        each.description for each in wrong.violations
    ]


texts = st.text(st.characters(codec="utf-8"))
limits = st.integers(0, 2**31 - 1)


@given(
    name=texts,
    labels=st.dictionaries(texts, texts),
    endpoints=st.lists(texts),
    nodes=limits,
    low=limits,
    kind=st.sampled_from(list(instance_v1.Instance.InstanceType)),
    snake=st.booleans(),
    numbers=st.booleans(),
)
def test_what_protobuf_writes_is_read(
    *,
    name: str,
    labels: dict[str, str],
    endpoints: list[str],
    nodes: int,
    low: int,
    kind: instance_v1.Instance.InstanceType,
    snake: bool,
    numbers: bool,
) -> None:
    """Every request in protobuf's own JSON, in any of its spellings, arrives as it was."""
    bounds = instance_v1.AutoscalingConfig.AutoscalingLimits(min_nodes=low)
    instance = instance_v1.Instance(
        display_name=name,
        labels=labels,
        endpoint_uris=endpoints,
        node_count=nodes,
        autoscaling_config=instance_v1.AutoscalingConfig(autoscaling_limits=bounds),
        instance_type=kind,
    )
    sent = instance_v1.CreateInstanceRequest.pb(
        instance_v1.CreateInstanceRequest(
            parent="projects/test", instance_id=name, instance=instance
        )
    )
    body = json_format.MessageToDict(
        sent, preserving_proto_field_name=snake, use_integers_for_enums=numbers
    )
    request = instance_v1.CreateInstanceRequest.pb()()
    read(request, "POST", "/v1/projects/test/instances", body)

    assert sent == request
