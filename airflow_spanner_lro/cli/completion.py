# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Completion in bash, zsh and fish, by argcomplete, which Airflow's command line uses as well.

The shell runs the program again with a variable set, and the program answers with words. It asks
nobody else for them: a key press must not wait for Spanner.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from airflow_spanner_lro.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    import argparse

VARIABLE = "_ARGCOMPLETE"
"""What the shell's function sets when it asks for words."""
COMMAND_LINE = "COMP_LINE"
"""Where it puts what was typed so far."""


def complete_if_asked(parser: argparse.ArgumentParser) -> None:
    """Answer the shell and end the process, if it is the shell that asks."""
    if VARIABLE in os.environ:
        import argcomplete  # noqa: PLC0415  # only where it is asked for

        argcomplete.autocomplete(parser)


def print_completion(*, shell: str, program: str) -> int:
    """Print what makes a shell complete the program's words."""
    from argcomplete.shell_integration import shellcode  # noqa: PLC0415

    print(shellcode([program], shell=shell))
    return ExitCode.DONE
