# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What is printed in the end: the totals, each violation with its evidence, the five numbers.

And what was left or delivered in doubt, with the answer whose loss explains it.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tests.soak.presuming import Doubt
from tests.soak.verdict import Charge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tests.soak.evidence import Call, Operation
    from tests.soak.presuming import Presumption
    from tests.soak.totals import Totals
    from tests.soak.verdict import Violation

    LogFolder = Callable[[str, str], Path]


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
