# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Print the end of a soak: how much has happened, each violation with its evidence, the numbers.

The totals are there so that nobody takes an idle soak for a proof.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tests.soak.judge import Charge
from tests.soak.plan import FAULTS, KILLS, STRANGERS, USER_ACTIONS, ActionKind
from tests.soak.presumed_operations import Doubt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tests.soak.evidence import Call, Operation
    from tests.soak.judge import Violation
    from tests.soak.presumed_operations import Presumption

    LogFolder = Callable[[str, str], Path]
    from collections.abc import Collection


def report(
    violations: Sequence[Violation],
    *,
    presumed: Sequence[Presumption],
    totals: Totals,
    log_folder: LogFolder,
) -> Iterator[str]:
    """Yield the lines of the report.

    :param presumed: what was rightly left or delivered in doubt
    :param log_folder: says where the logs of a run are, by Dag and run
    """
    yield "What happened"
    yield from totals.lines()
    for number, violation in enumerate(violations, 1):
        yield ""
        yield f"Violation {number}"
        yield from _told(violation, log_folder=log_folder)
    yield ""
    yield from _in_doubt(presumed)
    yield ""
    for shortfall in totals.shortfalls():
        yield f"TOO LITTLE TO BE A PROOF: {shortfall}"
    counts = Counter(violation.charge for violation in violations)
    yield "Must be 0"
    yield from (f"{counts[charge]:5}  {charge}" for charge in Charge)


def _in_doubt(presumed: Sequence[Presumption]) -> Iterator[str]:
    counts = Counter(presumption.doubt for presumption in presumed)
    yield "In doubt, and explained"
    yield from (f"{counts[doubt]:5}  {doubt}" for doubt in Doubt)
    for each in presumed:
        yield f"         {each.doubt}: {each.operation.name}"
        yield f"           {each.task.dag_id} {each.task.run_id} {each.task.task_id}: {each.why}"


def _told(violation: Violation, *, log_folder: LogFolder) -> Iterator[str]:
    task, operation = violation.task, violation.operation
    yield f"  {violation.charge}: {violation.why}"
    yield f"  task       {task.dag_id} {task.run_id} {task.task_id} is {task.state}"
    for each in task.tries:
        yield f"  try {each.number}      {_time(each.started)} to {_time(each.ended)}, {each.state}"
    if operation:
        yield from _operation("operation", operation)
    for other in violation.others:
        yield from _operation("stranger's", other)
    yield f"  {'made' if task.made else 'not made'}  {task.target}"
    for adoption in task.adoptions:
        yield f"  adopted    {_time(adoption.at)} {adoption.operation}"
    for call in violation.calls:
        yield f"  call       {_call(call)}"
    for cause in violation.causes:
        yield f"  cause      {_time(cause.at)} {cause.kind}"
    yield f"  logs       {log_folder(task.dag_id, task.run_id)}"


def _operation(title: str, operation: Operation) -> Iterator[str]:
    whose = f"a stranger's{', alike' if operation.alike else ''}" if operation.stranger else "own"
    span = f"{_time(operation.started)} to {_time(operation.ended)}"
    yield f"  {title:10} {operation.name}"
    yield f"             {span}, {operation.state}, {whose}"


def _call(call: Call) -> str:
    whose = " (a stranger's)" if call.stranger else ""
    return f"{_time(call.at)} {call.method} {call.resource} -> {call.code}{whose}"


def _time(at: float | None) -> str:
    return "never" if at is None else f"{datetime.fromtimestamp(at, tz=UTC):%H:%M:%S.%f}"[:-4]


ENOUGH = {
    "operations": 3.0,
    "kills": 1.5,
    "faults": 2.0,
    "user actions": 1.0,
    "strangers' deeds": 1.5,
}
"""What has to happen in each minute for a soak to prove anything."""
_TITLES = {
    "kills": KILLS,
    "faults": FAULTS,
    "user actions": USER_ACTIONS,
    "strangers' deeds": STRANGERS,
}


@dataclass(slots=True, kw_only=True)
class Totals:
    """What was done, counted; and what could not be done, since nobody was there.

    :param minutes: for how long
    """

    minutes: float
    done: Counter[ActionKind] = field(default_factory=Counter)
    missed: Counter[ActionKind] = field(default_factory=Counter)
    others: Counter[str] = field(default_factory=Counter)

    def count(self, deeds: Collection[ActionKind]) -> int:
        """Return how many of some deeds were done."""
        return sum(self.done[deed] for deed in deeds)

    def shortfalls(self) -> tuple[str, ...]:
        """Return what there was too little of, in words."""
        return tuple(
            f"only {seen} {what} in {self.minutes:g} minutes; {least:g} a minute are a proof"
            for what, seen in self._measured()
            if seen < (least := ENOUGH[what]) * self.minutes
        )

    def lines(self) -> Iterator[str]:
        """Yield a line for each number."""
        yield from (f"{number:5}  {what}" for what, number in sorted(self.others.items()))
        for title, deeds in _TITLES.items():
            yield f"{self.count(deeds):5}  {title}"
            for deed in ActionKind:
                if deed in deeds:
                    missed = f" ({self.missed[deed]} found nobody)" if self.missed[deed] else ""
                    yield f"         {self.done[deed]:3}  {deed}{missed}"

    def _measured(self) -> Iterator[tuple[str, int]]:
        yield "operations", self.others["operations"]
        for title, deeds in _TITLES.items():
            yield title, self.count(deeds)
