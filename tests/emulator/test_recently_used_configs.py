# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A configuration that something has just left cannot be deleted at once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from google.api_core import exceptions
from google.cloud import spanner_admin_instance_v1 as instance_v1

from airflow_spanner_lro.emulator import Plan
from tests.emulator.support.operation_starts import CREATE_CONFIG, CUSTOM, PROJECT

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator

INSTANCE = f"{PROJECT}/instances/tenant"


@pytest.fixture
def tenant(
    empty_emulator: SpannerAdminEmulator, instances: instance_v1.InstanceAdminClient
) -> None:
    """Make a configuration, and an instance in it."""
    empty_emulator.plan(Plan(duration=timedelta()))
    instances.create_instance_config(request=dict(CREATE_CONFIG.request))
    instances.create_instance(
        parent=PROJECT,
        instance_id="tenant",
        instance=instance_v1.Instance(
            config=CUSTOM,
            display_name="Tenant",
            node_count=1,
            edition=instance_v1.Instance.Edition.ENTERPRISE_PLUS,
        ),
    )


@pytest.mark.usefixtures("tenant")
def test_a_configuration_is_in_use_for_a_while_after_its_last_instance(
    instances: instance_v1.InstanceAdminClient, clock: ManualClock
) -> None:
    """The deletion is refused at first, and accepted some minutes later."""
    with pytest.raises(exceptions.FailedPrecondition, match="in use by"):
        instances.delete_instance_config(name=CUSTOM)
    instances.delete_instance(name=INSTANCE)
    with pytest.raises(exceptions.FailedPrecondition, match="until a moment ago"):
        instances.delete_instance_config(name=CUSTOM)
    clock.advance(timedelta(minutes=5))
    instances.delete_instance_config(name=CUSTOM)

    with pytest.raises(exceptions.NotFound):
        instances.get_instance_config(name=CUSTOM)


@pytest.mark.usefixtures("tenant")
def test_a_configuration_is_in_use_for_a_while_after_a_move(
    instances: instance_v1.InstanceAdminClient, clock: ManualClock
) -> None:
    """An instance that moved away leaves its configuration behind like one that was deleted."""
    target = f"{PROJECT}/instanceConfigs/nam3"
    instances.move_instance(request={"name": INSTANCE, "target_config": target})
    with pytest.raises(exceptions.FailedPrecondition, match="until a moment ago"):
        instances.delete_instance_config(name=CUSTOM)
    clock.advance(timedelta(minutes=5))
    instances.delete_instance_config(name=CUSTOM)

    assert target == instances.get_instance(name=INSTANCE).config
