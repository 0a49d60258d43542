# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The commands about operations: list, describe, wait, cancel, delete, watch.

Shared by ``spanner-lro``, which runs without Airflow, and ``airflow spanner-lro``, which asks
through an Airflow connection. They differ in how Spanner is reached, and in nothing else.
"""

from __future__ import annotations

import sys
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from google.api_core.exceptions import GoogleAPIError
from google.auth.exceptions import GoogleAuthError

from airflow_spanner_lro.admin.clock import StoppableClock
from airflow_spanner_lro.admin.driver import run
from airflow_spanner_lro.admin.emulated import emulated
from airflow_spanner_lro.cli import waiting, watching
from airflow_spanner_lro.cli.exit_codes import (
    ExitCode,
    NothingFoundError,
    RefusedError,
    code_for,
    sentence_for,
    worst,
)
from airflow_spanner_lro.cli.names import (
    Access,
    Place,
    list_all,
    queries_for_type,
    queries_within,
    resolve_operations,
    resolve_resource,
)
from airflow_spanner_lro.cli.output import is_terminal, print_operation, print_operations
from airflow_spanner_lro.core.arguments.times import require_seconds
from airflow_spanner_lro.core.errors import SpannerLroError
from airflow_spanner_lro.core.flows.operation import cancel_and_settle, gather
from airflow_spanner_lro.core.names import BackupName, DatabaseName
from airflow_spanner_lro.core.operations.errors import OperationRunningError
from airflow_spanner_lro.core.operations.settlement import Ending
from airflow_spanner_lro.core.polling.policy import CancelPolicy
from airflow_spanner_lro.core.status import Code, code_of, error_text
from airflow_spanner_lro.core.text import escape_unprintable

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spanner_lro.admin.client import SpannerAdminClient
    from airflow_spanner_lro.core.names import OperationName
    from airflow_spanner_lro.core.operations.settlement import Settlement
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot

    Counter = Callable[[Settlement], None]

_ENDINGS = {
    Ending.CANCELLED: ExitCode.DONE,
    Ending.FINISHED_FIRST: ExitCode.DONE,
    Ending.STILL_RUNNING: ExitCode.TIMED_OUT,
    Ending.NOT_SENT: ExitCode.FAILED,
    Ending.REFUSED: ExitCode.REFUSED,
    Ending.GONE: ExitCode.NOT_FOUND,
}
"""How a command that cancels ends, by how the cancel did."""

_KEEPS = (
    "{label} was not deleted: Spanner deletes no operation of a database or a backup, and forgets "
    "each by itself seven days after its end; it said {answer}. {name}"
)


def list_operations(access: Access, args: Any, *, program: str) -> int:
    """Print the operations of a resource; for an instance of everything in it."""
    del program
    place, states = Place.of(args), args.state
    pending = states == ["RUNNING"]
    if args.type is None:
        resource = resolve_resource(args.resource, place=place, access=access)
        queries = queries_within(resource, filter_=args.filter, pending=pending)
    else:
        queries = queries_for_type(
            args.type,
            text=args.resource,
            place=place,
            access=access,
            filter_=args.filter,
            pending=pending,
        )
    with closing(access.connect()) as client:
        listed = list_all(client, queries)
        console = _has_console(client)
    chosen = [each for each in listed if states is None or each.state.value in states]
    narrowed = args.type or states or args.filter
    print_operations(
        _sorted(chosen, args.sort_by)[: args.limit],
        output=args.output,
        now=StoppableClock().now(),
        console=console,
        nothing=f"There are no {'such ' if narrowed else ''}operations of {queries[0].parent}.",
    )
    return ExitCode.DONE


def describe(access: Access, args: Any, *, program: str) -> int:
    """Print what is known about an operation."""
    del program
    with _Connection(access, args) as connection:
        (name,) = connection.names([args.operation])
        client = connection.client()
        snapshot = client.get(name=name)
    print_operation(
        snapshot, output=args.output, now=StoppableClock().now(), console=_has_console(client)
    )
    return ExitCode.DONE


def wait(access: Access, args: Any, *, program: str) -> int:
    """Wait until operations are done, and show how far they are."""
    options = waiting.WaitOptions(
        first=args.any,
        timeout=args.timeout,
        poll_interval=args.poll_interval,
        plain=args.plain,
        program=program,
    )
    with _Connection(access, args) as connection:
        return waiting.wait_for(
            connection.client, names=connection.names(args.operations), options=options
        )


def cancel(access: Access, args: Any, *, program: str, count: Counter | None = None) -> int:
    """Cancel operations and print what became of each.

    :param count: called with what became of each
    """
    del program
    require_seconds(args.timeout, field="--timeout")
    clock = StoppableClock()
    with _Connection(access, args) as connection:
        names = connection.names(args.operations)
        flows = (cancel_and_settle(name=name, policy=CancelPolicy()) for name in names)
        try:
            settlements = run(
                gather(flows),
                client=connection.client(),
                clock=clock,
                deadline=clock.now() + timedelta(seconds=args.timeout),
            )
        except KeyboardInterrupt:
            listed = " ".join(map(str, names))
            print(
                f"interrupted; Spanner may have got the cancel already. {listed}", file=sys.stderr
            )
            return ExitCode.INTERRUPTED
    for settlement in settlements:
        if count:
            count(settlement)
        print(escape_unprintable(settlement.sentence))
    return worst(_ENDINGS[settlement.ending] for settlement in settlements)


def delete(access: Access, args: Any, *, program: str) -> int:
    """Delete the records of finished operations; what Spanner keeps is explained."""
    codes = []
    with _Connection(access, args) as connection:
        for name in connection.names(args.operations):
            try:
                deleted = _delete(connection.client(), name)
            except (SpannerLroError, GoogleAPIError, GoogleAuthError) as exc:
                refused = isinstance(exc, OperationRunningError)
                codes.append(ExitCode.REFUSED if refused else code_for(exc))
                print(f"{program}: {sentence_for(exc)}", file=sys.stderr)
            else:
                codes.append(ExitCode.DONE)
                print(f"{deleted.label} was deleted: only its record is gone. {name}")
    return worst(codes)


def _delete(client: SpannerAdminClient, name: OperationName) -> OperationSnapshot:
    try:
        snapshot = client.get(name=name)
        _require_done(snapshot)
        client.delete(name=name)
    except Exception as exc:
        if code_of(exc) is Code.NOT_FOUND:
            message = f"{name.label} is not found: Spanner does not know it any more. {name}"
            raise NothingFoundError(message) from exc
        kept = isinstance(name.resource, DatabaseName | BackupName)
        if kept and code_of(exc) in {Code.UNIMPLEMENTED, Code.FAILED_PRECONDITION}:
            answer = error_text(exc).rstrip(".")
            message = _KEEPS.format(label=snapshot.label, answer=answer, name=name)
            raise RefusedError(message) from exc
        raise
    return snapshot


def _require_done(snapshot: OperationSnapshot) -> None:
    if not snapshot.done:
        raise OperationRunningError(snapshot.name)


def watch(access: Access, args: Any, *, program: str) -> int:
    """Show what runs in an instance, or another resource, until somebody ends it."""
    resource = resolve_resource(args.resource, place=Place.of(args), access=access)
    options = watching.WatchOptions(
        interval=args.interval, timeout=args.timeout, plain=args.plain, program=program
    )
    with closing(access.connect()) as client:
        return watching.watch(client, resource=resource, options=options)


def _has_console(client: SpannerAdminClient) -> bool:
    """Tell whether the console shows what the client does; say loudly that it is an emulator's."""
    emulator = emulated(client.channels.endpoint)
    if emulator and is_terminal():
        print(emulator.text, file=sys.stderr)
    return emulator is None and not client.omni


class _Connection:
    """The client of one command, made when it is needed and closed at the end."""

    def __init__(self, access: Access, args: Any) -> None:
        self._access = access
        self._place = Place.of(args)
        self._client: SpannerAdminClient | None = None

    def client(self) -> SpannerAdminClient:
        """Return the client."""
        if self._client is None:
            self._client = self._access.connect()
        return self._client

    def names(self, texts: list[str]) -> list[OperationName]:
        """Return the operations that words stand for."""
        return resolve_operations(texts, place=self._place, access=self._access, client=self.client)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._client is not None:
            self._client.close()


def _sorted(snapshots: list[OperationSnapshot], key: str | None) -> list[OperationSnapshot]:
    """Sort operations; what has no such value comes last, whichever way round."""
    if key is None:
        newest = _sorted(snapshots, "-started")
        return sorted(newest, key=lambda each: each.done)
    of = _SORT_KEYS[key.lstrip("-")]
    known = [each for each in snapshots if of(each) is not None]
    unknown = [each for each in snapshots if of(each) is None]
    return [*sorted(known, key=of, reverse=key.startswith("-")), *unknown]


_SORT_KEYS: dict[str, Callable[[OperationSnapshot], Any]] = {
    "started": lambda each: each.start_time,
    "ended": lambda each: each.end_time or each.cancel_time,
    "state": lambda each: each.state.value,
    "progress": lambda each: each.percent,
    "kind": lambda each: each.title,
    "resource": lambda each: str(each.name.resource),
    "name": lambda each: str(each.name),
}
