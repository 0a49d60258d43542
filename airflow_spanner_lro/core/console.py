# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Where the Cloud console shows a resource.

Only pages whose address is known: those that the Google provider links to, and the list of an
instance's backups, which Google's own documentation links to. No address is known for one backup or
one operation, so a backup is linked by that list, and an operation by what it works on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spanner_lro.core.names import BackupName, DatabaseName, InstanceName, ResourceName

if TYPE_CHECKING:
    from airflow_spanner_lro.core.access import Access

_CONSOLE = "https://console.cloud.google.com/spanner/instances"


def console_url(resource: ResourceName) -> str:
    """Return the console's page for a resource, or for the nearest thing that has one."""
    if isinstance(resource, DatabaseName):
        page = f"/{resource.instance}/databases/{resource.database}/details/tables"
    elif isinstance(resource, BackupName):
        page = f"/{resource.instance}/details/backups/list"
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
