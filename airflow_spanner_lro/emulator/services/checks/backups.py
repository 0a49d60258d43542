# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Where there can be backups, for all that makes, copies, restores or schedules them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.cloud import spanner_admin_instance_v1 as instance_v1

from airflow_spanner_lro.emulator import errors

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator.instances.model import Instance


def require_backups(instance: Instance) -> None:
    """Make sure that an instance is of a type that has backups.

    :raises RpcError: FAILED_PRECONDITION if it is a free one.
    """
    if instance.message.instance_type == instance_v1.Instance.InstanceType.FREE_INSTANCE:
        raise errors.no_backups_in_free_instance(instance.name)
