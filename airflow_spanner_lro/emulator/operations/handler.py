# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The base of operation handlers: what an operation of one kind reports, and what it does.

One class for each kind. Everything that it needs is in the operation's record and in the world.
The mixins are what several kinds have in common: how they report progress, how they are undone.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from airflow_spanner_lro.core.names import ResourceName
from airflow_spanner_lro.core.operations.snapshot import OperationState
from airflow_spanner_lro.emulator.protos import plain_message

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Set as AbstractSet
    from datetime import datetime

    import proto
    from google.protobuf.message import Message

    from airflow_spanner_lro.emulator.operations.model import Operation
    from airflow_spanner_lro.emulator.world import World


_Name = TypeVar("_Name", bound=ResourceName)
_Details = TypeVar("_Details")


class OperationHandler(ABC, Generic[_Name, _Details]):
    """One kind of operation; by itself it does nothing.

    A subclass says which target and details it has, describes its metadata, and overrides what it
    does. Metadata comes in two parts, because operations are listed by the thousand:
    :meth:`describe` says once what never changes, :meth:`refresh` adds what does.
    """

    target_type: ClassVar[type[ResourceName]]
    details_type: ClassVar[type[object]] = object

    undo_guaranteed: ClassVar[bool] = False
    """Whether it surely ends as cancelled once it has begun to be undone."""

    changing: ClassVar[AbstractSet[str]] = frozenset({"progress", "cancel_time", "end_time"})
    """The metadata fields that :meth:`refresh` sets."""

    shortcuts: ClassVar[Mapping[str, Callable[[Operation, datetime], object]]] = {}
    """How to tell some of those fields alone: what filters of long lists often ask for."""

    # --- what it tells ---

    def described(self, target: ResourceName, details: object) -> Message:
        """Return the part of the metadata that never changes, as a plain protobuf message."""
        return plain_message(
            self.describe(self._checked(target, self.target_type), self._details(details))
        )

    @abstractmethod
    def describe(self, target: Any, details: Any) -> proto.Message | Message:
        """Return the part of the metadata that never changes."""

    def refresh(self, metadata: Any, operation: Operation, now: datetime) -> None:
        """Set the changing fields of the metadata, a plain protobuf message, to how they are."""

    # --- what it does ---

    def step(self, world: World, operation: Operation, step: int, at: datetime) -> None:
        """Do what a step does.

        :raises RpcError: if it turns out that it cannot be done; the operation then fails.
        """

    def succeed(self, world: World, operation: Operation, at: datetime) -> Message | None:
        """Do what the operation does when it succeeds, and return its response."""
        del world, operation, at
        return None

    def cancel_begins(self, world: World, operation: Operation, at: datetime) -> None:
        """Do what follows as soon as a cancel has an effect, before the operation has ended."""

    def undo(self, world: World, operation: Operation, at: datetime) -> None:
        """Do what follows when it was cancelled or has failed."""

    # --- for subclasses ---

    def target(self, operation: Operation) -> _Name:
        """Return what the operation works on."""
        name: _Name = self._checked(operation.target, self.target_type)
        return name

    def details(self, operation: Operation) -> _Details:
        """Return what the operation remembers of its request."""
        details: _Details = self._details(operation.details)
        return details

    def _details(self, details: object) -> Any:
        return self._checked(details, self.details_type)

    def _checked(self, value: object, type_: type[object]) -> Any:
        if not isinstance(value, type_):
            message = f"{type(self).__name__} works with a {type_.__name__}, not with {value!r}"
            raise TypeError(message)
        return value


def ended_at(operation: Operation, now: datetime) -> datetime | None:
    """Return when an operation has ended; None if it has not."""
    ended = operation.lifecycle.ended(now)
    return None if ended is None else ended.at


def show_progress(metadata: Any, operation: Operation, now: datetime) -> None:
    """Set ``progress``: percentage, start, and end if there is one."""
    lifecycle = operation.lifecycle
    progress = metadata.progress
    progress.progress_percent = lifecycle.percent(now)
    progress.start_time.FromDatetime(lifecycle.started)
    if (ended := lifecycle.ended(now)) is not None:
        progress.end_time.FromDatetime(ended.at)


def show_cancel(metadata: Any, operation: Operation, now: datetime) -> None:
    """Set ``cancel_time`` to when the cancel was received, if that has an effect.

    An operation that finished before the cancel took hold was not cancelled.
    """
    lifecycle = operation.lifecycle
    asked = lifecycle.cancel_effective
    unaffected = (OperationState.SUCCEEDED, OperationState.FAILED)
    if asked is not None and lifecycle.state(now) not in unaffected:
        metadata.cancel_time.FromDatetime(asked)


def show_times(metadata: Any, operation: Operation, now: datetime) -> None:
    """Set ``start_time``, ``cancel_time`` and ``end_time``."""
    metadata.start_time.FromDatetime(operation.started)
    show_cancel(metadata, operation, now)
    if (ended := operation.lifecycle.ended(now)) is not None:
        metadata.end_time.FromDatetime(ended.at)


class ReportsProgress(OperationHandler[_Name, _Details], Generic[_Name, _Details]):
    """Its metadata has one progress, and the time of a cancel."""

    shortcuts: ClassVar = {
        "progress.progress_percent": lambda operation, now: operation.lifecycle.percent(now),
        "progress.start_time": lambda operation, _: operation.started,
        "progress.end_time": ended_at,
    }

    def refresh(self, metadata: Any, operation: Operation, now: datetime) -> None:
        """Tell the progress."""
        show_progress(metadata, operation, now)
        show_cancel(metadata, operation, now)


class ReportsTimes(OperationHandler[_Name, _Details], Generic[_Name, _Details]):
    """Its metadata has times, and no percentage."""

    changing: ClassVar = frozenset({"start_time", "cancel_time", "end_time"})
    shortcuts: ClassVar = {
        "start_time": lambda operation, _: operation.started,
        "end_time": ended_at,
    }

    def refresh(self, metadata: Any, operation: Operation, now: datetime) -> None:
        """Tell the times."""
        show_times(metadata, operation, now)


class HidesTargetOnCancel(OperationHandler[_Name, _Details], Generic[_Name, _Details]):
    """It makes something that cannot be read from the cancel on, and is surely gone in the end."""

    undo_guaranteed: ClassVar = True

    def cancel_begins(self, world: World, operation: Operation, at: datetime) -> None:
        """Hide what was being made."""
        del at
        name = self.target(operation)
        table = world.resources.table_of(name)
        table.put(name, replace(table.get(name), hidden=True))

    def undo(self, world: World, operation: Operation, at: datetime) -> None:
        """Remove what was being made."""
        del at
        name = self.target(operation)
        world.resources.table_of(name).remove(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Creation:
    """What the creation of a resource remembers: the resource as it was asked for."""

    desired: proto.Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """What the update of a resource remembers.

    :param message: all that the owner can set, as it will be
    :param desired: the resource as clients will see it
    """

    message: proto.Message
    desired: proto.Message


class Reconciles(OperationHandler[_Name, _Details], Generic[_Name, _Details]):
    """It brings a resource about as its owner wants it, or surely leaves it as it was."""

    undo_guaranteed: ClassVar = True

    @abstractmethod
    def message_of(self, world: World, row: Any) -> proto.Message:
        """Return the resource as clients see it."""

    @abstractmethod
    def settled(self, at: datetime) -> Mapping[str, Any]:
        """Return what else changes in the record of the resource when nothing is at work on it."""

    def settle(self, world: World, operation: Operation, at: datetime, **values: object) -> Message:
        """Change the record of the resource, and return the resource as clients see it."""
        name = self.target(operation)
        table = world.resources.table_of(name)
        row = table.get(name).changed(**values, **self.settled(at))
        table.put(name, row)
        return plain_message(self.message_of(world, row))


class Creates(HidesTargetOnCancel[_Name, Creation], Reconciles[_Name, Creation], Generic[_Name]):
    """The resource becomes ready, or goes away."""

    details_type: ClassVar = Creation

    def succeed(self, world: World, operation: Operation, at: datetime) -> Message | None:
        """Make the resource ready."""
        return self.settle(world, operation, at, ready=True)


class Updates(Reconciles[_Name, Update], Generic[_Name]):
    """The resource has its new values, or keeps the old ones, which were in force all the time."""

    details_type: ClassVar[type[Update]] = Update

    def succeed(self, world: World, operation: Operation, at: datetime) -> Message | None:
        """Set the new values."""
        return self.settle(world, operation, at, message=self.details(operation).message)
