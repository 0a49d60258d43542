# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Exit codes of the commands, and the one line that says what went wrong.

A script asks ``$?`` how it went, so each ending has a number of its own, alike in all commands.
"""

from __future__ import annotations

import os
import sys
from enum import IntEnum
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.errors import InvalidArgumentError, SpannerLroError
from airflow_spanner_lro.core.status import Code, code_of, error_text, is_credentials_error
from airflow_spanner_lro.core.text import escape_unprintable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class ExitCode(IntEnum):
    """What a command ends with; 2 is argparse's own, for arguments that it cannot read."""

    DONE = 0
    FAILED = 1
    """The operation failed; or the command did, for any reason that has no number of its own."""
    USAGE = 2
    TIMED_OUT = 3
    CANCELLED = 4
    NOT_FOUND = 5
    REFUSED = 6
    """Spanner does not do it: a permission is missing, or it is not done to such an operation."""
    INTERRUPTED = 130
    PIPE_CLOSED = 141
    """As a shell says of a program that nobody listens to any more."""


_WORST_FIRST = (
    ExitCode.FAILED,
    ExitCode.REFUSED,
    ExitCode.NOT_FOUND,
    ExitCode.TIMED_OUT,
    ExitCode.CANCELLED,
)

_REFUSALS = frozenset(
    {
        Code.PERMISSION_DENIED,
        Code.UNAUTHENTICATED,
        Code.FAILED_PRECONDITION,
        Code.UNIMPLEMENTED,
    }
)

_OPTIONS = {
    "list_type": "--type",
    "instance_id": "--instance",
    "database_id": "--database",
    "backup_id": "--backup",
    "partition_id": "--instance-partition",
    "config_id": "--instance-config",
}
"""What the arguments of operators and hooks are called at a terminal."""


class NothingFoundError(SpannerLroError):
    """There is no operation that a short name could stand for."""


class RefusedError(SpannerLroError):
    """Spanner does not do what was asked for, and would not do it for anybody."""


def worst(codes: Iterable[ExitCode]) -> ExitCode:
    """Return the one code for several operations: 0 only if all of them are."""
    found = set(codes)
    return next((each for each in _WORST_FIRST if each in found), ExitCode.DONE)


def code_for(exc: Exception) -> ExitCode:
    """Return the code that says what kind of error ended a command."""
    if isinstance(exc, NothingFoundError) or code_of(exc) is Code.NOT_FOUND:
        return ExitCode.NOT_FOUND
    if isinstance(exc, RefusedError) or code_of(exc) in _REFUSALS or is_credentials_error(exc):
        return ExitCode.REFUSED
    return ExitCode.FAILED


def sentence_for(exc: Exception) -> str:
    """Return what an error says, on one line, in the words of a terminal."""
    if isinstance(exc, InvalidArgumentError) and exc.field in _OPTIONS:
        text = f"{_OPTIONS[exc.field]} {exc.value!r} is not usable: {exc.rule}"
        for argument, option in _OPTIONS.items():
            text = text.replace(argument, option)
        return escape_unprintable(text)
    if isinstance(exc, SpannerLroError):
        return "\n".join(map(escape_unprintable, str(exc).splitlines()))
    return escape_unprintable(f"Spanner answered {error_text(exc)}")


def _is_of_google(exc: Exception) -> bool:
    """Tell an error of Google's libraries, by what it carries, from a bug."""
    return code_of(exc) is not None or isinstance(getattr(exc, "retryable", None), bool)


def print_errors(command: Callable[[], int], *, program: str) -> int:
    """Run a command; say an error in one line, and return the exit code.

    :param program: what the line begins with
    """
    _accept_any_terminal()
    try:
        code = int(command())
        if sys.stdout is not None:
            # else what is wrong with it would be said while Python ends
            sys.stdout.flush()
    except BrokenPipeError:
        # whoever reads has had enough; what is left must not be flushed as Python ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.PIPE_CLOSED
    except KeyboardInterrupt:
        print(f"{program}: interrupted; nothing was cancelled", file=sys.stderr)
        return ExitCode.INTERRUPTED
    except Exception as exc:
        if not (isinstance(exc, SpannerLroError) or _is_of_google(exc)):
            raise
        print(f"{program}: {sentence_for(exc)}", file=sys.stderr)
        return code_for(exc)
    return code


def _accept_any_terminal() -> None:
    """Let a character that a terminal does not have be shown as something else, not be an error."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None and not stream.encoding.lower().startswith("utf"):
            reconfigure(errors="backslashreplace")
