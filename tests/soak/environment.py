# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Run a real Airflow with two triggerers, and an emulator in real time beside it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.kinds import OPTIMIZE_RESTORED_DATABASE
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import Plan
from tests.cluster.airflow import LocalAirflow
from tests.cluster.configuration import AirflowSettings
from tests.soak.call_hooks import HookedFaults
from tests.soak.dag_specs import (
    DAG_SPECS,
    INSTANCE,
    ORIGIN_ID,
    OTHER_BACKUP,
    SOURCE_BACKUP,
    Kind,
    resource_id,
    target,
)
from tests.soak.plan import SHARED_DATABASES, StartRun, reaps_meanwhile
from tests.soak.second_endpoint import TwoEndpointEmulator
from tests.soak.soak_api import SoakApi
from tests.soak.strangers import Strangers
from tests.support.tcp_proxy import TcpProxy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cluster.rest_api import DagRun

HERE = Path(__file__).parent
SETTINGS = {
    "CORE__DEFAULT_TASK_RETRY_DELAY": "5",
    # a worker or a triggerer that is lost is noticed while somebody waits for it
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "25",
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
    "SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "15",
    "SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "10",
    "TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "12",
    "SPANNER_LRO__DEFERRAL_GRACE": "10",
    "SPANNER_LRO__POLL_INTERVAL": "5",
    "SPANNER_LRO__REAPER_INTERVAL": "10",
    "SPANNER_LRO__REAPER_GRACE": "15",
    # parsing all Dags again and again takes half of a small machine
    "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "600",
}
"""Options of Airflow, by section and name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SoakEnvironment:
    """All that takes part."""

    emulator: TwoEndpointEmulator
    proxy: TcpProxy
    strangers: Strangers
    faults: HookedFaults
    airflow: LocalAirflow
    api: SoakApi
    home: Path

    def prepare(self, order: StartRun) -> None:
        """Make what the tasks of a run find, and say what their operations are going to do."""
        recipe = DAG_SPECS[order.recipe]
        for kind, work in order.work.items():
            plan = Plan(
                duration=timedelta(seconds=work.seconds),
                cancel_delay=(
                    None if work.cancel_delay is None else timedelta(seconds=work.cancel_delay)
                ),
            )
            name = target(order.run_id, kind)
            self.emulator.plan(plan, target=name)
            if work.fails:
                failure = (Code.INTERNAL, "The soak wants this one to fail.")
                self.emulator.plan(
                    Plan(duration=plan.duration, fail_at=0.6, fail_with=failure),
                    target=name,
                    times=1,
                )
        if Kind.DDL in recipe.kinds:
            self.emulator.create_database(target(order.run_id, Kind.DDL))
        database = self._database(order)
        if Kind.BACKUP in recipe.kinds:
            self.emulator.create_database(f"{INSTANCE}/databases/{database}", if_missing=True)
            self.strangers.learn(order.run_id, database=database)

    def start(self, order: StartRun) -> DagRun:
        """Start a run that was prepared."""
        return self.api.trigger(
            DAG_SPECS[order.recipe].dag_id,
            run_id=order.run_id,
            conf={"database": self._database(order)},
        )

    @staticmethod
    def _database(order: StartRun) -> str:
        """Return the database of its backup."""
        return order.database or resource_id(order.run_id, Kind.BACKUP)

    def log_folder(self, dag_id: str, run_id: str) -> Path:
        """Return where Airflow keeps the logs of a run's tasks."""
        return self.airflow.settings.task_logs / f"dag_id={dag_id}" / f"run_id={run_id}"


@contextmanager
def start_environment(*, home: Path, seed: int) -> Iterator[SoakEnvironment]:
    """Start everything and wait until it works; nothing of it is alive afterwards.

    :param home: an empty folder
    """
    emulator = TwoEndpointEmulator(seed=seed)
    # put there before the start, which hands them on
    emulator.faults = faults = HookedFaults()
    for database in (ORIGIN_ID, *SHARED_DATABASES):
        emulator.create_database(f"{INSTANCE}/databases/{database}")
    for backup in (SOURCE_BACKUP, OTHER_BACKUP):
        emulator.create_backup(f"{INSTANCE}/backups/{backup}", f"{INSTANCE}/databases/{ORIGIN_ID}")
    emulator.plan(Plan(duration=timedelta(seconds=20)), kind=OPTIMIZE_RESTORED_DATABASE)
    with emulator, TcpProxy(emulator.endpoint) as proxy:
        settings = AirflowSettings(
            home=home / "airflow",
            dags_folder=HERE / "dags",
            triggerers=2,
            parallelism=6,
            environment={
                "SPANNER_EMULATOR_HOST": proxy.endpoint,
                "AIRFLOW__SPANNER_LRO__REAPER": "triggerer" if reaps_meanwhile(seed) else "off",
                **{f"AIRFLOW__{option}": value for option, value in SETTINGS.items()},
            },
        )
        with LocalAirflow(settings) as airflow:
            airflow.wait_until_ready(timeout=240)
            with SoakApi.of(airflow) as api:
                dag_ids = [recipe.dag_id for recipe in DAG_SPECS.values()]
                api.set_key(0)
                api.wait_for_dags(*dag_ids, timeout=90)
                for dag_id in dag_ids:
                    api.unpause(dag_id)
                with Strangers(emulator) as strangers:
                    yield SoakEnvironment(
                        emulator=emulator,
                        proxy=proxy,
                        strangers=strangers,
                        faults=faults,
                        airflow=airflow,
                        api=api,
                        home=home,
                    )
        assert not airflow.run.survivors()
