# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Show the demo in the terminal: a bar for each operation while it runs, tables at the end.

Where the output is no terminal there are no bars, only a line for each beginning and end.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Table

from airflow_spanner_lro.core.operations.snapshot import OperationState
from airflow_spanner_lro.core.text import format_duration
from tests.demo.scenario import INSTANCE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console

    from airflow_spanner_lro.emulator.controller import OperationView, ResourceView
    from tests.cluster.rest_api import TaskInstance
    from tests.demo.promises import PromiseCheck

_COLOURS = {
    OperationState.RUNNING: "cyan",
    OperationState.SUCCEEDED: "green",
    OperationState.FAILED: "red",
    OperationState.CANCELLED: "yellow",
}


_STATE_WORDS = {
    OperationState.RUNNING: "is running",
    OperationState.SUCCEEDED: "has succeeded",
    OperationState.FAILED: "has failed",
    OperationState.CANCELLED: "was cancelled",
}


class Display:
    """What happens in one demo, on a console."""

    def __init__(self, *, console: Console, time_scale: float) -> None:
        self._console = console
        self._time_scale = time_scale
        self._progress = Progress(
            TextColumn("{task.description:<26}"),
            TextColumn("{task.fields[target]:<28}"),
            BarColumn(bar_width=30),
            TextColumn("{task.percentage:>3.0f} %  {task.fields[state]}"),
            console=console,
        )
        self._bars: dict[str, TaskID] = {}
        self._shown: dict[str, OperationState] = {}
        self._tasks: dict[tuple[str, str], str] = {}

    def say(self, text: str) -> None:
        """Print a line."""
        self._console.print(text, highlight=False)

    @contextmanager
    def busy(self, text: str) -> Iterator[None]:
        """Show that something takes a while."""
        if not self._console.is_terminal:
            self.say(f"{text} …")
            yield
            return
        with self._console.status(f"{text} …"):
            yield

    @contextmanager
    def live(self) -> Iterator[None]:
        """Show bars while the context lasts, if this is a terminal."""
        if not self._console.is_terminal:
            yield
            return
        with self._progress:
            yield

    def update(self, *, operations: Sequence[OperationView], tasks: Sequence[TaskInstance]) -> None:
        """Show how far the operations are, and which tasks changed their state."""
        for task in tasks:
            key, state = (task.dag_id, task.task_id), task.state or "waiting"
            if state != self._tasks.get(key, "waiting"):
                self._tasks[key] = state
                self.say(f"[dim]Airflow   {task.dag_id}.{task.task_id} is {state}[/dim]")
        for operation in operations:
            self._update_bar(operation)
            if self._shown.get(operation.name) is not operation.state:
                self._shown[operation.name] = operation.state
                what = f"{operation.kind.title} {_short(operation.target)}"
                colour = _COLOURS[operation.state]
                self.say(f"Spanner   {what} [{colour}]{_STATE_WORDS[operation.state]}[/{colour}]")

    def _update_bar(self, operation: OperationView) -> None:
        if operation.name not in self._bars:
            self._bars[operation.name] = self._progress.add_task(
                operation.kind.title, total=100, target=_short(operation.target), state=""
            )
        self._progress.update(
            self._bars[operation.name],
            completed=operation.percent,
            state=_coloured(operation.state),
        )

    def conclude(
        self,
        *,
        operations: Sequence[OperationView],
        resources: Sequence[ResourceView],
        checks: Sequence[PromiseCheck],
    ) -> None:
        """Print what ran, what is left, and whether it is as it should be."""
        ran = Table(title="Operations the emulator saw", title_justify="left")
        for column in ("Operation", "On", "Took", "Ended as"):
            ran.add_column(column)
        for each in operations:
            ran.add_row(
                each.kind.title, _short(each.target), self._took(each), _coloured(each.state)
            )
        self._console.print(ran)
        left = ", ".join(
            f"{each.noun} {_short(each.name)} {each.state}"
            for each in resources
            if each.noun != "instance"
        )
        self.say(f"On the server remain: {left or 'nothing'}\n")
        judged = Table(title="What was promised", title_justify="left")
        for column in ("", "Promise", "Seen"):
            judged.add_column(column)
        for check in checks:
            mark = "[green]✓[/green]" if check.kept else "[red]✗[/red]"
            judged.add_row(mark, check.promise, check.seen.replace(f"{INSTANCE}/", ""))
        self._console.print(judged)

    def _took(self, operation: OperationView) -> str:
        if operation.ended is None:
            return "still running"
        emulated = (operation.ended - operation.started).total_seconds()
        real = emulated / self._time_scale
        if self._time_scale == 1:
            return format_duration(real)
        return f"{format_duration(real)} (stands for {format_duration(emulated)})"


def _short(name: str) -> str:
    return name.rpartition("/")[2]


def _coloured(state: OperationState) -> str:
    return f"[{_COLOURS[state]}]{state.value.lower()}[/{_COLOURS[state]}]"
