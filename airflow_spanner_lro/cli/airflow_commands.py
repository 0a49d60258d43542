# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The commands ``airflow spanner-lro …``: operations through an Airflow connection, and the ledger.

Every ``airflow`` process asks for these definitions as it starts, so whatever a command needs is
imported when it runs. What they do is in ``commands.py``, and for the ledger in ``reaper/``.
"""

from __future__ import annotations

import logging
import os
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow.cli.cli_config import ActionCommand, Arg, CLICommand, GroupCommand, lazy_load_command

from airflow_spanner_lro.cli.arguments import COMMANDS, Subcommand
from airflow_spanner_lro.compatibility import airflow_problem

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable

    from airflow_spanner_lro.cli.names import Access
    from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook

log = logging.getLogger(__name__)

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
_OUTPUT = Arg(
    ("-o", "--output"),
    choices=("table", "json", "yaml"),
    default="table",
    help="for people, or as plain values for programs (default: table)",
)
_OFFLINE = Arg(("--offline",), action="store_true", help="do not ask Spanner")


def get_cli_commands() -> list[CLICommand]:
    """Return the commands that Airflow adds to its own; none if it is too old for them."""
    if problem := airflow_problem():
        log.warning("Commands left out: %s", problem)
        return []
    return [
        GroupCommand(
            name="spanner-lro",
            help="Cloud Spanner's long-running operations",
            subcommands=(
                *map(_command, COMMANDS),
                ActionCommand(
                    name="reap",
                    help="Cancel the operations that ended tasks have left running",
                    func=lazy_load_command(f"{__name__}.reap"),
                    args=(_DRY_RUN, _EVERY, _GRACE, _DAG_IDS, _CLAIM, _OUTPUT),
                ),
                ActionCommand(
                    name="ledger",
                    help="List what tasks have started, and how task and operation are now",
                    func=lazy_load_command(f"{__name__}.ledger"),
                    args=(_DAG_IDS, _ALL, _OFFLINE, _OUTPUT),
                ),
                ActionCommand(
                    name="status",
                    help="Show whether the reaper is at work, what it has left, and who waits",
                    func=lazy_load_command(f"{__name__}.status"),
                    args=(_OFFLINE, _OUTPUT),
                ),
            ),
        )
    ]


def _command(command: Subcommand) -> ActionCommand:
    arguments = (Arg(each.flags, **each.options) for each in command.arguments)
    return ActionCommand(
        name=command.name,
        help=f"{command.help[0].upper()}{command.help[1:]}",
        func=lazy_load_command(f"{__name__}.{command.function}"),
        args=(*arguments, _CONNECTION, _CHAIN),
    )


def list_operations(args: Namespace) -> None:
    """List operations."""
    from airflow_spanner_lro.cli import commands  # noqa: PLC0415

    _run(commands.list_operations, _access(args), args, program=_PROGRAM)


def describe(args: Namespace) -> None:
    """Show one operation."""
    from airflow_spanner_lro.cli import commands  # noqa: PLC0415

    _run(commands.describe, _access(args), args, program=_PROGRAM)


def wait(args: Namespace) -> None:
    """Wait until operations are done."""
    from airflow_spanner_lro.cli import commands  # noqa: PLC0415

    _run(commands.wait, _access(args), args, program=_PROGRAM)


def cancel(args: Namespace) -> None:
    """Cancel operations and wait for the outcome."""
    from airflow_spanner_lro import metrics  # noqa: PLC0415
    from airflow_spanner_lro.cli import commands  # noqa: PLC0415

    count = partial(metrics.count_cancel, cause=metrics.Cause.COMMAND)
    _run(commands.cancel, _access(args), args, program=_PROGRAM, count=count)


def delete(args: Namespace) -> None:
    """Delete the records of finished operations."""
    from airflow_spanner_lro.cli import commands  # noqa: PLC0415

    _run(commands.delete, _access(args), args, program=_PROGRAM)


def watch(args: Namespace) -> None:
    """Show what runs in an instance."""
    from airflow_spanner_lro.cli import commands  # noqa: PLC0415

    _run(commands.watch, _access(args), args, program=_PROGRAM)


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
        show=_show(args),
    )


def ledger(args: Namespace) -> None:
    """List what tasks have started, and how task and operation are now."""
    from airflow_spanner_lro.reaper import report  # noqa: PLC0415

    _find_connections()
    _run(
        report.list_ledger,
        dag_ids=args.dag_id,
        closed=args.all,
        offline=args.offline,
        show=_show(args),
    )


def status(args: Namespace) -> None:
    """Show whether the reaper is at work, what it has left, and who waits."""
    from airflow_spanner_lro.reaper import report  # noqa: PLC0415

    _find_connections()
    _run(report.print_status, offline=args.offline, show=_show(args))


def _show(args: Namespace) -> Callable[[Any], None] | None:
    """Return what prints plain values; None where lines for people are wanted."""
    if args.output == "table":
        return None
    from airflow_spanner_lro.cli.output import print_data  # noqa: PLC0415  # loads rich

    return partial(print_data, output=args.output)


def _run(command: Callable[..., int], *args: object, **kwargs: object) -> None:
    """Run a command; Airflow takes no exit code, so end the process if it is not 0."""
    from airflow_spanner_lro.cli.exit_codes import print_errors  # noqa: PLC0415

    if code := print_errors(partial(command, *args, **kwargs), program=_PROGRAM):
        raise SystemExit(code)


def _access(args: Namespace) -> Access:
    """Return the way that leads through the connection which the arguments name."""
    from airflow_spanner_lro.cli.names import Access  # noqa: PLC0415

    return Access(
        connect=lambda: _hook(args).client, default_project=lambda: _hook(args).project_id
    )


def _hook(args: Namespace) -> SpannerAdminHook:
    from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook  # noqa: PLC0415

    _find_connections()
    chain = [each.strip() for each in (args.impersonation_chain or "").split(",") if each.strip()]
    return SpannerAdminHook(gcp_conn_id=args.gcp_conn_id, impersonation_chain=chain or None)


def _find_connections() -> None:
    """Let connections in Airflow's database be found, as Airflow's own commands do."""
    os.environ["_AIRFLOW_PROCESS_CONTEXT"] = "server"
