# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What the emulator costs with ten thousand operations pending: ``make bench``.

The emulator runs in a process of its own, so that its CPU time can be told from the client's; both
share the machine. Medians of several rounds. Nothing here fails when a figure is bad.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import grpc
import psutil
from google.cloud import spanner_admin_database_v1 as database_v1
from google.cloud.spanner_admin_database_v1.services.database_admin.transports import (
    DatabaseAdminGrpcTransport,
)

from airflow_spanner_lro.emulator import Plan, SpannerAdminEmulator, SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROJECT = "projects/bench"
CREATE_BACKUP = "type.googleapis.com/google.spanner.admin.database.v1.CreateBackupMetadata"
ROUNDS = 7
CALLS = 200
NAMES = 50
IDLE_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """The emulator under test."""

    endpoint: str
    process: psutil.Process

    def cpu_seconds(self) -> float:
        """Return how much CPU time it has used so far."""
        times = self.process.cpu_times()
        return float(times.user + times.system)


def serve(operations: int, instances: int) -> None:
    """Be the emulator: with so many backups pending, until the standard input is closed."""
    emulator = SpannerAdminEmulator(clock=SystemClock())
    emulator.plan(Plan(duration=timedelta(days=1)))
    for number in range(operations):
        emulator.create_database(f"{PROJECT}/instances/i{number % instances}/databases/d{number}")
    before = time.perf_counter()
    with emulator:
        sys.stdout.write(f"{emulator.endpoint} {time.perf_counter() - before}\n")
        sys.stdout.flush()
        sys.stdin.read()


@contextmanager
def running(operations: int, instances: int) -> Iterator[tuple[Server, float]]:
    """Run an emulator in another process; yield it, and the seconds that its start took."""
    command = [sys.executable, __file__, "serve", str(operations), str(instances)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        endpoint, seconds = process.stdout.readline().split()
        yield Server(endpoint=endpoint, process=psutil.Process(process.pid)), float(seconds)
        assert process.stdin is not None
        process.stdin.close()


def client_of(endpoint: str) -> database_v1.DatabaseAdminClient:
    """Return the generated client."""
    channel = grpc.insecure_channel(endpoint)
    return database_v1.DatabaseAdminClient(transport=DatabaseAdminGrpcTransport(channel=channel))


def start_backups(
    client: database_v1.DatabaseAdminClient, operations: int, instances: int
) -> tuple[str, list[str]]:
    """Start the backups; return the name of one in the middle, and of fifty of one instance."""
    expire_time = datetime.now(UTC) + timedelta(days=30)
    middle = ""
    some: list[str] = []
    step = max(instances, operations // NAMES // instances * instances)
    for number in range(operations):
        instance = f"{PROJECT}/instances/i{number % instances}"
        backup = database_v1.Backup(
            database=f"{instance}/databases/d{number}", expire_time=expire_time
        )
        operation = client.create_backup(
            parent=instance, backup_id=f"b{number}", backup=backup
        ).operation
        if number == operations // 2:
            middle = operation.name
        if number % step == 0 and len(some) < NAMES:
            some.append(operation.name)
    return middle, some


def cpu_per_call(server: Server, call: Callable[[], object]) -> float:
    """Return the median CPU time of the server for one call, in milliseconds."""
    figures = []
    for _ in range(ROUNDS):
        before = server.cpu_seconds()
        for _ in range(CALLS):
            call()
        figures.append((server.cpu_seconds() - before) / CALLS * 1000)
    return statistics.median(figures)


def wall_per_call(call: Callable[[], object]) -> float:
    """Return the median time until the client has its answer, in milliseconds."""
    figures = []
    for _ in range(CALLS):
        before = time.perf_counter()
        call()
        figures.append((time.perf_counter() - before) * 1000)
    return statistics.median(figures)


def measure(operations: int, instances: int) -> None:
    """Print the figures for so many operations on so many instances."""
    with running(operations, instances) as (server, start_up):
        client = client_of(server.endpoint)
        before = time.perf_counter()
        name, some_names = start_backups(client, operations, instances)
        started = (time.perf_counter() - before) / operations * 1000
        print(f"\n{operations:,} pending backups on {instances} instances")
        parent = f"{PROJECT}/instances/i0"

        def list_page(filter_: str) -> Callable[[], object]:
            request = database_v1.ListBackupOperationsRequest(
                parent=parent, filter=filter_, page_size=100
            )
            return lambda: client.list_backup_operations(request).operations

        typed = f"(metadata.@type:{CREATE_BACKUP})"
        some = f"d{instances * 3}"
        calls = {
            "GetOperation": lambda: client.get_operation({"name": name}),
            "list by type, page of 100": list_page(typed),
            "list by type and NOT done:true, page of 100": list_page(f"{typed} NOT done:true"),
            "list by type and database, one match": list_page(
                f'{typed} metadata.database:"{some}"'
            ),
            "list of 50 names, all of them there": list_page(
                " OR ".join(f'(name="{each}")' for each in some_names)
            ),
            "list by type and progress, no match": list_page(
                f"{typed} metadata.progress.progress_percent > 90"
            ),
        }
        figures = {
            "start() until it listens": f"{start_up * 1000:8.1f} ms",
            "CreateBackup, wall time of both sides": f"{started:8.2f} ms",
            **{
                what: f"{cpu_per_call(server, call):8.2f} ms CPU {wall_per_call(call):8.2f} ms wall"
                for what, call in calls.items()
            },
        }
        before = server.cpu_seconds()
        time.sleep(IDLE_SECONDS)
        idle = (server.cpu_seconds() - before) / IDLE_SECONDS * 100
        figures["idle"] = f"{idle:8.2f} % of a CPU"
        for what, figure in figures.items():
            print(f"  {what:45} {figure}")


def main() -> None:
    """Run the benchmark, or be the emulator for it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("role", nargs="?", choices=["measure", "serve"], default="measure")
    parser.add_argument("operations", nargs="?", type=int, default=10_000)
    parser.add_argument("instances", nargs="?", type=int, default=10)
    args = parser.parse_args()
    (serve if args.role == "serve" else measure)(args.operations, args.instances)


if __name__ == "__main__":
    main()
