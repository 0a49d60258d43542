# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What is printed in the end: the totals, each violation with its evidence, the four numbers."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from .verdict import Charge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from .totals import Totals
    from .verdict import Violation

    LogFolder = Callable[[str, str], Path]


def report(
    violations: Sequence[Violation], *, totals: Totals, log_folder: LogFolder
) -> Iterator[str]:
    """Yield the lines of the report.

    :param log_folder: says where the logs of a run are, by Dag and run
    """
    yield "What happened"
    yield from totals.lines()
    for number, violation in enumerate(violations, 1):
        yield ""
        yield f"Violation {number}"
        yield from _told(violation, log_folder=log_folder)
    yield ""
    for shortfall in totals.shortfalls():
        yield f"TOO LITTLE TO BE A PROOF: {shortfall}"
    counts = Counter(violation.charge for violation in violations)
    yield "Must be 0"
    yield from (f"{counts[charge]:5}  {charge}" for charge in Charge)


def _told(violation: Violation, *, log_folder: LogFolder) -> Iterator[str]:
    task, operation = violation.task, violation.operation
    yield f"  {violation.charge}: {violation.why}"
    yield f"  task       {task.dag_id} {task.run_id} {task.task_id} is {task.state}"
    for each in task.tries:
        yield f"  try {each.number}      {_time(each.started)} to {_time(each.ended)}, {each.state}"
    if operation:
        span = f"{_time(operation.started)} to {_time(operation.ended)}"
        yield f"  operation  {operation.name}"
        yield f"             {span}, {operation.state}"
    yield f"  {'made' if task.made else 'not made'}  {task.target}"
    for adoption in task.adoptions:
        yield f"  adopted    {_time(adoption.at)} {adoption.operation}"
    for call in violation.calls:
        yield f"  call       {_time(call.at)} {call.method} {call.resource} -> {call.code}"
    for cause in violation.causes:
        yield f"  cause      {_time(cause.at)} {cause.kind}"
    yield f"  logs       {log_folder(task.dag_id, task.run_id)}"


def _time(at: float | None) -> str:
    return "never" if at is None else f"{datetime.fromtimestamp(at, tz=UTC):%H:%M:%S.%f}"[:-4]
