# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Strangers get in the way of a task just when they are to, and no one is told more than happened.

Against the emulator, over real channels; a client of the test makes the task's calls.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from google.api_core.exceptions import AlreadyExists, DeadlineExceeded, ServiceUnavailable

from airflow_spanner_lro.admin.client import SpannerAdminClient
from airflow_spanner_lro.admin.connect import Endpoint
from airflow_spanner_lro.core.operations.snapshot import OperationState
from tests.cluster.rest_api import TaskState
from tests.cluster.waiting import wait_until
from tests.soak.dag_specs import ORIGIN_ID, Kind, target
from tests.soak.interference import Interference
from tests.soak.plan import ActionKind, Disturb, StartRun
from tests.soak.report import Totals
from tests.soak.sample_histories import RUN
from tests.soak.soak_api import TaskProcess
from tests.soak.strangers import KINDS, Wish

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType
    from typing import Self

    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot
    from tests.cluster.rest_api import DagRun
    from tests.soak.call_hooks import HookedFaults
    from tests.soak.second_endpoint import TwoEndpointEmulator
    from tests.soak.strangers import Strangers

TARGET = target(RUN, Kind.BACKUP)
OTHERWISE = 0.9
"""A share that has strangers want something else, and users stay away."""


@dataclass(slots=True)
class FakeApi:
    """An Airflow that has one task, in a state."""

    state: TaskState = TaskState.SUCCESS

    def tasks_in(self, *states: TaskState) -> tuple[TaskProcess, ...]:
        """Return the task, if it is in one of the states."""
        worker = TaskProcess(
            dag_id="soak_test", run_id=RUN, task_id=Kind.BACKUP, state=self.state, pid=None
        )
        return (worker,) if self.state in states else ()

    def another(self) -> Self:
        """Return a client for another thread."""
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        return


@dataclass(slots=True, kw_only=True)
class Stage:
    """Interference with all that it works with, and the task's own client."""

    emulator: TwoEndpointEmulator
    strangers: Strangers
    client: SpannerAdminClient
    totals: Totals
    api: FakeApi
    did: list[tuple[ActionKind, str]] = field(default_factory=list)
    late: list[tuple[str, Kind]] = field(default_factory=list)
    interference: Interference = field(init=False)

    def perform(self, deed: ActionKind, *, pick: float = OTHERWISE) -> None:
        """Have strangers do something."""
        self.interference.perform(Disturb(deed=deed, pick=pick, share=OTHERWISE))

    def user(self, deed: ActionKind, *, run: DagRun, task_id: str, api: object) -> bool:
        """Note what a user does."""
        del run, api
        self.did.append((deed, task_id))
        return True

    def start(self, *, timeout: float = 5.0) -> OperationSnapshot:
        """Make the task's start call."""
        wish = Wish(run_id=RUN, kind=Kind.BACKUP, share=0.0)
        request = wish.request(database=ORIGIN_ID)
        return self.client.start(kind=KINDS[Kind.BACKUP], request=request, timeout=timeout)

    def done(self, deed: ActionKind) -> int:
        """Wait until a deed was done, and return how often it was."""
        return wait_until(
            lambda: self.totals.done[deed], accept=bool, timeout=10, what=f"{deed} to happen"
        )

    @property
    def whose(self) -> list[bool]:
        """Whether each operation is a stranger's, the oldest first."""
        return [each.name in self.strangers.started for each in self.emulator.operations()]

    @property
    def states(self) -> list[OperationState]:
        """The state of each operation."""
        return [each.state for each in self.emulator.operations()]


@pytest.fixture
def stage(
    emulator: TwoEndpointEmulator, faults: HookedFaults, strangers: Strangers
) -> Iterator[Stage]:
    """Return a stage on which the task is a success."""
    stage = Stage(
        emulator=emulator,
        strangers=strangers,
        client=SpannerAdminClient(Endpoint(target=emulator.endpoint, plain_text=True)),
        totals=Totals(minutes=1),
        api=FakeApi(),
    )
    stage.interference = Interference(
        api=stage.api,  # type: ignore[arg-type]  # a fake
        faults=faults,
        strangers=strangers,
        totals=stage.totals,
        user=stage.user,
        late=lambda run_id, kind: stage.late.append((run_id, kind)),
        say=print,
    )
    yield stage
    stage.client.close()


def test_a_stranger_is_first(stage: Stage) -> None:
    """A stranger starts on the target soon after the run has been started."""
    order = StartRun(
        run_id=RUN,
        recipe="backup_once",
        work={Kind.BACKUP: None},  # type: ignore[dict-item]  # nobody looks at it
        database=None,
        user=None,
        stranger=(OTHERWISE, 0.0),
    )
    stage.interference.be_first(order)

    assert 1 == stage.done(ActionKind.STRANGER_FIRST)
    assert [True] == stage.whose


def test_a_stranger_comes_just_before_the_work(stage: Stage) -> None:
    """The task's call meets what a stranger has started while it was on its way."""
    stage.perform(ActionKind.STRANGER_CONFLICT)
    with pytest.raises(AlreadyExists):
        stage.start()

    assert [True] == stage.whose
    assert 1 == stage.totals.done[ActionKind.STRANGER_CONFLICT]


@pytest.mark.parametrize(("pick", "error"), [(0.1, ServiceUnavailable), (0.9, DeadlineExceeded)])
def test_a_stranger_comes_instead(stage: Stage, pick: float, error: type[Exception]) -> None:
    """The task's call has done nothing and cannot know it, and a stranger's has."""
    stage.perform(ActionKind.STRANGER_INSTEAD, pick=pick)
    with pytest.raises(error):
        stage.start()

    assert [True] == stage.whose


def test_a_stranger_comes_between_start_and_retry(stage: Stage) -> None:
    """The task's call fails, and a stranger starts seconds later."""
    stage.perform(ActionKind.STRANGER_BETWEEN, pick=0.0)
    with pytest.raises(ServiceUnavailable):
        stage.start()

    assert 1 == stage.done(ActionKind.STRANGER_BETWEEN)
    assert [True] == stage.whose


def test_a_task_that_meets_a_stranger_may_be_ended(stage: Stage) -> None:
    """A user marks it failed a moment later, if it is at work then."""
    stage.api.state = TaskState.DEFERRED
    stage.perform(ActionKind.STRANGER_CONFLICT, pick=0.0)
    with pytest.raises(AlreadyExists):
        stage.start()

    assert 1 == stage.done(ActionKind.MARK_FAILED)
    assert [(ActionKind.MARK_FAILED, "backup")] == stage.did


def test_an_answer_is_lost_and_a_stranger_takes_over(stage: Stage) -> None:
    """What the task has started is cancelled by a stranger, who then starts in its place."""
    stage.perform(ActionKind.STRANGER_LOST, pick=0.1)
    with pytest.raises(ServiceUnavailable):
        stage.start()

    assert 1 == stage.done(ActionKind.STRANGER_TAKE)
    assert [False, True] == stage.whose
    assert [OperationState.CANCELLED, OperationState.RUNNING] == stage.states
    assert () == stage.emulator.calls.of("CancelOperation")


def test_an_answer_is_late_and_a_stranger_was_there(stage: Stage) -> None:
    """The task waits for the name of what a stranger has deleted meanwhile."""
    stage.perform(ActionKind.STRANGER_LATE)
    with pytest.raises(DeadlineExceeded):
        stage.start(timeout=1.0)

    assert [(RUN, Kind.BACKUP)] == stage.late
    assert [OperationState.CANCELLED] == stage.states
    assert [TARGET] == [each.resource for each in stage.emulator.strangers_calls]


def test_a_stranger_cancels_what_a_task_runs(stage: Stage) -> None:
    """It is the task's operation that is cancelled, and nobody else's."""
    stage.strangers.start(Wish(run_id=RUN, kind=Kind.COPY, share=OTHERWISE))
    stage.start()
    stage.perform(ActionKind.STRANGER_CANCEL)

    assert [True, False] == stage.whose
    assert stage.states[1] is not OperationState.SUCCEEDED
    assert 1 == len(stage.emulator.strangers_calls.of("CancelOperation"))
    assert stage.emulator.operations()[1].cancel_requested is not None


def test_there_may_be_nothing_to_cancel(stage: Stage) -> None:
    """That is counted, too."""
    stage.perform(ActionKind.STRANGER_CANCEL)

    assert 1 == stage.totals.missed[ActionKind.STRANGER_CANCEL]


def test_a_stranger_takes_the_name_after_a_cancel(stage: Stage) -> None:
    """Once the task's operation is cancelled for it, a stranger starts in its place."""
    stage.perform(ActionKind.STRANGER_TAKE)
    stage.client.cancel(name=stage.start().name)

    assert 1 == stage.done(ActionKind.STRANGER_TAKE)
    assert [False, True] == stage.whose


@pytest.mark.parametrize(
    ("deed", "whose"),
    [(ActionKind.STRANGER_DELETE, [False]), (ActionKind.STRANGER_REPLACE, [False, True])],
)
def test_a_delivered_result_is_deleted_or_replaced(
    stage: Stage, deed: ActionKind, whose: list[bool]
) -> None:
    """What a task that has succeeded made is gone, or is a stranger's."""
    stage.start()
    stage.emulator.run_until_done()
    stage.perform(deed)

    assert 1 == stage.done(deed)
    assert whose == stage.whose


def test_strangers_meet_the_reaper(stage: Stage) -> None:
    """What a task has left running is cancelled by a stranger, who then starts in its place."""
    stage.start()
    stage.interference.meet_the_reaper()

    assert 1 == stage.done(ActionKind.STRANGER_TAKE)
    assert [False, True] == stage.whose
