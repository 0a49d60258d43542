# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What can be done to a resource in each of its states: a table of RPCs by states.

Every RPC that names a resource is in a row; whatever is not said to be refused must be granted.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from airflow_spanner_lro.emulator import Plan
from tests.emulator.support.operation_starts import BACKUP, DATABASE
from tests.emulator.support.resource_requests import OK, Asker
from tests.emulator.support.resource_states import BUSY_STATES, BusyState

if TYPE_CHECKING:
    from google.cloud import (
        spanner_admin_database_v1 as database_v1,
        spanner_admin_instance_v1 as instance_v1,
    )

    from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator

_SLOW_TO_CANCEL = Plan(duration=timedelta(hours=1), cancel_delay=timedelta(hours=1))
_ROWS = [
    pytest.param(state, method, id=f"{method} on {state.name}")
    for state in BUSY_STATES
    for method in state.requests
]

Bring = Callable[[BusyState], Asker]


@pytest.fixture
def bring(
    emulator: SpannerAdminEmulator,
    databases: database_v1.DatabaseAdminClient,
    instances: instance_v1.InstanceAdminClient,
    clock: ManualClock,
) -> Bring:
    """Return a function that brings a resource into a state."""

    def do(state: BusyState) -> Asker:
        ask = Asker(databases, instances)
        emulator.create_backup(BACKUP, DATABASE)
        if state.ready is not None:
            emulator.plan(Plan(duration=timedelta()), times=1)
            ask.start(*state.ready)
        emulator.plan(_SLOW_TO_CANCEL, times=1)
        operation = ask.start(*state.start)
        if state.cancelled:
            clock.advance(timedelta(minutes=5))
            operation.cancel()
        return ask

    return do


@pytest.mark.parametrize(("state", "method"), _ROWS)
def test_a_state_refuses_what_does_not_go_with_it_and_nothing_else(
    bring: Bring, state: BusyState, method: str
) -> None:
    """A resource that is being made, changed or undone takes part in what it can, and no more."""
    ask = bring(state)

    answer = ask(method, state.requests[method])

    expected = state.code if method in state.refused else OK
    assert expected == answer
