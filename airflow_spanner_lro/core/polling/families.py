# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Which operations one list request shows together: those of a family.

A family is what an instance has of one type of resource: all its databases, or all its backups.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from functools import lru_cache
from typing import TYPE_CHECKING

from airflow_spanner_lro.core import kinds
from airflow_spanner_lro.core.lists.queries import LIST_CALLS, ListCall, OperationQuery
from airflow_spanner_lro.core.names import (
    InstanceConfigName,
    InstanceName,
    OperationName,
    ProjectName,
    ResourceName,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from airflow_spanner_lro.core.kinds import OperationKind

_TELL_END_TIME: dict[ListCall | None, tuple[OperationKind, ...]] = {
    ListCall.OF_BACKUPS: (kinds.CREATE_BACKUP, kinds.COPY_BACKUP),
    ListCall.OF_DATABASES: (kinds.RESTORE_DATABASE, kinds.UPDATE_DATABASE_DDL),
}
"""Kinds whose metadata say when they ended; of the others no more than a few run in an instance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Operations that are listed together.

    :param parent: where they are listed
    :param call: the call that lists them; None if there is none
    """

    parent: ResourceName
    call: ListCall | None

    @property
    def pending(self) -> OperationQuery:
        """Lists those that are not done."""
        return OperationQuery(call=self._call, parent=self.parent, pending=True)

    @property
    def can_show_ended(self) -> bool:
        """Whether one list can show those that are not done and those that have just ended."""
        return self.call in _TELL_END_TIME

    def pending_or_ended(self, since: datetime) -> OperationQuery:
        """Return the query that lists those that are not done, or have ended since some time.

        The grammar of filters, as it is documented with the list calls, allows this; whether
        Spanner itself takes it has not been tried.
        """
        time = f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        ended = [
            f'((metadata.@type:{kind.metadata_type_url}) AND (metadata.progress.end_time>"{time}"))'
            for kind in _TELL_END_TIME[self._call]
        ]
        wanted = " OR ".join(("(NOT done:true)", *ended))
        return OperationQuery(call=self._call, parent=self.parent, filter_=wanted)

    def named(self, names: Iterable[str]) -> OperationQuery:
        """Return the query that lists these, done or not."""
        wanted = " OR ".join(f'(name="{name}")' for name in names)
        return OperationQuery(call=self._call, parent=self.parent, filter_=wanted)

    @property
    def _call(self) -> ListCall:
        if self.call is None:
            message = f"no call lists the operations of {self.parent}"
            raise ValueError(message)
        return self.call


@lru_cache(maxsize=10_000)
def _within(project: str, instance: str, call: ListCall) -> Family:
    # thousands of operations have the same
    return Family(parent=InstanceName(project=project, instance=instance), call=call)


def family_of(name: OperationName) -> Family:
    """Return the family of an operation."""
    resource = name.resource
    if isinstance(resource, InstanceName):
        # the instance itself, or something in it
        return _within(resource.project, resource.instance, LIST_CALLS[type(resource)])
    if type(resource) is InstanceConfigName:
        return Family(parent=ProjectName(project=resource.project), call=ListCall.OF_CONFIGS)
    # the caches of a configuration: no client library has a call for them
    return Family(parent=resource, call=None)
