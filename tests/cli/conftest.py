# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""An operation that is under way, for both command lines to show."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from google.cloud.spanner_admin_database_v1 import CreateBackupRequest

from airflow_spanner_lro.admin.client import SpannerAdminClient
from airflow_spanner_lro.admin.connect import Endpoint
from airflow_spanner_lro.core.kinds import CREATE_BACKUP

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator

INSTANCE = "projects/p1/instances/main"
DATABASE = f"{INSTANCE}/databases/orders"


@pytest.fixture
def operation(spanner_emulator: SpannerAdminEmulator, emulator_clock: ManualClock) -> str:
    """Return the name of a backup operation that has just been started."""
    spanner_emulator.create_database(DATABASE)
    client = SpannerAdminClient(Endpoint(target=spanner_emulator.endpoint, plain_text=True))
    backup = {"database": DATABASE, "expire_time": emulator_clock.now() + timedelta(days=9)}
    request = CreateBackupRequest(parent=INSTANCE, backup_id="nightly", backup=backup)
    snapshot = client.start(kind=CREATE_BACKUP, request=request)
    client.close()
    return str(snapshot.name)
