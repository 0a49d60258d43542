# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What is remembered of an operation.

It outlives its target: a cancelled backup is gone, and its operation still tells why.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from airflow_spanner_lro.core.kinds import OperationKind
    from airflow_spanner_lro.core.names import OperationName, ResourceName
    from airflow_spanner_lro.emulator.lifecycle import Lifecycle

RETENTION = timedelta(days=7)
"""For how long an operation that has ended can still be seen."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation.

    :param serial: its place in the order in which resources and operations were made
    :param details: what the behaviour of its kind remembers of the request
    :param described: the part of its metadata that never changes
    :param steps_settled: of how many steps the effects are in the tables
    :param settled: whether the effects of its end are in the tables
    :param response: the message it answers with, once it has succeeded
    :param deleted: whether a caller deleted it, which hides it and does not stop it
    """

    name: OperationName
    kind: OperationKind
    serial: int
    lifecycle: Lifecycle
    details: object
    described: Message
    steps_settled: int = 0
    settled: bool = False
    response: Message | None = None
    deleted: bool = False
    # made once, because lists and filters want it from thousands of operations
    full_name: str = field(init=False, compare=False, repr=False)
    """The name as it travels."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "full_name", str(self.name))

    @property
    def target(self) -> ResourceName:
        """The resource it works on."""
        return self.name.resource

    @property
    def started(self) -> datetime:
        """When its request was received."""
        return self.lifecycle.started

    @property
    def next_event(self) -> datetime | None:
        """When it will next change anything in the tables; None if never, or not known yet."""
        return None if self.settled else self.lifecycle.next_event(self.steps_settled)

    def retained(self, now: datetime) -> bool:
        """Tell whether it can still be seen."""
        ending = self.lifecycle.ending
        return not self.deleted and (ending is None or ending.at + RETENTION > now)

    def order(self) -> tuple[int, int]:
        """Return the sort key of lists: the latest start first."""
        return (-((self.started - _EPOCH) // _MICROSECOND), -self.serial)
