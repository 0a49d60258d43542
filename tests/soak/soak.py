# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The order of a soak: the storm that was planned, calm, the reaper, and the evidence."""

from __future__ import annotations

import heapq
import time
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.operations.snapshot import OperationState
from tests.cluster.errors import ApiError, ApiUnreachableError, NotReachedError, ProcessDiedError
from tests.cluster.waiting import wait_until
from tests.soak.call_hooks import CANCEL
from tests.soak.environment import start_environment
from tests.soak.evidence import DELETES
from tests.soak.evidence_collector import collect, operations_of
from tests.soak.plan import ActionKind, StartRun, make_plan, reaps_meanwhile
from tests.soak.plan_runner import AT_WORK, PlanRunner, needs_user
from tests.soak.report import Totals

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cluster.rest_api import DagRun
    from tests.soak.environment import SoakEnvironment
    from tests.soak.evidence import SoakEvidence
    from tests.soak.plan import Action, Disturb
    from tests.soak.report import LogFolder

GRACE = 5.0
"""Of the command in the end, in seconds; nothing else is at work then."""
BY_ITSELF = 90.0
"""Seconds in which the reaper that runs by itself has seen to everything."""
ENDING = 240.0
"""Seconds in which all runs have to end once it is calm."""
ROUNDS = 6
"""How often the reaper is run at most."""


@dataclass(slots=True, kw_only=True)
class Soak:
    """One soak.

    :param home: an empty folder
    """

    home: Path
    seed: int
    minutes: float
    totals: Totals = field(init=False)
    _runs: list[DagRun] = field(init=False, default_factory=list)
    _open: list[DagRun] = field(init=False, default_factory=list)
    _begun: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self.totals = Totals(minutes=self.minutes)

    def perform(self) -> tuple[SoakEvidence, Totals, LogFolder]:
        """Do all of it; nothing that was started is alive afterwards."""
        plan = make_plan(seed=self.seed, minutes=self.minutes)
        self._begun = time.monotonic()
        self._say("starting PostgreSQL, the emulator and Airflow")
        with start_environment(home=self.home, seed=self.seed) as environment:
            runner = PlanRunner(
                airflow=environment.airflow,
                api=environment.api,
                emulator=environment.emulator,
                proxy=environment.proxy,
                faults=environment.faults,
                strangers=environment.strangers,
                totals=self.totals,
                say=self._say,
            )
            self._begun = time.monotonic()
            reaped_from = time.time()
            left = self._storm(plan, environment=environment, runner=runner)
            self._calm(left, environment=environment, runner=runner)
            calm_from = time.time()
            if reaps_meanwhile(self.seed):
                self._wait_for_the_reaper(environment)
            else:
                reaped_from = calm_from
            self._reap(environment, runner=runner)
            self._wait_for_the_spared(environment)
            evidence = collect(
                environment,
                runs=self._runs,
                causes=runner.causes,
                blows=runner.blows,
                reaped_from=reaped_from,
            )
            (self.home / "evidence.json").write_text(evidence.to_json())
            log_folder = environment.log_folder
        self._count(evidence, calm_from=calm_from)
        return evidence, self.totals, log_folder

    # -- the storm

    def _storm(
        self, plan: tuple[Action, ...], *, environment: SoakEnvironment, runner: PlanRunner
    ) -> list[Callable[[], None]]:
        """Perform the plan; return what still has to follow."""
        self._say("the storm begins")
        serial = count()
        timeline: list[tuple[float, int, StartRun | Disturb | Callable[[], None]]] = [
            (action.at, next(serial), action.what) for action in plan
        ]
        heapq.heapify(timeline)
        end = self.minutes * 60
        while timeline and timeline[0][0] < end:
            at, _, what = heapq.heappop(timeline)
            time.sleep(max(0.0, at - self._now))
            following: tuple[float, Callable[[], None]] | None = None
            if isinstance(what, StartRun):
                following = self._start(what, environment=environment, runner=runner)
            elif callable(what):
                what()
            elif later := runner.perform(what):
                following = later.seconds, later.do
            if following:
                seconds, do = following
                heapq.heappush(timeline, (self._now + seconds, next(serial), do))
        return [
            what for _, _, what in sorted(timeline, key=lambda each: each[:2]) if callable(what)
        ]

    def _start(
        self, order: StartRun, *, environment: SoakEnvironment, runner: PlanRunner
    ) -> tuple[float, Callable[[], None]] | None:
        """Start a run; return what its user is going to do, and when."""
        environment.prepare(order)
        try:
            run = environment.start(order)
        except (ApiError, ApiUnreachableError) as exc:
            self._say(f"{order.run_id} cannot be started: {exc}")
            return None
        self._runs.append(run)
        self._say(f"{order.run_id} is {order.recipe}")
        runner.interference.be_first(order)
        if order.user is None:
            return None
        deed, seconds = order.user
        tasks = tuple(order.work)
        whole = len(tasks) > 1

        def act() -> None:
            planned = ActionKind.FAIL_RUN if whole else deed
            if runner.user(planned, run=run, task_id=tasks[0]):
                self.totals.done[planned] += 1

        return seconds, act

    # -- calm

    def _calm(
        self, left: list[Callable[[], None]], *, environment: SoakEnvironment, runner: PlanRunner
    ) -> None:
        """Let all that was hurt come back, and all runs end."""
        self._say("calm: all components come back")
        environment.faults.clear()
        environment.strangers.rest()
        for do in left:
            do()
        environment.airflow.wait_until_ready(timeout=180)
        self._open = list(self._runs)
        try:
            wait_until(
                lambda: self._unended(environment, runner=runner),
                accept=lambda unended: not unended,
                timeout=ENDING,
                what="all runs to end",
                interval=3.0,
            )
        except NotReachedError as exc:
            self._say(str(exc))
        for run in self._open:
            self.totals.others["runs that did not end by themselves"] += 1
            runner.user(ActionKind.FAIL_RUN, run=run, task_id="")

    def _unended(self, environment: SoakEnvironment, *, runner: PlanRunner) -> tuple[str, ...]:
        """Return the runs that go on; those that need a user get one."""
        for worker in environment.api.tasks_in(*AT_WORK):
            if needs_user(worker.dag_id):
                runner.user(ActionKind.MARK_FAILED, run=worker.run, task_id=worker.task_id)
        environment.strangers.end_what_lasts()
        self._open = [run for run in self._open if not environment.api.dag_run(run).ended]
        return tuple(run.run_id for run in self._open)

    # -- the reaper

    def _wait_for_the_reaper(self, environment: SoakEnvironment) -> None:
        """Give the reaper that runs by itself the time in which it is to find everything."""
        self._say("the reaper sees to what is left, by itself")
        before = self._deeds(environment)
        self._wait(BY_ITSELF)
        self.totals.others["cancels and deletions of the reaper by itself, in the end"] = (
            self._deeds(environment) - before
        )

    def _reap(self, environment: SoakEnvironment, *, runner: PlanRunner) -> None:
        """Run the command until it finds nothing to do, with strangers beside it at first."""
        beginning = self._deeds(environment)
        for number in range(1, ROUNDS + 1):
            self._wait(GRACE + 1)
            if number == 1:
                runner.interference.meet_the_reaper()
            before = self._deeds(environment)
            settled = True
            try:
                told = environment.airflow.command(
                    "spanner-lro", "reap", "--grace", f"{GRACE:g}s", timeout=240
                )
            except ProcessDiedError as exc:
                # it says so if something could not be settled, and the next round tries again
                settled, told = False, str(exc)
            for line in told.splitlines()[-12:]:
                self._say(f"reaper: {line}")
            deeds = self._deeds(environment) - before
            self._say(f"reaper, round {number}: {deeds} cancels and deletions")
            if settled and not deeds:
                break
        self.totals.others["cancels and deletions by the command, in the end"] = (
            self._deeds(environment) - beginning
        )
        environment.strangers.rest()

    def _wait_for_the_spared(self, environment: SoakEnvironment) -> None:
        """Wait for what is to end by itself."""
        try:
            wait_until(
                lambda: [
                    each.name
                    for each in operations_of(environment)
                    if each.state is OperationState.RUNNING
                ],
                accept=lambda running: not running,
                timeout=75,
                what="all operations to end",
                interval=1.0,
            )
        except NotReachedError as exc:
            self._say(str(exc))

    @staticmethod
    def _deeds(environment: SoakEnvironment) -> int:
        return len(environment.emulator.calls.of(CANCEL, *DELETES))

    # -- what is told

    def _count(self, evidence: SoakEvidence, *, calm_from: float) -> None:
        others = self.totals.others
        others["runs"] = len(self._runs)
        own = [each for each in evidence.operations if not each.stranger]
        others["operations"] = len(own)
        others["operations of strangers"] = len(evidence.operations) - len(own)
        for operation in own:
            others[f"operations {operation.state.lower()}"] += 1
        cancels = [call for call in evidence.calls if call.method == CANCEL and not call.stranger]
        others["cancel calls"] = len(cancels)
        others["operations that the reaper cancelled in the end"] = len(
            {call.resource for call in cancels if call.at >= calm_from}
        )
        others["adoptions"] = sum(len(task.adoptions) for task in evidence.tasks)
        others["tries"] = sum(len(task.tries) for task in evidence.tasks)
        for task in evidence.tasks:
            others[f"tasks {task.state}"] += 1
            met = task.target in {call.resource for call in evidence.calls if call.stranger}
            others[f"tasks {task.state} that met strangers"] += met

    @property
    def _now(self) -> float:
        """Seconds since the storm began."""
        return time.monotonic() - self._begun

    def _wait(self, seconds: float) -> None:
        until = self._now + seconds
        wait_until(lambda: self._now >= until, timeout=2 * seconds, what="time to pass")

    def _say(self, text: str) -> None:
        print(f"{self._now:7.1f}  {text}", flush=True)
