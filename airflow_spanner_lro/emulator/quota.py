# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Spanner's quotas and limits: how many of each thing, and how many requests of a project.

Production answers five requests a second, averaged over a hundred seconds; polling counts. A
request that is refused for it does not. Source of the limits: the page on quotas and limits, and
the comments of the admin API.
"""

from __future__ import annotations

import threading
import zlib
from collections import deque
from dataclasses import asdict, dataclass
from datetime import timedelta

from airflow_spanner_lro.emulator import errors

_PROJECTS = "projects/"
# project numbers have twelve digits
_FIRST_NUMBER = 10**11


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminQuota:
    """The quota of each project.

    :param per_second: requests per second, on average
    :param over: the time over which that average is taken
    :raises ValueError: if not a single request would fit.
    """

    per_second: float = 5.0
    over: timedelta = timedelta(seconds=100)

    def __post_init__(self) -> None:
        if self.per_second < 0 or self.over <= timedelta() or self.requests < 1:
            message = (
                f"{self.per_second} requests per second over {self.over} are not usable: "
                "at least one request has to fit"
            )
            raise ValueError(message)

    @property
    def requests(self) -> int:
        """How many requests fit into any stretch of that length."""
        return int(self.per_second * self.over.total_seconds())


class QuotaMeter:
    """Counts the requests of each project against a quota. Safe to use from any thread.

    :param quota: how many are answered; None for any number
    """

    def __init__(self, quota: AdminQuota | None = None) -> None:
        self._quota = quota
        self._lock = threading.Lock()
        self._taken: dict[str, deque[float]] = {}

    @property
    def quota(self) -> AdminQuota | None:
        """How many requests of a project are answered; a new quota counts from nothing."""
        return self._quota

    @quota.setter
    def quota(self, quota: AdminQuota | None) -> None:
        with self._lock:
            self._quota = quota
            self._taken.clear()

    def take(self, *, resource: str, seconds: float) -> None:
        """Count a request.

        :param resource: the full name of what it is about; it says whose request it is
        :param seconds: when it came, in seconds as clients feel them
        :raises RpcError: RESOURCE_EXHAUSTED if it is one too many.
        """
        project = project_of(resource)
        with self._lock:
            if (quota := self._quota) is None:
                return
            taken = self._taken.setdefault(project, deque())
            if taken and seconds < taken[-1]:
                # emulated time went back, as the world became an earlier one
                taken.clear()
            oldest = seconds - quota.over.total_seconds()
            while taken and taken[0] <= oldest:
                taken.popleft()
            if len(taken) >= quota.requests:
                raise errors.quota_exceeded(consumer=_number_of(project))
            taken.append(seconds)


def project_of(resource: str) -> str:
    """Return the project in a full name; empty if there is none."""
    _, found, rest = resource.partition(_PROJECTS)
    return rest.partition("/")[0] if found else ""


def _number_of(project: str) -> str:
    """Return a number for a project, the same one each time."""
    return project if project.isdigit() else str(_FIRST_NUMBER + zlib.crc32(project.encode()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits that are not about time.

    :param pending_backups: on-demand backups of one database that are being created
    :param pending_restores: restores of one instance; the page says ten, the API's comment one
    :param databases: of one instance
    :param schedules: backup schedules of one database
    :param partitions: of one instance
    :param configs: custom instance configurations of one project
    :param free_instances: free trial instances of one project, upgraded ones included
    :param free_databases: of one free trial instance
    :param request_bytes: the longest request, schema changes excepted
    """

    pending_backups: int = 1
    pending_restores: int = 10
    databases: int = 100
    schedules: int = 4
    partitions: int = 20
    configs: int = 100
    free_instances: int = 1
    free_databases: int = 5
    request_bytes: int = 2**20

    def to_json(self) -> dict[str, int]:
        """Return them by name."""
        return asdict(self)
