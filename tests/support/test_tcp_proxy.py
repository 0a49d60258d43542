# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A proxy carries calls, and falls silent without being cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from google.api_core.exceptions import DeadlineExceeded

from airflow_spanner_lro.admin.client import SpannerAdminClient
from airflow_spanner_lro.admin.connect import Endpoint
from airflow_spanner_lro.core.lists.queries import ListCall, OperationQuery
from airflow_spanner_lro.core.names import InstanceName
from airflow_spanner_lro.emulator import SpannerAdminEmulator
from tests.support.tcp_proxy import TcpProxy

if TYPE_CHECKING:
    from collections.abc import Iterator

QUERY = OperationQuery(
    call=ListCall.OF_DATABASES,
    parent=InstanceName(project="project", instance="main"),
    pending=True,
)


@pytest.fixture
def proxy() -> Iterator[TcpProxy]:
    """Return a proxy before an emulator."""
    with SpannerAdminEmulator() as emulator, TcpProxy(emulator.endpoint) as proxy:
        emulator.create_database("projects/project/instances/main/databases/orders")
        yield proxy


def client_of(proxy: TcpProxy) -> SpannerAdminClient:
    """Return a client with connections of its own."""
    return SpannerAdminClient(Endpoint(target=proxy.endpoint, plain_text=True))


def test_a_silent_connection_is_not_cut(proxy: TcpProxy) -> None:
    """Whoever had a connection waits for an answer, and whoever opens one is answered."""
    before = client_of(proxy)
    assert () == before.query_operations(query=QUERY, timeout=10)

    assert 1 == proxy.silence()

    with pytest.raises(DeadlineExceeded):
        before.query_operations(query=QUERY, timeout=0.3)
    after = client_of(proxy)
    assert () == after.query_operations(query=QUERY, timeout=10)
    before.close()
    after.close()
