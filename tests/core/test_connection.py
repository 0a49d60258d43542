# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The endpoint that counts; where those that are named contradict each other, none does."""

from __future__ import annotations

import pytest

from airflow_spanner_lro.core.connection import EndpointSource, choose_endpoint, refuse_emulator
from airflow_spanner_lro.core.errors import UnusableConnectionError


@pytest.mark.parametrize(
    ("argument", "connection", "environment", "address", "source"),
    [
        ("http://a:1", "b:2", "c:3", "http://a:1", EndpointSource.ARGUMENT),
        ("a:1", "http://b:2", "c:3", "a:1", EndpointSource.ARGUMENT),
        ("https://a:1/", "", "c:3", "a:1", EndpointSource.ARGUMENT),
        ("", "http://b:2", "c:3", "", EndpointSource.ARGUMENT),
        ("", "b:2", "c:3", "", EndpointSource.ARGUMENT),
        (None, "http://c:3", "c:3", "http://c:3", EndpointSource.CONNECTION),
        (None, "HTTP://c:3/", " http://c:3 ", "http://c:3", EndpointSource.CONNECTION),
        (None, "http://b:2", "", "http://b:2", EndpointSource.CONNECTION),
        (None, "https://b:2/", "", "b:2", EndpointSource.CONNECTION),
        (None, "b:2", " ", "b:2", EndpointSource.CONNECTION),
        (None, "", "c:3", "http://c:3", EndpointSource.ENVIRONMENT),
        (None, "", "http://c:3/", "http://c:3", EndpointSource.ENVIRONMENT),
        (None, "", "", "", EndpointSource.NOBODY),
    ],
)
def test_who_decides(
    *, argument: str | None, connection: str, environment: str, address: str, source: EndpointSource
) -> None:
    """The argument, then the connection or the environment, then Google."""
    found = choose_endpoint(
        argument=argument, connection=connection, environment=environment, gcp_conn_id="mine"
    )

    assert (address, source) == (found.address, found.source)


@pytest.mark.parametrize(
    ("connection", "sort"),
    [
        ("b:2", "a server with TLS"),
        ("https://b:2", "a server with TLS"),
        ("c:3", "a server with TLS"),
        ("http://b:2", "another emulator"),
    ],
)
def test_contradiction(connection: str, sort: str) -> None:
    """Nothing is guessed where the connection and the environment name two endpoints."""
    with pytest.raises(UnusableConnectionError) as caught:
        choose_endpoint(argument=None, connection=connection, environment="c:3", gcp_conn_id="mine")

    own = connection.removeprefix("https://")
    assert str(caught.value) == (
        "Two endpoints, and nothing was sent to either: SPANNER_EMULATOR_HOST='c:3' names an "
        f"emulator, and the connection 'mine' has spanner_endpoint={own!r}, {sort}. To work on "
        f"{own}, unset SPANNER_EMULATOR_HOST in this process; to work on the emulator, remove "
        "spanner_endpoint from the connection."
    )


@pytest.mark.parametrize(
    ("argument", "connection", "environment", "told"),
    [
        ("http://a:1", "", "", "http://a:1 speaks no TLS (it comes from the argument endpoint)"),
        (None, "http://b:2", "", "(it comes from the connection's extra spanner_endpoint)"),
        (None, "", "c:3", "http://c:3 speaks no TLS (it comes from SPANNER_EMULATOR_HOST)"),
    ],
)
def test_no_emulator_is_allowed(
    argument: str | None, connection: str, environment: str, told: str
) -> None:
    """An endpoint without TLS is refused wherever it comes from, and the error says where from."""
    endpoint = choose_endpoint(
        argument=argument, connection=connection, environment=environment, gcp_conn_id="mine"
    )

    with pytest.raises(UnusableConnectionError, match=r"^No emulator is allowed here: ") as caught:
        refuse_emulator(endpoint, gcp_conn_id="mine")

    assert told in str(caught.value)
    assert "[spanner_lro] allow_emulator is False. Nothing was sent." in str(caught.value)


@pytest.mark.parametrize("argument", ["", "a:1"])
def test_tls_is_no_emulator(argument: str) -> None:
    """An endpoint with TLS is allowed, and so is Google's."""
    endpoint = choose_endpoint(
        argument=argument, connection="", environment="c:3", gcp_conn_id="mine"
    )

    refuse_emulator(endpoint, gcp_conn_id="mine")
