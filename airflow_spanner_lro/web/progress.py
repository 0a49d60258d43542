# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What was last seen of operations, for all who look at the Operations page of one api-server.

Whoever asks Spanner anyway publishes what it sees: triggerers in Variables, one each, and a task
that waits on its worker in its own state store. This reads both from Airflow's database, at most
every five seconds however many look, and a record only if it is another one than before. So a
viewer costs Spanner nothing.

Both are read as untrusted. What a task's store says counts for that very task instance and for no
other: whoever may edit one task instance must not paint the progress of another one's operation.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from airflow_spanner_lro.airflow_internals import AirflowDatabaseError
from airflow_spanner_lro.core.polling.seen_record import (
    LONGEST_HEAD,
    SeenFormatError,
    SeenRecord,
    read_alone,
    read_head,
    read_record,
)
from airflow_spanner_lro.core.text import escape_unprintable, shorten
from airflow_spanner_lro.execution.store import SEEN_KEY
from airflow_spanner_lro.triggers.progress_keeper import FORGOTTEN_AFTER, KEY_PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from airflow_spanner_lro.core.names import OperationName
    from airflow_spanner_lro.core.polling.seen import SeenOperation

    TaskInstanceKey = tuple[str, str, str, int]
    """Dag id, run id, task id and map index."""

READ_EVERY = 5.0
"""Seconds for which what was read is shown."""
_SENDS_STILL = timedelta(seconds=150)
"""Age of a record whose rate of requests counts still."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmulatedConnection:
    """A connection that leads to an emulator.

    :param time_scale: emulated seconds for each real one; None if that is not known
    """

    connection: str
    time_scale: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """A triggerer that publishes what it sees.

    :param seen: when it did last
    :param operations: how many it tells of
    """

    host: str
    seen: datetime
    operations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """What was read at one time."""

    by_pollers: Mapping[str, SeenOperation] = field(default_factory=dict)
    by_tasks: Mapping[tuple[TaskInstanceKey, str], SeenOperation] = field(default_factory=dict)
    requests_per_second: float | None = None
    emulated: tuple[EmulatedConnection, ...] = ()
    publishers: tuple[Publisher, ...] = ()
    problems: tuple[str, ...] = ()


class PublishedProgress:
    """What is published, as it was read last. For any thread.

    :param seconds: a clock that only goes forward
    :param now: the wall clock
    """

    def __init__(
        self,
        *,
        seconds: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(tz=UTC),
    ) -> None:
        self._seconds = seconds
        self._now = now
        self._lock = threading.Lock()
        self._read_at: float | None = None
        self._last = _Read()
        self._records: dict[str, tuple[str, SeenRecord]] = {}
        """By the keys of their Variables, with the first lines that they had."""
        self._refreshed: dict[str, SeenOperation] = {}

    def seen(
        self, name: OperationName | str, *, instance: TaskInstanceKey | None = None
    ) -> SeenOperation | None:
        """Return an operation as it was last seen; None if nobody tells.

        :param instance: the task instance whose own word counts as well
        """
        read, name = self._current(), str(name)
        found = [read.by_pollers.get(name), self._refreshed.get(name)]
        if instance is not None:
            found.append(read.by_tasks.get((instance, name)))
        return max((each for each in found if each), key=lambda each: each.seen, default=None)

    def refreshed(self, operations: Iterable[SeenOperation]) -> None:
        """Take what this process itself has just seen, in place of what it saw before."""
        self._refreshed = {each.name: each for each in operations}

    @property
    def requests_per_second(self) -> float | None:
        """How many requests a second all triggerers have sent of late; None if none tells."""
        return self._current().requests_per_second

    @property
    def emulated(self) -> tuple[EmulatedConnection, ...]:
        """The connections of which it is known that they lead to an emulator."""
        return self._current().emulated

    @property
    def publishers(self) -> tuple[Publisher, ...]:
        """The triggerers that publish what they see."""
        return self._current().publishers

    @property
    def problems(self) -> tuple[str, ...]:
        """What could not be read, in sentences."""
        return self._current().problems

    def _current(self) -> _Read:
        # the first reads; whoever comes meanwhile has what was read before
        if not self._due or not self._lock.acquire(blocking=self._read_at is None):
            return self._last
        try:
            if self._due:
                self._last = self._read()
                self._read_at = self._seconds()
        finally:
            self._lock.release()
        return self._last

    @property
    def _due(self) -> bool:
        return self._read_at is None or self._seconds() - self._read_at >= READ_EVERY

    def _read(self) -> _Read:
        now = self._now()
        problems: list[str] = []
        try:
            self._update_records(problems)
            by_tasks = _of_tasks(changed_since=now - FORGOTTEN_AFTER, problems=problems)
        except AirflowDatabaseError as exc:
            text = str(exc).rstrip(".")
            # what was read before is better than nothing; each row says when it was seen
            by_tasks = dict(self._last.by_tasks)
            problems.append(f"Progress is not up to date: {text}.")
        records = [
            record
            for _, record in self._records.values()
            if now - record.head.at <= FORGOTTEN_AFTER
        ]
        by_pollers: dict[str, SeenOperation] = {}
        for each in (seen for record in records for seen in record.operations.values()):
            other = by_pollers.get(each.name)
            if other is None or other.seen < each.seen:
                by_pollers[each.name] = each
        rates = [
            record.head.requests_per_second
            for record in records
            if record.head.requests_per_second is not None and now - record.head.at <= _SENDS_STILL
        ]
        return _Read(
            by_pollers=by_pollers,
            by_tasks=by_tasks,
            requests_per_second=sum(rates) if rates else None,
            emulated=_emulated(records, by_tasks.values()),
            publishers=tuple(
                Publisher(
                    host=record.head.host, seen=record.head.at, operations=record.head.operations
                )
                for record in records
            ),
            problems=(*problems, *_incomplete(records)),
        )

    def _update_records(self, problems: list[str]) -> None:
        """Read those records that are others than before."""
        from airflow_spanner_lro.airflow_internals import published_variables  # noqa: PLC0415

        heads = {
            key: text.partition("\n")[0]
            for key, text in published_variables.published_heads(
                KEY_PREFIX, characters=LONGEST_HEAD
            ).items()
        }
        for key in self._records.keys() - heads.keys():
            del self._records[key]
        changed = []
        for key, head in heads.items():
            if key in self._records and self._records[key][0] == head:
                continue
            try:
                if self._now() - read_head(head).at <= FORGOTTEN_AFTER:
                    changed.append(key)
            except SeenFormatError as exc:
                problems.append(_unreadable(key, exc))
        for key, text in (published_variables.published(changed) if changed else {}).items():
            try:
                self._records[key] = text.partition("\n")[0], read_record(text)
            except SeenFormatError as exc:
                self._records.pop(key, None)
                problems.append(_unreadable(key, exc))


def _of_tasks(
    *, changed_since: datetime, problems: list[str]
) -> dict[tuple[TaskInstanceKey, str], SeenOperation]:
    """Return what tasks that wait on their workers have published of late."""
    from airflow_spanner_lro.airflow_internals.state_store import values_named  # noqa: PLC0415

    found, unreadable = {}, 0
    for each in values_named(SEEN_KEY, changed_since=changed_since):
        instance = each.dag_id, each.run_id, each.task_id, each.map_index
        try:
            seen = read_alone(each.value)
        except SeenFormatError:
            unreadable += 1
        else:
            found[instance, seen.name] = seen
    if unreadable:
        # not whose: everybody is told who may see any Dag
        whose = "a task has" if unreadable == 1 else f"{unreadable} tasks have"
        problems.append(f"What {whose} published of operations cannot be read.")
    return found


def _emulated(
    records: Iterable[SeenRecord], by_tasks: Iterable[SeenOperation]
) -> tuple[EmulatedConnection, ...]:
    """Return which connections lead to an emulator, as far as anybody has said so.

    A task does not say through which connection it waits.
    """
    found: dict[str, float | None] = {}
    for record in records:
        for name, each in record.head.emulated.items():
            found[name] = each.time_scale if found.get(name) is None else found[name]
    for seen in by_tasks:
        if seen.emulated is not None and not found:
            found[""] = seen.emulated.time_scale
    return tuple(
        EmulatedConnection(connection=name, time_scale=scale)
        for name, scale in sorted(found.items())
    )


def _incomplete(records: Iterable[SeenRecord]) -> Iterable[str]:
    for record in records:
        host = shorten(escape_unprintable(record.head.host))
        if record.damaged:
            yield (
                f"{record.damaged} operations that the triggerer on {host} has seen cannot be "
                "shown: their records are damaged."
            )
        if record.head.left_out:
            yield (
                f"{record.head.left_out} operations that the triggerer on {host} has seen are not "
                "shown: there are too many for one record."
            )


def _unreadable(key: str, exc: SeenFormatError) -> str:
    name = shorten(escape_unprintable(key))
    return f"What a triggerer has seen (Variable {name}) cannot be shown: {exc}."


_shared = PublishedProgress()


def progress() -> PublishedProgress:
    """Return what is published, as this process has read it."""
    return _shared
