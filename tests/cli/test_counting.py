# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What a command cancels is counted where Airflow's stats are."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING
from unittest.mock import MagicMock, call

from airflow_spanner_lro import cli, metrics

if TYPE_CHECKING:
    import pytest


def _backend(monkeypatch: pytest.MonkeyPatch) -> MagicMock:
    from airflow.sdk._shared.observability.metrics import stats  # noqa: PLC0415  # AIRFLOW_HOME

    backend = MagicMock()
    monkeypatch.setattr(stats, "_backend", backend)
    monkeypatch.setattr(metrics, "_backend", metrics._Backend)
    monkeypatch.setenv("AIRFLOW__METRICS__LEGACY_NAMES_ON", "False")
    monkeypatch.setenv("AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT", "google-cloud-platform://")
    # what the command sets, so that it is taken back
    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "client")
    return backend


def test_airflows_command(operation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """``airflow spanner-lro cancel`` counts by how the cancel ended."""
    from airflow_spanner_lro.cli.airflow_commands import cancel  # noqa: PLC0415  # after AIRFLOW_HOME

    backend = _backend(monkeypatch)
    args = Namespace(
        operations=[operation],
        timeout=10.0,
        gcp_conn_id="google_cloud_default",
        impersonation_chain=None,
    )

    cancel(args)

    counted = call("spanner_lro.cancels", tags={"cause": "command", "ending": "cancelled"})
    assert 1 == backend.incr.mock_calls.count(counted)


def test_the_command_without_airflow(operation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """``spanner-lro cancel`` runs without Airflow and tells nobody."""
    backend = _backend(monkeypatch)

    cli.main(["cancel", operation])

    assert [] == backend.mock_calls
