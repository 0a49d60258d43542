# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The ``spanner-lro`` command: the emulator, and the operations API from a terminal.

No Airflow is started here. Where to ask comes from ``SPANNER_EMULATOR_HOST``, as whom from Google's
application default credentials.
"""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from airflow_spanner_lro import __version__, cli
from airflow_spanner_lro.cli import operations
from airflow_spanner_lro.core.errors import UnusableConnectionError
from airflow_spanner_lro.emulator import command as emulator
from airflow_spanner_lro.emulator.command import stub_client_imports

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_spanner_lro.admin.client import SpannerAdminClient

EMULATOR_VARIABLE = "SPANNER_EMULATOR_HOST"

_PROGRAM = "spanner-lro"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return the exit code: 0, 1 for a failure, 3 if time was up."""
    args = _parser().parse_args(argv)
    if argv is None and args.run is emulator.run:
        # nobody called us from Python, so the process is the emulator's alone
        stub_client_imports()
    return operations.print_errors(lambda: int(args.run(args)), program=_PROGRAM)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=_PROGRAM, description="Cloud Spanner's long-running operations."
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    emulate = commands.add_parser("emulator", help="run an emulator of the Spanner admin API")
    emulator.add_arguments(emulate)
    emulate.set_defaults(run=emulator.run)

    list_ = commands.add_parser("list", help="list the operations of a resource")
    list_.add_argument("resource", help=cli.RESOURCE_HELP)
    list_.set_defaults(run=_list)

    describe = commands.add_parser("describe", help="show one operation")
    describe.add_argument("operation", help=cli.OPERATION_HELP)
    describe.set_defaults(run=_describe)

    waits = commands.add_parser("wait", help="wait until an operation is done")
    waits.add_argument("operation", help=cli.OPERATION_HELP)
    waits.add_argument("--timeout", type=float, help=cli.WAIT_TIMEOUT_HELP)
    waits.add_argument(
        "--poll-interval",
        type=float,
        help=cli.POLL_INTERVAL_HELP,
    )
    waits.set_defaults(run=_wait)

    cancel = commands.add_parser("cancel", help="cancel an operation and wait for the outcome")
    cancel.add_argument("operation", help=cli.OPERATION_HELP)
    cancel.add_argument(
        "--timeout", type=float, default=cli.CANCEL_TIMEOUT, help=cli.CANCEL_TIMEOUT_HELP
    )
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
        raise UnusableConnectionError(message) from exc
    return SpannerAdminClient(Endpoint(credentials=credentials))


def _list(args: argparse.Namespace) -> int:
    return operations.list_operations(_client, resource=args.resource)


def _describe(args: argparse.Namespace) -> int:
    return operations.describe(_client, operation=args.operation)


def _wait(args: argparse.Namespace) -> int:
    return operations.wait_for(
        _client,
        operation=args.operation,
        timeout=args.timeout,
        poll_interval=args.poll_interval,
        program=_PROGRAM,
    )


def _cancel(args: argparse.Namespace) -> int:
    return operations.cancel(_client, operation=args.operation, timeout=args.timeout)
