# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Let strangers get in the way of tasks: before, within and after their start calls and cancels."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

from airflow_spanner_lro.core.kinds import OPTIMIZE_RESTORED_DATABASE
from airflow_spanner_lro.core.status import Code
from tests.cluster.errors import ApiError, ApiUnreachableError
from tests.cluster.rest_api import TaskState
from tests.soak.call_hooks import CallHook
from tests.soak.dag_specs import Kind, target, task_of
from tests.soak.plan import ActionKind, Disturb, StartRun
from tests.soak.strangers import Wish

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow_spanner_lro.emulator import OperationView
    from tests.cluster.rest_api import DagRun
    from tests.soak.call_hooks import HookedFaults
    from tests.soak.report import Totals
    from tests.soak.soak_api import SoakApi, TaskProcess
    from tests.soak.strangers import Strangers

_ENDED = 0.6
"""How many of the tasks that meet a stranger at their start are ended soon afterwards."""
BESIDE_REAPER = 3
"""At how many operations strangers are, while the reaper is at work in the end."""


class User(Protocol):
    """Whoever performs what users do."""

    def __call__(self, deed: ActionKind, *, run: DagRun, task_id: str, api: SoakApi) -> bool:
        """Do it to a task, and tell whether Airflow agreed."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Interference:
    """Performs strangers' deeds.

    :param user: has a user do something to a task; tells whether Airflow agreed
    :param late: is told that the answer of a task's start call comes late
    :param say: tells whoever looks on
    """

    api: SoakApi
    faults: HookedFaults
    strangers: Strangers
    totals: Totals
    user: User
    late: Callable[[str, Kind], None]
    say: Callable[[str], None]

    def be_first(self, order: StartRun) -> None:
        """Come before the tasks of a run that has just started, if that is planned."""
        if order.stranger is None:
            return
        share, seconds = order.stranger
        for kind in order.work:
            starts = self._starts(Disturb(deed=ActionKind.STRANGER_FIRST, pick=share, share=share))
            self.strangers.later(seconds, partial(starts, order.run_id, kind))

    def perform(self, disturb: Disturb) -> None:
        """Do it, let it be done when the moment comes, or count that there was nobody."""
        code = Code.UNAVAILABLE if disturb.pick < 1 / 2 else Code.DEADLINE_EXCEEDED
        match disturb.deed:
            case ActionKind.STRANGER_CONFLICT:
                self.faults.await_start(CallHook(before=self._starts(disturb)))
            case ActionKind.STRANGER_INSTEAD:
                self.faults.await_start(CallHook(before=self._starts(disturb), refuse=code))
            case ActionKind.STRANGER_BETWEEN:
                starts = self._starts(disturb)
                seconds = 1 + 6 * disturb.pick

                def wait_and_start(run_id: str, kind: Kind) -> None:
                    self.strangers.later(seconds, partial(starts, run_id, kind))

                self.faults.await_start(CallHook(before=wait_and_start, refuse=Code.UNAVAILABLE))
            case ActionKind.STRANGER_LOST:
                self.faults.await_start(CallHook(after=self._meddles(disturb), lose=code))
            case ActionKind.STRANGER_LATE:
                hook = CallHook(after=self._meddles_late(disturb), late=2 + 8 * disturb.share)
                self.faults.await_start(hook)
            case ActionKind.STRANGER_TAKE:
                self.faults.await_cancel(CallHook(after=self._takes(disturb)))
            case ActionKind.STRANGER_CANCEL:
                self._cancel(disturb)
            case ActionKind.STRANGER_DELETE | ActionKind.STRANGER_REPLACE:
                self._after_delivery(disturb)
            case _:
                done = self.strangers.withdraw(disturb.pick)
                (self.totals.done if done else self.totals.missed)[disturb.deed] += 1

    def meet_the_reaper(self) -> None:
        """Cancel what the reaper is about to cancel, and start the same as soon as it is gone."""
        for operation in self._of_tasks()[:BESIDE_REAPER]:
            run_id, kind = _task(operation)
            if self.strangers.cancel(operation.name):
                self._take(Wish(run_id=run_id, kind=kind, share=0.5))

    # -- within a call of a task, in a thread of the emulator

    def _starts(self, disturb: Disturb) -> Callable[[str, Kind], None]:
        def start(run_id: str, kind: Kind) -> None:
            wish = Wish(run_id=run_id, kind=kind, share=disturb.share)
            done = self.strangers.start(wish)
            self._count(disturb.deed, wish, done)
            if done and disturb.pick < _ENDED:
                # whoever took the stranger's operation up would end it now
                seconds = 3 + 10 * disturb.pick
                self.strangers.later(seconds, partial(self._end, run_id, kind))

        return start

    def _end(self, run_id: str, kind: Kind) -> None:
        """Have a user mark a task failed, if it is at work."""
        with suppress(ApiError, ApiUnreachableError), self.api.another() as api:
            for worker in api.tasks_in(TaskState.RUNNING, TaskState.DEFERRED):
                if (worker.run_id, worker.task_id) == (run_id, kind):
                    done = self.user(ActionKind.MARK_FAILED, api=api, run=worker.run, task_id=kind)
                    self.totals.done[ActionKind.MARK_FAILED] += done

    def _meddles(self, disturb: Disturb) -> Callable[[str, Kind], None]:
        """Return what is done to the operation that a call has just started."""

        def meddle(run_id: str, kind: Kind) -> None:
            wish = Wish(run_id=run_id, kind=kind, share=disturb.share)
            running = [each for each in self._of_tasks() if each.target == wish.target]
            if disturb.pick < 3 / 4:
                done = bool(running) and self.strangers.cancel(running[-1].name)
                if done and disturb.pick < 1 / 2:
                    self._take(wish)
            elif kind.makes:
                done = self.strangers.delete(wish.target)
            else:
                done = self.strangers.start(wish)
            self._count(disturb.deed, wish, done)

        return meddle

    def _meddles_late(self, disturb: Disturb) -> Callable[[str, Kind], None]:
        meddles = self._meddles(disturb)

        def meddle(run_id: str, kind: Kind) -> None:
            self.late(run_id, kind)
            meddles(run_id, kind)

        return meddle

    def _takes(self, disturb: Disturb) -> Callable[[str, Kind], None]:
        return lambda run_id, kind: self._take(Wish(run_id=run_id, kind=kind, share=disturb.share))

    def _take(self, wish: Wish) -> None:
        self.strangers.take(
            wish, told=lambda done: self._count(ActionKind.STRANGER_TAKE, wish, done)
        )

    # -- at any time

    def _cancel(self, disturb: Disturb) -> None:
        running = self._of_tasks()
        if not running:
            self.totals.missed[disturb.deed] += 1
            return
        operation = running[int(disturb.pick * len(running))]
        run_id, kind = _task(operation)
        wish = Wish(run_id=run_id, kind=kind, share=disturb.share)
        self._count(disturb.deed, wish, self.strangers.cancel(operation.name))

    def _after_delivery(self, disturb: Disturb) -> None:
        """Delete what a task has delivered, or make it anew; half of the time a user clears it."""
        delivered = [
            each
            for each in self.api.tasks_in(TaskState.SUCCESS)
            if self.strangers.sees(target(each.run_id, Kind(each.task_id)))
        ]
        worker = _choose(delivered, disturb)
        if worker is None:
            self.totals.missed[disturb.deed] += 1
            return
        wish = Wish(run_id=worker.run_id, kind=Kind(worker.task_id), share=disturb.share)

        def act() -> None:
            if disturb.deed is ActionKind.STRANGER_REPLACE:
                done = self.strangers.replace(wish)
            else:
                done = self.strangers.delete(wish.target)
            self._count(disturb.deed, wish, done)

        # a user who clears meanwhile has a new try meet any moment of this
        self.strangers.later(2 * disturb.pick, act)
        if disturb.share < 1 / 2:
            done = self.user(ActionKind.CLEAR, api=self.api, run=worker.run, task_id=worker.task_id)
            self.totals.done[ActionKind.CLEAR] += done

    # -- what they see

    def _of_tasks(self) -> list[OperationView]:
        """Return the operations that tasks have running, the newest last."""
        theirs = self.strangers.started
        return [
            each
            for each in self.strangers.running()
            if each.name not in theirs
            and each.kind is not OPTIMIZE_RESTORED_DATABASE
            and task_of(each.target)
        ]

    def _count(self, deed: ActionKind, wish: Wish, done: bool) -> None:
        (self.totals.done if done else self.totals.missed)[deed] += 1
        if done:
            self.say(f"{deed}: {wish.run_id}.{wish.kind}{', alike' if wish.alike else ''}")


def _task(operation: OperationView) -> tuple[str, Kind]:
    task = task_of(operation.target)
    assert task is not None, operation.target
    return task


def _choose(candidates: Sequence[TaskProcess], disturb: Disturb) -> TaskProcess | None:
    ordered = sorted(candidates, key=lambda each: (each.run_id, each.task_id))
    return ordered[int(disturb.pick * len(ordered))] if ordered else None
