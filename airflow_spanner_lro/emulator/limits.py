# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""How many of each thing Spanner allows, in one value that tests can change.

Source: the page on quotas and limits, and the comments of the admin API.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits that are not about time.

    :param pending_backups: on-demand backups of one database that are being created
    :param pending_restores: restores of one instance; the page says ten, the API's comment one
    :param databases: of one instance
    :param schedules: backup schedules of one database
    :param partitions: of one instance
    :param configs: custom instance configurations of one project
    :param request_bytes: the longest request, schema changes excepted
    """

    pending_backups: int = 1
    pending_restores: int = 10
    databases: int = 100
    schedules: int = 4
    partitions: int = 20
    configs: int = 100
    request_bytes: int = 2**20

    def to_json(self) -> dict[str, int]:
        """Return them by name."""
        return asdict(self)
