# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What rows are the same without does not keep a database from having them."""

from __future__ import annotations

import grpc
from google.cloud.spanner_v1 import types

from airflow_spanner_lro.emulator import SpannerAdminEmulator
from tests.emulator.conftest import DATABASE
from tests.emulator.differential.google_emulator import ALONE
from tests.support.google_spanner import require_google_emulator

_SCHEMA = [
    "CREATE TABLE T (Id INT64) PRIMARY KEY (Id)",
    "CREATE ROLE reader",
    "GRANT SELECT ON TABLE T TO ROLE reader",
    "REVOKE SELECT ON TABLE T FROM ROLE reader",
]


def test_a_database_with_roles_has_rows() -> None:
    """Google's emulator of 2025 knows no roles: they are left out, and data calls go on."""
    require_google_emulator()
    with SpannerAdminEmulator(data=True) as emulator:
        emulator.create_database(DATABASE, _SCHEMA)
        with grpc.insecure_channel(emulator.endpoint, options=ALONE) as channel:
            create_session = channel.unary_unary(
                "/google.spanner.v1.Spanner/CreateSession",
                request_serializer=types.CreateSessionRequest.serialize,
                response_deserializer=types.Session.deserialize,
            )
            session = create_session(types.CreateSessionRequest(database=DATABASE), timeout=60)

    assert session.name.startswith(f"{DATABASE}/sessions/")
