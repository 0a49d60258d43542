# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""An operation that goes on with the work of another one, and whose it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_spanner_lro.core.names import OperationName


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """What a task waits for after its own operation has succeeded.

    :param ours: the task has started it, and may cancel it; otherwise the service has, or somebody
        else
    """

    name: OperationName
    ours: bool = False
