# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The world behind its door: one thing at a time, each at its emulated time.

Whoever wants something of the world comes here: RPCs of any transport, the Python interface of the
emulator, and the control interface.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.emulator.services import all_servicers
from airflow_spanner_lro.emulator.state.planning import Plans
from airflow_spanner_lro.emulator.state.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from airflow_spanner_lro.core.kinds import OperationKind
    from airflow_spanner_lro.emulator.clock import Clock
    from airflow_spanner_lro.emulator.limits import Limits
    from airflow_spanner_lro.emulator.rpc import Method
    from airflow_spanner_lro.emulator.state.plans import Plan


class Engine:
    """A world with its clock and its RPCs. Safe to use from any thread.

    :param clock: what time it is
    :param plans: what operations of a kind do, where that differs from the defaults
    :param limits: how many of each thing there may be
    :param seed: for whatever the service makes up
    """

    def __init__(
        self,
        *,
        clock: Clock,
        plans: Mapping[OperationKind, Plan] | None = None,
        limits: Limits | None = None,
        seed: int = 0,
    ) -> None:
        self.clock = clock
        self._lock = threading.RLock()
        self._world = World(plans=Plans(plans, seed=seed), limits=limits, seed=seed)
        self._methods: dict[str, Method] = {}
        for servicer in all_servicers(self._world):
            self._methods.update(servicer.methods())

    @property
    def methods(self) -> Mapping[str, Method]:
        """The RPCs by their path on the wire."""
        return self._methods

    def call(self, method: Method, request: Any) -> Any:
        """Do what an RPC does, and return its response.

        :raises RpcError: if it is refused.
        """
        with self.look() as (_, now):
            return method.handle(request, now)

    @contextmanager
    def look(self) -> Iterator[tuple[World, datetime]]:
        """Hold the world still at the present time, for reading."""
        with self._lock:
            now = self.clock.now()
            self._world.catch_up(now)
            yield self._world, now
