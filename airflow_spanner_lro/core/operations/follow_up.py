# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""An operation that goes on with the work of another one, and whose it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.names import OperationName

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """What a task waits for after its own operation has succeeded.

    :param ours: the task has started it, and may cancel it; otherwise the service has, or somebody
        else
    """

    name: OperationName
    ours: bool = False

    def to_record(self) -> list[Any]:
        """Return the follow-up as primitives."""
        return [str(self.name), self.ours]

    @classmethod
    def from_record(cls, record: Sequence[Any]) -> FollowUp:
        """Return the follow-up that ``to_record`` described."""
        name, ours = record
        return cls(name=OperationName.parse(name), ours=ours)
