# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The operations that are waited for are the same for all who make them."""

from __future__ import annotations

from dataclasses import replace

from airflow_spanner_lro.core.names import OperationName
from tests.benchmarks.waiting.operations import Service, World

WORLD = World(
    service=Service.SPANNER,
    operations=1_000,
    instances=10,
    seed=1,
    endings_within=60.0,
)


def test_the_same_seed_makes_the_same_world() -> None:
    """The server and whoever judges its clients need not tell each other when what ends."""
    assert WORLD.items() == replace(WORLD).items()


def test_operations_spread_over_instances_and_both_of_their_lists() -> None:
    """Each instance has as many of either family."""
    places = [(item.parent, item.family) for item in WORLD.items()]

    assert 20 == len(set(places))
    assert 50 == places.count(places[0])


def test_every_name_is_one_that_spanner_could_give() -> None:
    """Or our triggers would refuse it."""
    names = {OperationName.parse(item.name) for item in WORLD.items()}

    assert 1_000 == len(names)


def test_ends_come_within_the_time_for_them() -> None:
    """So that each can be noticed before the window closes."""
    ends = [item.ends_after for item in WORLD.items() if item.ends_after is not None]

    assert 17 == len(ends)
    assert max(ends) <= 60.0
