# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A person cancels an operation from the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .api_server import ApiServer


def test_a_user_cancels(server: ApiServer) -> None:
    """Who may change task instances cancels what a task waits for, and is told how it ended."""
    row = server.running()

    answer = server.act("cancel", row)

    assert (200, "cancelled") == (answer.status_code, answer.json()["outcome"])
    assert 1 == len(server.cancels)
