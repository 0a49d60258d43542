# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The emulator as a thing to start and stop: a gRPC and an HTTP server in front of one world."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Self

from airflow_spanner_lro.emulator.addresses import EmulatorStartError, check_free, join_address
from airflow_spanner_lro.emulator.audit.log import AuditLog
from airflow_spanner_lro.emulator.clock import SystemClock
from airflow_spanner_lro.emulator.controller import Controller, first_steps
from airflow_spanner_lro.emulator.data.passthrough import DataPassthrough
from airflow_spanner_lro.emulator.data.plane import DataPlane
from airflow_spanner_lro.emulator.engine import Engine
from airflow_spanner_lro.emulator.grpc_server import GrpcServer
from airflow_spanner_lro.emulator.http.gate import Gate
from airflow_spanner_lro.emulator.pipeline import CallPipeline

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from types import TracebackType

    from airflow_spanner_lro.core.kinds import OperationKind
    from airflow_spanner_lro.emulator.audit.log import AuditTopic
    from airflow_spanner_lro.emulator.clock import Clock
    from airflow_spanner_lro.emulator.control.routes import ControlReply
    from airflow_spanner_lro.emulator.http.server import HttpServer
    from airflow_spanner_lro.emulator.plans import Plan
    from airflow_spanner_lro.emulator.quota import AdminQuota, Limits


class SpannerAdminEmulator(Controller):
    """An emulator of Cloud Spanner's admin API, for as long as its context lasts.

    Every public member may be used from any thread, before, while and after it runs.

    :param host: address to listen on
    :param port: port to listen on; 0 picks a free one
    :param rest_port: port for REST; 0 picks a free one, None means no REST
    :param clock: what time it is; the real time by default. One clock is for one emulator.
    :param plans: what operations of a kind do, where that differs from ``DEFAULT_PLANS``
    :param limits: how many of each thing there may be
    :param seed: for the operation ids that the service makes up, and for random durations
    :param state_file: where the world is kept, so that it is there again after a restart; time
        goes on as if the emulator had not been away, or from where it stood if it stands still
    :param quota: how many requests of a project are answered; None for any number
    :param audit: where audit-log entries about operations are published; None for nowhere
    :param data: whether it has rows, by Google's emulator behind it: True for the one that is
        found on this machine, or the path of its ``emulator_main``
    :param allow_hosts: names by which clients of REST and of the control interface may call it,
        besides those of this machine
    :raises EmulatorStateError: if the state file cannot be used.
    :raises ValueError: if one of the names in allow_hosts is none.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        rest_port: int | None = None,
        clock: Clock | None = None,
        plans: Mapping[OperationKind, Plan] | None = None,
        limits: Limits | None = None,
        seed: int = 0,
        state_file: str | Path | None = None,
        quota: AdminQuota | None = None,
        audit: AuditTopic | None = None,
        data: bool | str | Path = False,
        allow_hosts: Collection[str] = (),
    ) -> None:
        self.host = host
        self._gate = Gate(listens_on=host, allowed=allow_hosts)
        audit_log = None if audit is None else AuditLog(audit)
        clock = clock or SystemClock()
        binary = None if isinstance(data, bool) else Path(data)
        # an empty path is one that is not there, and not a wish for none
        self._data = None if data is False else DataPlane(clock=clock, binary=binary)
        engine = Engine(
            clock=clock,
            first=first_steps(plans=plans, limits=limits),
            seed=seed,
            state_file=None if state_file is None else Path(state_file),
            listener=None if audit_log is None else audit_log.note,
            watcher=None if self._data is None else self._data.notes,
        )
        super().__init__(engine=engine, quota=quota, audit_log=audit_log)
        self._port = port
        self._rest_port = rest_port
        self._pipeline: CallPipeline | None = None
        self._grpc: GrpcServer | None = None
        self._rest: HttpServer | None = None

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
        return join_address(self.host, self._port)

    @property
    def rest_port(self) -> int | None:
        """The port for REST; 0 before the start if it is to pick one, None without REST."""
        return self._rest_port

    @property
    def rest_endpoint(self) -> str:
        """What to give to clients that speak REST: ``http://host:port``.

        :raises RuntimeError: if there is no REST.
        """
        if self._rest_port is None:
            message = "the emulator speaks no REST; give it a rest_port"
            raise RuntimeError(message)
        return f"http://{join_address(self.host, self._rest_port)}"

    @property
    def data(self) -> DataPlane | None:
        """The rows and what is the matter with them; None for an emulator without."""
        return self._data

    @property
    def running(self) -> bool:
        """Whether it listens."""
        return self._pipeline is not None

    def start(self) -> None:
        """Start to listen; when this returns, calls are answered.

        :raises EmulatorStartError: if the address is taken.
        :raises EmulatorStateError: if another emulator uses the state file meanwhile.
        :raises RuntimeError: if it runs already.
        """
        if self.running:
            message = f"the emulator runs already, on {self.endpoint}"
            raise RuntimeError(message)
        self._engine.hold_state_file()
        try:
            self._listen()
        except BaseException:
            self._engine.release_state_file()
            raise
        if self._data is not None:
            self._data.start(self._engine)
        if self._audit_log is not None:
            self._audit_log.start(engine=self._engine, faults=self.faults)

    def stop(self) -> None:
        """Stop to listen, cutting off calls under way; the world stays as it is."""
        pipeline, self._pipeline = self._pipeline, None
        if pipeline is None:
            return
        pipeline.closing.set()
        if self._rest is not None:
            self._rest.stop()
        if self._grpc is not None:
            self._grpc.stop()
        if self._data is not None:
            self._data.stop()
        if self._audit_log is not None:
            self._audit_log.stop(engine=self._engine)
        self._engine.release_state_file()

    def drop_connections(self) -> None:
        """Cut off all gRPC clients at once, calls under way included; they can connect again.

        :raises RuntimeError: if it does not run.
        """
        if self._grpc is None or not self.running:
            message = "the emulator does not run, so nobody is connected"
            raise RuntimeError(message)
        self._grpc.drop_connections()

    def _listen(self) -> None:
        if self._port and self._port == self._rest_port:
            raise EmulatorStartError(
                host=self.host,
                port=self._port,
                reason="gRPC and REST cannot share a port",
                advice="Choose another port for one of them; 0 picks a free one.",
            )
        check_free(host=self.host, port=self._port)
        pipeline = CallPipeline(
            engine=self._engine, faults=self.faults, calls=self._calls, meter=self._meter
        )
        self._grpc = GrpcServer(
            pipeline=pipeline,
            host=self.host,
            port=self._port,
            data=self._passthrough(pipeline),
        )
        self._port = self._grpc.port
        if self._rest_port is not None:
            try:
                self._rest = self._start_rest(pipeline)
            except BaseException:
                # if that was not the address but aiohttp, which is missing: the same
                self._grpc.stop()
                raise
            self._rest_port = self._rest.port
        self._pipeline = pipeline

    def _passthrough(self, pipeline: CallPipeline) -> DataPassthrough | None:
        if self._data is None:
            return None
        return DataPassthrough(
            plane=self._data,
            clock=self.clock,
            faults=self.faults,
            calls=self._calls,
            closing=pipeline.closing,
        )

    def _start_rest(self, pipeline: CallPipeline) -> HttpServer:
        # whoever needs no REST needs no aiohttp
        from airflow_spanner_lro.emulator.http.server import HttpServer  # noqa: PLC0415

        return HttpServer(
            pipeline=pipeline,
            gate=self._gate,
            host=self.host,
            port=self._rest_port or 0,
            control=self._answer_control,
            data=self._passthrough(pipeline),
        )

    def _answer_control(
        self, *, verb: str, path: str, query: Mapping[str, str], body: bytes
    ) -> ControlReply:
        # pydantic is loaded when the first request comes, as most emulators get none
        from airflow_spanner_lro.emulator.control.routes import ControlRequest, answer  # noqa: PLC0415

        return answer(
            ControlRequest(
                controller=self,
                drop_connections=self.drop_connections,
                verb=verb,
                path=path,
                query=query,
                body=body,
            )
        )
