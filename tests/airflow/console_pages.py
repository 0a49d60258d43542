# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Pages of the Cloud console, and a hook by which they are found."""

from __future__ import annotations

from dataclasses import dataclass, field

from airflow_spanner_lro.core.connection import ConnectionSpec

CONSOLE = "https://console.cloud.google.com/spanner/instances"
BACKUPS_PAGE = f"{CONSOLE}/main/details/backups/list?project=test"
DATABASE_PAGE = f"{CONSOLE}/main/databases/orders/details/tables?project=test"
INSTANCE_PAGE = f"{CONSOLE}/main/details/databases?project=test"


@dataclass(kw_only=True)
class FakeHook:
    """A hook that has reached Google's own endpoint."""

    connection_spec: ConnectionSpec = field(
        default_factory=lambda: ConnectionSpec(gcp_conn_id="google_cloud_default")
    )
    project_id: str = "test"
