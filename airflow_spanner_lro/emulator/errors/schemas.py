# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What does not fit a schema, in the words of Google's emulator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator.errors.base import RpcError, invalid

if TYPE_CHECKING:
    from collections.abc import Sequence


def bad_name(entity_type: str, name: str) -> RpcError:
    """Say that nothing can be called so."""
    return invalid(f"{entity_type.capitalize()} name not valid: {name}.")


def index_elsewhere(name: str, *, table: str) -> RpcError:
    """Say that an index lives in the schema of its table."""
    return RpcError(
        Code.FAILED_PRECONDITION,
        f"Index {name} does not match the schema of the indexed table {table}.",
    )


def table_is_tracked(name: str, *, streams: Sequence[str]) -> RpcError:
    """Say that a table cannot be dropped while a change stream names it."""
    return RpcError(
        Code.FAILED_PRECONDITION,
        f"Cannot drop table {name}. Table {name} is tracked by {len(streams)} Change Stream: "
        f"{','.join(streams)}. Tables explicitly tracked by a Change Stream cannot be dropped. "
        "Please drop the Change Stream or modify its FOR clause to stop tracking the table "
        "explicitly before dropping the table.",
    )


def table_has_foreign_keys(name: str, *, foreign_keys: str) -> RpcError:
    """Say that a table cannot be dropped while foreign keys refer to it."""
    return RpcError(
        Code.FAILED_PRECONDITION,
        f"Cannot drop table `{name}`. It is referenced by one or more foreign keys: "
        f"{foreign_keys}. You must drop the foreign keys before dropping the table.",
    )


def has_views(entity_type: str, name: str, *, views: str) -> RpcError:
    """Say that a table or view cannot be dropped while views read it."""
    return RpcError(
        Code.FAILED_PRECONDITION,
        f"Cannot drop {entity_type} `{name}` on which there are dependent views: {views}.",
    )


def sequence_has_column(name: str, *, column: str) -> RpcError:
    """Say that a sequence cannot be dropped while a column takes its values from it."""
    return RpcError(
        Code.FAILED_PRECONDITION,
        f"Cannot drop SEQUENCE `{name}` on which there is a dependent column: {column}.",
    )


def time_zone_with_tables() -> RpcError:
    """Say that the time zone is chosen before there are tables."""
    return RpcError(
        Code.FAILED_PRECONDITION,
        "The 'default_time_zone' database option cannot be changed on a database with user "
        "defined tables.",
    )
