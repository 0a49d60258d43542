# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The tables: what exists, by name, with indexes, and the queue of what time does to it.

Thousands of operations may be pending, and every call asks whether something is due: so the next
event must be at hand without looking at all of them.
"""

from __future__ import annotations

import hashlib
import heapq
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from google.iam.v1 import policy_pb2

from airflow_spanner_lro.core.names import OperationName, ResourceName
from airflow_spanner_lro.emulator import errors

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator
    from datetime import datetime


EventKey = OperationName | ResourceName

_SPARE = 1000
"""How many entries that no longer count a queue may hold beside those that do."""


class EventQueue:
    """The next event of each operation and resource that has one."""

    def __init__(self) -> None:
        self._times: dict[EventKey, tuple[datetime, int]] = {}
        # may hold entries that no longer count; those are dropped when they come up
        self._heap: list[tuple[datetime, int, int, EventKey]] = []
        self._pushed = 0

    def note(self, key: EventKey, *, at: datetime | None, serial: int = 0) -> None:
        """Note the next event of something, in place of the one it had.

        :param at: when; None if it has none any more
        :param serial: who comes first among those of the same time
        """
        if at is None:
            self._times.pop(key, None)
            return
        if self._times.get(key) == (at, serial):
            return
        self._times[key] = (at, serial)
        self._pushed += 1
        # names are not comparable, so a number that never repeats stands before them
        heapq.heappush(self._heap, (at, serial, self._pushed, key))
        if len(self._heap) > 2 * len(self._times) + _SPARE:
            self._clear_out()

    def upcoming(self) -> tuple[datetime, EventKey] | None:
        """Return the next event, or None if there is none."""
        while self._heap:
            at, serial, _, key = self._heap[0]
            if self._times.get(key) == (at, serial):
                return at, key
            heapq.heappop(self._heap)
        return None

    def _clear_out(self) -> None:
        """Drop the entries that no longer count; some would only come up after months."""
        self._heap = [
            entry for entry in self._heap if self._times.get(entry[3]) == (entry[0], entry[1])
        ]
        heapq.heapify(self._heap)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A thing that exists. A change replaces its record.

    :param serial: its place in the order in which everything was made, so that the operations of an
        earlier resource of the same name are not taken for its own
    :param create_time: when it was made
    """

    serial: int
    create_time: datetime

    @property
    def next_event(self) -> datetime | None:
        """When time will change it, or make it do something; None if never."""
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconciledRow(Row):
    """A resource that operations bring about: an instance, a partition, a configuration.

    :param ready: whether it can be used
    :param hidden: whether its creation was cancelled, so that it cannot be read any more
    :param revision: how often it has changed
    """

    name: ResourceName
    ready: bool
    hidden: bool = False
    revision: int = 0

    @property
    def etag(self) -> str:
        """Another text after each change."""
        # not readable, so that nobody takes it for a number and counts on
        text = f"{self.serial}.{self.revision}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def require_etag(self, etag: str) -> None:
        """Make sure that whoever changes it has read it as it is; an empty etag will always do.

        :raises RpcError: ABORTED if it has changed.
        """
        if etag and etag != self.etag:
            raise errors.wrong_etag(self.name, etag=etag)

    def changed(self, **values: Any) -> Self:
        """Return it with other values."""
        return replace(self, revision=self.revision + 1, **values)


_Name = TypeVar("_Name", bound=ResourceName)
_Record = TypeVar("_Record", bound=Row)


class Index(Generic[_Record]):
    """The rows of a table by something that several of them have in common.

    Lists and limits ask for the rows of one instance, database or backup, and there may be
    thousands of others.
    """

    def __init__(self, key: Callable[[_Record], Hashable | None]) -> None:
        self._key = key
        self._groups: dict[Hashable, dict[Hashable, _Record]] = {}

    def of(self, key: Hashable) -> list[_Record]:
        """Return the rows that have this in common, in the order in which they came to have it."""
        return list(self._groups.get(key, {}).values())

    def count(self, key: Hashable) -> int:
        """Return how many rows have this in common."""
        return len(self._groups.get(key, {}))

    def note(self, name: Hashable, old: _Record | None, new: _Record | None) -> None:
        """Note that a row has changed from what it was, if it was, to what it is, if it still is.

        A row whose key is None is in no group.
        """
        before = None if old is None else self._key(old)
        after = None if new is None else self._key(new)
        if before is not None and before != after:
            group = self._groups[before]
            del group[name]
            if not group:
                del self._groups[before]
        if after is not None and new is not None:
            self._groups.setdefault(after, {})[name] = new


class Table(Generic[_Name, _Record]):
    """The resources of one kind, by name.

    Some are hidden: their creation was cancelled and is being undone, so that they cannot be read,
    and their names are not free yet.

    :ivar observer: is told what a row was and what it is, None for what is not there; it changes
        nothing, and must be quick
    """

    def __init__(self, events: EventQueue) -> None:
        self.observer: Callable[[_Record | None, _Record | None], None] | None = None
        self._events = events
        self._rows: dict[_Name, _Record] = {}
        self._indexes: list[Index[_Record]] = []

    def index(self, key: Callable[[_Record], Hashable | None]) -> Index[_Record]:
        """Make an index of an empty table; hidden rows are in it, too."""
        made = Index(key)
        self._indexes.append(made)
        return made

    def __iter__(self) -> Iterator[_Record]:
        return iter([row for row in self._rows.values() if not _is_hidden(row)])

    def __len__(self) -> int:
        return len(self._rows)

    def rows(self) -> list[_Record]:
        """Return all resources, hidden or not, in the order in which they were made."""
        return list(self._rows.values())

    def row(self, name: _Name) -> _Record | None:
        """Return a resource, hidden or not, or None if there is none of this name."""
        return self._rows.get(name)

    def find(self, name: _Name) -> _Record | None:
        """Return a resource that can be read, or None if there is none of this name."""
        found = self._rows.get(name)
        return None if _is_hidden(found) else found

    def get(self, name: _Name) -> _Record:
        """Return a resource that can be read.

        :raises RpcError: NOT_FOUND if there is none of this name.
        """
        found = self.find(name)
        if found is None:
            raise errors.not_found(name)
        return found

    def require_new(self, name: _Name) -> None:
        """Make sure that there is no resource of this name.

        :raises RpcError: ALREADY_EXISTS if there is one.
        """
        if name in self._rows:
            raise errors.already_exists(name)

    def put(self, name: _Name, record: _Record) -> None:
        """Add a resource, or replace it with its changed self."""
        old = self._rows.get(name)
        for index in self._indexes:
            index.note(name, old, record)
        self._rows[name] = record
        self._events.note(name, at=record.next_event, serial=record.serial)
        if self.observer is not None:
            self.observer(old, record)

    def remove(self, name: _Name) -> None:
        """Remove a resource, if it is there."""
        old = self._rows.pop(name, None)
        for index in self._indexes:
            index.note(name, old, None)
        self._events.note(name, at=None)
        if self.observer is not None and old is not None:
            self.observer(old, None)


def _is_hidden(row: Row | None) -> bool:
    return isinstance(row, ReconciledRow) and row.hidden


EMPTY_ETAG = b"\x00\x20\x01"
"""The etag of a resource that nobody has given a policy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPolicy:
    """A policy, and of which resource of its name: that with this serial number."""

    serial: int
    revision: int
    policy: policy_pb2.Policy


@dataclass(slots=True)
class PolicyTable:
    """The access policies of all resources.

    A policy is remembered with the serial number of its resource. It is thus gone with it, and
    nobody who removes a resource needs to think of policies.
    """

    _stored: dict[ResourceName, StoredPolicy] = field(default_factory=dict)

    def stored(self) -> tuple[tuple[ResourceName, StoredPolicy], ...]:
        """Return all policies with the names of their resources, some of which may be gone."""
        return tuple(self._stored.items())

    def put(self, name: ResourceName, policy: StoredPolicy) -> None:
        """Put a policy there as it was stored."""
        self._stored[name] = policy

    def forget(self, name: ResourceName) -> None:
        """Forget the policy of a resource that is gone."""
        self._stored.pop(name, None)

    def get(self, name: ResourceName, *, serial: int) -> policy_pb2.Policy:
        """Return a copy of the policy of a resource, with its etag.

        :param serial: the serial number of the resource
        """
        stored = self._stored.get(name)
        policy = policy_pb2.Policy(etag=EMPTY_ETAG)
        if stored is not None and stored.serial == serial:
            policy.CopyFrom(stored.policy)
        return policy

    def set(self, name: ResourceName, policy: policy_pb2.Policy, *, serial: int) -> None:
        """Replace the policy of a resource; it gets an etag that it never had."""
        before = self._stored.get(name)
        # one of an earlier resource of this name does not count, so that it can be forgotten
        revision = 1 if before is None or before.serial != serial else before.revision + 1
        kept = policy_pb2.Policy()
        kept.CopyFrom(policy)
        text = repr((str(name), serial, revision))
        kept.etag = b"\x07" + hashlib.sha256(text.encode()).digest()[:8]
        self._stored[name] = StoredPolicy(serial=serial, revision=revision, policy=kept)
