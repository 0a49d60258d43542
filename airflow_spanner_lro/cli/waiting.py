# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Wait for operations at a terminal: a live bar for each, or lines where nobody sees bars."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol, Self

from airflow_spanner_lro.admin.clock import StoppableClock
from airflow_spanner_lro.admin.driver import run
from airflow_spanner_lro.admin.emulated import emulated
from airflow_spanner_lro.cli.exit_codes import ExitCode, code_for, worst
from airflow_spanner_lro.cli.output import is_terminal, tidy_on_sigterm
from airflow_spanner_lro.core.arguments.times import require_seconds
from airflow_spanner_lro.core.flows.operation import DeadlinePassedError
from airflow_spanner_lro.core.flows.several import wait_for_several
from airflow_spanner_lro.core.operations.progress import ProgressLog
from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot
from airflow_spanner_lro.core.polling.policy import DEFAULT_INTERVAL, PollPolicy
from airflow_spanner_lro.core.status import error_text
from airflow_spanner_lro.core.text import escape_unprintable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from airflow_spanner_lro.admin.client import SpannerAdminClient
    from airflow_spanner_lro.core.names import OperationName

    Answer = OperationSnapshot | Exception


class Display(Protocol):
    """Shows how far operations are."""

    def announce(self, text: str) -> None:
        """Say something loudly, once, where a person looks."""

    def show(self, name: OperationName, answer: Answer, *, now: datetime) -> None:
        """Show what was answered about one of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitOptions:
    """How to wait.

    :param first: until one of them is done, instead of all
    :param timeout: give up after so many seconds; None never
    :param poll_interval: the longest time between two polls, in seconds
    :param plain: lines instead of bars, also at a terminal
    """

    first: bool
    timeout: float | None
    poll_interval: float | None
    plain: bool
    program: str

    def __post_init__(self) -> None:
        if self.timeout is not None:
            require_seconds(self.timeout, field="--timeout")
        # refuses an interval before anything is asked
        _ = self.policy

    @property
    def policy(self) -> PollPolicy:
        """How often to ask."""
        interval = DEFAULT_INTERVAL if self.poll_interval is None else self.poll_interval
        return PollPolicy(maximum=interval)


class Lines:
    """One line when something changed, as in a task's log."""

    def __init__(self) -> None:
        self._logs: dict[OperationName, ProgressLog] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Do nothing: what is printed stays."""

    def show(self, name: OperationName, answer: Answer, *, now: datetime) -> None:
        """Print what is new about an operation."""
        log = self._logs.setdefault(name, ProgressLog())
        for line in log.lines(answer, now=now):
            self.say(escape_unprintable(line))

    def announce(self, text: str) -> None:
        """Leave it out: these lines are often read by programs."""

    def say(self, line: str) -> None:
        """Print a line at once: whoever reads a pipe waits for it."""
        print(line, flush=True)


def wait_for(
    connect: Callable[[], SpannerAdminClient],
    *,
    names: Sequence[OperationName],
    options: WaitOptions,
) -> ExitCode:
    """Show what changes until operations are done, and return how they ended."""
    clock, seconds = StoppableClock(), options.timeout
    deadline = None if seconds is None else clock.now() + timedelta(seconds=seconds)
    seen: dict[OperationName, Answer] = {}
    client = connect()
    with tidy_on_sigterm(), display_for(names, plain=options.plain) as display:

        def on_answer(name: OperationName, answer: Answer) -> None:
            if not seen and (emulator := emulated(client.channels.endpoint)):
                display.announce(emulator.text)
            seen[name] = answer
            display.show(name, answer, now=clock.now())

        flow = wait_for_several(
            names=names, policy=options.policy, on_answer=on_answer, first=options.first
        )
        try:
            outcomes = run(flow, client=client, clock=clock, deadline=deadline)
        except DeadlinePassedError:
            outcomes = {name: each for name, each in seen.items() if _is_end(each)}
    return _report(names, outcomes, options=options)


def display_for(names: Sequence[OperationName], *, plain: bool) -> AbstractContextManager[Display]:
    """Return bars where somebody can see them, else lines."""
    if plain or not is_terminal():
        return Lines()
    from airflow_spanner_lro.cli.bars import Bars  # noqa: PLC0415  # only where they are shown

    return Bars(names)


def _is_end(answer: Answer) -> bool:
    return isinstance(answer, OperationSnapshot) and answer.done


def _report(
    names: Sequence[OperationName],
    outcomes: Mapping[OperationName, Answer],
    *,
    options: WaitOptions,
) -> ExitCode:
    """Say what a person has to be told at the end, and return the exit code."""
    for name, outcome in outcomes.items():
        if isinstance(outcome, Exception):
            text = escape_unprintable(error_text(outcome))
            print(f"{options.program}: Spanner answered {text}. {name}", file=sys.stderr)
    codes = [_code(outcome) for outcome in outcomes.values()]
    left = [name for name in names if name not in outcomes]
    if options.first and codes:
        return worst(codes)
    for name in left:
        print(
            f"{options.program}: not done after {options.timeout:g} s; the operation keeps "
            f"running. {name}",
            file=sys.stderr,
        )
    return worst([*codes, *(ExitCode.TIMED_OUT for _ in left)])


def _code(outcome: Answer) -> ExitCode:
    if isinstance(outcome, Exception):
        return code_for(outcome)
    if outcome.succeeded:
        return ExitCode.DONE
    return ExitCode.CANCELLED if outcome.cancelled else ExitCode.FAILED
