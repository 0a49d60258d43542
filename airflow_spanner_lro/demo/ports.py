# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Ports of 127.0.0.1: a free one, or the one that was asked for, or a clear refusal.

Separate because the emulator's side of the demo needs it as much as Airflow's.
"""

from __future__ import annotations

import socket

from airflow_spanner_lro.demo.errors import PortInUseError

LOOPBACK = "127.0.0.1"
"""The one address anything of the demo listens on."""


def choose_port(*, requested: int | None, purpose: str) -> int:
    """Return a port nobody listens on.

    :param requested: the port to check, or None for any free one.
    :param purpose: what it is for, for the error: ``"Airflow's web interface"``.
    :raises PortInUseError: if the requested port is taken.
    """
    if requested is not None and _answers(requested):
        raise PortInUseError(port=requested, purpose=purpose)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # connections of a server that has just ended linger without hindering the next one
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, requested or 0))
        except OSError as exc:
            raise PortInUseError(port=requested or 0, purpose=purpose) from exc
        port: int = probe.getsockname()[1]
    return port


def _answers(port: int) -> bool:
    # binding alone is no proof: macOS lets us bind 127.0.0.1 beside a listener on all addresses
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0
