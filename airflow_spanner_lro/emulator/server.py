# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The emulator as a thing to start and stop: its faces in front of one world."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Self

from airflow_spanner_lro.core.names import BackupName, DatabaseName, InstanceName
from airflow_spanner_lro.emulator.addresses import check_free
from airflow_spanner_lro.emulator.calls import CallLog, Calls
from airflow_spanner_lro.emulator.clock import SystemClock
from airflow_spanner_lro.emulator.engine import Engine
from airflow_spanner_lro.emulator.faults import Faults
from airflow_spanner_lro.emulator.front import Front
from airflow_spanner_lro.emulator.grpc_face import GrpcFace
from airflow_spanner_lro.emulator.state import seeding, views

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from airflow_spanner_lro.core.kinds import OperationKind
    from airflow_spanner_lro.emulator.clock import Clock
    from airflow_spanner_lro.emulator.limits import Limits
    from airflow_spanner_lro.emulator.state.plans import Plan


class SpannerAdminEmulator:
    """An emulator of Cloud Spanner's admin API, for as long as its context lasts.

    Every public member may be used from any thread, before, while and after it runs.

    :param host: address to listen on
    :param port: port to listen on; 0 picks a free one
    :param clock: what time it is; the real time by default
    :param plans: what operations of a kind do, where that differs from ``DEFAULT_PLANS``
    :param limits: how many of each thing there may be
    :param seed: for the operation ids that the service makes up, and for random durations
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Clock | None = None,
        plans: Mapping[OperationKind, Plan] | None = None,
        limits: Limits | None = None,
        seed: int = 0,
    ) -> None:
        self.host = host
        self.clock = clock or SystemClock()
        self.faults = Faults()
        self._port = port
        self._calls = CallLog()
        self._engine = Engine(clock=self.clock, plans=plans, limits=limits, seed=seed)
        self._front: Front | None = None
        self._grpc: GrpcFace | None = None

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
        return self._front is not None

    def start(self) -> None:
        """Start to listen; when this returns, calls are answered.

        :raises EmulatorStartError: if the address is taken.
        :raises RuntimeError: if it runs already.
        """
        if self.running:
            message = f"the emulator runs already, on {self.endpoint}"
            raise RuntimeError(message)
        check_free(host=self.host, port=self._port)
        front = Front(engine=self._engine, faults=self.faults, calls=self._calls)
        self._grpc = GrpcFace(front=front, host=self.host, port=self._port)
        self._port = self._grpc.port
        self._front = front

    def stop(self) -> None:
        """Stop to listen, cutting off calls under way; the world stays as it is."""
        front, self._front = self._front, None
        if front is None:
            return
        front.closing.set()
        if self._grpc is not None:
            self._grpc.stop()

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
        with self._engine.look() as (world, _):
            world.plans.override(plan=plan, kind=kind, target=target, times=times)

    def create_instance(
        self, name: str | InstanceName, *, config: str = seeding.DEFAULT_CONFIG
    ) -> None:
        """Put a READY instance there at once, unless it is there.

        :param name: its full name
        :param config: the id of its configuration
        """
        parsed = InstanceName.parse(str(name))
        with self._engine.look() as (world, now):
            seeding.seed_instance(world, parsed, config=config, now=now)

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
        with self._engine.look() as (world, now):
            seeding.seed_database(
                world,
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
        with self._engine.look() as (world, now):
            seeding.seed_backup(world, parsed, database=source, keep=keep, now=now)

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
        with self._engine.look() as (world, now):
            return views.view_operations(world, now=now)

    def resources(self) -> tuple[views.ResourceView, ...]:
        """Return all instances, databases and backups as they are now, by name."""
        with self._engine.look() as (world, _):
            return views.view_resources(world)
