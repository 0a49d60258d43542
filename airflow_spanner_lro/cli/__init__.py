# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The command ``spanner-lro``: the emulator, and the operations API from a terminal.

No Airflow is started for it. Where to ask comes from ``SPANNER_EMULATOR_HOST``, as whom from
Google's application default credentials. ``airflow spanner-lro`` is in ``airflow_commands.py``;
every ``airflow`` process imports that and this, so whatever a command needs is imported by it.
"""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from airflow_spanner_lro import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_spanner_lro.admin.client import SpannerAdminClient

RESOURCE_HELP = "full name of a database or backup, or of an instance for everything in it"
OPERATION_HELP = "full name of the operation"
WAIT_TIMEOUT_HELP = "give up after this many seconds"
POLL_INTERVAL_HELP = "the longest time between two polls, in seconds (default: 30)"
CANCEL_TIMEOUT_HELP = "seconds to wait for the outcome (default: 60)"
CANCEL_TIMEOUT = 60.0

_PROGRAM = "spanner-lro"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return the exit code: 0, 1 for a failure, 3 if time was up."""
    from airflow_spanner_lro.cli.operations import print_errors  # noqa: PLC0415
    from airflow_spanner_lro.emulator import command as emulator  # noqa: PLC0415

    args = _parser().parse_args(argv)
    if argv is None and args.run is emulator.run:
        # nobody called us from Python, so the process is the emulator's alone
        emulator.stub_client_imports(args)
    return print_errors(lambda: int(args.run(args)), program=_PROGRAM)


def _parser() -> argparse.ArgumentParser:
    from airflow_spanner_lro.cli import operations  # noqa: PLC0415
    from airflow_spanner_lro.emulator import command as emulator  # noqa: PLC0415

    parser = argparse.ArgumentParser(
        prog=_PROGRAM, description="Cloud Spanner's long-running operations."
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    emulate = commands.add_parser("emulator", help="run an emulator of the Spanner admin API")
    emulator.add_arguments(emulate)
    emulate.set_defaults(run=emulator.run)

    list_ = commands.add_parser("list", help="list the operations of a resource")
    list_.add_argument("resource", help=RESOURCE_HELP)
    list_.set_defaults(run=lambda args: operations.list_operations(_client, resource=args.resource))

    describe = commands.add_parser("describe", help="show one operation")
    describe.add_argument("operation", help=OPERATION_HELP)
    describe.set_defaults(run=lambda args: operations.describe(_client, operation=args.operation))

    wait = commands.add_parser("wait", help="wait until an operation is done")
    wait.add_argument("operation", help=OPERATION_HELP)
    wait.add_argument("--timeout", type=float, help=WAIT_TIMEOUT_HELP)
    wait.add_argument("--poll-interval", type=float, help=POLL_INTERVAL_HELP)
    wait.set_defaults(
        run=lambda args: operations.wait_for(
            _client,
            operation=args.operation,
            timeout=args.timeout,
            poll_interval=args.poll_interval,
            program=_PROGRAM,
        )
    )

    cancel = commands.add_parser("cancel", help="cancel an operation and wait for the outcome")
    cancel.add_argument("operation", help=OPERATION_HELP)
    cancel.add_argument("--timeout", type=float, default=CANCEL_TIMEOUT, help=CANCEL_TIMEOUT_HELP)
    cancel.set_defaults(
        run=lambda args: operations.cancel(_client, operation=args.operation, timeout=args.timeout)
    )
    return parser


def _client() -> SpannerAdminClient:
    from airflow_spanner_lro.admin.client import SpannerAdminClient  # noqa: PLC0415  # loads gRPC
    from airflow_spanner_lro.admin.connect import Endpoint  # noqa: PLC0415
    from airflow_spanner_lro.core.connection import EMULATOR_VARIABLE  # noqa: PLC0415
    from airflow_spanner_lro.core.errors import UnusableConnectionError  # noqa: PLC0415

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
