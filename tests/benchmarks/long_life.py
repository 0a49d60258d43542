# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What a long life costs the emulator: memory, file and time over a million calls.

Backups, schema changes and policies come and go while emulated time goes on, so that operations end
and are forgotten after their week; between them clients read. All goes through the call pipeline,
with the log of calls and a state file, without the cost of a network.

``python -m tests.benchmarks.long_life [CALLS]``
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import psutil
from google.cloud import spanner_admin_database_v1 as database_v1
from google.iam.v1 import iam_policy_pb2, policy_pb2
from google.longrunning import operations_pb2

from airflow_spanner_lro.core.kinds import Service
from airflow_spanner_lro.emulator import ManualClock
from airflow_spanner_lro.emulator.engine import COMPACT_AFTER, Engine
from airflow_spanner_lro.emulator.faults import Faults
from airflow_spanner_lro.emulator.pipeline import CallLog, CallPipeline

if TYPE_CHECKING:
    from collections.abc import Iterator

ADMIN = Service.DATABASE_ADMIN
OPERATIONS = "google.longrunning.Operations"
INSTANCE = "projects/bench/instances/main"
DATABASE = f"{INSTANCE}/databases/orders"
START = datetime(2026, 1, 1, tzinfo=UTC)
PAUSE = timedelta(minutes=30)
"""Between two rounds: a backup is done in it, and 336 operations of each kind are there."""
SAMPLES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What there is after so many calls.

    :param megabytes: of memory, as RSS
    :param file_bytes: the length of the state file
    :param operations: how many operations are remembered
    :param slowest: the longest that a call took since the sample before, in seconds
    """

    calls: int
    megabytes: float
    file_bytes: int
    operations: int
    seconds: float
    slowest: float

    def __str__(self) -> str:
        return (
            f"{self.calls:>9,} calls {self.megabytes:6.0f} MB {self.file_bytes / 1e6:6.2f} MB file "
            f"{self.operations:6,} operations {self.seconds:6.0f} s, slowest {self.slowest:.3f} s"
        )


def round_of_calls(number: int, now: datetime) -> Iterator[tuple[str, Any]]:
    """Yield the calls of one round: the path of each, and its request."""
    backup = f"b{number}"
    expire_time = now + timedelta(days=2)
    yield (
        f"/{ADMIN}/CreateBackup",
        database_v1.CreateBackupRequest(
            parent=INSTANCE,
            backup_id=backup,
            backup=database_v1.Backup(database=DATABASE, expire_time=expire_time),
        ),
    )
    verb = "CREATE" if number % 2 else "DROP"
    rest = " (Id INT64) PRIMARY KEY (Id)" if number % 2 else ""
    yield (
        f"/{ADMIN}/UpdateDatabaseDdl",
        database_v1.UpdateDatabaseDdlRequest(
            database=DATABASE, statements=[f"{verb} TABLE T{rest}"]
        ),
    )
    # some leave before their time, which leaves an event behind that is due much later
    gone = f"{INSTANCE}/backups/b{number - 5}"
    resource = f"{INSTANCE}/backups/{backup}"
    role = policy_pb2.Binding(role="roles/spanner.viewer", members=["user:a@example.com"])
    policy = policy_pb2.Policy(bindings=[role])
    request = iam_policy_pb2.SetIamPolicyRequest(resource=resource, policy=policy)
    yield f"/{ADMIN}/SetIamPolicy", request
    yield f"/{ADMIN}/DeleteBackup", database_v1.DeleteBackupRequest(name=gone)
    yield (
        f"/{ADMIN}/ListBackupOperations",
        database_v1.ListBackupOperationsRequest(parent=INSTANCE, page_size=10),
    )
    yield f"/{ADMIN}/GetBackup", database_v1.GetBackupRequest(name=resource)
    for _ in range(4):
        yield f"/{ADMIN}/GetDatabase", database_v1.GetDatabaseRequest(name=DATABASE)
    yield (
        f"/{OPERATIONS}/ListOperations",
        operations_pb2.ListOperationsRequest(name=f"{DATABASE}/operations", page_size=5),
    )


class Life:
    """An emulator without servers, on a state file.

    :param compact_after: so many changes are kept before a base takes their place
    :param pause: how much time goes by between two rounds
    :ivar calls: how many calls there have been
    :ivar refused: how many of them were refused
    """

    def __init__(
        self, path: Path, *, compact_after: int = COMPACT_AFTER, pause: timedelta = PAUSE
    ) -> None:
        self.pause = pause
        self.clock = ManualClock(START)
        self.path = path
        self.engine = Engine(clock=self.clock, state_file=path, compact_after=compact_after)
        self.engine.act("create_database", name=DATABASE, statements=[], drop_protection=False)
        self.log = CallLog()
        self._pipeline = CallPipeline(engine=self.engine, faults=Faults(), calls=self.log)
        self._process = psutil.Process()
        self._rounds = 0
        self._slowest = 0.0
        self._begin = time.perf_counter()
        self.calls = self.refused = 0

    def go_on(self, calls: int) -> Sample:
        """Let at least so many calls come; return what there is then."""
        until = self.calls + calls
        self._slowest = 0.0
        while self.calls < until:
            self._rounds += 1
            for path, request in round_of_calls(self._rounds, self.clock.now()):
                self._call(path, request)
            self.clock.advance(self.pause)
        with self.engine.locked() as (world, _):
            operations = len(world.operations)
        return Sample(
            calls=self.calls,
            megabytes=self._process.memory_info().rss / 2**20,
            file_bytes=self.path.stat().st_size,
            operations=operations,
            seconds=time.perf_counter() - self._begin,
            slowest=self._slowest,
        )

    def _call(self, path: str, request: Any) -> None:
        before = time.perf_counter()
        answer = self._pipeline.answer(path, lambda _: request)
        self._slowest = max(self._slowest, time.perf_counter() - before)
        self.calls += 1
        self.refused += answer.error is not None


def main() -> None:
    """Print what there is from time to time, and how long a restart takes in the end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("calls", nargs="?", type=int, default=1_000_000)
    calls = parser.parse_args().calls
    with TemporaryDirectory() as folder:
        life = Life(Path(folder, "state"))
        for _ in range(SAMPLES):
            print(life.go_on(calls // SAMPLES), flush=True)
        print(f"{life.refused:,} calls were refused")
        life.engine.release_state_file()
        before = time.perf_counter()
        Engine(clock=ManualClock(START), state_file=life.path).release_state_file()
        print(f"a restart takes {time.perf_counter() - before:.1f} s")


if __name__ == "__main__":
    main()
