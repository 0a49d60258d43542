# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A link that logs in and leads to a page of Airflow, for whoever reads this terminal.

Airflow's own way to do without passwords makes everybody an administrator who reaches the port.
Here only who knows the link gets in: its address cannot be guessed, and what it answers is the
cookie that the login page would have set; cookies belong to an address, whatever the port.
"""

from __future__ import annotations

import os
import secrets
import sys
import threading
import webbrowser
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from tests.cluster.configuration import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TOKEN_COOKIE = "_token"  # noqa: S105  # its name, as Airflow 3.3.2 has it
_SCREENS = ("DISPLAY", "WAYLAND_DISPLAY")
_SILENT = {"win32", "darwin"}
"""Where there is a screen without a variable that says so."""


@contextmanager
def front_door(*, token: Callable[[], str], leads_to: str) -> Iterator[str]:
    """Answer one link while the context lasts, and return that link.

    :param token: makes a new token of the user who is to be logged in
    :param leads_to: the full address of the page, at 127.0.0.1
    """
    path = f"/{secrets.token_urlsafe(24)}"

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if not secrets.compare_digest(self.path.encode(), path.encode()):
                self.send_error(HTTPStatus.NOT_FOUND)
                return
            cookie = f"{TOKEN_COOKIE}={token()}; Path=/; HttpOnly; SameSite=Lax"
            self.send_response(HTTPStatus.SEE_OTHER)
            self.send_header("Set-Cookie", cookie)
            self.send_header("Location", leads_to)
            self.send_header("Cache-Control", "no-store")
            # the address is a secret, which no other page is to be told
            self.send_header("Referrer-Policy", "no-referrer")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name there
            """Say nothing: the address is a secret."""

    with ThreadingHTTPServer((LOOPBACK, 0), Door) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://{LOOPBACK}:{server.server_port}{path}"
        finally:
            server.shutdown()
            thread.join()


def open_in_browser(address: str) -> bool:
    """Open an address where somebody sits at a screen; return whether that was so."""
    has_screen = sys.platform in _SILENT or any(map(os.environ.get, _SCREENS))
    return sys.stdout.isatty() and has_screen and webbrowser.open(address)
