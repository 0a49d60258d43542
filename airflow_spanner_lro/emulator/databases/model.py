# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Databases: state, schema now and at earlier times, where they came from, how clients see them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import TYPE_CHECKING

from google.cloud import spanner_admin_database_v1 as database_v1

from airflow_spanner_lro.emulator.databases.encryption import encryption_info, named_keys
from airflow_spanner_lro.emulator.schemas.database_options import (
    DEFAULT_LEADER,
    VERSION_RETENTION_PERIOD,
    retention_of,
)
from airflow_spanner_lro.emulator.schemas.model import Schema
from airflow_spanner_lro.emulator.tables import Row, Table

if TYPE_CHECKING:
    from airflow_spanner_lro.core.names import BackupName, DatabaseName, InstanceName
    from airflow_spanner_lro.emulator.tables import EventQueue


DEFAULT_RETENTION_TEXT = "1h"
VERSION_RETENTION = timedelta(hours=1)
LONGEST_RETENTION = timedelta(days=7)


class DatabaseState(IntEnum):
    """The states of a database, with the numbers of ``google.spanner.admin.database.v1``."""

    CREATING = 1
    READY = 2
    READY_OPTIMIZING = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The backup that a database was restored from, as it was then."""

    backup: BackupName
    backup_serial: int
    version_time: datetime
    create_time: datetime
    source_database: DatabaseName


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseQuorum:
    """Which regions of a dual-region configuration must agree.

    :param serving_location: the one region of a single-region quorum; empty for both regions
    :param start_time: when somebody asked for it; None for how a database begins
    """

    serving_location: str = ""
    start_time: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Database(Row):
    """A database.

    :param dialect: a number of ``DatabaseDialect``
    :param history: the schema, from each moment on at which it changed
    :param origin: where it was restored from, or None
    :param size_bytes: how much data it is said to hold; None for a size made up from its schema
    :param encryption: what its creator asked for; None for Google's own keys
    :param split_points: as they were last added
    :param reconciling: whether an update of it is under way
    :param quorum: that of a database in a dual-region configuration
    """

    name: DatabaseName
    state: DatabaseState
    dialect: int
    history: tuple[tuple[datetime, Schema], ...]
    origin: Origin | None = None
    drop_protection: bool = False
    size_bytes: int | None = None
    encryption: database_v1.EncryptionConfig | None = None
    split_points: tuple[database_v1.SplitPoints, ...] = ()
    reconciling: bool = False
    quorum: DatabaseQuorum = DatabaseQuorum()

    @property
    def schema(self) -> Schema:
        """The schema with everything that is committed."""
        return self.history[-1][1]

    def recent_history(self, now: datetime) -> tuple[tuple[datetime, Schema], ...]:
        """Return the history without what is older than any retention: nobody can ask for it."""
        oldest = now - LONGEST_RETENTION
        followers = (at for at, _ in self.history[1:])
        gone = sum(at <= oldest for at in followers)
        return self.history[gone:]

    @property
    def retention_text(self) -> str:
        """For how long old versions are kept, in the words of whoever set that."""
        return self.schema.option(VERSION_RETENTION_PERIOD) or DEFAULT_RETENTION_TEXT

    @property
    def default_leader(self) -> str:
        """The region that leads it, or empty if nobody chose one."""
        return self.schema.option(DEFAULT_LEADER) or ""

    def earliest_version_time(self, now: datetime) -> datetime:
        """Return the earliest time of which there are versions.

        A longer retention keeps what is there from then on, and brings nothing back.
        """
        ends = [*(at for at, _ in self.history[1:]), now]
        bounds = (
            end - _retention(schema) for end, (_, schema) in zip(ends, self.history, strict=True)
        )
        return max(self.create_time, *bounds)

    def schema_at(self, time: datetime) -> Schema:
        """Return the schema as it was at a time."""
        return next((schema for at, schema in reversed(self.history) if at <= time), Schema())

    @property
    def size(self) -> int:
        """Its size in bytes, the same for the same schema unless somebody set it.

        What has no schema has no data: a backup of it has less than 100 bytes.
        """
        statements = len(self.schema.statements)
        made_up = (1 + statements) * 2**30 if statements else 0
        return made_up if self.size_bytes is None else self.size_bytes

    @property
    def kms_keys(self) -> tuple[str, ...]:
        """The customer's keys that encrypt it; none for Google's own."""
        return () if self.encryption is None else named_keys(self.encryption)

    @property
    def reads_from(self) -> tuple[BackupName, int] | None:
        """The backup that it still reads from, and its serial number."""
        if self.origin is None or self.state == DatabaseState.READY:
            return None
        return self.origin.backup, self.origin.backup_serial

    @property
    def quorum_etag(self) -> str:
        """The etag of its quorum: another one after each change."""
        text = repr((self.serial, self.quorum.serving_location, self.quorum.start_time))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def _retention(schema: Schema) -> timedelta:
    value = schema.option(VERSION_RETENTION_PERIOD)
    return VERSION_RETENTION if value is None else retention_of(value)


class DatabaseTable(Table["DatabaseName", Database]):
    """The databases."""

    def __init__(self, events: EventQueue) -> None:
        super().__init__(events)
        self._by_instance = self.index(lambda row: row.name.instance_name)
        self._readers = self.index(lambda row: row.reads_from)

    def of_instance(self, instance: InstanceName) -> list[Database]:
        """Return the databases of an instance, by name."""
        return sorted(self._by_instance.of(instance), key=lambda row: row.name.database)

    def readers_of(self, backup: BackupName, *, serial: int) -> list[DatabaseName]:
        """Return the databases that are being restored from a backup, or still read from it."""
        return [row.name for row in self._readers.of((backup, serial))]


def origin_message(origin: Origin) -> database_v1.BackupInfo:
    """Return the backup of a restored database as clients see it."""
    return database_v1.BackupInfo(
        backup=str(origin.backup),
        version_time=origin.version_time,
        create_time=origin.create_time,
        source_database=str(origin.source_database),
    )


def database_message(database: Database, *, now: datetime) -> database_v1.Database:
    """Return a database as clients see it."""
    message = database_v1.Database(
        name=str(database.name),
        state=database.state.value,
        create_time=database.create_time,
        version_retention_period=database.retention_text,
        earliest_version_time=database.earliest_version_time(now),
        default_leader=database.default_leader,
        database_dialect=database.dialect,
        enable_drop_protection=database.drop_protection,
        reconciling=database.reconciling,
    )
    if database.encryption is not None:
        message.encryption_config = database.encryption
        # which versions of the keys are used is known once there is something to encrypt
        if database.state != DatabaseState.CREATING:
            message.encryption_info = encryption_info(database.kms_keys)
    if database.origin is not None:
        message.restore_info = database_v1.RestoreInfo(
            source_type=database_v1.RestoreSourceType.BACKUP,
            backup_info=origin_message(database.origin),
        )
    return message
