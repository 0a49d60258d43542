# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What filters are told of an operation is what its metadata says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator
from airflow_spanner_lro.emulator.operations.messages import fields_of, metadata_of, read_field
from airflow_spanner_lro.emulator.operations.registry import HANDLERS
from tests.emulator.support.operation_starts import STARTS, OperationStart

WITH_SHORTCUTS = [start for start in STARTS if HANDLERS[start.kind].shortcuts]
MOMENTS = [timedelta(), timedelta(seconds=1), timedelta(minutes=7), timedelta(days=2)]


def test_there_are_shortcuts() -> None:
    """Most kinds have one progress, so that the test below tests something."""
    assert len(WITH_SHORTCUTS) >= 5


@pytest.mark.parametrize("cancelled", [False, True], ids=["untouched", "cancelled"])
@pytest.mark.parametrize("start", WITH_SHORTCUTS, ids=str)
def test_a_shortcut_tells_what_the_metadata_tells(
    start: OperationStart, *, cancelled: bool
) -> None:
    """At any time of its life, also after a cancel."""
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    emulator = SpannerAdminEmulator(clock=clock)
    engine = emulator._engine
    methods = {method.name: method for method in engine.methods.values()}
    start.prepare(
        emulator,
        lambda kind, request: engine.call(methods[kind.method], kind.request_type()(request)),
    )
    request = start.kind.request_type()(start.request_at(clock.now()))
    name = engine.call(methods[start.kind.method], request).name
    for moment in MOMENTS:
        clock.advance(moment)
        with engine.locked() as (world, now):
            (operation,) = (row for row in world.operations if row.full_name == name)
            if cancelled and moment:
                world.cancel(operation, now=now)
                operation = world.operations.row(operation.name)
            value_of = fields_of(operation, now)
            metadata = metadata_of(operation, now=now)

            for path in HANDLERS[start.kind].shortcuts:
                assert read_field(metadata, path) == value_of(f"metadata.{path}")
