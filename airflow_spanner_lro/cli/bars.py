# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Live bars: one for each operation that is waited for, and one for each statement of a change.

What does not fit a bar (a failure's reason, trouble with Spanner) is a line above the bars, and
stays there when they move.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, TaskID, TextColumn
from rich.table import Column
from rich.text import Text

from airflow_spanner_lro.cli.output import moment
from airflow_spanner_lro.core.operations.progress import ProgressLog
from airflow_spanner_lro.core.text import escape_unprintable, format_duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from rich.console import RenderableType

    from airflow_spanner_lro.core.names import OperationName
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot, StatementProgress

_COMPLETE = 100
_BAR, _LEAST = 16, 12
_WITH_BARS = 64
"""Columns from which on there is room for bars; what is narrower shows the percentage only."""
_MOST_STATEMENTS = 8
"""Statements with a bar of their own: the first that are not committed."""
_INDENT = "  "


class _Progress(Progress):
    """Progress whose statements stand below their operations, as far as the terminal has lines."""

    def __init__(self, *columns: ProgressColumn, console: Console) -> None:
        self._terminal = console
        super().__init__(*columns, console=console, expand=True)

    def get_renderables(self) -> Iterable[RenderableType]:
        """Return what is drawn."""
        tasks = [each for each in self.tasks if each.visible]
        if len(tasks) >= self._terminal.height:
            tasks = [each for each in tasks if each.fields["place"].statement == 0]
        yield self.make_tasks_table(sorted(tasks, key=lambda each: each.fields["place"]))


class _Place(NamedTuple):
    """Where a bar stands; an operation comes before its statements, whose numbers begin at 1."""

    operation: int
    statement: int = 0


class Bars:
    """Bars at the bottom of a terminal."""

    def __init__(self, names: Sequence[OperationName], *, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)
        overflow: Any = "crop" if self._console.options.ascii_only else "ellipsis"
        what = Column(ratio=1, no_wrap=True, min_width=_LEAST, overflow=overflow)
        tail = Column(no_wrap=True, overflow=overflow)
        bar = [BarColumn(bar_width=_BAR)] if self._console.width >= _WITH_BARS else []
        self._progress = _Progress(
            TextColumn("{task.description}", markup=False, table_column=what),
            *bar,
            TextColumn("{task.fields[done]:>5}", markup=False, table_column=Column(no_wrap=True)),
            TextColumn("{task.fields[tail]}", markup=False, table_column=tail),
            console=self._console,
        )
        self._operations = {
            name: _OperationBar(self._progress, name, number=number)
            for number, name in enumerate(names)
        }

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def announce(self, text: str) -> None:
        """Say something loudly, above the bars."""
        self._console.print(Text(text, style="bold yellow"))

    def show(
        self, name: OperationName, answer: OperationSnapshot | Exception, *, now: datetime
    ) -> None:
        """Move the bar of an operation."""
        for line in self._operations[name].show(answer, now=now):
            self._console.print(Text(line))


class _OperationBar:
    """The bar of one operation, and those of its statements."""

    def __init__(self, progress: Progress, name: OperationName, *, number: int) -> None:
        self._progress = progress
        self._number = number
        self._log = ProgressLog()
        self._bar = _add(progress, name.label, at=_Place(number))
        self._statements: dict[int, TaskID] = {}
        self._first_seen: tuple[datetime, int] | None = None

    def show(self, answer: OperationSnapshot | Exception, *, now: datetime) -> list[str]:
        """Move the bars; return what else there is to say."""
        lines = self._log.lines(answer, now=now)
        if isinstance(answer, Exception):
            return [escape_unprintable(each) for each in lines]
        self._show_statements(answer.statements)
        ended = answer.done
        known = answer.percent if not (ended and answer.succeeded) else _COMPLETE
        self._progress.update(
            self._bar,
            description=escape_unprintable(answer.label),
            # without an end the bar only shows that something goes on
            total=_COMPLETE if ended or known is not None else None,
            completed=known or 0,
            done="" if known is None else f"{known} %",
            tail=_ending(answer, now=now) if ended else self._running(answer, now=now),
        )
        if ended:
            self._progress.stop_task(self._bar)
        return [
            escape_unprintable(each)
            for each in lines
            if (answer.error and ended and not answer.cancelled) or "Spanner" in each
        ]

    def _running(self, snapshot: OperationSnapshot, *, now: datetime) -> str:
        if snapshot.cancel_time:
            return "cancelling"
        if snapshot.throttled:
            return "throttled"
        if end := self._expected_end(snapshot, now=now):
            return f"ends about {moment(end, now=now)}"
        return "running"

    def _expected_end(self, snapshot: OperationSnapshot, *, now: datetime) -> datetime | None:
        """Return when it ends if it goes on as it did; None if nothing tells."""
        if snapshot.percent is None:
            return None
        since, base = snapshot.start_time, 0
        if since is None or since >= now:
            # the clock of Spanner, or of an emulator, is ahead of ours
            self._first_seen = self._first_seen or (now, snapshot.percent)
            since, base = self._first_seen
        gained = snapshot.percent - base
        if gained <= 0 or now <= since:
            return None
        left = (now - since).total_seconds() * (_COMPLETE - snapshot.percent) / gained
        return now + timedelta(seconds=left)

    def _show_statements(self, statements: Sequence[StatementProgress]) -> None:
        shown = [number for number, each in enumerate(statements) if not each.committed]
        if len(statements) <= _MOST_STATEMENTS:
            shown = [*range(len(statements))]
        shown = sorted(shown)[:_MOST_STATEMENTS]
        for number, bar in self._statements.items():
            self._progress.update(bar, visible=number in shown)
        for number in shown:
            each = statements[number]
            text = f"{_INDENT}{number + 1}. {escape_unprintable(each.label)}"
            if number not in self._statements:
                self._statements[number] = _add(
                    self._progress, text, at=_Place(self._number, number + 1)
                )
            self._progress.update(
                self._statements[number],
                description=text,
                total=_COMPLETE,
                completed=each.percent,
                done=f"{each.percent} %",
                tail="committed" if each.committed else "",
            )


def _add(progress: Progress, text: str, *, at: _Place) -> TaskID:
    fields: dict[str, Any] = {"done": "", "tail": "", "place": at}
    return progress.add_task(escape_unprintable(text), total=None, **fields)


def _ending(snapshot: OperationSnapshot, *, now: datetime) -> str:
    text = snapshot.state.value.lower()
    if snapshot.start_time is None:
        return text
    taken = (snapshot.end_time or snapshot.cancel_time or now) - snapshot.start_time
    return f"{text} after {format_duration(taken.total_seconds())}"
