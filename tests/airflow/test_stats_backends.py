# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What arrives at the other end: Airflow's own backends for StatsD and OpenTelemetry, tried.

StatsD's Python client is not among Airflow's requirements, so its few lines are here; what Airflow
does before, with names and tags, is Airflow's.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest
from airflow.sdk._shared.observability.metrics.otel_logger import SafeOtelLogger
from airflow.sdk._shared.observability.metrics.statsd_logger import SafeStatsdLogger
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from airflow_spanner_lro import metrics
from airflow_spanner_lro.core.drill.report import CheckOutcome, DrillReport
from airflow_spanner_lro.core.kinds import CREATE_BACKUP
from airflow_spanner_lro.core.names import OperationName
from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot, OperationState
from airflow_spanner_lro.core.polling.budget import Urgency
from airflow_spanner_lro.core.status import Code
from tests.airflow.fakes import BACKUP
from tests.airflow.stats_recorder import put_behind_stats

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ENDED = OperationSnapshot(
    name=OperationName.parse(f"{BACKUP}/operations/one"),
    state=OperationState.SUCCEEDED,
    kind=CREATE_BACKUP,
    start_time=NOW,
    end_time=NOW + timedelta(seconds=2),
)

DRILL = DrillReport(
    source="projects/test/instances/main/databases/shop",
    restored="projects/test/instances/main/databases/drill",
    backup=BACKUP,
    version_time=NOW.isoformat(),
    outcomes=(CheckOutcome(title="row counts", rows={"orders": 2000}),),
    seconds=35.0,
    restore_seconds=20.0,
    size_bytes=4096,
)


def _measure_everything() -> None:
    """Let each metric have one value."""
    telemetry = metrics.AirflowTelemetry()
    telemetry.requested(method="GetOperation", code=Code.OK)
    telemetry.waiting(operations=3)
    telemetry.detected(snapshot=ENDED, at=NOW + timedelta(seconds=3))
    telemetry.held_back(urgency=Urgency.USUAL, seconds=0.5)
    metrics.time_operation(ENDED, at=NOW)
    metrics.count_cancel(None, cause=metrics.Cause.REAPER)
    telemetry.waiting(operations=0)
    metrics.count_wake_up(metrics.WakeUpEffect.WOKEN, delay=timedelta(seconds=4))
    metrics.show_round_age(timedelta(seconds=7))
    metrics.show_drill(DRILL)


@dataclass(frozen=True, slots=True)
class UdpClient:
    """Sends StatsD's datagrams, as its client does."""

    sender: socket.socket
    address: tuple[str, int]

    def incr(self, stat: str, count: int = 1, rate: float = 1) -> None:
        """Count."""
        assert 1 == rate
        self._send(f"{stat}:{count}|c")

    def gauge(self, stat: str, value: float, rate: float = 1, delta: bool = False) -> None:
        """Set."""
        assert (1, False) == (rate, delta)
        self._send(f"{stat}:{value}|g")

    def timing(self, stat: str, delta: timedelta) -> None:
        """Time, in milliseconds."""
        self._send(f"{stat}:{delta.total_seconds() * 1000:g}|ms")

    def _send(self, text: str) -> None:
        self.sender.sendto(f"airflow.{text}".encode("ascii"), self.address)


@dataclass(frozen=True, slots=True)
class StatsdServer:
    """A StatsD on a real socket."""

    socket: socket.socket

    def received(self) -> list[str]:
        """Return the datagrams until there are none for a moment."""
        found = []
        self.socket.settimeout(5)
        try:
            while True:
                found.append(self.socket.recv(4096).decode("ascii"))
                self.socket.settimeout(0.2)
        except TimeoutError:
            return found


@pytest.fixture
def statsd() -> Iterator[StatsdServer]:
    """Run a StatsD on loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        yield StatsdServer(listening)


@pytest.fixture
def udp(statsd: StatsdServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Return a client of it, on a machine with a name of its own."""
    monkeypatch.setattr(socket, "gethostname", lambda: "node-1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        yield UdpClient(sender, statsd.socket.getsockname())


def test_plain_statsd(statsd: StatsdServer, udp: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without tags the dotted names tell the series apart, and the others are their sums."""
    put_behind_stats(SafeStatsdLogger(udp), monkeypatch, dotted=True)

    _measure_everything()

    assert [
        "airflow.spanner_lro.requests.GetOperation.OK:1|c",
        "airflow.spanner_lro.requests:1|c",
        "airflow.spanner_lro.operations_waiting.node-1:3|g",
        "airflow.spanner_lro.operations_waiting:3|g",
        "airflow.spanner_lro.detection_delay.CreateBackup:1000|ms",
        "airflow.spanner_lro.detection_delay:1000|ms",
        "airflow.spanner_lro.budget_wait.usual:500|ms",
        "airflow.spanner_lro.budget_wait:500|ms",
        "airflow.spanner_lro.operation_duration.CreateBackup.succeeded:2000|ms",
        "airflow.spanner_lro.operation_duration:2000|ms",
        "airflow.spanner_lro.cancels.reaper.not_sent:1|c",
        "airflow.spanner_lro.cancels:1|c",
        "airflow.spanner_lro.operations_waiting.node-1:0|g",
        "airflow.spanner_lro.operations_waiting:0|g",
        "airflow.spanner_lro.wake_ups.woken:1|c",
        "airflow.spanner_lro.wake_ups:1|c",
        "airflow.spanner_lro.wake_up_delay:4000|ms",
        "airflow.spanner_lro.reaper_round_age:7.0|g",
        "airflow.spanner_lro.restore_drills.shop.passed:1|c",
        "airflow.spanner_lro.restore_drills:1|c",
        "airflow.spanner_lro.restore_drill_duration.shop:35000|ms",
        "airflow.spanner_lro.restore_drill_duration:35000|ms",
        "airflow.spanner_lro.restore_drill_restore.shop:20000|ms",
        "airflow.spanner_lro.restore_drill_restore:20000|ms",
        "airflow.spanner_lro.restore_drill_rows.shop:2000|g",
        "airflow.spanner_lro.restore_drill_rows:2000|g",
        "airflow.spanner_lro.restore_drill_bytes.shop:4096|g",
        "airflow.spanner_lro.restore_drill_bytes:4096|g",
    ] == statsd.received()


def test_statsd_with_tags(statsd: StatsdServer, udp: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """With tags in InfluxDB's form, and no dotted names, each value is sent once."""
    backend = SafeStatsdLogger(udp, influxdb_tags_enabled=True, statsd_influxdb_enabled=True)
    put_behind_stats(backend, monkeypatch, dotted=False)

    metrics.AirflowTelemetry().requested(method="GetOperation", code=Code.OK)

    assert ["airflow.spanner_lro.requests,method=GetOperation,code=OK:1|c"] == statsd.received()


def test_nobody_listens(udp: Any, statsd: StatsdServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A StatsD that is not there is nobody's trouble."""
    put_behind_stats(SafeStatsdLogger(udp), monkeypatch, dotted=True)
    statsd.socket.close()

    _measure_everything()

    assert set() == metrics._failed


def test_opentelemetry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each metric arrives under its name, with its tags as attributes."""
    reader = InMemoryMetricReader()
    provider = MeterProvider(metric_readers=[reader])
    put_behind_stats(SafeOtelLogger(provider), monkeypatch, dotted=False)

    _measure_everything()

    data = cast("Any", reader.get_metrics_data())
    (scope,) = data.resource_metrics[0].scope_metrics
    arrived = {
        metric.name.removeprefix("airflow."): tuple(metric.data.data_points[0].attributes)
        for metric in scope.metrics
    }
    assert {each.name: each.tags for each in metrics.METRICS} == arrived
    assert set() == metrics._failed
    provider.shutdown()
