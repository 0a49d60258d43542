# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What the reaper cancels is counted by Airflow's stats."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unittest.mock import MagicMock, call

import pytest
from airflow.sdk._shared.observability.metrics import stats

from airflow_spanner_lro import metrics

if TYPE_CHECKING:
    from .reaping import Reaping


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> MagicMock:
    """Return what stands behind Airflow's stats, without dotted names."""
    backend = MagicMock()
    monkeypatch.setattr(stats, "_backend", backend)
    monkeypatch.setattr(metrics, "_backend", metrics._Backend)
    monkeypatch.setenv("AIRFLOW__METRICS__LEGACY_NAMES_ON", "False")
    return backend


def test_a_cancel_is_counted(reaping: Reaping, backend: MagicMock) -> None:
    """Each operation that is cancelled counts once, beside the requests for it."""
    reaping.orphan()

    reaping.reap()

    cancel = call("spanner_lro.cancels", tags={"cause": "reaper", "ending": "cancelled"})
    request = call("spanner_lro.requests", tags={"method": "CancelOperation", "code": "OK"})
    assert [1, 1] == [backend.incr.mock_calls.count(each) for each in (cancel, request)]


def test_what_only_would_be_cancelled_is_not_counted(reaping: Reaping, backend: MagicMock) -> None:
    """A dry run has no endings."""
    reaping.orphan()

    reaping.reap(dry_run=True)

    assert {"spanner_lro.requests"} == {each.args[0] for each in backend.incr.mock_calls}
