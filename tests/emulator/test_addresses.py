# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Addresses: each kind that a machine has can be listened on, others are one sentence."""

from __future__ import annotations

import socket

import grpc
import httpx
import pytest

from airflow_spanner_lro.emulator import EmulatorStartError, ManualClock, SpannerAdminEmulator
from airflow_spanner_lro.emulator.addresses import dialled, join_address
from tests.emulator.support.channels import open_channel


def has_ipv6() -> bool:
    """Tell whether this machine has the newer kind of addresses."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "0.0.0.0",  # noqa: S104
        pytest.param("::1", marks=needs_ipv6),
        pytest.param("::", marks=needs_ipv6),
    ],
)
def test_both_faces_listen_on_any_host_of_the_machine(host: str) -> None:
    """What a client dials is answered, at the endpoints that the emulator names."""
    with SpannerAdminEmulator(host=host, rest_port=0, clock=ManualClock()) as emulator:
        target = join_address(dialled(host), emulator.port)
        with open_channel(target) as channel:
            grpc.channel_ready_future(channel).result(timeout=10)
        assert 200 == httpx.get(emulator.rest_endpoint, timeout=10).status_code
        assert join_address(host, emulator.port) == emulator.endpoint


@needs_ipv6
def test_rest_on_localhost_is_there_by_both_kinds_of_addresses() -> None:
    """Whichever a client tries first, the port is the same."""
    with SpannerAdminEmulator(host="localhost", rest_port=0) as emulator:
        hosts = {pair[4][0] for pair in socket.getaddrinfo("localhost", emulator.rest_port)}
        urls = [f"http://{join_address(str(host), emulator.rest_port or 0)}/" for host in hosts]

        assert {200} == {httpx.get(url, timeout=10).status_code for url in urls}


@pytest.mark.parametrize(
    ("host", "port", "advice"),
    [
        ("127.0.0.1", 65_536, "Choose a port from 0 to 65535"),
        ("127.0.0.1", -1, "Choose a port from 0 to 65535"),
        ("", 0, "the host is empty. Choose a host"),
        ("8.8.8.8", 0, "Choose a host that this machine has"),
        ("no.such.host.invalid", 0, "Choose a host that this machine has"),
        ("a" * 70, 0, "no name of a host. Choose a host"),
    ],
)
def test_an_address_that_cannot_be_had_is_told_with_advice(
    host: str, port: int, advice: str
) -> None:
    """The advice fits the reason: another port does not help against a wrong host."""
    with pytest.raises(EmulatorStartError) as caught:
        SpannerAdminEmulator(host=host, port=port).start()

    assert advice in str(caught.value)
    assert "Stop whatever" not in str(caught.value)


def test_a_rest_port_that_is_none_stops_grpc_as_well() -> None:
    """Nothing is left behind, so that another start can succeed."""
    emulator = SpannerAdminEmulator(rest_port=70_000)
    with pytest.raises(EmulatorStartError, match="70000 is no port"):
        emulator.start()

    with SpannerAdminEmulator(port=emulator.port) as other:
        assert other.port == emulator.port


def test_two_faces_cannot_share_a_port() -> None:
    """Advice to stop whatever uses it would send people after the emulator itself."""
    with SpannerAdminEmulator() as freed:
        port = freed.port

    with pytest.raises(EmulatorStartError, match="gRPC and REST cannot share a port"):
        SpannerAdminEmulator(port=port, rest_port=port).start()
