# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A wait that has no budget leaves the quota to others when it is used up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from google.api_core import exceptions

from airflow_spanner_lro.core.flows.commands import Sleep
from airflow_spanner_lro.core.flows.operation import wait
from airflow_spanner_lro.core.polling.policy import PollPolicy

from .sample_values import NAME, UNAVAILABLE, running, succeeded
from .scripted_flows import play

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot

EVEN = PollPolicy(jitter=0)
USED_UP = exceptions.ResourceExhausted("quota")


def pauses(answers: Sequence[OperationSnapshot | Exception]) -> list[float]:
    """Return how long a wait sleeps after each answer but the last."""
    played = play(wait(name=NAME, policy=EVEN), [*answers, succeeded()])
    return [command.seconds for command in played.commands if isinstance(command, Sleep)]


def test_pauses_double_up_to_a_minute() -> None:
    """Of a hundred workers that are refused, few ask at any moment."""
    assert [1, 2, 4, 8, 16, 32, 60, 60] == pauses([USED_UP] * 8)


@pytest.mark.parametrize("between", [running(), UNAVAILABLE], ids=["an answer", "other trouble"])
def test_pauses_begin_anew_after_an_answer(between: OperationSnapshot | Exception) -> None:
    """Only an answer tells that there is quota again."""
    answered = not isinstance(between, Exception)

    found = pauses([USED_UP, USED_UP, between, USED_UP])

    assert (1 if answered else 4) == found[-1]


def test_other_trouble_is_asked_through_sooner() -> None:
    """An endpoint that is away for a while answers all the sooner for being asked."""
    assert sum(pauses([UNAVAILABLE] * 8)) < sum(pauses([USED_UP] * 8))
