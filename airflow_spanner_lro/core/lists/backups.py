# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What is known about a backup, which backups to ask for, and which of them are new.

Backups are looked for, not only waited for: Spanner's own schedules make some, under names that
nobody knows beforehand.

What a watcher remembers between two polls is a value. The time of the newest backup alone would not
do: a long backup may be complete after a younger one. So the memory reaches back to the oldest
backup that is still being made, and no further: it stays small however many backups there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.names import BackupName, DatabaseName
from airflow_spanner_lro.core.protobuf import plain_datetime
from airflow_spanner_lro.core.text import from_iso_text, to_iso_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_spanner_lro.core.names import InstanceName


READY = "READY"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupFacts:
    """A backup at one moment.

    :param state: name of its state: ``CREATING`` or ``READY``
    :param create_time: when its creation was asked for
    :param version_time: as of when it shows the database
    :param expire_time: when Spanner deletes it
    :param size_bytes: its size, 0 while it is not known
    :param schedules: full names of the backup schedules that made it
    """

    name: BackupName
    database: DatabaseName
    state: str
    create_time: datetime
    version_time: datetime | None = None
    expire_time: datetime | None = None
    size_bytes: int = 0
    schedules: tuple[str, ...] = ()

    @property
    def ready(self) -> bool:
        """It is complete, and can be restored."""
        return self.state == READY

    def to_dict(self) -> dict[str, Any]:
        """Return the facts as primitives."""
        return {
            "name": str(self.name),
            "database": str(self.database),
            "state": self.state,
            "create_time": self.create_time.isoformat(),
            "version_time": to_iso_text(self.version_time),
            "expire_time": to_iso_text(self.expire_time),
            "size_bytes": self.size_bytes,
            "schedules": list(self.schedules),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupQuery:
    """Which backups of an instance to list.

    :param database: only those of this database
    :param filter_: more, in the filter language of ListBackups
    """

    instance: InstanceName
    database: DatabaseName | None = None
    filter_: str = ""

    @property
    def server_filter(self) -> str:
        """The filter to send."""
        terms = [f'database:"{self.database}"'] if self.database else []
        terms += [f"({self.filter_})"] if self.filter_ else []
        return " AND ".join(terms)

    def accepts(self, backup: BackupFacts) -> bool:
        """Tell whether a backup is really one of those asked for: ``:`` means *contains*."""
        return self.database is None or backup.database == self.database


def decode_backup(message: Any) -> BackupFacts:
    """Return the facts of a ``Backup`` message of the client library."""
    create_time = plain_datetime(message.create_time)
    if create_time is None:
        rule = f"{message.name} has no create_time"
        raise ValueError(rule)
    return BackupFacts(
        name=BackupName.parse(message.name),
        database=DatabaseName.parse(message.database),
        state=message.state.name,
        create_time=create_time,
        version_time=plain_datetime(message.version_time),
        expire_time=plain_datetime(message.expire_time),
        size_bytes=message.size_bytes,
        schedules=tuple(message.backup_schedules),
    )


_SLACK = timedelta(minutes=10)
"""How much later than an older backup a younger one may become visible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupMemory:
    """What has been seen.

    :param since: backups that were begun before are settled; None: no backup is
    :param seen: complete backups begun since then, as pairs of id and creation time: an id may be
        used again after a backup was deleted
    """

    since: datetime | None = None
    seen: frozenset[tuple[str, str]] = frozenset()

    @property
    def filter_(self) -> str:
        """What to ask ListBackups for, in its filter language."""
        return f'create_time >= "{_utc_text(self.since)}"' if self.since else ""

    def newly_ready(self, backups: Sequence[BackupFacts]) -> tuple[list[BackupFacts], BackupMemory]:
        """Return the backups that have become complete, the oldest first, and the new memory.

        :param backups: all that the filter lets through, in any state
        """
        ready = sorted((each for each in backups if each.ready), key=lambda each: each.create_time)
        fresh = [each for each in ready if _identity(each) not in self.seen]
        pending = [each.create_time for each in backups if not each.ready]
        settled = [*pending, *(each.create_time for each in ready[-1:])]
        since = min(settled) - _SLACK if settled else self.since
        if self.since and since:
            # what lies before was not listed, so it must stay out of sight
            since = max(self.since, since)
        seen = frozenset(
            _identity(each) for each in ready if since is None or each.create_time >= since
        )
        return fresh, BackupMemory(since=since, seen=seen)

    def to_record(self) -> dict[str, Any]:
        """Return the memory as primitives."""
        return {
            "since": _utc_text(self.since) if self.since else None,
            "seen": [list(each) for each in sorted(self.seen)],
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> BackupMemory:
        """Return the memory that ``to_record`` described.

        :raises ValueError: if something else wrote the record
        """
        try:
            since = record["since"]
            return cls(
                since=from_iso_text(since),
                seen=frozenset((str(id_), str(created)) for id_, created in record["seen"]),
            )
        except (KeyError, TypeError) as exc:
            message = f"this is no memory of backups: {record!r}"
            raise ValueError(message) from exc


def _identity(backup: BackupFacts) -> tuple[str, str]:
    return backup.name.backup, _utc_text(backup.create_time)


def _utc_text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
