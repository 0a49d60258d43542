# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Refusals of data calls: sessions, reads, queries, commits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator.errors.base import RpcError, precondition

if TYPE_CHECKING:
    from airflow_spanner_lro.core.names import DatabaseName


def rows_unavailable(problem: str) -> RpcError:
    """Say what is the matter with all rows."""
    return RpcError(Code.UNAVAILABLE, problem or "The emulator is stopping.")


def rows_missing(name: DatabaseName, *, reason: str) -> RpcError:
    """Say why the rows of one database cannot be had."""
    message = f"There are no rows of database {name.database}: {reason} {name}"
    return precondition(name, message)


def no_data_calls(*, method: str) -> RpcError:
    """Say that there are no rows in this emulator, and how to get some."""
    message = (
        f"{method} is not implemented by the airflow-spanner-lro emulator as it runs: it has no "
        "rows. Start it with --data, or SpannerAdminEmulator(data=True), and it passes data calls "
        "on to Google's Spanner emulator."
    )
    return RpcError(Code.UNIMPLEMENTED, message)


def deadline_passed() -> RpcError:
    """Say that the caller's time is over."""
    return RpcError(Code.DEADLINE_EXCEEDED, "Deadline Exceeded")
