# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Databases: state, schema now and at earlier times, and where they came from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import TYPE_CHECKING

from airflow_spanner_lro.emulator.state.ddl import Schema
from airflow_spanner_lro.emulator.state.records.base import Record

if TYPE_CHECKING:
    from google.cloud import spanner_admin_database_v1 as database_v1

    from airflow_spanner_lro.core.names import BackupName, DatabaseName

VERSION_RETENTION = timedelta(hours=1)


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
class Database(Record):
    """A database.

    :param dialect: a number of ``DatabaseDialect``
    :param history: the schema, from each moment on at which it changed
    :param origin: where it was restored from, or None
    :param size_bytes: how much data it is said to hold; None for a size made up from its schema
    :param encryption: what its creator asked for; None for Google's own keys
    :param proto_descriptors: of its proto bundles, as they were last sent
    :param split_points: as they were last added
    """

    name: DatabaseName
    state: DatabaseState
    dialect: int
    history: tuple[tuple[datetime, Schema], ...]
    origin: Origin | None = None
    drop_protection: bool = False
    size_bytes: int | None = None
    encryption: database_v1.EncryptionConfig | None = None
    proto_descriptors: bytes = b""
    split_points: tuple[database_v1.SplitPoints, ...] = ()

    @property
    def schema(self) -> Schema:
        """The schema with everything that is committed."""
        return self.history[-1][1]

    def schema_at(self, time: datetime) -> Schema:
        """Return the schema as it was at a time."""
        return next((schema for at, schema in reversed(self.history) if at <= time), Schema())

    @property
    def size(self) -> int:
        """Its size in bytes, the same for the same schema unless somebody set it."""
        made_up = (1 + len(self.schema.statements)) * 2**30
        return made_up if self.size_bytes is None else self.size_bytes

    @property
    def needs_origin(self) -> bool:
        """Whether it still reads from the backup that it was restored from."""
        return self.origin is not None and self.state != DatabaseState.READY
