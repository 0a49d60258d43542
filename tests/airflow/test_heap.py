# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""When a triggerer's heap is frozen, and when it is left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_spanner_lro.core.connection import ConnectionSpec
from airflow_spanner_lro.core.errors import SettingsError
from airflow_spanner_lro.triggers import base, heap
from airflow_spanner_lro.triggers.heap import LONG_PASS, MOST_FREEZES, Freezer
from airflow_spanner_lro.triggers.operation import SpannerOperationTrigger
from tests.admin.virtual_spanner import name_of

if TYPE_CHECKING:
    from collections.abc import Callable

LONG, SHORT = LONG_PASS * 2, LONG_PASS / 2


class Collector:
    """Stands in for the garbage collector of this process."""

    def __init__(self) -> None:
        self.callbacks: list[Callable[[str, dict[str, int]], None]] = []
        self.done: list[str] = []
        self.seconds = 0.0

    def collect(self, generation: int) -> None:
        """Note it."""
        self.done.append(f"collect {generation}")

    def freeze(self) -> None:
        """Note it."""
        self.done.append("freeze")

    def go_through(self, generation: int, *, seconds: float) -> None:
        """Make a pass."""
        info = {"generation": generation, "collected": 0, "uncollectable": 0}
        for callback in self.callbacks:
            callback("start", info)
        self.seconds += seconds
        for callback in self.callbacks:
            callback("stop", info)


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Collector:
    """Let there be a collector that does nothing."""
    made = Collector()
    monkeypatch.setattr(heap, "gc", made)
    return made


@pytest.fixture
def freezer(collector: Collector) -> Freezer:
    """Return a freezer that has not begun."""
    return Freezer(clock=lambda: collector.seconds)


def test_what_is_loaded_is_frozen_once(collector: Collector, freezer: Freezer) -> None:
    """However many triggers begin, the heap is frozen when the first of them does."""
    for _ in range(3):
        freezer.start_once(lambda: True)

    assert ["collect 1", "freeze"] == collector.done
    assert 1 == len(collector.callbacks)


def test_what_survives_a_long_pass_is_frozen(collector: Collector, freezer: Freezer) -> None:
    """A full pass that was long is not repeated over the same objects; others change nothing."""
    freezer.start_once(lambda: True)
    collector.done.clear()
    frozen = []

    for generation, seconds in ((2, SHORT), (0, LONG), (1, LONG), (2, LONG), (2, SHORT)):
        collector.go_through(generation, seconds=seconds)
        frozen.append(len(collector.done))

    assert [0, 0, 0, 1, 1] == frozen


def test_freezing_has_an_end(collector: Collector, freezer: Freezer) -> None:
    """In a process that lives for months what could stay behind is bounded."""
    freezer.start_once(lambda: True)
    collector.done.clear()

    for _ in range(MOST_FREEZES + 5):
        collector.go_through(2, seconds=LONG)

    assert ["freeze"] * MOST_FREEZES == collector.done


def test_switched_off(collector: Collector, freezer: Freezer) -> None:
    """Where it is not wanted, nothing of the process is touched, and it is not asked again."""
    asked = []

    def wanted() -> bool:
        asked.append(1)
        return False

    for _ in range(3):
        freezer.start_once(wanted)

    assert ([1], [], []) == (asked, collector.done, collector.callbacks)


def _trigger(*, trigger_id: int | None) -> SpannerOperationTrigger:
    via = ConnectionSpec(gcp_conn_id="google_cloud_default", endpoint=None)
    trigger: Any = SpannerOperationTrigger.for_operation(name_of(1), connection_spec=via)
    trigger.trigger_id = trigger_id
    found: SpannerOperationTrigger = trigger
    return found


async def _found(*_: object, **__: object) -> str:
    return "a poller"


@pytest.mark.parametrize(
    ("trigger_id", "option", "expected"),
    [
        pytest.param(7, "True", ["collect 1", "freeze"], id="in a triggerer"),
        pytest.param(7, "False", [], id="in a triggerer that shall not"),
        pytest.param(None, "True", [], id="in the process of a task"),
    ],
)
async def test_where_it_happens(
    trigger_id: int | None,
    option: str,
    expected: list[str],
    collector: Collector,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Triggers begin it in a triggerer whose option allows it, and nowhere else."""
    monkeypatch.setenv("AIRFLOW__SPANNER_LRO__GC_FREEZE", option)
    monkeypatch.setattr(base, "FREEZER", Freezer())
    monkeypatch.setattr(base, "wait_for_poller", _found)

    await _trigger(trigger_id=trigger_id)._poller()

    assert expected == collector.done


async def test_nonsense_in_the_option(
    collector: Collector, freezer: Freezer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A value that is no truth value is told as for any option, to each wait, and not ignored."""
    monkeypatch.setenv("AIRFLOW__SPANNER_LRO__GC_FREEZE", "sometimes")
    monkeypatch.setattr(base, "FREEZER", freezer)
    monkeypatch.setattr(base, "wait_for_poller", _found)

    for _ in range(2):
        with pytest.raises(SettingsError, match="gc_freeze='sometimes' is not usable"):
            await _trigger(trigger_id=7)._poller()

    assert [] == collector.done
