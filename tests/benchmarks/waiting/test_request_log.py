# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""How the server counts what it has seen."""

from __future__ import annotations

from tests.benchmarks.waiting.request_log import RequestLog


def ledger_of(*times: float) -> RequestLog:
    """Return a ledger of requests at these times."""
    ledger = RequestLog()
    for at in times:
        ledger.note(at=at, method="GetOperation", peer="a")
    return ledger


def test_the_busiest_hundred_seconds_may_lie_anywhere() -> None:
    """Not only on the hundreds."""
    ledger = ledger_of(0, 90, 100, 180, 189, 300)

    assert 4 == ledger.busiest(0)


def test_what_came_before_is_not_counted_among_the_busiest() -> None:
    """What was asked before triggers started is no part of the measurement."""
    ledger = ledger_of(0, 1, 2, 50, 60)

    assert 2 == ledger.busiest(10)


def test_requests_are_counted_by_method_within_the_window() -> None:
    """From its beginning to its end."""
    ledger = ledger_of(1, 2, 3, 4)
    ledger.note(at=5, method="ListBackupOperations", peer="a")

    assert {"GetOperation": 2, "ListBackupOperations": 1} == ledger.between(2.5, 5)
