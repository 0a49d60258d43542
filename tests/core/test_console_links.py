# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Whoever reads a log is led to the console, unless an emulator answers, which has none."""

from __future__ import annotations

import pytest

from airflow_spanner_lro.core.connection import ConnectionSpec
from airflow_spanner_lro.core.links import console_link
from airflow_spanner_lro.core.names import DatabaseName

ORDERS = DatabaseName(project="p", instance="main", database="orders")


def test_spanner_has_a_console() -> None:
    """The line has the page of the database."""
    line = console_link(ORDERS, connection_spec=ConnectionSpec(gcp_conn_id="c"))
    assert line.startswith("Console: https://console.cloud.google.com/spanner/instances/main/")


@pytest.mark.parametrize(
    ("known", "said"), [("", "EMULATOR at "), ("EMULATOR x60", "EMULATOR x60 at ")]
)
def test_emulator_has_none(known: str, said: str) -> None:
    """The line says in capitals that this is no Google Cloud, and how fast time goes, if known."""
    spec = ConnectionSpec(gcp_conn_id="c", endpoint="http://localhost:9010")
    line = console_link(ORDERS, connection_spec=spec, emulator=known)
    assert line.startswith(f"{said}localhost:9010: this is not in Google Cloud")
    assert "console" not in line
