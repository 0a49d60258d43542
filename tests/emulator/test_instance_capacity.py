# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Compute capacity: nodes, processing units, and what an autoscaler is told."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from google.api_core import exceptions

from airflow_spanner_lro.emulator import Plan
from tests.emulator.support.instances import AUTOSCALING, FRESH, start_instance
from tests.emulator.support.operation_starts import BACKUP, DATABASE
from tests.emulator.support.resource_requests import Asker, on_database, on_instance

if TYPE_CHECKING:
    from google.cloud import (
        spanner_admin_database_v1 as database_v1,
        spanner_admin_instance_v1 as instance_v1,
    )

    from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator


_HIGH = "autoscaling_target_high_priority_cpu_utilization_percent"
_TOTAL = "autoscaling_target_total_cpu_utilization_percent"


def start(
    instances: instance_v1.InstanceAdminClient,
    overrides: dict[str, Any],
    *,
    location: str = "us-west1",
) -> None:
    """Start to create an autoscaled instance with overrides for one region."""
    option = {"replica_selection": {"location": location}, "overrides": overrides}
    start_instance(
        instances,
        config="projects/test/instanceConfigs/nam6",
        autoscaling_config={**AUTOSCALING, "asymmetric_autoscaling_options": [option]},
    )


@pytest.mark.usefixtures("emulator")
@pytest.mark.parametrize(
    "overrides",
    [
        {_HIGH: 9},
        {_TOTAL: 91},
        {_HIGH: 50, "disable_high_priority_cpu_autoscaling": True},
        {_TOTAL: 50, "disable_total_cpu_autoscaling": True},
        {"disable_high_priority_cpu_autoscaling": True, "disable_total_cpu_autoscaling": True},
    ],
    ids=["too low", "too high", "disabled target", "disabled total", "both disabled"],
)
def test_overrides_that_contradict_the_rules_are_refused(
    instances: instance_v1.InstanceAdminClient, overrides: dict[str, Any]
) -> None:
    """Targets have the range of the top level's, and what is disabled has none."""
    with pytest.raises(exceptions.InvalidArgument, match="overrides"):
        start(instances, overrides)


@pytest.mark.usefixtures("emulator")
@pytest.mark.parametrize(
    "location",
    ["us-central1", "us-central2", "europe-west1"],
    ids=["votes", "witness", "elsewhere"],
)
def test_only_read_only_replicas_scale_by_themselves(
    instances: instance_v1.InstanceAdminClient, location: str
) -> None:
    """A location without read-only replicas is refused, and the error names those with some."""
    with pytest.raises(exceptions.InvalidArgument) as refused:
        start(instances, {}, location=location)
    (detail,) = refused.value.details
    assert "us-west1, us-west2" in detail.field_violations[0].description


@pytest.mark.usefixtures("emulator")
def test_overrides_are_kept(instances: instance_v1.InstanceAdminClient) -> None:
    """What is within the rules is in the instance."""
    start(instances, {_HIGH: 50, "disable_total_cpu_autoscaling": True})

    instance = instances.get_instance(name="projects/test/instances/fresh")
    option = instance.autoscaling_config.asymmetric_autoscaling_options[0]
    assert 50 == getattr(option.overrides, _HIGH)


@pytest.mark.parametrize(
    "method", ["create_backup", "copy_backup", "restore_database", "create_backup_schedule"]
)
def test_a_free_instance_has_no_backups(
    emulator: SpannerAdminEmulator,
    databases: database_v1.DatabaseAdminClient,
    instances: instance_v1.InstanceAdminClient,
    clock: ManualClock,
    method: str,
) -> None:
    """Backups are neither made, copied, scheduled nor restored in a free trial instance."""
    emulator.create_backup(BACKUP, DATABASE)
    start_instance(instances, node_count=0, instance_type="FREE_INSTANCE")
    clock.advance(60)
    databases.create_database(parent=FRESH, create_statement="CREATE DATABASE orders")
    clock.advance(60)
    requests = {**on_database(f"{FRESH}/databases/orders"), **on_instance(FRESH)}

    with pytest.raises(exceptions.FailedPrecondition, match="free trial instance"):
        Asker(databases, instances).start(method, requests[method])


@pytest.mark.parametrize(("units", "allowed"), [(100, 10), (300, 30), (1000, 100)])
def test_an_instance_below_a_node_has_room_for_fewer_databases(
    emulator: SpannerAdminEmulator,
    databases: database_v1.DatabaseAdminClient,
    instances: instance_v1.InstanceAdminClient,
    units: int,
    allowed: int,
) -> None:
    """There can be ten databases for every hundred processing units, and a hundred in a node."""
    emulator.plan(Plan(duration=timedelta()), times=1)
    start_instance(instances, processing_units=units)
    for number in range(allowed):
        emulator.create_database(f"{FRESH}/databases/db{number}")

    with pytest.raises(exceptions.ResourceExhausted, match=f"limit \\({allowed}\\)"):
        databases.create_database(parent=FRESH, create_statement="CREATE DATABASE onemore")
