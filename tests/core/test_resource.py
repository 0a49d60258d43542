# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Resources: their state as a value, and their page in the Cloud console."""

from __future__ import annotations

from typing import Any

import pytest
from google.cloud import (
    spanner_admin_database_v1 as database_v1,
    spanner_admin_instance_v1 as instance_v1,
)

from airflow_spanner_lro.core.links import console_url
from airflow_spanner_lro.core.names import parse_resource
from airflow_spanner_lro.core.operations.snapshot import ResourceState, resource_state

from .builders import BACKUP, NOW

INSTANCE = "projects/p/instances/main"
CONFIG = "projects/p/instanceConfigs/custom-mine"


@pytest.mark.parametrize(
    ("message", "state"),
    [
        pytest.param(
            database_v1.Backup(name="n", state="CREATING", create_time=NOW), "CREATING", id="backup"
        ),
        pytest.param(
            database_v1.Database(name="n", state="READY_OPTIMIZING", create_time=NOW),
            "READY_OPTIMIZING",
            id="database",
        ),
        pytest.param(
            instance_v1.Instance(name="n", state="READY", create_time=NOW), "READY", id="instance"
        ),
        pytest.param(
            instance_v1.InstancePartition(name="n", state="READY", create_time=NOW),
            "READY",
            id="partition",
        ),
    ],
)
def test_a_resource_has_a_state_and_a_create_time(message: Any, state: str) -> None:
    """Whatever its type, a resource is told by name, state and create time."""
    assert ResourceState(name="n", state=state, create_time=NOW) == resource_state(message)


@pytest.mark.parametrize(
    ("message", "state"),
    [
        pytest.param(database_v1.Backup(name="n"), "STATE_UNSPECIFIED", id="not filled in"),
        pytest.param(
            instance_v1.InstanceConfig(name="n", state="READY"), "READY", id="no create time"
        ),
        pytest.param(instance_v1.MoveInstanceRequest(name="n"), "", id="no state either"),
    ],
)
def test_a_resource_may_lack_them(message: Any, state: str) -> None:
    """A create time that is not told is None; a type without states has an empty one."""
    assert ResourceState(name="n", state=state) == resource_state(message)


@pytest.mark.parametrize(
    ("resource", "page"),
    [
        pytest.param(
            f"{INSTANCE}/databases/orders",
            "/main/databases/orders/details/tables?project=p",
            id="database",
        ),
        pytest.param(INSTANCE, "/main/details/databases?project=p", id="instance"),
        pytest.param(str(BACKUP), "/main/details/backups/list?project=test", id="backup"),
        pytest.param(
            f"{INSTANCE}/instancePartitions/eu",
            "/main/details/databases?project=p",
            id="partition",
        ),
        pytest.param(CONFIG, "?project=p", id="configuration"),
        pytest.param(f"{CONFIG}/ssdCaches/hot", "?project=p", id="SSD cache"),
    ],
)
def test_every_resource_has_a_page(resource: str, page: str) -> None:
    """A resource without a page of its own is linked by the nearest thing that has one."""
    expected = f"https://console.cloud.google.com/spanner/instances{page}"

    assert expected == console_url(parse_resource(resource))
