# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What a flow may ask of the outside, as values; ``admin/driver.py`` performs them.

The answer to a call is its result, or the exception that came instead.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from airflow_spanner_lro.core.lists.backups import BackupFacts
from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot, ResourceState

if TYPE_CHECKING:
    from airflow_spanner_lro.core.lists.backups import BackupQuery
    from airflow_spanner_lro.core.lists.queries import OperationQuery
    from airflow_spanner_lro.core.names import OperationName, ResourceName


@dataclass(frozen=True, slots=True)
class Get:
    """Get an operation; the answer is a snapshot.

    :param within: seconds after which no answer is an answer as well; None for the driver's own
    """

    name: OperationName
    within: float | None = None


@dataclass(frozen=True, slots=True)
class Cancel:
    """Ask for the cancellation of an operation; the answer is None."""

    name: OperationName


@dataclass(frozen=True, slots=True)
class Sleep:
    """Let this many seconds pass; the answer is the time that it is then, if that is known."""

    seconds: float


@dataclass(frozen=True, slots=True)
class GetResult:
    """Get the resource that an operation answered when it was done, as it was then."""

    name: OperationName


@dataclass(frozen=True, slots=True)
class GetResource:
    """Get a resource as it is now."""

    resource: ResourceName


@dataclass(frozen=True, slots=True)
class DeleteResource:
    """Delete a resource; the answer is None."""

    resource: ResourceName


@dataclass(frozen=True, slots=True)
class ListOperations:
    """List operations; the answer is a tuple of snapshots."""

    query: OperationQuery


@dataclass(frozen=True, slots=True)
class ListBackups:
    """List backups, the newest first; the answer is a tuple of facts."""

    query: BackupQuery


Question = Get | GetResource | ListOperations | ListBackups
"""What asks and changes nothing."""
Reply = (
    OperationSnapshot
    | ResourceState
    | tuple[OperationSnapshot, ...]
    | tuple[BackupFacts, ...]
    | Exception
)


@dataclass(frozen=True, slots=True)
class AskAll:
    """Ask several questions, side by side where that can be; the answer is that of each.

    Where they are asked one after the other, an error that passes is the answer to the rest as
    well: if Spanner is out of reach, each of them would wait for its own timeout.
    """

    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Replies:
    """The answers to several questions, in their order."""

    of_each: tuple[Reply, ...]


Command = (
    Get
    | Cancel
    | Sleep
    | GetResult
    | GetResource
    | DeleteResource
    | ListOperations
    | ListBackups
    | AskAll
)
Answer = Reply | Replies | datetime | None
T = TypeVar("T")
Flow = Generator[Command, Answer, T]
