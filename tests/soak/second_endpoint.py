# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Give the emulator a second endpoint, for strangers: the same state, without any faults."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spanner_lro.emulator import Faults, SpannerAdminEmulator
from airflow_spanner_lro.emulator.addresses import join_address
from airflow_spanner_lro.emulator.grpc_server import GrpcServer
from airflow_spanner_lro.emulator.pipeline import CallLog, CallPipeline

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator import CallHistory


class TwoEndpointEmulator(SpannerAdminEmulator):
    """An emulator whose :attr:`calls` are those of Airflow alone.

    :param seed: for the operation ids that the service makes up, and for random durations
    """

    def __init__(self, *, seed: int = 0) -> None:
        super().__init__(seed=seed)
        self._strangers_log = CallLog()
        self._strangers_pipeline: CallPipeline | None = None
        self._strangers_server: GrpcServer | None = None

    @property
    def strangers_endpoint(self) -> str:
        """Where strangers ask: ``host:port``.

        :raises RuntimeError: if it does not run.
        """
        if self._strangers_server is None:
            message = "the emulator does not run, so there is no entrance"
            raise RuntimeError(message)
        return join_address(self.host, self._strangers_server.port)

    @property
    def strangers_calls(self) -> CallHistory:
        """The calls that strangers have made so far."""
        return self._strangers_log.snapshot()

    def start(self) -> None:
        """Start to listen at both entrances."""
        super().start()
        pipeline = CallPipeline(engine=self._engine, faults=Faults(), calls=self._strangers_log)
        self._strangers_pipeline = pipeline
        self._strangers_server = GrpcServer(pipeline=pipeline, host=self.host, port=0)

    def stop(self) -> None:
        """Stop to listen at both."""
        if self._strangers_pipeline is not None and self._strangers_server is not None:
            self._strangers_pipeline.closing.set()
            self._strangers_server.stop()
            self._strangers_pipeline = self._strangers_server = None
        super().stop()
