# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Where the Cloud console shows a resource.

The console has no page for one operation, so an operation is linked by what it works on; backups
are listed on the page of their instance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spanner_lro.core.names import DatabaseName, InstanceName, ResourceName

if TYPE_CHECKING:
    from airflow_spanner_lro.core.access import Access

_CONSOLE = "https://console.cloud.google.com/spanner/instances"


def console_url(resource: ResourceName) -> str:
    """Return the console's page for a resource, or for the nearest thing that has one."""
    if isinstance(resource, DatabaseName):
        page = f"/{resource.instance}/databases/{resource.database}/details/tables"
    elif isinstance(resource, InstanceName):
        page = f"/{resource.instance}/details/databases"
    else:
        page = ""
    return f"{_CONSOLE}{page}?project={resource.project}"


def whereabouts(resource: ResourceName, *, access: Access) -> str:
    """Say where a person can look at a resource; an emulator has no console."""
    if access.plain_text:
        return f"Emulator: {access.target}"
    return f"Console: {console_url(resource)}"
