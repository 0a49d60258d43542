# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Airflow's own supervisor and trigger runner, with triggers from us instead of from a database.

By the seam that Airflow has for supervisors without a job of their own (3.3.2). A process of its
own: ``python -m tests.benchmarks.real_airflow.bare_triggerer``, with an order as JSON on the
standard input. It ends when all triggers have loaded and have run for a while.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import uuid4

from airflow.executors.workloads.task import TaskInstanceDTO
from airflow.executors.workloads.trigger import RunTrigger
from airflow.jobs.triggerer_job_runner import TriggerRunnerSupervisor
from airflow.models.trigger import Trigger

from tests.benchmarks.real_airflow.loop_probe import Probe

if TYPE_CHECKING:
    from collections.abc import Iterator

_AT_ONCE = 50
"""As many as Airflow hands over: ``[triggerer] max_trigger_to_select_per_loop``."""
_RUN = "manual__2026-01-01T00:00:00+00:00"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to run.

    :param classpath: of the trigger
    :param arguments: of each of them
    :param probe: file for what the probe notes
    :param calm: seconds in which all of them run
    """

    classpath: str
    arguments: list[dict[str, Any]]
    probe: str
    calm: float

    def to_json(self) -> str:
        """Return it in a line."""
        return json.dumps(asdict(self))

    def workloads(self) -> Iterator[RunTrigger]:
        """Return the triggers as Airflow hands them over; made one by one, after the fork."""
        for number, arguments in enumerate(self.arguments):
            yield RunTrigger(
                id=number + 1,
                classpath=self.classpath,
                encrypted_kwargs=Trigger.encrypt_kwargs(arguments),
                ti=TaskInstanceDTO(
                    id=uuid4(),
                    task_id="backup",
                    dag_id="backups",
                    run_id=_RUN,
                    try_number=1,
                    dag_version_id=uuid4(),
                    map_index=number,
                    pool_slots=1,
                    priority_weight=1,
                ),
            )


class Supervisor(TriggerRunnerSupervisor):
    """Hands over the triggers of an order, and ends when all have run for a while."""

    order: ClassVar[Order]
    waiting: ClassVar[Iterator[RunTrigger]]
    until: ClassVar[float | None] = None

    @classmethod
    def run_in_process(cls) -> None:
        """Be the trigger runner, with a probe."""
        Probe(file=Path(cls.order.probe)).install()
        super().run_in_process()  # type: ignore[no-untyped-call]

    def load_triggers(self) -> None:
        """Hand some over, if those before have gone."""
        if self.creating_triggers:
            return
        self.creating_triggers.extend(islice(self.waiting, _AT_ONCE))
        if self.creating_triggers:
            return
        if self.until is None:
            type(self).until = time.monotonic() + self.order.calm
        elif time.monotonic() > self.until:
            self.stop = True

    def heartbeat(self) -> None:
        """Do nothing: there is no job."""

    def clean_unused(self) -> None:
        """Do nothing: there is no database."""

    def on_trigger_event(self, trigger_id: int, event: Any) -> None:
        """Do nothing: no task waits."""

    def on_trigger_failure(self, trigger_id: int, exc: list[str] | None) -> None:
        """Fail: what was measured would be less than was asked for."""
        message = f"trigger {trigger_id} failed: {''.join(exc or ())}"
        raise RuntimeError(message)

    def metric_tags(self) -> dict[str, str]:
        """Return what Airflow demands."""
        return {"hostname": "here"}


def supervise(order: Order) -> None:
    """Be a triggerer."""
    Supervisor.order, Supervisor.waiting = order, order.workloads()
    supervisor = Supervisor.start(job=None, capacity=len(order.arguments))
    try:
        supervisor.run()
    finally:
        # at once: how it would shut down is another question
        supervisor.kill(signal.SIGKILL, force=True)


if __name__ == "__main__":
    supervise(Order(**json.loads(sys.stdin.readline())))
