# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Restores for tests: how to start one, and what to call things."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from google.cloud import spanner_admin_database_v1 as database_v1

from tests.emulator.conftest import BACKUP, INSTANCE

if TYPE_CHECKING:
    from google.api_core.operation import Operation

STATE = database_v1.Database.State
ENCRYPTION = database_v1.RestoreDatabaseEncryptionConfig.EncryptionType
KEY = "projects/test/locations/nam6/keyRings/ring/cryptoKeys/key"
COPY = f"{INSTANCE}/databases/copy"
MINUTES = timedelta(minutes=1)


def restore(
    databases: database_v1.DatabaseAdminClient,
    database_id: str = "copy",
    parent: str = INSTANCE,
    backup: str = BACKUP,
) -> Operation:
    """Start a restore."""
    request = database_v1.RestoreDatabaseRequest(
        parent=parent, database_id=database_id, backup=backup
    )
    return databases.restore_database(request)
