# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What each operation is going to do: a realistic table, and what tests and demos say instead."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.kinds import (
    CREATE_BACKUP,
    CREATE_DATABASE,
    CREATE_INSTANCE,
    OPTIMIZE_RESTORED_DATABASE,
    RESTORE_DATABASE,
)
from airflow_spanner_lro.emulator.state.lifecycle import Plan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spanner_lro.core.kinds import OperationKind
    from airflow_spanner_lro.core.names import ResourceName

DEFAULT_PLANS: Mapping[OperationKind, Plan] = {
    CREATE_BACKUP: Plan(duration=timedelta(minutes=25)),
    RESTORE_DATABASE: Plan(duration=timedelta(minutes=15)),
    OPTIMIZE_RESTORED_DATABASE: Plan(duration=timedelta(minutes=40)),
    CREATE_DATABASE: Plan(duration=timedelta(seconds=10)),
    CREATE_INSTANCE: Plan(duration=timedelta(seconds=20)),
    # a schema change takes as long as its statements, see Statement.usual_duration
}
"""How long things take unless someone says otherwise: short for production, but believable."""

_NO_TIME = timedelta()


@dataclass(slots=True, kw_only=True)
class _Override:
    """A plan for some operations, for as long as it lasts."""

    plan: Plan
    kind: OperationKind | None
    target: str
    times: int | None

    def fits(self, kind: OperationKind, target: ResourceName) -> bool:
        return (
            self.times != 0 and self.kind in (None, kind) and fnmatchcase(str(target), self.target)
        )


class Plans:
    """The plan for each operation that starts.

    :param plans: plans that replace those of :data:`DEFAULT_PLANS`
    """

    def __init__(self, plans: Mapping[OperationKind, Plan] | None = None) -> None:
        self._plans = {**DEFAULT_PLANS, **(plans or {})}
        self._overrides: list[_Override] = []

    def override(
        self, *, plan: Plan, kind: OperationKind | None, target: str, times: int | None
    ) -> None:
        """Replace the plan of operations that start from now on; the latest override wins."""
        self._overrides.insert(0, _Override(plan=plan, kind=kind, target=target, times=times))

    def take(
        self, kind: OperationKind, target: ResourceName, *, usual: tuple[timedelta, ...] = ()
    ) -> tuple[Plan, tuple[timedelta, ...]]:
        """Return the plan of an operation that starts now, and how long each of its steps takes.

        :param usual: how long the steps usually take, where that depends on the request
        """
        default = self._plans.get(kind, Plan())
        plan = default
        for override in self._overrides:
            if override.fits(kind, target):
                plan = override.plan
                if override.times is not None:
                    override.times -= 1
                break
        if plan.duration is None:
            plan = replace(plan, duration=default.duration)
        if not kind.cancellable:
            plan = replace(plan, cancel_delay=None)
        return plan, plan.spread(usual or (plan.duration or _NO_TIME,))
