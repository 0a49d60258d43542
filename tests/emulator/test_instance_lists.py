# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Instances are listed, filtered, and read in part."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from google.api_core import exceptions
from google.cloud import spanner_admin_instance_v1 as instance_v1

from tests.emulator.conftest import INSTANCE
from tests.emulator.support.instances import start_instance
from tests.emulator.support.operation_starts import MULTI_REGION

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator import SpannerAdminEmulator


def test_instances_are_listed_in_pages(
    emulator: SpannerAdminEmulator, instances: instance_v1.InstanceAdminClient
) -> None:
    """A pager finds every instance of the project once."""
    for number in range(5):
        emulator.create_instance(f"projects/test/instances/more-{number}")
    emulator.create_instance("projects/other/instances/hidden")

    request = instance_v1.ListInstancesRequest(parent="projects/test", page_size=2)
    found = [each.name.rpartition("/")[2] for each in instances.list_instances(request)]
    assert ["main", "more-0", "more-1", "more-2", "more-3", "more-4"] == found


def test_a_mask_gives_some_fields_only(
    emulator: SpannerAdminEmulator, instances: instance_v1.InstanceAdminClient
) -> None:
    """GetInstance with a mask leaves out the other fields."""
    assert emulator.running
    found = instances.get_instance(
        {"name": INSTANCE, "field_mask": {"paths": ["config", "display_name"]}}
    )

    config = f"projects/test/instanceConfigs/{MULTI_REGION}"
    assert instance_v1.Instance(config=config, display_name="main") == found


@pytest.mark.usefixtures("emulator")
@pytest.mark.parametrize("path", ["nothing", "config.name", ""])
def test_a_mask_with_an_unknown_field_is_refused(
    instances: instance_v1.InstanceAdminClient, path: str
) -> None:
    """A mask that names what there is not is INVALID_ARGUMENT."""
    with pytest.raises(exceptions.InvalidArgument):
        instances.get_instance({"name": INSTANCE, "field_mask": {"paths": [path]}})


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("", ["howl", "moving-castle"]),
        ("name:*", ["howl", "moving-castle"]),
        ("name:Howl", ["howl"]),
        ("NAME:howl", ["howl"]),
        ("labels.env:*", ["howl", "moving-castle"]),
        ("labels.env:dev", ["howl"]),
        ("NAME:howl labels.env:dev", ["howl"]),
        ("name:howl labels.env:prod", []),
        ("labels.team:*", []),
        ("labels.old:*", ["howl"]),
        ("-labels.old:*", ["moving-castle"]),
        ("labels.old:dev", []),
        ('display_name:"of moving"', ["moving-castle"]),
    ],
)
def test_a_filter_picks_instances(
    instances: instance_v1.InstanceAdminClient, wanted: str, found: list[str]
) -> None:
    """Filters on name, display name and labels work as documented."""
    start_instance(instances, "howl", labels={"env": "dev", "old": ""})
    start_instance(instances, "moving-castle", labels={"env": "prod"})
    listed = instances.list_instances({"parent": "projects/test", "filter": wanted})

    assert found == [each.name.rpartition("/")[2] for each in listed]


@pytest.mark.parametrize("wanted", ["state:READY", "name:", "((("])
def test_a_filter_that_is_not_understood_is_refused(
    instances: instance_v1.InstanceAdminClient, wanted: str
) -> None:
    """Other fields, and what is no filter, are INVALID_ARGUMENT."""
    with pytest.raises(exceptions.InvalidArgument, match="ListInstances"):
        instances.list_instances({"parent": "projects/test", "filter": wanted})
