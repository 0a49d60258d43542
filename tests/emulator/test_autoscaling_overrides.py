# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What an autoscaler may be told about some of the replicas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from google.api_core import exceptions

from tests.emulator.support.instances import AUTOSCALING, start_instance

if TYPE_CHECKING:
    from google.cloud import spanner_admin_instance_v1 as instance_v1

_HIGH = "autoscaling_target_high_priority_cpu_utilization_percent"
_TOTAL = "autoscaling_target_total_cpu_utilization_percent"


def start(instances: instance_v1.InstanceAdminClient, overrides: dict[str, Any]) -> None:
    """Start to create an autoscaled instance with overrides for one region."""
    option = {"replica_selection": {"location": "us-east1"}, "overrides": overrides}
    start_instance(
        instances,
        config="projects/test/instanceConfigs/nam3",
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
def test_overrides_are_kept(instances: instance_v1.InstanceAdminClient) -> None:
    """What is within the rules is in the instance."""
    start(instances, {_HIGH: 50, "disable_total_cpu_autoscaling": True})

    instance = instances.get_instance(name="projects/test/instances/fresh")
    option = instance.autoscaling_config.asymmetric_autoscaling_options[0]
    assert 50 == getattr(option.overrides, _HIGH)
