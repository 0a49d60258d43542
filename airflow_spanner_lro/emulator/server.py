# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The emulator as a thing to start and stop: a gRPC server in front of one world.

The server answers on threads and has no event loop. All event loops of a process share one queue of
gRPC's, so an asynchronous server would choke on what a test's closed loop leaves there.
"""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Self

import grpc

from airflow_spanner_lro.core.names import BackupName, DatabaseName, InstanceName
from airflow_spanner_lro.emulator.calls import CallLog, Calls
from airflow_spanner_lro.emulator.clock import SystemClock
from airflow_spanner_lro.emulator.faults import Faults
from airflow_spanner_lro.emulator.rpc import Front
from airflow_spanner_lro.emulator.services import all_servicers
from airflow_spanner_lro.emulator.state import seeding, views
from airflow_spanner_lro.emulator.state.plans import Plans
from airflow_spanner_lro.emulator.state.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from types import TracebackType

    from airflow_spanner_lro.core.kinds import OperationKind
    from airflow_spanner_lro.emulator.clock import Clock
    from airflow_spanner_lro.emulator.state.lifecycle import Plan

_OPTIONS = (
    # two servers on one port would share its calls, and nobody would understand the answers
    ("grpc.so_reuseport", 0),
    ("grpc.max_receive_message_length", 64 * 2**20),
    # by default gRPC answers CANCELLED, out of nowhere, when a thousand calls arrive at once
    ("grpc.server.max_pending_requests", 2**20),
    ("grpc.server.max_pending_requests_hard_limit", 2**20),
)

_GRACE = 0.2
_WORKERS = 64


class EmulatorStartError(Exception):
    """The emulator could not listen on its address."""

    def __init__(self, *, host: str, port: int, reason: str) -> None:
        super().__init__(
            f"The emulator cannot listen on {host}:{port}: {reason}. "
            f"Stop whatever uses port {port}, or choose another port; 0 picks a free one."
        )
        self.host = host
        self.port = port


@dataclass(frozen=True, slots=True, kw_only=True)
class _Running:
    """What there is while the emulator runs."""

    server: grpc.Server
    pool: ThreadPoolExecutor
    front: Front


class SpannerAdminEmulator:
    """An emulator of Cloud Spanner's admin API, for as long as its context lasts.

    Every public member may be used from any thread, before, while and after it runs.

    :param host: address to listen on
    :param port: port to listen on; 0 picks a free one
    :param clock: what time it is; the real time by default
    :param plans: what operations of a kind do, where that differs from ``DEFAULT_PLANS``
    :param seed: for the operation ids that the service makes up
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Clock | None = None,
        plans: Mapping[OperationKind, Plan] | None = None,
        seed: int = 0,
    ) -> None:
        self.host = host
        self.clock = clock or SystemClock()
        self.faults = Faults()
        self._port = port
        self._plans = Plans(plans)
        self._calls = CallLog()
        self._world = World(clock=self.clock, plans=self._plans, seed=seed)
        self._running: _Running | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def port(self) -> int:
        """The port it listens on; 0 before the start if it is to pick one."""
        return self._port

    @property
    def endpoint(self) -> str:
        """What to give to clients, and to ``SPANNER_EMULATOR_HOST``: ``host:port``."""
        return f"{self.host}:{self._port}"

    @property
    def running(self) -> bool:
        """Whether it listens."""
        return self._running is not None

    def start(self) -> None:
        """Start to listen; when this returns, calls are answered.

        :raises EmulatorStartError: if the address is taken.
        :raises RuntimeError: if it runs already.
        """
        if self._running is not None:
            message = f"the emulator runs already, on {self.endpoint}"
            raise RuntimeError(message)
        self._check_address()
        # as many calls as this can be held back at once; the world serves one at a time anyway
        pool = ThreadPoolExecutor(max_workers=_WORKERS, thread_name_prefix="spanner-emulator")
        server = grpc.server(pool, options=_OPTIONS)
        servicers = all_servicers(self._world)
        front = Front(world=self._world, servicers=servicers, faults=self.faults, calls=self._calls)
        server.add_generic_rpc_handlers((front,))
        try:
            self._port = server.add_insecure_port(self.endpoint)
        except RuntimeError as exc:
            raise EmulatorStartError(host=self.host, port=self._port, reason=str(exc)) from exc
        server.start()
        self._running = _Running(server=server, pool=pool, front=front)

    def _check_address(self) -> None:
        """Try the address with a plain socket: gRPC fails too, but with pages of its own words."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        with socket.socket(family) as probe:
            # a port that a stopped server left behind is free, whatever the kernel remembers
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self.host, self._port))
            except OSError as exc:
                reason = exc.strerror or str(exc)
                raise EmulatorStartError(host=self.host, port=self._port, reason=reason) from exc

    def stop(self) -> None:
        """Stop to listen, cutting off calls under way; the world stays as it is."""
        running, self._running = self._running, None
        if running is None:
            return
        running.front.closing.set()
        # clients that are idle get a friendly goodbye, calls under way are cut off
        running.server.stop(grace=_GRACE).wait()
        running.pool.shutdown()

    # --- what it is told -------------------------------------------------------------------------

    def plan(
        self,
        plan: Plan,
        *,
        kind: OperationKind | None = None,
        target: str = "*",
        times: int | None = None,
    ) -> None:
        """Say what operations that start from now on are going to do; the latest word counts.

        :param plan: what they do; without a duration they take as long as usual
        :param kind: only operations of this kind
        :param target: only operations on resources of this full name; ``*`` and ``?`` match as
            in file names
        :param times: only the next so many of them
        """
        with self._world.lock:
            self._plans.override(plan=plan, kind=kind, target=target, times=times)

    def create_instance(
        self, name: str | InstanceName, *, config: str = seeding.DEFAULT_CONFIG
    ) -> None:
        """Put a READY instance there at once, unless it is there.

        :param name: its full name
        :param config: the id of its configuration
        """
        parsed = InstanceName.parse(str(name))
        with self._at_this_time() as now:
            seeding.seed_instance(self._world, parsed, config=config, now=now)

    def create_database(
        self,
        name: str | DatabaseName,
        statements: Sequence[str] = (),
        *,
        drop_protection: bool = False,
    ) -> None:
        """Put a READY database there at once, and its instance if that is missing.

        :param name: its full name
        :param statements: its schema
        :param drop_protection: whether it is protected from being dropped
        :raises RpcError: if it is there already, or a statement cannot be applied.
        """
        parsed = DatabaseName.parse(str(name))
        with self._at_this_time() as now:
            seeding.seed_database(
                self._world,
                parsed,
                statements=statements,
                drop_protection=drop_protection,
                now=now,
            )

    def create_backup(
        self,
        name: str | BackupName,
        database: str | DatabaseName,
        *,
        keep: timedelta = timedelta(days=30),
    ) -> None:
        """Put a READY backup of a database there at once.

        :param name: its full name
        :param database: the full name of the database
        :param keep: from now until it expires
        :raises RpcError: if it is there already, or the database is not.
        """
        parsed, source = BackupName.parse(str(name)), DatabaseName.parse(str(database))
        with self._at_this_time() as now:
            seeding.seed_backup(self._world, parsed, database=source, keep=keep, now=now)

    # --- what it tells ---------------------------------------------------------------------------

    @property
    def calls(self) -> Calls:
        """The calls that clients have made so far."""
        return self._calls.snapshot()

    def clear_calls(self) -> None:
        """Forget the calls so far."""
        self._calls.clear()

    def operations(self) -> tuple[views.OperationView, ...]:
        """Return all operations as they are now, in the order in which they started."""
        with self._at_this_time() as now:
            return views.view_operations(self._world, now=now)

    def resources(self) -> tuple[views.ResourceView, ...]:
        """Return all instances, databases and backups as they are now, by name."""
        with self._at_this_time():
            return views.view_resources(self._world)

    @contextmanager
    def _at_this_time(self) -> Iterator[datetime]:
        """Hold the world still, at the present time."""
        with self._world.lock:
            now = self.clock.now()
            self._world.catch_up(now)
            yield now
