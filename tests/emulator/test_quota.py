# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The quota of administrative requests, and which resource and project a request is about."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from google.api_core import exceptions
from google.rpc import error_details_pb2

from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import AdminQuota, ManualClock, RpcError, SpannerAdminEmulator
from airflow_spanner_lro.emulator.engine import Engine
from airflow_spanner_lro.emulator.pipeline import resource_of
from airflow_spanner_lro.emulator.protos import plain_type
from airflow_spanner_lro.emulator.quota import QuotaMeter, project_of
from tests.emulator.conftest import DATABASE, INSTANCE

if TYPE_CHECKING:
    import grpc
    from google.cloud import spanner_admin_database_v1 as database_v1

    from airflow_spanner_lro.emulator.rpc import Method

METHODS = Engine(clock=ManualClock()).methods
# the field of each request that says what it is about; others are looked for in this order
NAMING = ("name", "resource", "database", "parent")
UPDATED = (
    "backup", "database", "instance", "instance_config", "instance_partition", "backup_schedule",
)  # fmt: skip


def test_a_request_too_many_is_refused_as_in_production(
    emulator: SpannerAdminEmulator, databases: database_v1.DatabaseAdminClient
) -> None:
    """Code, text and details are those that clients look at."""
    emulator.quota = AdminQuota(per_second=0.02)
    for _ in range(2):
        databases.get_database(name=DATABASE, retry=None)
    with pytest.raises(exceptions.ResourceExhausted) as caught:
        databases.get_database(name=DATABASE, retry=None)

    (info,) = caught.value.details
    assert caught.value.message.startswith(
        "Quota exceeded for quota metric 'Administrative requests' and limit 'Administrative "
        "requests per minute' of service 'spanner.googleapis.com' for consumer 'project_number:"
    )
    assert ("RATE_LIMIT_EXCEEDED", "googleapis.com") == (info.reason, info.domain)
    assert "AdminMethodQuotaPerMinutePerProject" == info.metadata["quota_limit"]


def test_details_travel_under_the_key_that_java_reads(
    emulator: SpannerAdminEmulator, channel: grpc.Channel
) -> None:
    """Each detail is also in a trailer that has the name of its type."""
    emulator.quota = AdminQuota(per_second=0.01)
    path = "/google.spanner.admin.database.v1.DatabaseAdmin/GetDatabase"
    call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
        path, request_serializer=bytes
    )
    request = METHODS[path].request.serialize({"name": DATABASE})
    call(request)
    error = call.future(request).exception()

    trailers: dict[str, Any] = dict(error.trailing_metadata())  # type: ignore[union-attr]
    info = error_details_pb2.ErrorInfo.FromString(trailers["google.rpc.errorinfo-bin"])
    assert "RATE_LIMIT_EXCEEDED" == info.reason


def test_polling_counts_and_refused_requests_do_not(
    emulator: SpannerAdminEmulator,
    databases: database_v1.DatabaseAdminClient,
    clock: ManualClock,
) -> None:
    """After a pause as long as the window all requests fit again, however many were refused."""
    emulator.quota = AdminQuota(per_second=0.01)
    with pytest.raises(exceptions.NotFound):
        databases.get_operation({"name": f"{DATABASE}/operations/_nope"})
    for _ in range(5):
        with pytest.raises(exceptions.ResourceExhausted):
            databases.get_database(name=DATABASE, retry=None)
    clock.advance(100)

    assert DATABASE == databases.get_database(name=DATABASE, retry=None).name


def test_there_is_no_quota_unless_somebody_wants_it(
    emulator: SpannerAdminEmulator, databases: database_v1.DatabaseAdminClient
) -> None:
    """It can be switched on and off while the emulator runs."""
    assert emulator.quota is None
    emulator.quota = AdminQuota(per_second=0.01)
    databases.get_database(name=DATABASE, retry=None)
    emulator.quota = None

    assert DATABASE == databases.get_database(name=DATABASE, retry=None).name


def test_projects_do_not_share() -> None:
    """One project's requests leave the others alone."""
    meter = QuotaMeter(AdminQuota(per_second=0.01))
    meter.take(resource=INSTANCE, seconds=0)
    meter.take(resource="projects/other/instances/main", seconds=0)

    with pytest.raises(RpcError):
        meter.take(resource=DATABASE, seconds=50)


def test_the_window_slides() -> None:
    """Five hundred fit into any hundred seconds, and one more as soon as the first is older."""
    meter = QuotaMeter(AdminQuota())
    for number in range(500):
        meter.take(resource=INSTANCE, seconds=number * 0.1)
    with pytest.raises(RpcError) as caught:
        meter.take(resource=INSTANCE, seconds=99.9)
    meter.take(resource=INSTANCE, seconds=100.0)

    assert Code.RESOURCE_EXHAUSTED is caught.value.code


def test_a_clock_that_went_back_begins_anew() -> None:
    """The world of a snapshot does not inherit the requests of its future."""
    meter = QuotaMeter(AdminQuota(per_second=0.01))
    meter.take(resource=INSTANCE, seconds=1_000)
    meter.take(resource=INSTANCE, seconds=0)

    with pytest.raises(RpcError):
        meter.take(resource=INSTANCE, seconds=1)


def test_a_quota_of_nothing_is_a_mistake() -> None:
    """At least one request has to fit."""
    with pytest.raises(ValueError, match="at least one"):
        AdminQuota(per_second=0.1, over=timedelta(seconds=1))


def filled(method: Method) -> tuple[Any, str]:
    """Return a request that names a resource in the way of its type, and that resource."""
    message: Any = plain_type(method.request)()
    fields = message.DESCRIPTOR.fields_by_name
    ids = [name for name in fields if name.endswith("_id") and "parent" in fields]
    if ids:
        message.parent = "projects/p/somewhere/s"
        setattr(message, ids[0], "child")
        return method.wrap(message), "projects/p/somewhere/s/"
    for field in NAMING:
        if field in fields and fields[field].message_type is None:
            setattr(message, field, "projects/p/things/t")
            return method.wrap(message), "projects/p/things/t"
    (nested,) = (field for field in UPDATED if field in fields)
    getattr(message, nested).name = "projects/p/things/t"
    return method.wrap(message), "projects/p/things/t"


@pytest.mark.parametrize("path", sorted(METHODS))
def test_every_request_tells_what_it_is_about(path: str) -> None:
    """The resource, and so the project, of each request of the three services is found."""
    request, expected = filled(METHODS[path])
    found = resource_of(request)

    assert found.startswith(expected)
    assert ("child" in found) == expected.endswith("/")
    assert "p" == project_of(found)
