# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Several flows as one: their calls are made in turn, and they sleep at the same time.

So ten cancels take as long as the slowest of them, in one process and with one deadline, and the
last is sent before the first is waited for. A cancel that is ready goes before any other call.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from airflow_spanner_lro.core.flows.commands import Answer, Cancel, Command, Flow, Sleep
from airflow_spanner_lro.core.flows.operation import DeadlinePassedError, stop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from airflow_spanner_lro.core.flows.policy import CancelPolicy
    from airflow_spanner_lro.core.names import OperationName
    from airflow_spanner_lro.core.operations.settlement import Settlement

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class _Lane(Generic[T]):
    """One of the flows: what it asks for now, or what it returned."""

    flow: Flow[T]
    command: Command | None = None
    result: T | None = None

    def send(self, answer: Answer) -> None:
        """Tell the flow what its command was answered; None starts it."""
        self._step(self.flow.send, answer)

    def throw(self, exc: DeadlinePassedError) -> None:
        """Tell the flow that its deadline passed."""
        self._step(self.flow.throw, exc)

    def sleep(self, seconds: float) -> None:
        """Let time pass for a flow that sleeps."""
        left = self.sleeps - seconds
        if left > 0:
            self.command = Sleep(left)
        else:
            self.send(None)

    @property
    def cancels(self) -> bool:
        """Whether it asks for a cancel now."""
        return isinstance(self.command, Cancel)

    @property
    def sleeps(self) -> float:
        """For how many more seconds it sleeps."""
        return self.command.seconds if isinstance(self.command, Sleep) else 0.0

    def _step(self, move: Callable[[Any], Command], what: Any) -> None:
        try:
            self.command = move(what)
        except StopIteration as end:
            self.command, self.result = None, end.value


def together(flows: Iterable[Flow[T]]) -> Flow[tuple[T, ...]]:
    """Perform several flows side by side; return what each returned, in their order.

    The deadline of the driver is everyone's. An error that one of them raises ends them all.
    """
    lanes = [_Lane(flow) for flow in flows]
    for lane in lanes:
        lane.send(None)
    while waiting := [lane for lane in lanes if lane.command]:
        if awake := deque(lane for lane in waiting if not isinstance(lane.command, Sleep)):
            while awake:
                lane = next((each for each in awake if each.cancels), awake[0])
                awake.remove(lane)
                lane.send((yield lane.command))  # type: ignore[misc]  # it has a command
                if lane.cancels:
                    awake.append(lane)
            continue
        seconds = min(lane.sleeps for lane in waiting)
        try:
            yield Sleep(seconds)
        except DeadlinePassedError as passed:
            for lane in waiting:
                lane.throw(passed)
        else:
            for lane in waiting:
                lane.sleep(seconds)
    return tuple(lane.result for lane in lanes)  # type: ignore[misc]  # each has ended


def stop_all(
    names: Iterable[OperationName], *, policy: CancelPolicy, cleans_up: bool
) -> Flow[tuple[Settlement, ...]]:
    """Cancel operations and settle them side by side; clean up after each, if asked to."""
    return together(stop(name=name, policy=policy, cleans_up=cleans_up) for name in names)
