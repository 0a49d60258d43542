# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What is known about a backup, and which backups to ask for; as values.

Backups are looked for, not only waited for: Spanner's own schedules make some, under names that
nobody knows beforehand.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.names import BackupName, DatabaseName
from airflow_spanner_lro.core.protobuf import plain_datetime

if TYPE_CHECKING:
    from datetime import datetime

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
            "version_time": self.version_time.isoformat() if self.version_time else None,
            "expire_time": self.expire_time.isoformat() if self.expire_time else None,
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


def facts_of(message: Any) -> BackupFacts:
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
