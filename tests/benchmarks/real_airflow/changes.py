# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Schema changes through four worker slots: from the click to the end of the last task.

One side at a time, each with an Airflow and an emulator of its own, so that a side that waits on
its workers, and so takes half an hour, may run beside something else.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.benchmarks.real_airflow import packages
from tests.benchmarks.real_airflow.command import say
from tests.benchmarks.real_airflow.emulator import running_emulator
from tests.benchmarks.real_airflow.records import Records
from tests.cluster.airflow import LocalAirflow
from tests.cluster.configuration import AirflowSettings
from tests.cluster.rest_api import RunState
from tests.cluster.watchdog import package_path

if TYPE_CHECKING:
    from collections.abc import Mapping

HERE = Path(__file__).parent
SLOTS = 4
CHANGE_SECONDS = 60.0
_DAG = "schema_changes"
_SETTINGS = {"DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "3600"}
_CONNECTION = {
    "conn_type": "google_cloud_platform",
    # both sides ask as nobody, since nobody else is known to the emulator
    "extra": {"project": "bench", "is_anonymous": True},
}


class Side(StrEnum):
    """Whose operator; the value is the folder with its Dag."""

    OURS = "ours"
    PROVIDER = "provider"

    @property
    def environment(self) -> Mapping[str, str]:
        """What its processes need beyond the usual."""
        return {} if self is Side.OURS else packages.environment(path=package_path())


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """What one side took.

    :param tasks: how many schema changes
    :param seconds: from the start of the Dag run to the end of its last task
    :param succeeded: how many of them succeeded
    :param at: when, as ISO 8601
    """

    side: Side
    tasks: int
    seconds: float
    succeeded: int
    at: str

    @property
    def rounds(self) -> int:
        """How often all slots must be filled if each change holds one from begin to end."""
        return -(-self.tasks // SLOTS)

    def extrapolated(self, tasks: int) -> float:
        """Return the seconds for another number of changes, if each round takes as long."""
        return self.seconds / self.rounds * -(-tasks // SLOTS)

    def save(self, path: Path) -> None:
        """Write it to a file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self)))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read it from a file."""
        found = json.loads(path.read_text())
        return cls(**{**found, "side": Side(found["side"])})


def measure(side: Side, *, tasks: int, home: Path) -> Took:
    """Run so many schema changes, each of a database of its own.

    :param home: an empty folder
    """
    home = home / side
    home.mkdir()
    with running_emulator(folder=home) as emulator:
        emulator.plan(kind="UpdateDatabaseDdl", duration=CHANGE_SECONDS)
        for number in range(tasks):
            emulator.create_database(f"projects/bench/instances/i0/databases/d{number}")
        settings = AirflowSettings(
            home=home / "airflow",
            dags_folder=HERE / "dags" / side,
            parallelism=SLOTS,
            environment={
                "SPANNER_EMULATOR_HOST": emulator.endpoint,
                "AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT": json.dumps(_CONNECTION),
                "BENCH_TASKS": str(tasks),
                **{f"AIRFLOW__{option}": value for option, value in _SETTINGS.items()},
                **side.environment,
            },
        )
        say(f"{side}: starting Airflow")
        with LocalAirflow(settings) as airflow:
            airflow.wait_until_ready(timeout=240)
            with airflow.api() as api, Records.of(airflow) as records:
                api.wait_for_dags(_DAG, timeout=240)
                api.unpause(_DAG)
                say(f"{side}: {tasks} schema changes of {CHANGE_SECONDS:g} s, {SLOTS} slots")
                begun = datetime.now(UTC)
                run = api.trigger(_DAG)
                patience = timedelta(seconds=300 + 2 * CHANGE_SECONDS * tasks)
                api.wait_for_run(
                    run,
                    RunState.SUCCESS,
                    RunState.FAILED,
                    timeout=patience.total_seconds(),
                    interval=2.0,
                )
                took = (records.last_end() - begun).total_seconds()
                succeeded = records.states().get("success", 0)
    return Took(
        side=side,
        tasks=tasks,
        seconds=took,
        succeeded=succeeded,
        at=begun.isoformat(timespec="seconds"),
    )
