# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Each exit and each situation of the guarantee on real Airflow: one row, one test.

What is done in a row is in the modules imported here; rows of one group are played together when
the first of them is asked for, and the others then only show what was seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.guarantee import (
    celery_workers,
    deadlines,
    foreign_operations,
    frozen_processes,
    keyboard_interrupts,
    ledger_entries,
    mass_kill,
    start_once,
    triggerer_loss,
    unanswered_starts,
    user_actions,
    without_airflow,
    worker_loss,
)
from tests.e2e.guarantee.rows import ROWS

if TYPE_CHECKING:
    from tests.e2e.guarantee.row_runner import Runner
    from tests.e2e.guarantee.rows import Row

DECLARING = (
    triggerer_loss,
    worker_loss,
    frozen_processes,
    user_actions,
    celery_workers,
    deadlines,
    foreign_operations,
    ledger_entries,
    unanswered_starts,
    start_once,
    keyboard_interrupts,
    mass_kill,
    without_airflow,
)
"""The modules that declare rows, in the order in which their groups are played.

Groups that others can be played beside follow one another.
"""

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200)]

GROUPS = list(
    dict.fromkeys(
        each.group
        for module in DECLARING
        for each in ROWS
        if each.play.__module__ == module.__name__
    )
)


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(each, id=each.name)
        for each in sorted(ROWS, key=lambda row: (GROUPS.index(row.group), row.order))
    ],
)
def test_row(runner: Runner, row: Row, allowance: float) -> None:
    """What the row promises was seen, in time."""
    outcome = runner.outcome(row)

    print(outcome.report)  # noqa: T201  # pytest shows it if the row falls short
    if outcome.error is not None:
        raise outcome.error
    assert "" == outcome.shortfall(allowance=allowance)
