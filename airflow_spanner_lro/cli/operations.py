# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""List, describe, wait for and cancel operations at a terminal: what is printed, and exit codes.

Shared by ``spanner-lro``, which runs without Airflow, and ``airflow spanner-lro``, which asks
through an Airflow connection. They differ in where the client comes from, and in nothing else.
"""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.arguments.times import require_seconds
from airflow_spanner_lro.core.errors import SpannerLroError
from airflow_spanner_lro.core.flows.operation import DeadlinePassedError, cancel_and_settle, wait
from airflow_spanner_lro.core.links import console_url
from airflow_spanner_lro.core.names import InstanceName, OperationName, parse_resource
from airflow_spanner_lro.core.operations.progress import ProgressLog
from airflow_spanner_lro.core.polling.policy import DEFAULT_INTERVAL, CancelPolicy, PollPolicy
from airflow_spanner_lro.core.status import code_of, error_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spanner_lro.admin.client import SpannerAdminClient
    from airflow_spanner_lro.core.operations.settlement import Settlement
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot

    Connect = Callable[[], SpannerAdminClient]

FAILED = 1
GAVE_UP = 3
INTERRUPTED = 130
PIPE_CLOSED = 141
"""As a shell says of a program that nobody listens to any more."""


def print_errors(command: Callable[[], int], *, program: str) -> int:
    """Run a command; say an error in one line, and return the exit code.

    :param program: what the line begins with
    """
    try:
        code = command()
        if sys.stdout is not None:
            # else what is wrong with it would be said while Python ends
            sys.stdout.flush()
    except BrokenPipeError:
        # whoever reads has had enough; what is left must not be flushed as Python ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except SpannerLroError as exc:
        print(f"{program}: {exc}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print(f"{program}: interrupted; nothing was cancelled", file=sys.stderr)
        return INTERRUPTED
    except Exception as exc:
        if code_of(exc) is None:
            raise
        print(f"{program}: Spanner answered {error_text(exc)}", file=sys.stderr)
        return FAILED
    return code


def list_operations(connect: Connect, *, resource: str) -> int:
    """Print a line for each operation of a resource; for an instance of everything in it."""
    name = parse_resource(resource)
    client = connect()
    if type(name) is InstanceName:
        listed = client.list_within(instance=name)
    else:
        listed = client.list(resource=name)
    if not listed:
        # not to be taken for a mistake, nor for a line of the list
        print(f"There are no operations of {name}.", file=sys.stderr)
    for snapshot in listed:
        percent = "" if snapshot.percent is None else f"{snapshot.percent:>3} %"
        started = f"{snapshot.start_time:%Y-%m-%d %H:%M:%S}" if snapshot.start_time else ""
        print(f"{snapshot.state:<9} {percent:>5}  {started:<19}  {snapshot.title}  {snapshot.name}")
    return 0


def describe(connect: Connect, *, operation: str) -> int:
    """Print what is known about an operation, a line for each fact."""
    name = OperationName.parse(operation)
    snapshot = connect().get(name=name)
    shown = snapshot.to_event() | {
        "kind": snapshot.title,
        "error": f"{snapshot.error.code.name}: {snapshot.error.message}"
        if snapshot.error
        else None,
        "statements": [
            f"{each.label}: {each.percent} %" + (", committed" if each.committed else "")
            for each in snapshot.statements
        ],
        "console": console_url(snapshot.name.resource),
    }
    for key, value in shown.items():
        if value not in (None, "", [], False):
            print(f"{key + ':':<12} {value}")
    return 0


def wait_for(
    connect: Connect,
    *,
    operation: str,
    timeout: float | None,
    poll_interval: float | None,
    program: str,
) -> int:
    """Print what changes until an operation is done.

    :param timeout: give up after so many seconds; None never
    """
    from airflow_spanner_lro.admin.clock import StoppableClock  # noqa: PLC0415  # loads gRPC
    from airflow_spanner_lro.admin.driver import run  # noqa: PLC0415

    name = OperationName.parse(operation)
    if timeout is not None:
        require_seconds(timeout, field="--timeout")
    policy = PollPolicy(maximum=DEFAULT_INTERVAL if poll_interval is None else poll_interval)
    clock, progress = StoppableClock(), ProgressLog()

    def on_snapshot(answer: OperationSnapshot | Exception) -> None:
        for line in progress.lines(answer, now=clock.now()):
            print(line, flush=True)

    limit = None if timeout is None else clock.now() + timedelta(seconds=timeout)
    try:
        snapshot = run(
            wait(name=name, policy=policy),
            client=connect(),
            clock=clock,
            deadline=limit,
            on_snapshot=on_snapshot,
        )
    except DeadlinePassedError:
        print(
            f"{program}: not done after {timeout:g} s; the operation keeps running. {name}",
            file=sys.stderr,
        )
        return GAVE_UP
    return 0 if snapshot.succeeded else FAILED


def cancel(
    connect: Connect,
    *,
    operation: str,
    timeout: float,
    count: Callable[[Settlement], None] | None = None,
) -> int:
    """Cancel an operation and print what became of it.

    :param timeout: how long to wait for that, in seconds
    :param count: called with what became of it
    """
    from airflow_spanner_lro.admin.clock import StoppableClock  # noqa: PLC0415
    from airflow_spanner_lro.admin.driver import run  # noqa: PLC0415

    name, clock = OperationName.parse(operation), StoppableClock()
    require_seconds(timeout, field="--timeout")
    try:
        settlement = run(
            cancel_and_settle(name=name, policy=CancelPolicy()),
            client=connect(),
            clock=clock,
            deadline=clock.now() + timedelta(seconds=timeout),
        )
    except KeyboardInterrupt:
        print(f"interrupted; Spanner may have got the cancel already. {name}", file=sys.stderr)
        return INTERRUPTED
    if count:
        count(settlement)
    print(settlement.sentence)
    return 0 if settlement.settled else FAILED
