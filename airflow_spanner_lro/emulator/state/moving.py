# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What cannot be done while an instance moves to another configuration.

Services of three families ask this, so it is here and in none of them. A move that was cancelled
goes on as long as the data moves back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spanner_lro.core.kinds import MOVE_INSTANCE
from airflow_spanner_lro.emulator import errors

if TYPE_CHECKING:
    from airflow_spanner_lro.core.names import InstanceName
    from airflow_spanner_lro.emulator.state.world import World


def require_not_moving(world: World, name: InstanceName) -> None:
    """Make sure that an instance is not moving.

    :raises RpcError: FAILED_PRECONDITION if it is.
    """
    for operation in world.operations.pending(kind=MOVE_INSTANCE, target=name):
        raise errors.moving(name, operation=operation.name)
