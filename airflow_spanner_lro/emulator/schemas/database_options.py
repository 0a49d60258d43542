# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Options of a database, as ALTER DATABASE sets them in either dialect."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.ddl.lexer import Dialect
from airflow_spanner_lro.emulator import errors

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator.schemas.reader import StatementReader

DEFAULT_LEADER = "default_leader"
DEFAULT_TIME_ZONE = "default_time_zone"
VERSION_RETENTION_PERIOD = "version_retention_period"
_OPTIONS = frozenset(
    {
        DEFAULT_LEADER,
        DEFAULT_TIME_ZONE,
        VERSION_RETENTION_PERIOD,
        "auto_managed_root_placement_table_name",
        "columnar_policy",
        "default_sequence_kind",
        "enable_key_visualizer",
        "optimizer_statistics_package",
        "optimizer_version",
        "read_lease_regions",
        "use_unenforced_foreign_key_for_query_optimization",
        "witness_location",
    }
)
_NAMESPACE = "spanner."
_UNITS = {
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
}
# the unit decides how many digits can be within the range at most
_DURATION = re.compile(r"(\d{1,6})([dhms])", re.ASCII)
_SHORTEST, _LONGEST = timedelta(hours=1), timedelta(days=7)


def retention_of(value: str) -> timedelta:
    """Return a version retention period such as ``7d`` as a duration.

    :raises RpcError: if it is not one, or out of range.
    """
    found = _DURATION.fullmatch(value)
    length = int(found[1]) * _UNITS[found[2]] if found else None
    if length is None or not _SHORTEST <= length <= _LONGEST:
        raise errors.bad_retention(value)
    return length


def database_options(reader: StatementReader) -> tuple[tuple[str, str | None], ...]:
    """Read what follows ``ALTER DATABASE`` and its name, in either dialect.

    :raises RpcError: if it cannot be read, or an option cannot have this value.
    """
    found: list[tuple[str, str | None]] = []
    google = reader.dialect is Dialect.GOOGLE_STANDARD_SQL
    if google and reader.comes("SET"):
        reader.expect("SET", "OPTIONS")
        reader.place -= 2
    if reader.take("SET", "OPTIONS", "("):
        more = True
        while more:
            found.append(_option(reader.name(), reader.take("=") and reader.value(), reader))
            more = reader.take(",")
        complete = reader.take(")")
    elif reader.take("RESET"):
        found.append(_option(reader.name(), "DEFAULT", reader))
        complete = True
    else:
        complete = reader.take("SET")
        name = reader.name() if complete else None
        set_to = reader.take("TO") or reader.take("=")
        found.append(_option(name, set_to and reader.value(), reader))
    if not complete or not reader.at_end:
        raise errors.bad_statement(reader.text, reason="expected SET OPTIONS (name = value)")
    return tuple(found)


def _option(
    name: str | None, value: str | bool | None, reader: StatementReader
) -> tuple[str, str | None]:
    if not name or not isinstance(value, str):
        raise errors.bad_statement(reader.text, reason="expected SET OPTIONS (name = value)")
    name = name.removeprefix(_NAMESPACE).lower()
    if name not in _OPTIONS:
        raise errors.bad_statement(reader.text, reason=f"unknown database option {name!r}")
    if value.upper() in ("NULL", "DEFAULT"):
        return name, None
    if name == VERSION_RETENTION_PERIOD:
        retention_of(value)
    return name, value
