# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Long messages: a schema of several MB goes through every channel, both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import pytest
from google.api_core import exceptions
from google.cloud import spanner_admin_database_v1 as database_v1

from airflow_spanner_lro.admin.async_client import AsyncSpannerAdminClient
from airflow_spanner_lro.admin.client import SpannerAdminClient
from airflow_spanner_lro.admin.connect import Endpoint
from airflow_spanner_lro.core.kinds import UPDATE_DATABASE_DDL
from airflow_spanner_lro.core.status import ErrorClass, classify
from tests.support.tls_gateway import Gateway

from .scripted_client import DATABASE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_spanner_lro.emulator import SpannerAdminEmulator

STATEMENTS = [
    f"CREATE TABLE T{number} (Id INT64) PRIMARY KEY (Id) -- " + "x" * 1_200_000
    for number in range(4)
]
REQUEST = database_v1.UpdateDatabaseDdlRequest(database=str(DATABASE), statements=STATEMENTS)


@pytest.fixture(params=["plain text", "TLS"])
def where(
    request: pytest.FixtureRequest, emulator: SpannerAdminEmulator, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Endpoint]:
    """Return an endpoint in plain text, and then one with TLS and credentials."""
    if request.param == "plain text":
        yield Endpoint(target=emulator.endpoint, plain_text=True)
        return
    with Gateway(emulator.endpoint) as gateway, gateway.trusted(monkeypatch):
        gateway.add("key")
        yield Endpoint(target=gateway.target, credentials=gateway.credentials("key"))


def test_a_schema_of_several_megabytes(where: Endpoint) -> None:
    """It is sent, and comes back in the operation's metadata, beyond gRPC's default of 4 MiB."""
    client = SpannerAdminClient(where)

    started = client.start(kind=UPDATE_DATABASE_DDL, request=REQUEST)
    listed = client.list(resource=DATABASE)
    client.close()

    assert len(STATEMENTS) == len(started.statements)
    assert started.name in [each.name for each in listed]


async def test_a_triggerer_reads_it_too(where: Endpoint) -> None:
    """Async channels take as much as those of a worker."""
    client = AsyncSpannerAdminClient(where)
    started = await client.start(kind=UPDATE_DATABASE_DDL, request=REQUEST)

    snapshot = await client.get(name=started.name)
    await client.close()

    assert len(STATEMENTS) == len(snapshot.statements)


def test_a_limit_of_the_channel_is_no_lack_of_quota(emulator: SpannerAdminEmulator) -> None:
    """A message that one end does not take has the code of a quota, and no pause helps."""
    limited = grpc.insecure_channel(emulator.endpoint, (("grpc.max_receive_message_length", 9),))
    ask = limited.unary_unary(
        "/google.spanner.admin.database.v1.DatabaseAdmin/GetDatabase",
        request_serializer=database_v1.GetDatabaseRequest.serialize,
        response_deserializer=database_v1.Database.deserialize,
    )

    with pytest.raises(grpc.RpcError) as caught:
        ask(database_v1.GetDatabaseRequest(name=str(DATABASE)), timeout=5)
    limited.close()

    assert ErrorClass.PERMANENT is classify(exceptions.from_grpc_error(caught.value))
