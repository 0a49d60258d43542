# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Thousands of deferred tasks under a real triggerer: from the first to the last, as numbers.

What happens, in this order: backups start on the emulator; their tasks are put into the state
deferred; a triggerer starts and finds them all; all run for a while; the backups end, spread over
minutes; every task is to be scheduled again. A sample of them is then resumed by real workers.
"""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from google.cloud import spanner_admin_database_v1 as database_v1

from tests.benchmarks.real_airflow.runner import say
from tests.cluster.airflow import Component, LocalAirflow
from tests.cluster.configuration import AirflowSettings
from tests.cluster.emulator_process import Emulator, running_emulator
from tests.cluster.errors import NotReachedError
from tests.cluster.process_usage import Sample, Use, blocks_of, now, starts_of, wait_for_processes
from tests.cluster.processes import ProcessSpec
from tests.cluster.rest_api import AirflowApi
from tests.cluster.task_queries import Records
from tests.cluster.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.cluster.process_usage import Block


_TO_START = 30.0
"""Seconds from the last start of an operation until a triggerer takes its first trigger, amply."""
_PER_TRIGGER = 0.03
"""Seconds that starting, deferring and loading one takes, amply."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much of it.

    :param tasks: how many deferred tasks
    :param instances: on how many instances
    :param calm: seconds in which all run and nothing ends
    :param spread: seconds from the first end to the last
    """

    tasks: int
    instances: int
    calm: float = 80.0
    spread: float = 180.0

    @property
    def until_first_end(self) -> timedelta:
        """How long the shortest operation takes."""
        return timedelta(seconds=_TO_START + self.tasks * _PER_TRIGGER + self.calm)


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """What was seen.

    :param idle: memory and CPU time of both processes before the first trigger
    :param begun: when the triggerer was started that got all triggers
    :param starts: when each trigger began to run, in order
    :param samples: looks at the triggerer, in order
    :param calls: methods and times of what the emulator was asked from then on
    :param blocks: each time that the triggerer complained of a blocked event loop
    :param ends: when each operation ended
    :param resumed: when Airflow scheduled its task again
    :param lost: task instances that were not resumed by their trigger's event, by state
    :param by_workers: how many of a sample succeeded, of how many, after workers resumed them
    """

    size: Size
    idle: tuple[Use, Use]
    begun: float
    starts: tuple[datetime, ...]
    samples: tuple[Sample, ...]
    calls: tuple[tuple[str, float], ...]
    blocks: tuple[Block, ...]
    ends: dict[tuple[str, int], datetime]
    resumed: dict[tuple[str, int], datetime]
    lost: dict[str | None, int]
    by_workers: str


HERE = Path(__file__)
PROJECT = "projects/bench"
METHOD = "execute_complete"
CAPACITY = 10_000
_SETTINGS = {
    "TRIGGERER__CAPACITY": str(CAPACITY),
    "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "3600",
    "DAG_PROCESSOR__DAG_FILE_PROCESSOR_TIMEOUT": "300",
}
_RESUMED_BY_WORKERS = 10
_PATIENCE = 120.0
"""Seconds for these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggererUnderLoad:
    """An Airflow and an emulator, and what can be done with both.

    :param home: a folder for files
    """

    size: Size
    home: Path
    emulator: Emulator
    airflow: LocalAirflow
    api: AirflowApi
    records: Records

    def prepare(self) -> None:
        """Make the Dag runs with their task instances; nothing schedules them."""
        dags = [f"instance_{number}" for number in range(self.size.instances)]
        self.api.wait_for_dags(*dags, timeout=300)
        self.airflow.stop_component(Component.SCHEDULER)
        for dag_id in dags:
            self.api.trigger(dag_id)

    def start_operations(self) -> dict[str, tuple[str, int]]:
        """Start the backups; return for each operation which task instance is to wait for it."""
        shortest = self.size.until_first_end
        durations = {
            "shortest": shortest.total_seconds(),
            "longest": shortest.total_seconds() + self.size.spread,
        }
        self.emulator.plan(kind="CreateBackup", duration=durations)
        client = self.emulator.admin()
        expire_time = datetime.now(UTC) + timedelta(days=30)
        started = {}
        for number in range(self.size.tasks):
            instance = number % self.size.instances
            parent = f"{PROJECT}/instances/i{instance}"
            backup = database_v1.Backup(
                database=f"{parent}/databases/d{number}", expire_time=expire_time
            )
            operation = client.create_backup(
                parent=parent, backup_id=f"backup{number}", backup=backup
            ).operation
            started[operation.name] = (f"instance_{instance}", number // self.size.instances)
        return started

    def defer(self, operations: dict[str, tuple[str, int]]) -> None:
        """Put the tasks into the state deferred."""
        listed = self.home / "operations.json"
        listed.write_text(json.dumps([[*task, name] for name, task in operations.items()]))
        process = self.airflow.run.start(
            ProcessSpec(
                name="deferring",
                command=[sys.executable, "-m", f"{__package__}.defer_tasks", str(listed)],
                environment=self.airflow._environment,
                directory=self.airflow.settings.home,
                log_path=self.airflow.settings.process_logs / "deferring.log",
            )
        )
        if process.wait(timeout=300) != 0:
            raise process.died()

    def idle(self) -> tuple[Use, Use]:
        """Look at the triggerer as it is without triggers, and stop it."""
        main, runner = wait_for_processes(self.airflow.process(Component.TRIGGERER))
        used = Use.of(main), Use.of(runner)
        self.airflow.stop_component(Component.TRIGGERER)
        return used

    def watch(self, *, timeout: float) -> tuple[Sample, ...]:
        """Start a triggerer and look at it until no task is deferred any more, or time is up."""
        triggerer = self.airflow.start_component(Component.TRIGGERER)
        main, runner = wait_for_processes(triggerer)
        samples: list[Sample] = []

        def look() -> int:
            triggerer.check()
            running, deferred = self.records.waiting()
            samples.append(
                Sample(
                    at=now(),
                    running=running,
                    deferred=deferred,
                    main=Use.of(main),
                    runner=Use.of(runner),
                )
            )
            if len(samples) % 30 == 0:
                say(f"{running:,} triggers run, {deferred:,} tasks are deferred")
            return deferred

        try:
            wait_until(
                look,
                accept=lambda deferred: deferred == 0,
                timeout=timeout,
                what="all tasks to be resumed (deferred are still)",
                interval=1.0,
            )
        except NotReachedError as exc:
            # a figure, too
            say(str(exc))
        return tuple(samples)

    def resume(self) -> str:
        """Let workers resume some of the tasks; return how many of them succeeded, of how many."""
        dag_id, kept = "instance_0", min(_RESUMED_BY_WORKERS, self.size.tasks)
        self.records.finish_all_but(dag_id, kept)
        before = self.records.states().get("success", 0)
        self.api.unpause(dag_id)
        self.airflow.start_component(Component.SCHEDULER)
        run = self.api.latest_run(dag_id)
        assert run is not None
        try:
            self.api.wait_for_run(run, timeout=_PATIENCE, interval=2.0)
        except NotReachedError as exc:
            say(str(exc))
        return f"{self.records.states().get('success', 0) - before} of {kept}"


def observe(size: Size, *, home: Path) -> Crowd:
    """Let it all happen.

    :param home: an empty folder
    """
    with start_load(size, home=home) as load:
        load.prepare()
        idle = load.idle()
        say(f"starting {size.tasks:,} operations on {size.instances} instances")
        operations = load.start_operations()
        load.defer(operations)
        say("starting the triggerer")
        begun = now()
        longest = size.until_first_end.total_seconds() + size.spread
        samples = load.watch(timeout=longest + 400)
        calls = load.emulator.calls_since(begun)
        starts = starts_of(load.airflow.settings.task_logs)
        blocks = blocks_of(load.airflow.process(Component.TRIGGERER))
        resumed = load.records.resumed(METHOD)
        lost = load.records.states()
        lost["scheduled"] = lost.get("scheduled", 0) - len(resumed)
        ends = {operations[name]: ended for name, ended in load.emulator.ends().items()}
        say("resuming a sample of the tasks on workers")
        by_workers = load.resume()
    return Crowd(
        size=size,
        idle=idle,
        begun=begun,
        starts=starts,
        samples=samples,
        calls=calls,
        blocks=blocks,
        ends=ends,
        resumed=resumed,
        lost={state: count for state, count in lost.items() if count},
        by_workers=by_workers,
    )


@contextmanager
def start_load(
    size: Size, *, home: Path, options: Mapping[str, str] = MappingProxyType({})
) -> Iterator[TriggererUnderLoad]:
    """Run an emulator and an Airflow with a Dag for each instance.

    :param options: of Airflow, by section and name, beside the usual ones
    """
    chosen = {f"AIRFLOW__{option}": value for option, value in {**_SETTINGS, **options}.items()}
    with running_emulator(folder=home) as emulator:
        settings = AirflowSettings(
            home=home / "airflow",
            dags_folder=HERE.parent / "dags" / "deferred",
            parallelism=2,
            environment={
                "SPANNER_EMULATOR_HOST": emulator.endpoint,
                "BENCH_TASKS": str(size.tasks),
                "BENCH_INSTANCES": str(size.instances),
                **chosen,
            },
        )
        say("starting Airflow")
        with LocalAirflow(settings) as airflow:
            for number in range(size.tasks):
                instance = f"{PROJECT}/instances/i{number % size.instances}"
                emulator.create_database(f"{instance}/databases/d{number}")
            airflow.wait_until_ready(timeout=240)
            with (
                AirflowApi(
                    url=airflow.url,
                    username=airflow.login.username,
                    password=airflow.login.password,
                    # a run with thousands of tasks takes longer to make than the usual patience
                    timeout=300,
                ) as api,
                Records.of(airflow) as records,
            ):
                yield TriggererUnderLoad(
                    size=size,
                    home=home,
                    emulator=emulator,
                    airflow=airflow,
                    api=api,
                    records=records,
                )
