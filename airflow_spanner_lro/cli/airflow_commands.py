# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The commands ``airflow spanner-lro …``: operations through an Airflow connection, and the ledger.

Every ``airflow`` process asks for these definitions as it starts, so whatever a command needs is
imported when it runs. What they print is in ``operations.py``, and for the ledger in ``reaper/``.
"""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from airflow.cli.cli_config import ActionCommand, Arg, CLICommand, GroupCommand, lazy_load_command

from airflow_spanner_lro import cli

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable

    from airflow_spanner_lro.admin.client import SpannerAdminClient

_PROGRAM = "airflow spanner-lro"

_CONNECTION = Arg(
    ("--gcp-conn-id",),
    help="Airflow connection of type google_cloud_platform",
    default="google_cloud_default",
)
_CHAIN = Arg(
    ("--impersonation-chain",),
    help="service account to impersonate, or a chain of them, separated by commas",
)
_RESOURCE = Arg(("resource",), help=cli.RESOURCE_HELP)
_OPERATION = Arg(("operation",), help=cli.OPERATION_HELP)
_WAIT_TIMEOUT = Arg(("--timeout",), type=float, help=cli.WAIT_TIMEOUT_HELP)
_POLL_INTERVAL = Arg(("--poll-interval",), type=float, help=cli.POLL_INTERVAL_HELP)
_CANCEL_TIMEOUT = Arg(
    ("--timeout",), type=float, default=cli.CANCEL_TIMEOUT, help=cli.CANCEL_TIMEOUT_HELP
)
_DAG_IDS = Arg(
    ("--dag-id",),
    action="append",
    default=[],
    help="only what tasks of this Dag have started; may be given several times",
)
_DRY_RUN = Arg(
    ("--dry-run",), action="store_true", help="only say what would be done; change nothing"
)
_EVERY = Arg(
    ("--every",),
    help="go on, with this pause between two rounds, such as 60s or 5m (default: one round)",
)
_GRACE = Arg(
    ("--grace",),
    default="60s",
    help="how long a task has to be over before anything is done (default: 60s)",
)
_CLAIM = Arg(
    ("--claim-deployment",),
    action="store_true",
    help="after Airflow's database has moved: its ledgers are this deployment's to reap",
)
_ALL = Arg(("--all",), action="store_true", help="also entries of which nothing is owed any more")
_OFFLINE = Arg(("--offline",), action="store_true", help="do not ask Spanner")


def get_cli_commands() -> list[CLICommand]:
    """Return the commands that Airflow adds to its own."""
    return [
        GroupCommand(
            name="spanner-lro",
            help="Cloud Spanner's long-running operations",
            subcommands=(
                _command("list", "List the operations of a resource", "list_operations", _RESOURCE),
                _command("describe", "Show one operation", "describe", _OPERATION),
                _command(
                    "wait",
                    "Wait until an operation is done",
                    "wait",
                    _OPERATION,
                    _WAIT_TIMEOUT,
                    _POLL_INTERVAL,
                ),
                _command(
                    "cancel",
                    "Cancel an operation and wait for the outcome",
                    "cancel",
                    _OPERATION,
                    _CANCEL_TIMEOUT,
                ),
                ActionCommand(
                    name="reap",
                    help="Cancel the operations that ended tasks have left running",
                    func=lazy_load_command(f"{__name__}.reap"),
                    args=(_DRY_RUN, _EVERY, _GRACE, _DAG_IDS, _CLAIM),
                ),
                ActionCommand(
                    name="ledger",
                    help="List what tasks have started, and how task and operation are now",
                    func=lazy_load_command(f"{__name__}.ledger"),
                    args=(_DAG_IDS, _ALL, _OFFLINE),
                ),
                ActionCommand(
                    name="status",
                    help="Show whether the reaper is at work, what it has left, and who waits",
                    func=lazy_load_command(f"{__name__}.status"),
                    args=(_OFFLINE,),
                ),
            ),
        )
    ]


def _command(name: str, text: str, function: str, *args: Arg) -> ActionCommand:
    return ActionCommand(
        name=name,
        help=text,
        func=lazy_load_command(f"{__name__}.{function}"),
        args=(*args, _CONNECTION, _CHAIN),
    )


def list_operations(args: Namespace) -> None:
    """List the operations of a resource."""
    from airflow_spanner_lro.cli import operations  # noqa: PLC0415

    _run(operations.list_operations, partial(_client, args), resource=args.resource)


def describe(args: Namespace) -> None:
    """Show one operation."""
    from airflow_spanner_lro.cli import operations  # noqa: PLC0415

    _run(operations.describe, partial(_client, args), operation=args.operation)


def wait(args: Namespace) -> None:
    """Wait until an operation is done."""
    from airflow_spanner_lro.cli import operations  # noqa: PLC0415

    _run(
        operations.wait_for,
        partial(_client, args),
        operation=args.operation,
        timeout=args.timeout,
        poll_interval=args.poll_interval,
        program=_PROGRAM,
    )


def cancel(args: Namespace) -> None:
    """Cancel an operation and wait for the outcome."""
    from airflow_spanner_lro import metrics  # noqa: PLC0415
    from airflow_spanner_lro.cli import operations  # noqa: PLC0415

    _run(
        operations.cancel,
        partial(_client, args),
        operation=args.operation,
        timeout=args.timeout,
        count=partial(metrics.count_cancel, cause=metrics.Cause.COMMAND),
    )


def reap(args: Namespace) -> None:
    """Cancel the operations that ended tasks have left running."""
    from airflow_spanner_lro.reaper import loop  # noqa: PLC0415

    _find_connections()
    _run(
        loop.reap,
        every=args.every,
        grace=args.grace,
        dag_ids=args.dag_id,
        dry_run=args.dry_run,
        claim=args.claim_deployment,
        program=_PROGRAM,
    )


def ledger(args: Namespace) -> None:
    """List what tasks have started, and how task and operation are now."""
    from airflow_spanner_lro.reaper import report  # noqa: PLC0415

    _find_connections()
    _run(report.list_ledger, dag_ids=args.dag_id, closed=args.all, offline=args.offline)


def status(args: Namespace) -> None:
    """Show whether the reaper is at work, what it has left, and who waits."""
    from airflow_spanner_lro.reaper import report  # noqa: PLC0415

    _find_connections()
    _run(report.print_status, offline=args.offline)


def _run(command: Callable[..., int], *args: object, **kwargs: object) -> None:
    """Run a command; Airflow takes no exit code, so end the process if it is not 0."""
    from airflow_spanner_lro.cli.operations import print_errors  # noqa: PLC0415

    if code := print_errors(partial(command, *args, **kwargs), program=_PROGRAM):
        raise SystemExit(code)


def _client(args: Namespace) -> SpannerAdminClient:
    """Return the client of the connection that the arguments name."""
    from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook  # noqa: PLC0415

    _find_connections()
    chain = [each.strip() for each in (args.impersonation_chain or "").split(",") if each.strip()]
    return SpannerAdminHook(gcp_conn_id=args.gcp_conn_id, impersonation_chain=chain or None).client


def _find_connections() -> None:
    """Let connections in Airflow's database be found, as Airflow's own commands do."""
    os.environ["_AIRFLOW_PROCESS_CONTEXT"] = "server"
