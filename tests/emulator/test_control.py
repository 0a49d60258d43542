# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The control interface: what a controller in another process can do, over real HTTP."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from google.cloud.spanner_admin_database_v1 import Backup, DatabaseAdminClient
from google.cloud.spanner_admin_database_v1.services.database_admin.transports import (
    DatabaseAdminGrpcTransport,
)

from airflow_spanner_lro.core.operations.snapshot import OperationState
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import (
    AdminQuota,
    Between,
    BySize,
    FaultKind,
    ManualClock,
    Plan,
    Rollback,
    SpannerAdminEmulator,
)
from airflow_spanner_lro.emulator.faults import TIMED, UNLIMITED
from airflow_spanner_lro.emulator.journal.codec import decode_plan, encode_plan
from tests.emulator.conftest import BACKUP, DATABASE, INSTANCE
from tests.emulator.support.channels import open_channel
from tests.emulator.support.control_client import ask, emulator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.api_core.operation import Operation

    from tests.emulator.support.control_client import AskControl

__all__ = ["ask", "emulator"]

PLANS = [
    Plan(),
    Plan(duration=timedelta(seconds=1.5), queued=timedelta(minutes=1), cancel_delay=None),
    Plan(duration=BySize(base=timedelta(1), per_gib=timedelta(seconds=3)), cancel_until=0.5),
    Plan(duration=Between(shortest=timedelta(1), longest=timedelta(2)), throttled=(0.1, 0.2)),
    Plan(cancel_delay=Rollback.AS_LONG_AS_IT_RAN, fail_at=0.5),
    Plan(cancel_error=(Code.ABORTED, "not now"), fail_with=(Code.INTERNAL, "broken")),
]


@pytest.fixture
def backup(emulator: SpannerAdminEmulator, clock: ManualClock) -> Iterator[Operation]:
    """Start a backup."""
    with open_channel(emulator.endpoint) as channel:
        client = DatabaseAdminClient(transport=DatabaseAdminGrpcTransport(channel=channel))
        wanted = Backup(database=DATABASE, expire_time=clock.now() + timedelta(days=1))
        yield client.create_backup(parent=INSTANCE, backup_id="nightly", backup=wanted)


@pytest.mark.parametrize("path", ["", "/"])
def test_it_tells_what_it_can_do(ask: AskControl, path: str) -> None:
    """Each route has a line, and each of those that only read can be asked."""
    status, body = ask("GET", path)

    assert 200 == status
    assert {"verb", "path", "about"} == set(body["routes"][0])
    for route in body["routes"]:
        if route["verb"] == "GET":
            assert 200 == ask("GET", route["path"].removeprefix("/control"))[0]


@pytest.mark.parametrize(
    "body",
    [{"seconds": 3600}, {"duration": "3600s"}, {"duration": "PT1H"}, {"duration": 3600}],
)
def test_time_can_jump(ask: AskControl, clock: ManualClock, body: object) -> None:
    """Durations are numbers of seconds, or texts."""
    before = clock.now()
    status, told = ask("POST", "/clock:advance", body)

    assert 200 == status
    assert before + timedelta(hours=1) == clock.now()
    assert {"now": clock.now().isoformat(), "scale": 0.0} == told == ask("GET", "/clock")[1]


@pytest.mark.parametrize("by_name", [True, False])
def test_time_can_run_until_done(ask: AskControl, backup: Operation, *, by_name: bool) -> None:
    """All operations, or some; the answer tells how they ended."""
    wanted = [backup.operation.name] if by_name else True
    status, told = ask("POST", "/clock:advance", {"until_done": wanted})
    (view,) = told["operations"]

    assert 200 == status
    assert ("CreateBackup", "SUCCEEDED", 100) == (view["kind"], view["state"], view["percent"])
    assert view in ask("GET", "/operations")[1]["operations"]
    assert view["ended"] == told["now"]


def test_what_is_never_done_is_an_error(ask: AskControl, backup: Operation) -> None:
    """The sentence of the Python interface arrives."""
    name = backup.operation.name
    status, told = ask("POST", "/clock:advance", {"until_done": [name], "limit": "10s"})

    assert (400, "FAILED_PRECONDITION") == (status, told["error"]["status"])
    assert name in told["error"]["message"]


@pytest.mark.parametrize("kind", ["create_backup", "CreateBackup"])
def test_plans_can_be_made_and_forgotten(
    ask: AskControl, emulator: SpannerAdminEmulator, request: pytest.FixtureRequest, kind: str
) -> None:
    """Kinds have the names of their RPCs, in either spelling."""
    failing = {"fail_with": {"code": "RESOURCE_EXHAUSTED", "message": "no room"}}
    other = {"plan": {"duration": "P9D"}, "kind": "OptimizeRestoredDatabase"}
    assert (200, {}) == ask("POST", "/plans", other)
    assert (200, {}) == ask("POST", "/plans", {"plan": {"duration": 60}, "kind": kind})
    assert (200, {}) == ask("DELETE", "/plans")
    assert (200, {}) == ask("POST", "/plans", {"plan": failing, "kind": kind, "times": 1})
    request.getfixturevalue("backup")
    (view,) = emulator.run_until_done()

    assert timedelta(minutes=25) == (view.ended or view.started) - view.started
    assert view.error is not None
    assert (Code.RESOURCE_EXHAUSTED, "no room") == (view.error.code, view.error.message)


@pytest.mark.parametrize("plan", PLANS)
def test_every_plan_has_a_form(plan: Plan) -> None:
    """Nothing is lost on the way through JSON."""
    assert plan == decode_plan(json.loads(json.dumps(encode_plan(plan))))


@pytest.mark.parametrize("kind", list(FaultKind))
def test_every_fault_has_a_form(
    ask: AskControl, emulator: SpannerAdminEmulator, kind: FaultKind
) -> None:
    """It is pending, is told, and can be forgotten."""
    seconds = {"seconds": 2} if kind in TIMED else {}
    body = {"kind": kind, "method": "GetOperation", "resource": "*", "code": "ABORTED", **seconds}
    status, told = ask("POST", "/faults", body)
    (fault,) = emulator.faults.pending()

    assert 200 == status
    assert (kind, "GetOperation", Code.ABORTED) == (fault.kind, fault.method, fault.code)
    assert (None if kind in UNLIMITED else 1) == fault.times
    assert body.items() <= told["faults"][0].items()
    assert [] == ask("DELETE", "/faults")[1]["faults"]
    assert () == emulator.faults.pending()


@pytest.mark.parametrize(
    "narrow", [{"kind": "fail", "filter": "*end_time*"}, {"kind": "lose_entry", "moment": "end"}]
)
def test_a_fault_can_be_narrowed(ask: AskControl, narrow: dict[str, str]) -> None:
    """To lists with a filter, or to entries of one moment; it is told as it was asked for."""
    (told,) = ask("POST", "/faults", narrow)[1]["faults"]

    assert narrow.items() <= told.items()


def test_without_a_topic_there_is_no_audit_log(ask: AskControl) -> None:
    """Whoever waits for entries can see that none will come."""
    assert (200, {"on": False}) == ask("GET", "/audit")


def test_an_outage_can_be_played(ask: AskControl, clock: ManualClock) -> None:
    """It ends by itself."""
    assert 30 == ask("POST", "/faults", {"kind": "outage", "seconds": "30s"})[1]["outage_seconds"]
    clock.advance(30)

    assert 0 == ask("GET", "/faults")[1]["outage_seconds"]


def test_calls_can_be_looked_through(ask: AskControl, backup: Operation) -> None:
    """By method, by resource, and since a time."""
    assert backup.running()
    (call,) = ask("GET", f"/calls?method=CreateBackup&resource={BACKUP}&since=0")[1]["calls"]

    assert ("OK", BACKUP) == (call["code"], call["resource"])
    assert [] == ask("GET", "/calls?method=DropDatabase")[1]["calls"]
    assert [] == ask("GET", "/calls?since=2999-01-01T00:00:00Z")[1]["calls"]
    assert (200, {}) == ask("DELETE", "/calls")
    assert [] == ask("GET", "/calls")[1]["calls"]


def test_an_operation_can_be_failed(
    ask: AskControl, emulator: SpannerAdminEmulator, backup: Operation
) -> None:
    """At once, with a code."""
    body = {"name": backup.operation.name, "code": "ABORTED"}
    assert (200, {}) == ask("POST", "/operations:fail", body)

    assert [OperationState.FAILED] == [view.state for view in emulator.operations()]
    assert 400 == ask("POST", "/operations:fail", body)[0]


def test_resources_can_be_put_there(ask: AskControl) -> None:
    """Instances, databases and backups; names that are taken are an error."""
    assert (200, {}) == ask("POST", "/instances", {"name": "projects/p/instances/other"})
    database = {"name": f"{INSTANCE}/databases/second", "statements": [], "drop_protection": True}
    assert (200, {}) == ask("POST", "/databases", database)
    assert (200, {}) == ask("POST", "/backups", {"name": BACKUP, "database": DATABASE, "keep": 9e5})
    resources = ask("GET", "/resources")[1]["resources"]

    assert {"name": BACKUP, "noun": "backup", "state": "READY"} in resources
    assert 409 == ask("POST", "/databases", database)[0]
    assert 404 == ask("POST", "/backups", {"name": BACKUP + "2", "database": DATABASE + "2"})[0]


def test_limits_can_be_changed(ask: AskControl, emulator: SpannerAdminEmulator) -> None:
    """PATCH changes some, PUT sets all."""
    ask("PATCH", "/limits", {"databases": 3})
    assert 3 == ask("PATCH", "/limits", {"schedules": 1})[1]["limits"]["databases"]
    ask("PUT", "/limits", {"schedules": 2})

    assert (100, 2) == (emulator.limits.databases, emulator.limits.schedules)


def test_the_quota_can_be_switched(ask: AskControl, emulator: SpannerAdminEmulator) -> None:
    """On as in production, on with other numbers, and off."""
    ask("PUT", "/quota", {"on": True})
    assert AdminQuota() == emulator.quota
    told = ask("PUT", "/quota", {"on": True, "per_second": 2, "over": "50s"})[1]
    assert {"on": True, "per_second": 2.0, "over": 50.0} == told
    ask("PUT", "/quota", {"on": False})

    assert emulator.quota is None


def test_the_state_can_be_taken_emptied_and_brought_back(
    ask: AskControl, emulator: SpannerAdminEmulator
) -> None:
    """A snapshot travels as JSON."""
    resources = emulator.resources()
    taken = ask("GET", "/state")[1]
    assert 200 == ask("DELETE", "/state")[0]
    assert () == emulator.resources()
    assert 200 == ask("PUT", "/state", taken)[0]

    assert resources == emulator.resources()


def test_connections_can_be_dropped(ask: AskControl, backup: Operation) -> None:
    """Clients connect again."""
    assert (200, {}) == ask("POST", "/connections:drop")
    assert not backup.done()
