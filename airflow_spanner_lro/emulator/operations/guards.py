# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Refuse what cannot be done while an operation is at work on a resource.

A move that was cancelled goes on as long as the data moves back, and so does anything else that is
being undone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spanner_lro.core.kinds import MOVE_INSTANCE
from airflow_spanner_lro.emulator import errors

if TYPE_CHECKING:
    from airflow_spanner_lro.core.names import InstanceName, ResourceName
    from airflow_spanner_lro.emulator.world import World


def require_not_moving(world: World, name: InstanceName) -> None:
    """Make sure that an instance is not moving.

    :raises RpcError: FAILED_PRECONDITION if it is.
    """
    for operation in world.operations.pending(kind=MOVE_INSTANCE, target=name):
        raise errors.moving(name, operation=operation.name)


def require_unchanging(world: World, name: ResourceName) -> None:
    """Make sure that no operation is at work on a resource, not even one that is being undone.

    :raises RpcError: FAILED_PRECONDITION if there is one.
    """
    for operation in world.operations.pending(target=name):
        raise errors.being_changed(name, operation=operation.name)
