# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What pollers have published of progress, read once for all who look."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_spanner_lro.core.names import OperationName
    from airflow_spanner_lro.core.polling.seen import SeenOperation


class PublishedProgress:
    """What was published; nothing so far."""

    requests_per_second: float | None = None
    emulated: tuple[()] = ()
    problems: tuple[str, ...] = ()

    def seen(self, name: str | OperationName) -> SeenOperation | None:
        """Return what was seen last of an operation."""
        del name
        return None


@cache
def progress() -> PublishedProgress:
    """Return what was published, of this process."""
    return PublishedProgress()
