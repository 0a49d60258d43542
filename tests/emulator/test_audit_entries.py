# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What an audit-log entry about an operation says, at its start and at its end."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from google.cloud.audit import audit_log_pb2  # type: ignore[import-untyped]
from google.cloud.logging_v2.types import LogEntry
from google.protobuf import json_format

from airflow_spanner_lro.core import kinds
from airflow_spanner_lro.emulator import (
    AuditTopic,
    AuditTopicError,
    ManualClock,
    OperationIdForm,
    OperationMoment,
)
from airflow_spanner_lro.emulator.audit.entries import AuditEvent
from airflow_spanner_lro.emulator.controller import Controller
from airflow_spanner_lro.emulator.engine import Engine
from tests.emulator.support.direct_calls import call
from tests.emulator.support.operation_starts import STARTS, OperationStart

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spanner_lro.emulator.operations.model import Operation

NOW = datetime(2026, 11, 28, 10, 0, 0, 123456, tzinfo=UTC)
START, END = OperationMoment.START, OperationMoment.END


class Audited:
    """A controller whose world notes what an audit log is told."""

    def __init__(self) -> None:
        self.events: list[AuditEvent] = []
        self.clock = ManualClock(NOW)
        self.engine = Engine(clock=self.clock, listener=self._note)
        self.controller = Controller(engine=self.engine)

    def start(self, start: OperationStart) -> str:
        """Start an operation, forget what came before, and return its name."""
        start.prepare(
            self.controller, lambda kind, request: call(self.engine, kind.method, **request)
        )
        self.events.clear()
        request = start.request_at(self.clock.now())
        name: str = call(self.engine, start.kind.method, **request).name
        return name

    def of(self, name: str) -> list[tuple[OperationMoment, datetime]]:
        """Return what was told of an operation."""
        return [(each.moment, each.at) for each in self.events if each.operation.full_name == name]

    def _note(self, operation: Operation, moment: OperationMoment, at: datetime) -> None:
        self.events.append(AuditEvent(operation=operation, moment=moment, at=at))


@pytest.fixture
def audited() -> Audited:
    """Return a controller whose world notes what an audit log is told."""
    return Audited()


@pytest.fixture
def entries(audited: Audited) -> Callable[[OperationStart], list[dict[str, Any]]]:
    """Return a function that runs an operation, and returns its two entries."""

    def run(start: OperationStart) -> list[dict[str, Any]]:
        name = audited.start(start)
        audited.controller.run_until_done(name)
        return [
            event.entry(received=NOW, id_form=OperationIdForm.FULL)
            for event in audited.events
            if event.operation.full_name == name
        ]

    return run


def start_of(kind: kinds.OperationKind) -> OperationStart:
    """Return how to start an operation of a kind."""
    return next(each for each in STARTS if each.kind is kind)


def test_an_entry_has_the_form_in_which_a_sink_delivers_it(
    entries: Callable[[OperationStart], list[dict[str, Any]]],
) -> None:
    """The start of a backup: names, times, who, and that it is the first of its operation."""
    start = start_of(kinds.CREATE_BACKUP)
    entry = entries(start)[0]
    id_ = entry["operation"]["id"]

    assert entry == {
        "logName": "projects/test/logs/cloudaudit.googleapis.com%2Factivity",
        "insertId": entry["insertId"],
        "timestamp": "2026-11-28T10:00:00.123456Z",
        "receiveTimestamp": "2026-11-28T10:00:00.123456Z",
        "severity": "NOTICE",
        "resource": {
            "type": "spanner_instance",
            "labels": {
                "project_id": "test",
                "instance_id": "main",
                "instance_config": "",
                "location": "",
            },
        },
        "protoPayload": {
            "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
            "serviceName": "spanner.googleapis.com",
            "methodName": "google.spanner.admin.database.v1.DatabaseAdmin.CreateBackup",
            "resourceName": start.target,
            "authenticationInfo": {"principalEmail": "somebody@example.com"},
        },
        "operation": {"id": id_, "producer": "spanner.googleapis.com", "first": True},
    }
    assert id_.startswith(f"{start.target}/operations/_auto_op_")


@pytest.mark.parametrize("start", STARTS, ids=str)
def test_each_kind_has_an_entry_at_its_start_and_one_at_its_end(
    audited: Audited, start: OperationStart
) -> None:
    """Each at its own time, and about the operation that was started."""
    name = audited.start(start)
    (done,) = audited.controller.run_until_done(name)

    assert [(START, done.started), (END, done.ended)] == audited.of(name)
    assert all(event.written for event in audited.events if event.operation.full_name == name)
    assert {start.kind.method} == {
        event.method for event in audited.events if event.operation.full_name == name
    }


@pytest.mark.parametrize("start", STARTS, ids=str)
def test_an_entry_is_one_of_logging(
    entries: Callable[[OperationStart], list[dict[str, Any]]], start: OperationStart
) -> None:
    """Google's own messages read it, with nothing unknown in it."""
    for entry in entries(start):
        read = json_format.Parse(json.dumps(entry), LogEntry.pb(LogEntry()))
        payload = audit_log_pb2.AuditLog()

        assert read.proto_payload.Unpack(payload)
        assert f"{start.kind.service}.{start.kind.method}" == payload.method_name
        assert start.target == payload.resource_name
        assert entry["operation"].get("first", False) is read.operation.first
        assert read.operation.first is not read.operation.last


@pytest.mark.parametrize("start", STARTS, ids=str)
def test_only_the_ends_of_backups_and_restores_tell_nobody(
    entries: Callable[[OperationStart], list[dict[str, Any]]], start: OperationStart
) -> None:
    """As Spanner's page says of the two."""
    first, last = entries(start)
    nobody = start.kind in (kinds.CREATE_BACKUP, kinds.RESTORE_DATABASE)

    assert "authenticationInfo" in first["protoPayload"]
    assert nobody != ("authenticationInfo" in last["protoPayload"])


def test_the_optimization_after_a_restore_is_not_written(audited: Audited) -> None:
    """It is in none of Spanner's lists of what is audited."""
    audited.start(start_of(kinds.RESTORE_DATABASE))
    audited.controller.run_until_done()
    unwritten = [event for event in audited.events if not event.written]

    assert [START, END] == [event.moment for event in unwritten]
    assert {kinds.OPTIMIZE_RESTORED_DATABASE} == {event.operation.kind for event in unwritten}


def test_the_end_of_what_failed_tells_the_error(audited: Audited) -> None:
    """Code and message as the operation has them; its start told nothing of that."""
    name = audited.start(start_of(kinds.CREATE_BACKUP))
    call(audited.engine, "CancelOperation", name=name)
    audited.controller.run_until_done(name)
    first, last = (
        event.entry(received=NOW, id_form=OperationIdForm.FULL) for event in audited.events
    )

    assert {"code": 1, "message": "The operation was cancelled."} == last["protoPayload"]["status"]
    assert "ERROR" == last["severity"]
    assert "status" not in first["protoPayload"]
    assert "NOTICE" == first["severity"]


@pytest.mark.parametrize(
    ("form", "expected"),
    [(OperationIdForm.FULL, "{target}/operations/{id}"), (OperationIdForm.SHORT, "{id}")],
)
def test_an_operation_id_can_be_full_or_short(
    audited: Audited, form: OperationIdForm, expected: str
) -> None:
    """Google does not document it, so that clients must do with either."""
    start = start_of(kinds.CREATE_BACKUP)
    name = audited.start(start)
    id_ = name.rpartition("/")[2]
    entry = audited.events[0].entry(received=NOW, id_form=form)

    assert expected.format(target=start.target, id=id_) == entry["operation"]["id"]


def test_an_opaque_operation_id_is_the_same_at_start_and_end(audited: Audited) -> None:
    """It joins the two entries, and tells nothing of the name."""
    name = audited.start(start_of(kinds.CREATE_BACKUP))
    audited.controller.run_until_done(name)
    first, last = (
        event.entry(received=NOW, id_form=OperationIdForm.OPAQUE) for event in audited.events
    )
    id_ = first["operation"]["id"]

    assert id_ == last["operation"]["id"]
    assert id_ not in name
    assert name.rpartition("/")[2] not in id_
    assert first["insertId"] != last["insertId"]


def test_what_is_in_no_instance_has_the_resource_of_what_has_none_of_its_own(
    entries: Callable[[OperationStart], list[dict[str, Any]]],
) -> None:
    """A configuration belongs to a project."""
    entry = entries(start_of(kinds.CREATE_INSTANCE_CONFIG))[1]

    assert "audited_resource" == entry["resource"]["type"]
    assert "test" == entry["resource"]["labels"]["project_id"]
    assert "projects/test/logs/cloudaudit.googleapis.com%2Factivity" == entry["logName"]


def test_a_late_entry_is_received_later_than_it_happened(audited: Audited) -> None:
    """And never before, whatever the clock says."""
    audited.start(start_of(kinds.CREATE_BACKUP))
    (event,) = audited.events
    late = event.entry(received=NOW + timedelta(seconds=5), id_form=OperationIdForm.FULL)
    early = event.entry(received=NOW - timedelta(seconds=5), id_form=OperationIdForm.FULL)

    assert "2026-11-28T10:00:05.123456Z" == late["receiveTimestamp"]
    assert early["timestamp"] == early["receiveTimestamp"]


@pytest.mark.parametrize(
    ("topic", "endpoint", "said"),
    [
        ("t", "localhost:1", "'t' is no topic"),
        ("projects/p/topics/", "localhost:1", "is no topic"),
        ("projects/p/topics/t", "", "give the host:port of an emulator"),
        ("projects/p/topics/t", "localhost", "'localhost' is no endpoint"),
        ("projects/p/topics/t", "http://localhost:8085", "is no endpoint"),
        ("projects/p/topics/t", "pubsub.googleapis.com:443", "is Google's"),
        ("projects/p/topics/t", "us-east1-PubSub.GoogleApis.com:443", "is Google's"),
    ],
)
def test_entries_go_to_a_topic_of_an_emulator_only(
    monkeypatch: pytest.MonkeyPatch, topic: str, endpoint: str, said: str
) -> None:
    """What cannot be one is refused in a sentence, before anything starts."""
    monkeypatch.delenv("PUBSUB_EMULATOR_HOST", raising=False)

    with pytest.raises(AuditTopicError, match=said):
        AuditTopic(topic=topic, endpoint=endpoint)


@pytest.mark.parametrize("endpoint", ["localhost:8085", "[::1]:8085", "::1:8432", "pubsub:8085"])
def test_the_variable_of_googles_clients_says_where_the_topic_is(
    monkeypatch: pytest.MonkeyPatch, endpoint: str
) -> None:
    """In any form that gcloud writes, unless an endpoint is given."""
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", endpoint)

    assert endpoint == AuditTopic(topic="projects/p/topics/t").endpoint
    assert "other:1" == AuditTopic(topic="projects/p/topics/t", endpoint="other:1").endpoint
