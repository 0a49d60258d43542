# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""One real Airflow and one emulator for all tests here.

What the emulator saw decides; Airflow's REST API is only used to cause things and to wait.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import TYPE_CHECKING

import pytest

from airflow_spanner_lro.emulator import SpannerAdminEmulator, SystemClock
from tests.cluster.airflow import LocalAirflow
from tests.cluster.configuration import FORK_SUPPORT, AirflowSettings
from tests.cluster.executors import Executor
from tests.cluster.waiting import wait_until
from tests.e2e.conditional_faults import ConditionalFaults
from tests.e2e.guarantee.rows import ALLOWANCE
from tests.e2e.skewed_emulators import AHEAD, BEHIND, SKEW, connection_to, skewed
from tests.e2e.writing_api import WritingApi

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from airflow_spanner_lro.emulator import Call, OperationView
    from tests.cluster.rest_api import DagRun, TaskInstance

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[1] / "example_dags"
INSTANCE = "projects/e2e/instances/main"
SETTINGS = {
    "CORE__DEFAULT_TASK_RETRY_DELAY": "5",
    # a worker or a triggerer that is lost is noticed while somebody waits for it
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "25",
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
    "TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "12",
    "SPANNER_LRO__DEFERRAL_GRACE": "10",
    "SPANNER_LRO__POLL_INTERVAL": "5",
    # reading all Dags again takes a minute of a small machine, and a callback of one of them waits
    # for its turn then; who changes a file has it read at once
    "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "3600",
}
"""Options of Airflow, by section and name, which make it quicker or calmer than its defaults."""
EXECUTORS = {each.name.lower(): each for each in Executor}
"""By what the command line calls them."""
PLACES = {Executor.LOCAL: 12, Executor.CELERY: 8}
"""How many tasks at a time. Many rows wait on a worker side by side, and each that is deferred is
there for fifteen seconds before; a Celery worker has a process for each place from the start."""
TIME_SCALE = 60.0
LONG_TIME = timedelta(hours=20)


@dataclass(frozen=True, kw_only=True)
class World:
    """Airflow, the emulators, and the questions that every test asks.

    :param emulator: the one that all questions are about; its time runs fast
    :param faults: what is in store for its calls
    :param skewed: the others, by the connections that lead to them
    """

    airflow: LocalAirflow
    api: WritingApi
    emulator: SpannerAdminEmulator
    faults: ConditionalFaults
    skewed: Mapping[str, SpannerAdminEmulator]
    _one_at_a_time: Lock = field(default_factory=Lock)

    def at(self, connection: str) -> World:
        """Return the same with another emulator, for tasks of which use its connection."""
        return replace(self, emulator=self.skewed[connection])

    def start(self, dag_id: str) -> DagRun:
        """Start a run of a Dag."""
        # many threads that all wait for their Dags keep the API server from everything else
        with self._one_at_a_time:
            self.api.wait_for_dags(dag_id)
            self.api.unpause(dag_id)
            return self.api.trigger(dag_id)

    def task(self, run: DagRun, task_id: str = "backup") -> TaskInstance:
        """Return a task of a run as it is now."""
        return self.api.task_instance(run, task_id)

    def operation_of(self, run: DagRun, task_id: str = "backup") -> str:
        """Wait until a task has told the name of its operation, and return it."""
        name = wait_until(
            lambda: self.api.xcom(self.task(run, task_id), "operation_name"),
            timeout=90,
            what=f"{run.dag_id}.{task_id} to start its operation",
        )
        return str(name)

    def view(self, operation: str) -> OperationView:
        """Return an operation as the emulator knows it."""
        return next(each for each in self.emulator.operations() if each.name == operation)

    def wait_for_end(self, operation: str, *, timeout: float = 90) -> OperationView:
        """Wait until an operation has ended."""
        return wait_until(
            lambda: self.view(operation),
            accept=lambda seen: seen.done,
            timeout=timeout,
            what=f"{operation} to end",
        )

    def wait_for_poll(self, operation: str) -> None:
        """Wait until somebody looks at an operation again, alone or with others of its family."""
        before = self._polls_of(operation)
        wait_until(
            lambda: self._polls_of(operation) > before,
            timeout=90,
            what=f"somebody to look at {operation}",
        )

    def _polls_of(self, operation: str) -> int:
        instance = "/".join(operation.split("/")[:4])
        calls = self.emulator.calls
        lists = (calls.of(f"List{each}Operations").on(instance) for each in ("Backup", "Database"))
        return len(calls.of("GetOperation").on(operation)) + sum(map(len, lists))

    def cancels_of(self, operation: str) -> tuple[Call, ...]:
        """Return the cancels of an operation that the emulator saw."""
        return self.emulator.calls.of("CancelOperation").on(operation)

    def starts_of(self, operation: str) -> tuple[Call, ...]:
        """Return the calls that started work on the operation's backup."""
        backup = operation.partition("/operations/")[0]
        return self.emulator.calls.of("CreateBackup").on(backup)

    def exists(self, operation: str) -> bool:
        """Tell whether the resource of an operation exists."""
        resource = operation.partition("/operations/")[0]
        return any(each.name == resource for each in self.emulator.resources())


def executor_of(config: pytest.Config) -> Executor:
    """Return who executes tasks in this session."""
    return EXECUTORS[config.getoption("executor", Executor.LOCAL.name.lower())]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options for slow and busy machines, and for who executes tasks."""
    parser.addoption(
        "--allowance",
        type=float,
        default=ALLOWANCE,
        help=f"how many times the seconds of the guarantees are good enough ({ALLOWANCE:g})",
    )
    parser.addoption(
        "--executor",
        choices=tuple(EXECUTORS),
        default=Executor.LOCAL.name.lower(),
        help="who executes the tasks of the guarantees' Airflow (local)",
    )
    parser.addoption(
        "--core", action="store_true", help="play only those rows in which executors differ most"
    )
    parser.addoption(
        "--groups",
        choices=("calm", "others"),
        help="play only rows in which all of Airflow is well, or only the others, so that two "
        "sessions can have an Airflow each (all)",
    )
    parser.addoption(
        "--beside",
        type=int,
        default=0,
        help="how many rows that wait for themselves only are played beside other groups, whose "
        "causes then happen three at a time; it saves minutes where seconds have room (0)",
    )


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """Return an empty folder, which is removed afterwards.

    Not one of pytest's own: PostgreSQL runs as another user where we are root, and each start of
    a pytest anywhere on the machine closes pytest's folders to other users.
    """
    with TemporaryDirectory(prefix="spanner-lro-e2e-") as name:
        yield Path(name)


@pytest.fixture(scope="session")
def world(folder: Path, pytestconfig: pytest.Config) -> Iterator[World]:
    """Run Airflow and the emulator, ready; nothing of them is left afterwards."""
    home = folder
    dags = home / "dags"
    dags.mkdir()
    shutil.copytree(HERE / "dags", dags, dirs_exist_ok=True)
    shutil.copytree(EXAMPLES, dags, dirs_exist_ok=True)
    emulator = SpannerAdminEmulator(clock=SystemClock(scale=TIME_SCALE))
    # put there before the start, which hands them on
    emulator.faults = faults = ConditionalFaults()
    with emulator, skewed(SKEW) as ahead, skewed(-SKEW) as behind:
        # in several regions, for the example with a partition
        emulator.create_instance("projects/demo-project/instances/demo-instance", config="nam6")
        emulator.create_database(
            "projects/demo-project/instances/demo-instance/databases/orders",
            ["CREATE TABLE Orders (Id STRING(36) NOT NULL) PRIMARY KEY (Id)"],
        )
        settings = AirflowSettings(
            home=home / "airflow",
            dags_folder=dags,
            executor=executor_of(pytestconfig),
            parallelism=PLACES[executor_of(pytestconfig)],
            environment={
                # off in this process only, see the Makefile
                FORK_SUPPORT: "true",
                # connections, since a variable names one emulator only, and contradicts the others
                "SPANNER_EMULATOR_HOST": "",
                "AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT": connection_to(emulator),
                f"AIRFLOW_CONN_{AHEAD.upper()}": connection_to(ahead),
                f"AIRFLOW_CONN_{BEHIND.upper()}": connection_to(behind),
                **{f"AIRFLOW__{option}": value for option, value in SETTINGS.items()},
                # an example that watches looks every five minutes
                "SPANNER_WATCH_INTERVAL": "2",
                # databases of their own, so that they take no turns with all the others
                "SPANNER_DATABASE_IDS": "payments",
                "SPANNER_MIGRATED_DATABASE_ID": "ledger",
                "SPANNER_SHARED_DATABASE_ID": "shared",
            },
        )
        with LocalAirflow(settings) as airflow:
            airflow.wait_until_ready(timeout=240)
            with WritingApi.of(airflow) as api:
                yield World(
                    airflow=airflow,
                    api=api,
                    emulator=emulator,
                    faults=faults,
                    skewed={AHEAD: ahead, BEHIND: behind},
                )
        assert not airflow.run.survivors()
