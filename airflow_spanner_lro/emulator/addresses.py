# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Addresses to listen on: how they are written, and what to say when one cannot be had.

Servers fail too, but with pages of their own words; so each address is tried here first.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import re
import socket
from typing import TypeAlias

HIGHEST_PORT = 65535

_OTHER_HOST = "Choose a host that this machine has, such as 127.0.0.1."
_OTHER_PORT = f"Choose a port from 0 to {HIGHEST_PORT}; 0 picks a free one."
# what clients dial where a server listens on all addresses of its machine
_DIALLED = {"0.0.0.0": "localhost", "127.0.0.1": "localhost", "::": "::1"}  # noqa: S104


LOCALHOST = "localhost"

IpAddress: TypeAlias = "ipaddress.IPv4Address | ipaddress.IPv6Address"

_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")


class EmulatorStartError(Exception):
    """The emulator could not listen on its address.

    :param advice: what to do about it; by default, what to do about a port that is taken
    """

    def __init__(self, *, host: str, port: int, reason: str, advice: str = "") -> None:
        advice = advice or (
            f"Stop whatever uses port {port}, or choose another port; 0 picks a free one."
        )
        reason = reason.rstrip(".")
        super().__init__(
            f"The emulator cannot listen on {join_address(host, port)}: {reason}. {advice}"
        )
        self.host = host
        self.port = port


def join_address(host: str, port: int) -> str:
    """Return ``host:port``, with brackets around what has colons of its own."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def dialled(host: str) -> str:
    """Return the host that clients on this machine use for one that a server listens on."""
    return _DIALLED.get(host, host)


def address_of(text: str) -> IpAddress | None:
    """Return an address; one of the older kind is itself, however it is written."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return address if mapped is None else mapped


def is_loopback(host: str) -> bool:
    """Tell whether a host that a server listens on is reached from its own machine alone."""
    address = address_of(host)
    return host.lower() == LOCALHOST if address is None else address.is_loopback


def allowed_host(text: str) -> str:
    """Return the name of a host as it is compared, from what somebody wrote.

    :raises ValueError: if it is none; a port or a scheme is no part of it.
    """
    name = text.lower().removesuffix(".")
    address = address_of(name.removeprefix("[").removesuffix("]"))
    if address is not None:
        return str(address)
    if not _NAME.fullmatch(name):
        message = f"{text!r} is no name of a host: leave scheme and port out, as in 'spanner'"
        raise ValueError(message)
    return name


def check_free(*, host: str, port: int) -> None:
    """Make sure that one can listen on an address now.

    :raises EmulatorStartError: if not.
    """
    for listener in listen(host=host, port=port, backlog=None):
        listener.close()


def listen(*, host: str, port: int, backlog: int | None) -> list[socket.socket]:
    """Return a socket for each address that a host has; they share one port.

    :param backlog: how many connections may wait to be accepted; None does not listen yet
    :raises EmulatorStartError: if one of them cannot be had.
    """
    if not 0 <= port <= HIGHEST_PORT:
        reason = f"{port} is no port"
        raise EmulatorStartError(host=host, port=port, reason=reason, advice=_OTHER_PORT)
    if not host:
        reason = "the host is empty"
        raise EmulatorStartError(host=host, port=port, reason=reason, advice=_OTHER_HOST)
    found: list[socket.socket] = []
    try:
        for family, address in _resolve(host):
            bound = _bind(family, address, port)
            found.append(bound)
            port = bound.getsockname()[1]
            if backlog is not None:
                bound.listen(backlog)
    except (OSError, UnicodeError) as exc:
        for each in found:
            each.close()
        raise _start_error(exc, host=host, port=port) from exc
    return found


def _resolve(host: str) -> list[tuple[socket.AddressFamily, str]]:
    kind, flags = socket.SOCK_STREAM, socket.AI_PASSIVE
    infos = socket.getaddrinfo(host, None, type=kind, flags=flags)
    pairs: list[tuple[socket.AddressFamily, str]] = [(each[0], str(each[4][0])) for each in infos]
    return [pair for pair in pairs if _is_there(*pair)] or pairs


def _is_there(family: socket.AddressFamily, address: str) -> bool:
    """Tell whether the machine has an address: its names may say more than it has."""
    try:
        _bind(family, address, 0).close()
    except OSError:
        return False
    return True


def _bind(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        # a port that a stopped server left behind is free, whatever the kernel remembers
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            # all addresses means those of the older kind too, as it does to gRPC
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(address != "::"))
        bound.bind((address, port))
    except OSError:
        bound.close()
        raise
    return bound


def _start_error(exc: OSError | UnicodeError, *, host: str, port: int) -> EmulatorStartError:
    if isinstance(exc, UnicodeError):
        reason = "that is no name of a host"
        return EmulatorStartError(host=host, port=port, reason=reason, advice=_OTHER_HOST)
    if isinstance(exc, socket.gaierror):
        reason = exc.strerror or str(exc)
        return EmulatorStartError(host=host, port=port, reason=reason, advice=_OTHER_HOST)
    reason = os.strerror(exc.errno) if exc.errno else str(exc)
    match exc.errno:
        case errno.EADDRINUSE:
            advice = ""
        case errno.EACCES:
            advice = "Choose a port above 1023; 0 picks a free one."
        case _:
            advice = _OTHER_HOST
    return EmulatorStartError(host=host, port=port, reason=reason, advice=advice)
