# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Addresses to listen on, and what to say when one is taken."""

from __future__ import annotations

import socket


class EmulatorStartError(Exception):
    """The emulator could not listen on its address."""

    def __init__(self, *, host: str, port: int, reason: str) -> None:
        super().__init__(
            f"The emulator cannot listen on {host}:{port}: {reason}. "
            f"Stop whatever uses port {port}, or choose another port; 0 picks a free one."
        )
        self.host = host
        self.port = port


def check_free(*, host: str, port: int) -> None:
    """Try an address with a plain socket: servers fail too, but with pages of their own words.

    :raises EmulatorStartError: if it is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        # a port that a stopped server left behind is free, whatever the kernel remembers
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as exc:
            raise EmulatorStartError(host=host, port=port, reason=exc.strerror or str(exc)) from exc
