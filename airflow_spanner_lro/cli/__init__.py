# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
# PYTHON_ARGCOMPLETE_OK
"""The command ``spanner-lro``: the emulator, and the operations API from a terminal.

No Airflow is started for it. Where to ask comes from ``SPANNER_EMULATOR_HOST``, as whom from
Google's application default credentials. ``airflow spanner-lro`` is in ``airflow_commands.py``;
every ``airflow`` process imports that and this, so whatever a command needs is imported by it.
"""

from __future__ import annotations

import argparse
import os
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro import __version__
from airflow_spanner_lro.cli.arguments import COMMANDS, SHELLS, Subcommand

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_spanner_lro.admin.client import SpannerAdminClient

_PROGRAM = "spanner-lro"
_EMULATOR = "emulator"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return the exit code, one of ``ExitCode``."""
    from airflow_spanner_lro.cli.completion import COMMAND_LINE, complete_if_asked  # noqa: PLC0415
    from airflow_spanner_lro.cli.exit_codes import print_errors  # noqa: PLC0415

    words = sys.argv[1:] if argv is None else argv
    emulates = _EMULATOR in words or _EMULATOR in os.environ.get(COMMAND_LINE, "")
    parser = _parser(emulates=emulates)
    complete_if_asked(parser)
    args = parser.parse_args(words)
    if argv is None:
        from airflow_spanner_lro.core.notices import hush_advice_on_python  # noqa: PLC0415

        # nobody called us from Python, so the process is ours alone
        hush_advice_on_python()
    if argv is None and args.run is _emulate:
        from airflow_spanner_lro.emulator import command as emulator  # noqa: PLC0415

        # nobody called us from Python, so the process is the emulator's alone
        emulator.stub_client_imports(args)
    return int(print_errors(lambda: int(args.run(args)), program=_PROGRAM))


def _parser(*, emulates: bool = True) -> argparse.ArgumentParser:
    """Return the parser.

    :param emulates: with the emulator's own arguments, which take longer to load than the rest
    """
    parser = argparse.ArgumentParser(
        prog=_PROGRAM, description="Cloud Spanner's long-running operations."
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    emulate = commands.add_parser(_EMULATOR, help="run an emulator of the Spanner admin API")
    if emulates:
        from airflow_spanner_lro.emulator import command as emulator  # noqa: PLC0415

        emulator.add_arguments(emulate)
    emulate.set_defaults(run=_emulate)
    for each in COMMANDS:
        command = commands.add_parser(each.name, help=each.help)
        for argument in each.arguments:
            action = command.add_argument(*argument.flags, **argument.options)
            if argument.words:
                # argcomplete looks for it there
                action.completer = partial(_words, argument.words)  # type: ignore[attr-defined]
        command.set_defaults(run=partial(_run, each))
    completion = commands.add_parser(
        "completion", help="print what makes a shell complete these words"
    )
    completion.add_argument("shell", choices=SHELLS, help="the shell that is to read it")
    completion.set_defaults(run=_completion)
    return parser


def _words(words: tuple[str, ...], **_: object) -> tuple[str, ...]:
    """Return what a shell may complete an argument to."""
    return words


def _emulate(args: argparse.Namespace) -> int:
    from airflow_spanner_lro.emulator import command as emulator  # noqa: PLC0415

    return emulator.run(args)


def _run(command: Subcommand, args: argparse.Namespace) -> int:
    from airflow_spanner_lro.cli import commands  # noqa: PLC0415  # loads gRPC
    from airflow_spanner_lro.cli.names import Access  # noqa: PLC0415

    access = Access(connect=_client, default_project=_default_project)
    return int(getattr(commands, command.function)(access, args, program=_PROGRAM))


def _completion(args: argparse.Namespace) -> int:
    from airflow_spanner_lro.cli.completion import print_completion  # noqa: PLC0415

    return print_completion(shell=args.shell, program=_PROGRAM)


def _client() -> SpannerAdminClient:
    from airflow_spanner_lro.admin.client import SpannerAdminClient  # noqa: PLC0415  # loads gRPC
    from airflow_spanner_lro.admin.connect import Endpoint  # noqa: PLC0415
    from airflow_spanner_lro.core.connection import EMULATOR_VARIABLE  # noqa: PLC0415

    if target := os.environ.get(EMULATOR_VARIABLE):
        return SpannerAdminClient(Endpoint(target=target, plain_text=True))
    credentials, _ = _default_credentials()
    return SpannerAdminClient(Endpoint(credentials=credentials))


def _default_project() -> str | None:
    """Return the project of the credentials; an emulator has none of its own."""
    from airflow_spanner_lro.core.connection import EMULATOR_VARIABLE  # noqa: PLC0415

    if os.environ.get(EMULATOR_VARIABLE):
        return None
    _, project = _default_credentials()
    return project


def _default_credentials() -> tuple[Any, str | None]:
    import google.auth  # noqa: PLC0415
    from google.auth.exceptions import DefaultCredentialsError  # noqa: PLC0415

    from airflow_spanner_lro.core.connection import EMULATOR_VARIABLE  # noqa: PLC0415
    from airflow_spanner_lro.core.errors import UnusableConnectionError  # noqa: PLC0415

    try:
        found: tuple[Any, str | None] = google.auth.default(
            scopes=("https://www.googleapis.com/auth/cloud-platform",)
        )
    except DefaultCredentialsError as exc:
        message = (
            "there are no Google credentials here. Run `gcloud auth application-default login`, "
            f"or set {EMULATOR_VARIABLE} to use an emulator."
        )
        raise UnusableConnectionError(message) from exc
    return found
