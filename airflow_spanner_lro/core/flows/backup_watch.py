# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Which backups are new: what a watcher remembers between two looks, as a value.

The time of the newest backup alone would not do: a long backup may be complete after a younger one.
So the memory reaches back to the oldest backup that is still being made, and no further: it stays
small however many backups there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_spanner_lro.core.lists.backups import BackupFacts

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
        return f'create_time >= "{_text(self.since)}"' if self.since else ""

    def look(self, backups: Sequence[BackupFacts]) -> tuple[list[BackupFacts], BackupMemory]:
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
            "since": _text(self.since) if self.since else None,
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
                since=datetime.fromisoformat(since) if since else None,
                seen=frozenset((str(id_), str(created)) for id_, created in record["seen"]),
            )
        except (KeyError, TypeError) as exc:
            message = f"this is no memory of backups: {record!r}"
            raise ValueError(message) from exc


def _identity(backup: BackupFacts) -> tuple[str, str]:
    return backup.name.backup, _text(backup.create_time)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
