# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Perform the plan of a soak: kill and restart processes, order faults, act as users do.

What gives an operation's cancel a cause is written down right before it is done.
"""

from __future__ import annotations

import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.status import Code
from tests.cluster.airflow import Component
from tests.cluster.errors import ApiError, ApiUnreachableError
from tests.cluster.rest_api import DagRun, RunState, TaskState
from tests.soak.call_hooks import CallHook
from tests.soak.dag_specs import DAG_SPECS, Kind
from tests.soak.evidence import Blow, BlowKind, Cause, CauseKind
from tests.soak.interference import Interference
from tests.soak.plan import STRANGERS, ActionKind, Disturb
from tests.soak.task_processes import TaskProcesses

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow_spanner_lro.emulator import SpannerAdminEmulator
    from tests.cluster.airflow import LocalAirflow
    from tests.soak.call_hooks import HookedFaults
    from tests.soak.report import Totals
    from tests.soak.soak_api import SoakApi, TaskProcess
    from tests.soak.strangers import Strangers
    from tests.support.tcp_proxy import TcpProxy

AT_WORK = (TaskState.RUNNING, TaskState.DEFERRED)
_CAUSES = {
    ActionKind.MARK_FAILED: CauseKind.MARK_FAILED,
    ActionKind.MARK_SUCCESS: CauseKind.MARK_SUCCESS,
    ActionKind.CLEAR: CauseKind.CLEAR,
    ActionKind.FAIL_RUN: CauseKind.FAIL_RUN,
}
TRIGGERERS = (1, 2)
_MANY = 3
"""How many tasks at least are marked failed at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """What has to follow a disturbance.

    :param seconds: after how long
    """

    seconds: float
    do: Callable[[], None]


class PlanRunner:
    """Performs disturbances.

    :param say: tells whoever looks on
    """

    def __init__(
        self,
        *,
        airflow: LocalAirflow,
        api: SoakApi,
        emulator: SpannerAdminEmulator,
        proxy: TcpProxy,
        faults: HookedFaults,
        strangers: Strangers,
        totals: Totals,
        say: Callable[[str], None],
    ) -> None:
        self._airflow = airflow
        self._api = api
        self._emulator = emulator
        self._proxy = proxy
        self._keys = 0
        self._faults = faults
        self._totals = totals
        self._say = say
        self._causes: list[Cause] = []
        self._blows: list[Blow] = []
        self._lock = threading.Lock()
        self._away: set[tuple[Component, int]] = set()
        self._task_processes = TaskProcesses(airflow=airflow, api=api)
        self.interference = Interference(
            api=api,
            faults=faults,
            strangers=strangers,
            totals=totals,
            user=self.user,
            late=self._late,
            say=say,
        )
        """Whoever performs what strangers do."""

    @property
    def causes(self) -> tuple[Cause, ...]:
        """All causes so far."""
        with self._lock:
            return tuple(self._causes)

    @property
    def blows(self) -> tuple[Blow, ...]:
        """All that may have kept an answer from a task, so far."""
        with self._lock:
            return tuple(self._blows)

    def perform(self, disturb: Disturb) -> FollowUp | None:
        """Do it, or count that there was nobody to do it to; return what has to follow."""
        if disturb.deed in STRANGERS:
            self._meddle(disturb)
            return None
        later: FollowUp | None = None
        try:
            match disturb.deed:
                case ActionKind.KILL_TASK | ActionKind.KILL_WORKER | ActionKind.EVICT:
                    done = self._hurt_a_task(disturb)
                case ActionKind.AMBUSH:
                    # counted when somebody walks into it
                    whole = disturb.share < 1 / 3
                    self._faults.ambush(lambda run_id, kind: self._attack(run_id, kind, whole))
                    return None
                case (
                    ActionKind.KILL_TRIGGERER
                    | ActionKind.STALL_TRIGGERER
                    | ActionKind.RESTART_TRIGGERER
                ):
                    later = self._hurt_a_triggerer(disturb)
                    done = later is not None
                case ActionKind.KILL_SCHEDULER:
                    later = self._kill_the_scheduler(disturb)
                    done = later is not None
                case (
                    ActionKind.MARK_FAILED
                    | ActionKind.MARK_SUCCESS
                    | ActionKind.CLEAR
                    | ActionKind.FAIL_RUN
                ):
                    done = self._act_as_user(disturb)
                case ActionKind.FAIL_MANY:
                    done = self._fail_many(disturb)
                case ActionKind.ROTATE:
                    later, done = self._refuse_the_key(disturb), True
                case _:
                    done = self._trouble(disturb)
        except (ApiError, ApiUnreachableError) as exc:
            self._say(f"{disturb.deed}: {exc}")
            done = False
        (self._totals.done if done else self._totals.missed)[disturb.deed] += 1
        return later

    # -- the user

    def user(
        self, deed: ActionKind, *, run: DagRun, task_id: str, api: SoakApi | None = None
    ) -> bool:
        """Do what a user does to one task, or to its run; tell whether Airflow agreed.

        :param api: a client for another thread than the one that performs the plan
        """
        api = api or self._api
        whole = deed is ActionKind.FAIL_RUN
        cause = Cause(
            kind=_CAUSES[deed],
            run_id=run.run_id,
            task_id=None if whole else task_id,
            at=time.time(),
        )
        try:
            match deed:
                case ActionKind.FAIL_RUN:
                    api.set_run_state(run, RunState.FAILED)
                case ActionKind.CLEAR:
                    api.clear(api.task_instance(run, task_id))
                case ActionKind.MARK_SUCCESS | ActionKind.MARK_FAILED:
                    state = (
                        TaskState.FAILED if deed is ActionKind.MARK_FAILED else TaskState.SUCCESS
                    )
                    api.set_task_state(api.task_instance(run, task_id), state)
        except ApiError as exc:
            if exc.status < 500:
                # it was refused, so nothing has happened
                return False
            self._say(f"{deed}: {exc}")
        except ApiUnreachableError as exc:
            # it may have happened
            self._say(f"{deed}: {exc}")
        self._note(cause)
        self._say(f"{deed}: {run.run_id}{'' if whole else f'.{task_id}'}")
        return True

    def _act_as_user(self, disturb: Disturb) -> bool:
        states = AT_WORK
        if disturb.deed is ActionKind.CLEAR and disturb.share < 0.4:
            states = (TaskState.SUCCESS, TaskState.FAILED)
        worker = _choose(self._api.tasks_in(*states), disturb)
        return worker is not None and self.user(
            disturb.deed, run=worker.run, task_id=worker.task_id
        )

    def _fail_many(self, disturb: Disturb) -> bool:
        """Mark all tasks failed that are at work, at the same time; some at least."""
        workers = self._api.tasks_in(*AT_WORK)
        if len(workers) < _MANY:
            return False
        self._say(f"{disturb.deed}: {len(workers)}")

        def fail(worker: TaskProcess) -> bool:
            with self._api.another() as api:
                run, task_id = worker.run, worker.task_id
                return self.user(ActionKind.MARK_FAILED, run=run, task_id=task_id, api=api)

        with ThreadPoolExecutor(max_workers=len(workers)) as pool:
            return sum(pool.map(fail, workers)) >= _MANY

    # -- workers

    def _hurt_a_task(self, disturb: Disturb) -> bool:
        worker = _choose(self._task_processes.candidates(), disturb)
        if worker is None:
            return False
        self._say(f"{disturb.deed}: {worker.run_id}.{worker.task_id}")
        self._strike(BlowKind.KILLED, worker.run_id, worker.task_id)
        if disturb.deed is not ActionKind.EVICT:
            return self._task_processes.kill(worker, whole=disturb.deed is ActionKind.KILL_WORKER)
        self._note(
            Cause(
                kind=CauseKind.EVICT,
                run_id=worker.run_id,
                task_id=worker.task_id,
                at=time.time(),
            )
        )
        return self._task_processes.evict(worker)

    def _attack(self, run_id: str, kind: Kind, whole: bool) -> None:
        """Kill the process whose start call is being answered. Called by the emulator."""
        self._strike(BlowKind.KILLED, run_id, kind)
        done = self._task_processes.kill_at_call(run_id, kind, whole=whole)
        if done:
            self._say(f"{ActionKind.AMBUSH}: {run_id}.{kind}")
        (self._totals.done if done else self._totals.missed)[ActionKind.AMBUSH] += 1

    # -- components

    def _hurt_a_triggerer(self, disturb: Disturb) -> FollowUp | None:
        number = TRIGGERERS[int(disturb.pick * len(TRIGGERERS))]
        if any(component is Component.TRIGGERER for component, _ in self._away):
            # one of two, never both
            return None
        key = (Component.TRIGGERER, number)
        self._say(f"{disturb.deed}: number {number}")
        self._away.add(key)
        if disturb.deed is ActionKind.STALL_TRIGGERER:
            process = self._airflow.process(Component.TRIGGERER, number=number)
            process.signal(signal.SIGSTOP, everyone=True)

            def wake() -> None:
                process.signal(signal.SIGCONT, everyone=True)
                self._away.discard(key)

            return FollowUp(seconds=16 + 10 * disturb.share, do=wake)
        if disturb.deed is ActionKind.KILL_TRIGGERER:
            self._airflow.kill_component(Component.TRIGGERER, number=number)
        else:
            self._airflow.stop_component(Component.TRIGGERER, number=number, grace=10)
        return FollowUp(seconds=1 + 10 * disturb.share, do=lambda: self._restart(key))

    def _kill_the_scheduler(self, disturb: Disturb) -> FollowUp | None:
        key = (Component.SCHEDULER, 1)
        if key in self._away:
            return None
        self._say(disturb.deed)
        self._away.add(key)
        self._strike(BlowKind.KILLED, None, None)
        self._airflow.kill_component(Component.SCHEDULER)
        return FollowUp(seconds=1 + 8 * disturb.share, do=lambda: self._restart(key))

    def _restart(self, key: tuple[Component, int]) -> None:
        component, number = key
        self._airflow.start_component(component, number=number)
        self._away.discard(key)

    # -- Spanner

    def _trouble(self, disturb: Disturb) -> bool:
        faults, share = self._faults, disturb.share
        method = tuple(Kind)[int(disturb.pick * len(Kind))].method
        match disturb.deed:
            case ActionKind.OUTAGE:
                faults.outage(seconds=2 + 6 * share)
            case ActionKind.LOSE_ANSWER:
                code = Code.UNAVAILABLE if share < 1 / 2 else Code.DEADLINE_EXCEEDED
                faults.lose_answer(method=method, code=code)
            case ActionKind.DROP | ActionKind.SILENCE:
                self._hurt_connections(disturb.deed, share=share, method=method)
            case ActionKind.QUOTA:
                faults.fail(code=Code.RESOURCE_EXHAUSTED, times=3 + int(10 * share))
            case ActionKind.DELAY:
                faults.delay(1 + 5 * share, method=method, times=1)
            case ActionKind.ANSWER_LATE:
                faults.await_start(CallHook(after=self._late, late=2 + 8 * share))
            case ActionKind.FAIL_CANCEL:
                faults.fail(method="CancelOperation", times=2 + int(6 * share))
            case ActionKind.REFUSE_CANCEL:
                faults.fail(method="CancelOperation", code=Code.PERMISSION_DENIED)
        return True

    def _hurt_connections(self, deed: ActionKind, *, share: float, method: str) -> None:
        silent = deed is ActionKind.SILENCE
        self._strike(BlowKind.SILENCED if silent else BlowKind.DROPPED, None, None)
        if silent:
            self._proxy.silence()
        elif share < 1 / 2:
            self._emulator.drop_connections()
        else:
            self._faults.drop_connection(method=method, after_work=share < 3 / 4)

    def _refuse_the_key(self, disturb: Disturb) -> FollowUp:
        """Refuse all credentials, until the connection has others."""
        self._faults.keys_refused.set()
        self._say(disturb.deed)

        def rotate() -> None:
            self._keys += 1
            try:
                self._api.set_key(self._keys)
            except (ApiError, ApiUnreachableError) as exc:
                self._say(f"{disturb.deed}: {exc}")
            self._faults.keys_refused.clear()

        return FollowUp(seconds=2 + 6 * disturb.share, do=rotate)

    def _late(self, run_id: str, kind: Kind) -> None:
        """Note that the answer of a start call comes late."""
        self._strike(BlowKind.LATE, run_id, kind)

    # -- strangers

    def _meddle(self, disturb: Disturb) -> None:
        try:
            self.interference.perform(disturb)
        except (ApiError, ApiUnreachableError) as exc:
            self._say(f"{disturb.deed}: {exc}")
            self._totals.missed[disturb.deed] += 1

    # -- what is written down

    def _strike(self, kind: BlowKind, run_id: str | None, task_id: str | None) -> None:
        """Note what may keep an answer from a task; None for all of them."""
        with self._lock:
            self._blows.append(Blow(kind=kind, run_id=run_id, task_id=task_id, at=time.time()))

    def _note(self, cause: Cause) -> None:
        with self._lock:
            self._causes.append(cause)


def needs_user(dag_id: str) -> bool:
    """Tell whether the tasks of a Dag end only if a user ends them."""
    return any(each.dag_id == dag_id and each.needs_user for each in DAG_SPECS.values())


def _choose(candidates: Sequence[TaskProcess], disturb: Disturb) -> TaskProcess | None:
    ordered = sorted(candidates, key=lambda each: (each.run_id, each.task_id))
    return ordered[int(disturb.pick * len(ordered))] if ordered else None
