# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The ``spanner-lro`` command: the emulator, and the operations API from a terminal.

No Airflow is started here. Where to ask comes from ``SPANNER_EMULATOR_HOST``, as whom from Google's
application default credentials.
"""

from __future__ import annotations

import argparse
import os
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

from airflow_spanner_lro import __version__
from airflow_spanner_lro.core.console import console_url
from airflow_spanner_lro.core.errors import AccessError, SpannerLroError
from airflow_spanner_lro.core.flows import DeadlinePassedError, cancel_and_settle, wait
from airflow_spanner_lro.core.names import InstanceName, OperationName, parse_resource
from airflow_spanner_lro.core.narrate import ProgressNarrator
from airflow_spanner_lro.core.policy import CancelPolicy, PollPolicy
from airflow_spanner_lro.core.status import code_of
from airflow_spanner_lro.emulator import command as emulator
from airflow_spanner_lro.emulator.lean import leave_clients_out

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_spanner_lro.admin.client import SpannerAdminClient
    from airflow_spanner_lro.core.snapshot import OperationSnapshot

EMULATOR_VARIABLE = "SPANNER_EMULATOR_HOST"

_FAILED = 1
_GAVE_UP = 3
_INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return the exit code: 0, 1 for a failure, 3 if time was up."""
    args = _parser().parse_args(argv)
    if argv is None and args.run is emulator.run:
        # nobody called us from Python, so the process is the emulator's alone
        leave_clients_out()
    try:
        code: int = args.run(args)
    except SpannerLroError as exc:
        print(f"spanner-lro: {exc}", file=sys.stderr)
        return _FAILED
    except KeyboardInterrupt:
        print("spanner-lro: interrupted; nothing was cancelled", file=sys.stderr)
        return _INTERRUPTED
    except Exception as exc:
        code_name = code_of(exc)
        if code_name is None:
            raise
        told = getattr(exc, "message", exc)
        print(f"spanner-lro: Spanner answered {code_name.name}: {told}", file=sys.stderr)
        return _FAILED
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="spanner-lro", description="Cloud Spanner's long-running operations."
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    emulate = commands.add_parser("emulator", help="run an emulator of the Spanner admin API")
    emulator.add_arguments(emulate)
    emulate.set_defaults(run=emulator.run)

    list_ = commands.add_parser("list", help="list the operations of a resource")
    list_.add_argument(
        "resource",
        help="full name of a database or backup, or of an instance for everything in it",
    )
    list_.set_defaults(run=_list)

    describe = commands.add_parser("describe", help="show one operation")
    describe.add_argument("operation", help="full name of the operation")
    describe.set_defaults(run=_describe)

    waits = commands.add_parser("wait", help="wait until an operation is done")
    waits.add_argument("operation", help="full name of the operation")
    waits.add_argument("--timeout", type=float, help="give up after this many seconds")
    waits.add_argument("--poll-interval", type=float, default=30.0, help="in seconds, at most")
    waits.set_defaults(run=_wait)

    cancel = commands.add_parser("cancel", help="cancel an operation and wait for the outcome")
    cancel.add_argument("operation", help="full name of the operation")
    cancel.add_argument("--timeout", type=float, default=60.0, help="seconds to wait (%(default)g)")
    cancel.set_defaults(run=_cancel)
    return parser


def _client() -> SpannerAdminClient:
    from airflow_spanner_lro.admin.client import SpannerAdminClient  # noqa: PLC0415  # loads gRPC
    from airflow_spanner_lro.admin.connect import Endpoint  # noqa: PLC0415

    if target := os.environ.get(EMULATOR_VARIABLE):
        return SpannerAdminClient(Endpoint(target=target, plain_text=True))
    import google.auth  # noqa: PLC0415
    from google.auth.exceptions import DefaultCredentialsError  # noqa: PLC0415

    try:
        credentials, _ = google.auth.default(
            scopes=("https://www.googleapis.com/auth/cloud-platform",)
        )
    except DefaultCredentialsError as exc:
        message = (
            "there are no Google credentials here. Run `gcloud auth application-default login`, "
            f"or set {EMULATOR_VARIABLE} to use an emulator."
        )
        raise AccessError(message) from exc
    return SpannerAdminClient(Endpoint(credentials=credentials))


def _list(args: argparse.Namespace) -> int:
    resource, client = parse_resource(args.resource), _client()
    if type(resource) is InstanceName:
        listed = client.list_within(instance=resource)
    else:
        listed = client.list(resource=resource)
    for snapshot in listed:
        percent = "" if snapshot.percent is None else f"{snapshot.percent:>3} %"
        started = f"{snapshot.start_time:%Y-%m-%d %H:%M:%S}" if snapshot.start_time else ""
        print(f"{snapshot.state:<9} {percent:>5}  {started:<19}  {snapshot.title}  {snapshot.name}")
    return 0


def _describe(args: argparse.Namespace) -> int:
    snapshot = _client().get(name=OperationName.parse(args.operation))
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


def _wait(args: argparse.Namespace) -> int:
    from airflow_spanner_lro.admin.clock import StoppableClock  # noqa: PLC0415
    from airflow_spanner_lro.admin.drive import run  # noqa: PLC0415

    name = OperationName.parse(args.operation)
    clock, narrator = StoppableClock(), ProgressNarrator()

    def tell(heard: OperationSnapshot | Exception) -> None:
        for line in narrator.lines(heard, now=clock.now()):
            print(line, flush=True)

    limit = None if args.timeout is None else clock.now() + timedelta(seconds=args.timeout)
    try:
        snapshot = run(
            wait(name=name, policy=PollPolicy(maximum=args.poll_interval)),
            client=_client(),
            clock=clock,
            deadline=limit,
            observe=tell,
        )
    except DeadlinePassedError:
        print(f"spanner-lro: not done after {args.timeout:g} s; it goes on", file=sys.stderr)
        return _GAVE_UP
    return 0 if snapshot.succeeded else _FAILED


def _cancel(args: argparse.Namespace) -> int:
    from airflow_spanner_lro.admin.clock import StoppableClock  # noqa: PLC0415
    from airflow_spanner_lro.admin.drive import run  # noqa: PLC0415

    name, clock = OperationName.parse(args.operation), StoppableClock()
    settlement = run(
        cancel_and_settle(name=name, policy=CancelPolicy()),
        client=_client(),
        clock=clock,
        deadline=clock.now() + timedelta(seconds=args.timeout),
    )
    print(settlement.sentence)
    return 0 if settlement.settled else _FAILED
