# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A TCP proxy between Airflow and the emulator, which may fall silent without being cut."""

from __future__ import annotations

import selectors
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

_HOST = "127.0.0.1"
_CHUNK = 65_536


@dataclass(slots=True, eq=False)
class _Link:
    """One connection: what the client has opened, and what was opened for it."""

    near: socket.socket
    far: socket.socket
    silent: bool = False

    def close(self) -> None:
        for end in (self.near, self.far):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


class TcpProxy:
    """Carries every connection on to a server.

    :param target: the server, ``host:port``
    """

    def __init__(self, target: str) -> None:
        host, _, port = target.rpartition(":")
        self._target = (host, int(port))
        self._links: set[_Link] = set()
        self._lock = threading.Lock()
        self._listener: socket.socket | None = None
        self._closing = threading.Event()

    @property
    def endpoint(self) -> str:
        """Where to connect: ``host:port``."""
        assert self._listener is not None, "the proxy is not there"
        return f"{_HOST}:{self._listener.getsockname()[1]}"

    def silence(self) -> int:
        """Let nothing through any more on the connections that there are; return how many."""
        with self._lock:
            heard = [link for link in self._links if not link.silent]
            for link in heard:
                link.silent = True
        return len(heard)

    def __enter__(self) -> Self:
        self._listener = socket.create_server((_HOST, 0), backlog=256)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._closing.set()
        assert self._listener is not None
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            links = tuple(self._links)
        for link in links:
            link.close()

    def _accept(self, listener: socket.socket) -> None:
        while not self._closing.is_set():
            try:
                near, _ = listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(self._target, timeout=5)
            except OSError:
                near.close()
                continue
            far.settimeout(None)
            link = _Link(near, far)
            with self._lock:
                self._links.add(link)
            threading.Thread(target=self._carry, args=(link,), daemon=True).start()

    def _carry(self, link: _Link) -> None:
        """Carry both ways until one end closes; what a silent connection is told is lost."""
        with suppress(OSError, ValueError), selectors.DefaultSelector() as selector:
            selector.register(link.near, selectors.EVENT_READ, link.far)
            selector.register(link.far, selectors.EVENT_READ, link.near)
            while not self._closing.is_set():
                for key, _ in selector.select():
                    source: socket.socket = key.fileobj  # type: ignore[assignment]  # registered above
                    data = source.recv(_CHUNK)
                    if not data:
                        raise ConnectionResetError
                    if not link.silent:
                        key.data.sendall(data)
        with self._lock:
            self._links.discard(link)
        link.close()
