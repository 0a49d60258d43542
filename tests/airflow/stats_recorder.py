# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A backend of Airflow's stats that keeps what it is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow.sdk._shared.observability.metrics import stats

from airflow_spanner_lro import metrics

if TYPE_CHECKING:
    from datetime import timedelta

    import pytest


@dataclass(slots=True)
class StatsRecorder:
    """Keeps values by metric and tags, as ``name`` or ``name tag=value …``."""

    counts: dict[str, int] = field(default_factory=dict)
    gauges: dict[str, float] = field(default_factory=dict)
    timings: dict[str, list[timedelta]] = field(default_factory=dict)

    @classmethod
    def behind_stats(
        cls, monkeypatch: pytest.MonkeyPatch, *, dotted: bool = False
    ) -> StatsRecorder:
        """Return a backend that Airflow's stats use until the test is over.

        :param dotted: Airflow is configured to send dotted names, too
        """
        recorder = cls()
        put_behind_stats(recorder, monkeypatch, dotted=dotted)
        return recorder

    def incr(self, stat: str, count: int = 1, *, tags: dict[str, str] | None = None) -> None:
        """Count."""
        key = _key(stat, tags)
        self.counts[key] = self.counts.get(key, 0) + count

    def gauge(self, stat: str, value: float, *, tags: dict[str, str] | None = None) -> None:
        """Keep the latest value."""
        self.gauges[_key(stat, tags)] = value

    def timing(self, stat: str, dt: timedelta, *, tags: dict[str, str] | None = None) -> None:
        """Keep a duration."""
        self.timings.setdefault(_key(stat, tags), []).append(dt)

    def counted(self, name: str) -> dict[str, int]:
        """Return the counts of one metric, by its tags."""
        return {
            key.removeprefix(f"{name} "): count
            for key, count in self.counts.items()
            if key.startswith(f"{name} ")
        }

    def timed(self, name: str) -> dict[str, int]:
        """Return how many durations of one metric there are, by its tags."""
        return {
            key.removeprefix(f"{name} "): len(found)
            for key, found in self.timings.items()
            if key.startswith(f"{name} ")
        }


def put_behind_stats(backend: Any, monkeypatch: pytest.MonkeyPatch, *, dotted: bool) -> None:
    """Let Airflow's stats use a backend until the test is over."""
    monkeypatch.setattr(stats, "_backend", backend)
    monkeypatch.setenv("AIRFLOW__METRICS__LEGACY_NAMES_ON", str(dotted))
    # settings are read once in a process
    monkeypatch.setattr(metrics, "_backend", metrics._Backend)
    monkeypatch.setattr(metrics, "_failed", set())


def _key(stat: str, tags: dict[str, str] | None) -> str:
    return " ".join((stat, *(f"{tag}={value}" for tag, value in (tags or {}).items())))
