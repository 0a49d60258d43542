# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""How long a deferrable task waits on its worker first: one truth table over all kinds."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_spanner_lro.core.errors import InvalidArgumentError
from airflow_spanner_lro.core.kinds import KINDS, OperationKind
from airflow_spanner_lro.core.polling.worker_wait import USUALLY_QUICK, seconds_on_worker

QUICK = {
    "CreateBackup": False,
    "CopyBackup": False,
    "CreateDatabase": True,
    "RestoreDatabase": False,
    "OptimizeRestoredDatabase": False,
    "UpdateDatabase": True,
    "UpdateDatabaseDdl": True,
    "CreateInstance": False,
    "UpdateInstance": True,
    "MoveInstance": False,
    "CreateInstanceConfig": False,
    "UpdateInstanceConfig": True,
    "CreateInstancePartition": False,
    "UpdateInstancePartition": True,
}
USUAL = 15.0


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize(
    ("given", "deferrable", "if_quick", "otherwise"),
    [
        pytest.param(None, True, USUAL, 0.0, id="nothing given"),
        pytest.param(0, True, 0.0, 0.0, id="defer at once"),
        pytest.param(40, True, 40.0, 40.0, id="given"),
        pytest.param(None, False, 0.0, 0.0, id="never defers"),
        pytest.param(40, False, 0.0, 0.0, id="given, never defers"),
    ],
)
def test_seconds_by_kind(
    kind: OperationKind, given: float | None, *, deferrable: bool, if_quick: float, otherwise: float
) -> None:
    """Usually quick kinds wait as configured; what an author gives counts for every kind."""
    expected = if_quick if QUICK[kind.name] else otherwise

    assert expected == seconds_on_worker(kind, given=given, usual=USUAL, deferrable=deferrable)


@pytest.mark.parametrize("deferrable", [True, False])
@pytest.mark.parametrize("given", [-1, 300.5, float("nan"), True, "15"])
def test_a_wait_that_is_none_is_refused(given: Any, *, deferrable: bool) -> None:
    """What is no number of seconds within bounds is told, also where it would not matter."""
    (kind, *_) = USUALLY_QUICK

    with pytest.raises(InvalidArgumentError, match=r"worker_wait=.* at least 0 and at most 300"):
        seconds_on_worker(kind, given=given, usual=USUAL, deferrable=deferrable)
