# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Instances, as clients see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.cloud import spanner_admin_instance_v1 as instance_v1

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator.state.records.instances import Instance


def instance_message(instance: Instance) -> instance_v1.Instance:
    """Return an instance as clients see it."""
    state = instance_v1.Instance.State
    message = instance_v1.Instance(instance.message)
    set_by_service = {
        "name": str(instance.name),
        "config": str(instance.config),
        "display_name": message.display_name or instance.name.instance,
        "state": state.READY if instance.ready else state.CREATING,
        "create_time": instance.create_time,
        "update_time": instance.update_time,
    }
    for field, value in set_by_service.items():
        setattr(message, field, value)
    return message
