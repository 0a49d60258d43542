# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Read what a backup schedule is to do, and compare it with one that exists.

Spanner gives nothing by which a repeated creation could be recognised, so what is there already is
compared with what was asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.arguments.encryption import BackupEncryption
from airflow_spanner_lro.core.arguments.times import (
    MAXIMUM_RETENTION,
    MINIMUM_RETENTION,
    parse_duration,
)
from airflow_spanner_lro.core.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from airflow_spanner_lro.core.arguments.times import DurationLike

_CRON_FIELDS = 5


def parse_crontab(text: object) -> str:
    """Return the times of a schedule, with one blank between two fields.

    Which of them Spanner accepts is for Spanner to say.

    :raises InvalidArgumentError: if it is not text of five fields
    """
    fields = text.split() if isinstance(text, str) else []
    if len(fields) != _CRON_FIELDS:
        raise InvalidArgumentError(
            field="cron",
            value=text,
            rule="a crontab has five fields, in UTC, such as '0 2 * * *' for each day at 2:00",
        )
    return " ".join(fields)


def parse_retention(value: DurationLike) -> timedelta:
    """Return how long each backup of a schedule is kept.

    :raises InvalidArgumentError: if it is no duration, or outside of what Spanner accepts
    """
    duration = parse_duration(value, field="retention")
    if not MINIMUM_RETENTION <= duration <= MAXIMUM_RETENTION:
        raise InvalidArgumentError(
            field="retention",
            value=str(value),
            rule="a backup is kept for between 6 hours and 366 days",
        )
    return duration


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleSpec:
    """A schedule that somebody wants.

    :param cron: its times, as ``parse_crontab`` returns them
    :param retention: how long each backup is kept
    :param incremental: whether it makes chains of incremental backups instead of full ones
    :param encryption: fields of its encryption config; None for that of the database
    """

    cron: str
    retention: timedelta
    incremental: bool
    encryption: Mapping[str, Any] | None = None

    def fields(self) -> dict[str, Any]:
        """Return the fields of the ``BackupSchedule`` message, without its name."""
        kind = "incremental_backup_spec" if self.incremental else "full_backup_spec"
        return {
            "spec": {"cron_spec": {"text": self.cron}},
            "retention_duration": self.retention,
            "encryption_config": self.encryption,
            kind: {},
        }

    def differences(self, there: Any) -> tuple[str, ...]:
        """Return in what an existing schedule differs, each in words; nothing if it is the same.

        :param there: a ``BackupSchedule`` message
        """
        ours, theirs = self._described(), _described(there)
        return tuple(
            f"its {what} is {theirs[what]}, not {ours[what]}"
            for what in ours
            if ours[what] != theirs[what]
        )

    def _described(self) -> dict[str, str]:
        config = self.encryption or {}
        key = config.get("kms_key_name")
        return _words(
            cron=self.cron,
            retention=self.retention,
            incremental=self.incremental,
            encryption=config.get("encryption_type"),
            keys=[key] if key else config.get("kms_key_names", []),
        )


def _described(schedule: Any) -> dict[str, str]:
    config = schedule.encryption_config
    return _words(
        cron=schedule.spec.cron_spec.text,
        retention=schedule.retention_duration,
        incremental="incremental_backup_spec" in schedule,
        # a number that the installed library does not know has no name
        encryption=getattr(config.encryption_type, "name", str(config.encryption_type)),
        # the service may fill in both fields
        keys=[*config.kms_key_names, *([config.kms_key_name] if config.kms_key_name else [])],
    )


def _words(
    *, cron: str, retention: timedelta, incremental: bool, encryption: str | None, keys: list[str]
) -> dict[str, str]:
    """Return a schedule in words, in which what means the same reads the same."""
    unsaid = encryption in (None, "ENCRYPTION_TYPE_UNSPECIFIED")
    return {
        "cron": repr(" ".join(cron.split())),
        "retention": str(retention),
        "type of backup": "incremental" if incremental else "full",
        "encryption": BackupEncryption.USE_DATABASE_ENCRYPTION if unsaid else str(encryption),
        "set of KMS keys": ", ".join(sorted(set(keys))) or "empty",
    }
