# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What commands print: tables that fit the terminal, facts, JSON, YAML, names.

A table is cut to the terminal's width; into a pipe it goes in full, without colours, for others to
read. Whatever comes from Spanner is a text and no markup, with control characters escaped.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from airflow_spanner_lro.core.links import console_url
from airflow_spanner_lro.core.operations.snapshot import (
    OperationSnapshot,
    OperationState,
    snapshot_to_dict,
)
from airflow_spanner_lro.core.text import escape_unprintable, format_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from rich.console import RenderableType

_WIDEST = 100_000
"""Columns of what is no terminal: nothing is cut there."""
_KILLED = 128
"""What a shell adds to the number of the signal that has ended a program."""
_LEAST = 8
"""Columns that even a cut cell has."""
_STYLES = {
    OperationState.RUNNING: "cyan",
    OperationState.SUCCEEDED: "green",
    OperationState.FAILED: "red",
    OperationState.CANCELLED: "yellow",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table.

    :param of: returns what a cell says, of an operation and the time that it is now
    :param shrinks: where the terminal is narrow, this one is cut
    :param from_width: columns that a terminal needs for this one to be shown
    """

    heading: str
    of: Callable[[OperationSnapshot, datetime], str]
    shrinks: bool = False
    from_width: int = 0


def moment(when: datetime | None, *, now: datetime) -> str:
    """Return a moment in UTC: the time of today, or the day and the time."""
    if when is None:
        return ""
    when = when.astimezone(UTC)
    today = when.date() == now.astimezone(UTC).date()
    return f"{when:%H:%M:%S} UTC" if today else f"{when.day} {when:%b %H:%M} UTC"


def full_moment(when: datetime | None) -> str:
    """Return a moment with everything: ``2026-11-21T12:14:28Z``."""
    return f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if when else ""


def state_text(snapshot: OperationSnapshot) -> str:
    """Return the state, with the percentage while that changes."""
    if snapshot.done:
        return snapshot.state.value
    stage = "CANCELLING" if snapshot.cancel_time else snapshot.state.value
    return stage if snapshot.percent is None else f"{stage} {snapshot.percent} %"


def _percent(snapshot: OperationSnapshot) -> str:
    return "" if snapshot.percent is None else f"{snapshot.percent} %"


def _took(snapshot: OperationSnapshot, now: datetime) -> str:
    if snapshot.start_time is None:
        return ""
    ended = snapshot.end_time or snapshot.cancel_time
    if ended is None and snapshot.done:
        return ""
    taken = (ended or now) - snapshot.start_time
    # an emulator's clock may be ahead of ours
    return "" if taken < timedelta() else format_duration(taken.total_seconds())


_COLUMNS = (
    Column(heading="OPERATION_ID", of=lambda each, _: each.name.operation),
    Column(heading="WHAT", of=lambda each, _: each.label, shrinks=True),
    Column(heading="STATE", of=lambda each, _: state_text(each)),
    Column(heading="STARTED", of=lambda each, now: moment(each.start_time, now=now), from_width=72),
)
"""In 80 columns: an id of 25, a state of 12, and a time of 16 leave 21 for what it is."""
_WIDE = (
    Column(heading="KIND", of=lambda each, _: each.kind.name if each.kind else ""),
    Column(heading="STATE", of=lambda each, _: each.state.value),
    Column(heading="DONE", of=lambda each, _: _percent(each)),
    Column(heading="STARTED", of=lambda each, _: full_moment(each.start_time)),
    Column(heading="ENDED", of=lambda each, _: full_moment(each.end_time or each.cancel_time)),
    Column(heading="TOOK", of=_took),
    Column(heading="NAME", of=lambda each, _: str(each.name)),
    Column(heading="ERROR", of=lambda each, _: "" if each.error is None else str(each.error)),
)


def is_terminal() -> bool:
    """Tell whether a person looks at the output, on something that can move its cursor."""
    return sys.stdout is not None and sys.stdout.isatty() and not Console().is_dumb_terminal


@contextmanager
def tidy_on_sigterm() -> Iterator[None]:
    """Let SIGTERM end what is shown live as Ctrl-C does: the cursor comes back.

    ``timeout 60 spanner-lro wait …`` sends it.
    """
    if threading.current_thread() is not threading.main_thread():
        # only there signals can be handled
        yield
        return

    def end(number: int, _: object) -> None:
        sys.exit(_KILLED + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def operations_table(
    snapshots: Iterable[OperationSnapshot], *, now: datetime, wide: bool = False, cut: bool = True
) -> Table:
    """Return a table of operations.

    :param cut: to the width of the console
    """
    room = Console().width if cut else _WIDEST
    columns = [each for each in (_WIDE if wide else _COLUMNS) if each.from_width <= room]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(
            column.heading, no_wrap=not column.shrinks, min_width=_LEAST if column.shrinks else None
        )
    overflow: Any = "crop" if _plain_characters() else "ellipsis"
    for each in snapshots:
        style = _STYLES[each.state]
        cells = [
            Text(
                escape_unprintable(column.of(each, now)),
                style=style if column.heading == "STATE" else "",
                no_wrap=True,
                overflow=overflow if cut else "ignore",
            )
            for column in columns
        ]
        table.add_row(*cells)
    return table


def _plain_characters() -> bool:
    return not (sys.stdout.encoding or "").lower().startswith("utf")


def print_rendered(renderable: RenderableType, *, cut: bool = True) -> None:
    """Print something of rich's; no line ends with spaces.

    :param cut: to the width of the terminal, if it is one
    """
    whole = not (cut and sys.stdout.isatty())
    # highlighting is for numbers and paths, and would colour half of a name
    console = Console(highlight=False, width=_WIDEST if whole else None)
    with console.capture() as captured:
        console.print(renderable, no_wrap=whole, crop=not whole)
    for line in captured.get().splitlines():
        print(line.rstrip())


def print_data(data: Any, *, output: str) -> None:
    """Print plain values as JSON or YAML, for programs."""
    if output == "json":
        print(json.dumps(data, indent=2))
        return
    import yaml  # noqa: PLC0415  # only who asks for it

    print(yaml.safe_dump(data, sort_keys=False, allow_unicode=not _plain_characters()), end="")


def print_operations(
    snapshots: Sequence[OperationSnapshot],
    *,
    output: str,
    now: datetime,
    console: bool,
    nothing: str,
) -> None:
    """Print a list of operations.

    :param console: whether the console shows them, as it does not an emulator's
    :param nothing: what is said, on the error stream, where there are none
    """
    if output in {"json", "yaml"}:
        print_data([as_data(each, console=console) for each in snapshots], output=output)
        return
    if not snapshots:
        # not to be taken for a mistake, nor for a line of the list
        print(nothing, file=sys.stderr)
        return
    if output == "name":
        for each in snapshots:
            print(each.name)
        return
    wide = output == "wide"
    print_rendered(
        operations_table(snapshots, now=now, wide=wide, cut=not wide and sys.stdout.isatty()),
        cut=not wide,
    )


def as_data(snapshot: OperationSnapshot, *, console: bool) -> dict[str, Any]:
    """Return what is known of an operation as plain values."""
    return snapshot_to_dict(snapshot) | {"console": _console(snapshot, shown=console)}


def _console(snapshot: OperationSnapshot, *, shown: bool) -> str | None:
    return console_url(snapshot.name.resource) if shown else None


def print_operation(
    snapshot: OperationSnapshot, *, output: str, now: datetime, console: bool
) -> None:
    """Print one operation, a line for each fact unless it is asked for otherwise."""
    if output in {"json", "yaml"}:
        print_data(as_data(snapshot, console=console), output=output)
    elif output == "name":
        print(snapshot.name)
    elif output == "wide":
        print_operations((snapshot,), output=output, now=now, console=console, nothing="")
    else:
        print_facts(_facts(snapshot, now=now) | {"console": _console(snapshot, shown=console)})


def _facts(snapshot: OperationSnapshot, *, now: datetime) -> dict[str, Any]:
    return {
        "name": str(snapshot.name),
        "kind": snapshot.title,
        "resource": str(snapshot.name.resource),
        "state": snapshot.state.value,
        "percent": snapshot.percent,
        "throttled": "yes; Spanner holds it back" if snapshot.throttled else None,
        "started": full_moment(snapshot.start_time),
        "cancelled": full_moment(snapshot.cancel_time),
        "ended": full_moment(snapshot.end_time),
        "took": _took(snapshot, now),
        "error": None if snapshot.error is None else str(snapshot.error),
        "statements": [
            f"{each.percent:>3} %  {each.label}"
            + (f", committed {full_moment(each.committed)}" if each.committed else "")
            for each in snapshot.statements
        ],
        "follow-up": None if snapshot.follow_up is None else str(snapshot.follow_up),
    }


def print_facts(facts: Mapping[str, Any]) -> None:
    """Print a line for each fact that there is, and for each item of a list."""
    for key, value in facts.items():
        if value in (None, "", []):
            continue
        head = f"{key}:"
        for each in value if isinstance(value, list) else [value]:
            print(f"{head:<12} {escape_unprintable(str(each))}")
            head = ""
