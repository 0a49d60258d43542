# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Operations of a Spanner in virtual time, which tell their progress as real ones do or might."""

from __future__ import annotations

import asyncio
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from google.api_core.exceptions import InvalidArgument
from google.cloud.spanner_admin_database_v1.types import (
    CreateBackupMetadata,
    OperationProgress,
    RestoreDatabaseMetadata,
    UpdateDatabaseDdlMetadata,
)
from google.longrunning.operations_pb2 import Operation

from airflow_spanner_lro.admin.requests import Page
from airflow_spanner_lro.core.names import BackupName, DatabaseName, OperationName
from airflow_spanner_lro.core.operations.snapshot import decode_operation
from airflow_spanner_lro.core.polling.families import Family, family_of
from tests.admin.scripted_client import NOW

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from airflow_spanner_lro.core.lists.queries import OperationQuery
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot

ROUND_TRIP = 0.02
PAGE = 1000
_NAME = re.compile(r'\(name="([^"]+)"\)')
_SINCE = re.compile(r'end_time>"([^"]+)"')


class Shape(StrEnum):
    """How an operation tells its progress."""

    LINEAR = "linear"
    NONE = "none"
    SLOW = "slow end"
    """It is at 99 % when seven tenths of its time are over."""
    STEPS = "steps"
    """It tells quarters only."""

    def percent(self, part: float) -> int:
        """Return what it tells when a part of its time is over."""
        if self is Shape.SLOW:
            part = min(part / 0.7, 0.99)
        elif self is Shape.STEPS:
            part = int(part * 4) / 4
        return int(100 * min(part, 1.0))


class Work(StrEnum):
    """What operations do."""

    SCHEMA_CHANGE = "schema change"
    BACKUP = "backup"
    RESTORE = "restore"


@dataclass(slots=True, kw_only=True)
class VirtualOperation:
    """An operation, from a moment to another.

    :param starts: seconds from the beginning
    """

    name: OperationName
    work: Work
    shape: Shape
    starts: float
    lasts: float
    _packed: tuple[int, bool] = (-1, False)
    _proto: Operation = field(default_factory=Operation)

    @property
    def ends(self) -> float:
        """When it ends."""
        return self.starts + self.lasts

    def proto(self, *, at: float) -> Operation:
        """Return it as Spanner would show it."""
        done = at >= self.ends
        part = 1.0 if done else (at - self.starts) / self.lasts
        percent = 0 if self.shape is Shape.NONE else self.shape.percent(part)
        if self._packed != (percent, done):
            self._packed = percent, done
            self._proto = Operation(name=str(self.name), done=done)
            self._proto.metadata.Pack(self._metadata(percent, done=done)._pb)
        return self._proto

    def _metadata(self, percent: int, *, done: bool) -> Any:
        times = {"start_time": NOW + timedelta(seconds=self.starts)}
        if done:
            times["end_time"] = NOW + timedelta(seconds=self.ends)
        progress = OperationProgress(progress_percent=percent, **times)
        if self.work is Work.SCHEMA_CHANGE:
            told = [] if self.shape is Shape.NONE and not done else [progress]
            return UpdateDatabaseDdlMetadata(statements=["CREATE INDEX i ON t(c)"], progress=told)
        if self.work is Work.RESTORE:
            return RestoreDatabaseMetadata(name=str(self.name.resource), progress=progress)
        return CreateBackupMetadata(name=str(self.name.resource), progress=progress)


class VirtualSpanner:
    """Answers what the poller asks, after 20 ms.

    :param lists_ended: whether it takes a filter for those that have just ended
    """

    def __init__(self, operations: Iterable[VirtualOperation], *, lists_ended: bool = True) -> None:
        self.operations = {str(each.name): each for each in operations}
        self.requests: list[float] = []
        self.methods: Counter[str] = Counter()
        self._lists_ended = lists_ended
        self._families: dict[Family, list[VirtualOperation]] = defaultdict(list)
        for each in self.operations.values():
            self._families[family_of(each.name)].append(each)

    async def get(self, *, name: OperationName, timeout: float) -> OperationSnapshot:  # noqa: ARG002
        """Answer."""
        at = await self._arrive("get")
        return decode_operation(self.operations[str(name)].proto(at=at))

    async def operations_page(
        self,
        *,
        query: OperationQuery,
        token: str = "",
        timeout: float,  # noqa: ARG002
    ) -> Page[Operation]:
        """Answer."""
        at = await self._arrive("list")
        found = [each for each in self._found(query, at=at) if each.starts <= at]
        first = int(token or 0)
        after = first + PAGE
        return Page(
            items=tuple(each.proto(at=at) for each in found[first:after]),
            next_token=str(after) if after < len(found) else "",
        )

    def _found(self, query: OperationQuery, *, at: float) -> list[VirtualOperation]:
        if names := _NAME.findall(query.filter_):
            return [self.operations[name] for name in names]
        since = at
        if told := _SINCE.search(query.filter_):
            if not self._lists_ended:
                raise InvalidArgument("Invalid filter.")
            since = (datetime.fromisoformat(told[1]) - NOW).total_seconds()
        family = Family(parent=query.parent, call=query.call)
        return [each for each in self._families[family] if each.ends > since]

    async def _arrive(self, method: str) -> float:
        at = asyncio.get_running_loop().time()
        self.requests.append(at)
        self.methods[method] += 1
        await asyncio.sleep(ROUND_TRIP)
        return asyncio.get_running_loop().time()


def spread(
    count: int,
    *,
    instances: int,
    work: Work,
    shape: Shape,
    starts: Sequence[float],
    lasts: Sequence[float],
) -> list[VirtualOperation]:
    """Return operations spread over instances, each of a resource of its own."""
    return [
        VirtualOperation(
            name=_name(number, instance=number % instances, work=work),
            work=work,
            shape=shape,
            starts=starts[number],
            lasts=lasts[number],
        )
        for number in range(count)
    ]


def _name(number: int, *, instance: int, work: Work) -> OperationName:
    project, of = "test", f"instance-{instance}"
    resource: BackupName | DatabaseName
    if work is Work.BACKUP:
        resource = BackupName(project=project, instance=of, backup=f"nightly-{number}")
    else:
        resource = DatabaseName(project=project, instance=of, database=f"d{number}")
    return OperationName(resource=resource, operation=f"_auto_op_{number}")
