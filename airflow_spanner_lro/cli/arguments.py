# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The commands about operations and their arguments, once for both command lines.

``spanner-lro`` makes argparse's of them, ``airflow spanner-lro`` Airflow's, which takes the same
words. Every ``airflow`` process reads this as it starts, so it imports nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

TYPES = (
    "INSTANCE",
    "DATABASE",
    "DATABASE_CREATE",
    "DATABASE_UPDATE_DDL",
    "DATABASE_CHANGE_QUORUM",
    "DATABASE_RESTORE",
    "BACKUP",
    "INSTANCE_PARTITION",
    "INSTANCE_CONFIG_CREATE",
    "INSTANCE_CONFIG_UPDATE",
)
"""The names that ``gcloud spanner operations list --type`` knows."""
STATES = ("RUNNING", "SUCCEEDED", "FAILED", "CANCELLED")
SORT_KEYS = ("started", "ended", "state", "progress", "kind", "resource", "name")
SHELLS = ("bash", "zsh", "fish")

CANCEL_TIMEOUT = 60.0
WATCH_INTERVAL = 5.0


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument.

    :param flags: its names
    :param options: what argparse is told of it
    :param words: what a shell completes it to, where argparse knows no choices
    """

    flags: tuple[str, ...]
    options: Mapping[str, Any]
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Subcommand:
    """One command: a function of ``commands.py``, by its name."""

    name: str
    function: str
    help: str
    arguments: tuple[Argument, ...]


def _argument(*flags: str, words: tuple[str, ...] = (), **options: Any) -> Argument:
    return Argument(flags, options, words)


def state_names(text: str) -> list[str]:
    """Read states, separated by commas: argparse's converter.

    :raises ValueError: if one is no state, which argparse turns into a sentence
    """
    names = [each.strip().upper() for each in text.split(",")]
    if unknown := [each for each in names if each not in STATES]:
        raise ValueError(unknown)
    return names


def _sort_key(text: str) -> str:
    if text.lstrip("-~").lower() not in SORT_KEYS:
        raise ValueError(text)
    return text.lower().replace("~", "-")


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


# what argparse calls a value that these refuse: "invalid state value: 'ENDED'"
state_names.__name__ = "state"
_sort_key.__name__ = "sort key"
_count.__name__ = "count"

_OUTPUT = _argument(
    "-o",
    "--output",
    choices=("table", "wide", "json", "yaml", "name"),
    default="table",
    help="how to print it (default: table, as wide as the terminal; wide: all columns in full)",
)
_WHERE = (
    _argument(
        "--project",
        help="project of short names (default: that of the environment, or of the credentials)",
    ),
    _argument("--instance", help="instance, by its id or full name"),
    _argument("--database", help="database of the instance, by its id or full name"),
    _argument("--backup", help="backup of the instance, by its id or full name"),
    _argument("--instance-partition", help="partition of the instance, by its id or full name"),
    _argument(
        "--instance-config", help="instance configuration of the project, by its id or full name"
    ),
)
_RESOURCE = _argument(
    "resource",
    nargs="?",
    help="full name of an instance, database, backup, partition or configuration, "
    "or the id of an instance; --instance and the like say it too",
)
_OPERATION = _argument(
    "operation",
    help="full name of an operation; or, with --instance, its id, the beginning of it, or the id "
    "of what it works on, where that is unambiguous",
)
_OPERATIONS = _argument(
    "operations", metavar="operation", nargs="+", help=_OPERATION.options["help"]
)

COMMANDS = (
    Subcommand(
        "list",
        "list_operations",
        "list operations",
        (
            _RESOURCE,
            _argument(
                "--type",
                type=str.upper,
                choices=TYPES,
                metavar="TYPE",
                help="only these, as gcloud calls them: " + ", ".join(TYPES),
            ),
            _argument(
                "--state",
                words=STATES,
                type=state_names,
                help="only in one of these states, separated by commas: " + ", ".join(STATES),
            ),
            _argument("--filter", default="", help="more, in the API's language of list filters"),
            _argument(
                "--sort-by",
                words=SORT_KEYS,
                type=_sort_key,
                metavar="KEY",
                help="one of " + ", ".join(SORT_KEYS) + "; with ~ before it the other way round "
                "(default: what runs first, then the newest)",
            ),
            _argument("--limit", type=_count, help="no more than so many"),
            _OUTPUT,
            *_WHERE,
        ),
    ),
    Subcommand("describe", "describe", "show one operation", (_OPERATION, _OUTPUT, *_WHERE)),
    Subcommand(
        "wait",
        "wait",
        "wait until operations are done",
        (
            _OPERATIONS,
            _argument("--any", action="store_true", help="until one of them is"),
            _argument("--timeout", type=float, help="give up after this many seconds"),
            _argument(
                "--poll-interval",
                type=float,
                help="the longest time between two polls, in seconds (default: 30)",
            ),
            _argument(
                "--plain", action="store_true", help="lines instead of bars, also at a terminal"
            ),
            *_WHERE,
        ),
    ),
    Subcommand(
        "cancel",
        "cancel",
        "cancel operations and wait for the outcome",
        (
            _OPERATIONS,
            _argument(
                "--timeout",
                type=float,
                default=CANCEL_TIMEOUT,
                help="seconds to wait for the outcome (default: 60)",
            ),
            *_WHERE,
        ),
    ),
    Subcommand(
        "delete",
        "delete",
        "delete the records of finished operations of instances, partitions or configurations",
        (_OPERATIONS, *_WHERE),
    ),
    Subcommand(
        "watch",
        "watch",
        "show what runs in an instance, and how it ends, until Ctrl-C",
        (
            _RESOURCE,
            _argument(
                "--interval",
                type=float,
                default=WATCH_INTERVAL,
                help="seconds between two looks (default: 5)",
            ),
            _argument("--timeout", type=float, help="end after this many seconds"),
            _argument(
                "--plain", action="store_true", help="lines instead of a table, also at a terminal"
            ),
            *_WHERE,
        ),
    ),
)
"""What both command lines have."""
