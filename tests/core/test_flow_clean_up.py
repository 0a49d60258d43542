# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Cleaning up and stopping, driven by hand: only what the operation itself made is deleted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from airflow_spanner_lro.core.flows.commands import (
    Cancel,
    DeleteResource,
    Get,
    GetResource,
    GetResult,
)
from airflow_spanner_lro.core.flows.operation import clean_up, stop
from airflow_spanner_lro.core.kinds import KINDS
from airflow_spanner_lro.core.operations.settlement import Ending, Settlement
from airflow_spanner_lro.core.operations.snapshot import ResourceState
from airflow_spanner_lro.core.polling.policy import CancelPolicy
from airflow_spanner_lro.core.status import code_of

from .sample_values import (
    BACKUP,
    DENIED,
    GONE,
    NAME,
    NOW,
    UNAVAILABLE,
    after,
    cancelled,
    failed,
    running,
    succeeded,
)
from .scripted_flows import DEADLINE, FinitePolicy, play

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_spanner_lro.core.flows.commands import Answer, Command
    from airflow_spanner_lro.core.kinds import OperationKind

MADE = ResourceState(name=str(BACKUP), state="READY", create_time=NOW)
ANOTHER = ResourceState(name=str(BACKUP), state="READY", create_time=after(0.000001))
TIMELESS = ResourceState(name=str(BACKUP), state="READY")


def told(exc: Exception) -> str:
    """Return how an error of Google's reads in a settlement."""
    code = code_of(exc)
    assert code is not None
    return f"{code.name}: {getattr(exc, 'message', '')}"


FINISHED = Settlement(name=NAME, ending=Ending.FINISHED_FIRST, snapshot=succeeded())


@pytest.mark.parametrize("kind", [*(kind for kind in KINDS if not kind.creates), None], ids=str)
def test_what_an_operation_did_not_make_stays(kind: OperationKind | None) -> None:
    """An update answers its resource as well, which was there before: nothing is even asked."""
    settlement = replace(FINISHED, snapshot=succeeded(kind=kind))

    played = play(clean_up(settlement, policy=CancelPolicy()), [])

    assert (settlement, []) == (played.result, played.commands)


def test_what_the_operation_made_is_deleted() -> None:
    """A resource of the very create time that the operation tells goes, and that is told."""
    played = play(clean_up(FINISHED, policy=CancelPolicy()), [MADE, MADE, None])

    assert FINISHED.with_clean_up(str(BACKUP)) == played.result
    assert [GetResult(NAME), GetResource(BACKUP), DeleteResource(BACKUP)] == played.commands


@pytest.mark.parametrize(
    ("made", "there"),
    [
        pytest.param(MADE, ANOTHER, id="somebody made another of that name"),
        pytest.param(TIMELESS, TIMELESS, id="no create time"),
        pytest.param(TIMELESS, MADE, id="no create time in the result"),
        pytest.param(MADE, TIMELESS, id="no create time now"),
        pytest.param(MADE, GONE, id="deleted already"),
        pytest.param(None, MADE, id="no result"),
    ],
)
def test_what_may_be_somebody_elses_stays(made: Answer, there: Answer) -> None:
    """Without proof that this operation made it, nothing is deleted."""
    played = play(clean_up(FINISHED, policy=CancelPolicy()), [made, there])

    assert FINISHED == played.result
    assert DeleteResource(BACKUP) not in played.commands


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        pytest.param([MADE, MADE, DENIED], DENIED, id="not allowed to delete"),
        pytest.param([DENIED, DENIED], DENIED, id="not allowed to look"),
        pytest.param([GONE, MADE], GONE, id="operation gone"),
    ],
)
def test_what_could_not_be_deleted_is_told(answers: Sequence[Answer], reason: Exception) -> None:
    """A clean-up that fails raises nothing, and the settlement says why something is left."""
    played = play(clean_up(FINISHED, policy=CancelPolicy()), answers)

    assert FINISHED.with_leftover(told(reason)) == played.result


LOOKS: list[Command] = [GetResult(NAME), GetResource(BACKUP)]


@pytest.mark.parametrize(
    ("answers", "asked"),
    [
        pytest.param(
            [UNAVAILABLE, MADE, MADE, MADE, None],
            [*LOOKS, *LOOKS, DeleteResource(BACKUP)],
            id="result not told",
        ),
        pytest.param(
            [MADE, UNAVAILABLE, MADE, MADE, None],
            [*LOOKS, *LOOKS, DeleteResource(BACKUP)],
            id="resource not told",
        ),
        pytest.param(
            [MADE, MADE, UNAVAILABLE, MADE, MADE, None],
            [*LOOKS, DeleteResource(BACKUP), *LOOKS, DeleteResource(BACKUP)],
            id="deletion lost on its way there",
        ),
        pytest.param(
            [MADE, MADE, UNAVAILABLE, MADE, GONE],
            [*LOOKS, DeleteResource(BACKUP), *LOOKS],
            id="deletion done, its answer lost",
        ),
    ],
)
def test_transient_trouble_leaves_nothing_behind(
    answers: Sequence[Answer], asked: list[Command]
) -> None:
    """K9: what an outage delays is asked again, after a sleep and from the first look on."""
    played = play(clean_up(FINISHED, policy=CancelPolicy()), answers)

    assert FINISHED.with_clean_up(str(BACKUP)) == played.result
    assert asked == played.asked
    assert 0.25 == played.slept


def test_a_namesake_that_came_after_a_lost_deletion_stays() -> None:
    """Before it is deleted again, the resource is looked at again: it may be another by now."""
    played = play(
        clean_up(FINISHED, policy=CancelPolicy()), [MADE, MADE, UNAVAILABLE, MADE, ANOTHER]
    )

    assert FINISHED == played.result
    assert 1 == played.asked.count(DeleteResource(BACKUP))


def test_a_passed_deadline_ends_the_attempts() -> None:
    """What could not be deleted in time is told, and nothing is raised."""
    played = play(clean_up(FINISHED, policy=CancelPolicy()), [UNAVAILABLE, UNAVAILABLE, DEADLINE])

    assert FINISHED.with_leftover(told(UNAVAILABLE)) == played.result


def test_delays_that_end_end_the_attempts() -> None:
    """Whether the driver or the policy gives up is the same."""
    played = play(clean_up(FINISHED, policy=FinitePolicy()), [UNAVAILABLE, UNAVAILABLE])

    assert FINISHED.with_leftover(told(UNAVAILABLE)) == played.result


@pytest.mark.parametrize(
    "settlement",
    [
        pytest.param(
            Settlement(name=NAME, ending=Ending.CANCELLED, snapshot=cancelled()), id="cancelled"
        ),
        pytest.param(
            Settlement(name=NAME, ending=Ending.FINISHED_FIRST, snapshot=failed()), id="failed"
        ),
        pytest.param(
            Settlement(name=NAME, ending=Ending.STILL_RUNNING, snapshot=running()), id="running"
        ),
        pytest.param(
            Settlement(name=NAME, ending=Ending.REFUSED, snapshot=running()), id="refused"
        ),
        pytest.param(Settlement(name=NAME, ending=Ending.GONE), id="gone"),
    ],
)
def test_nothing_is_even_asked_unless_it_succeeded(settlement: Settlement) -> None:
    """Only an operation that succeeded in spite of its cancel has left something behind."""
    played = play(clean_up(settlement, policy=CancelPolicy()), [])

    assert settlement == played.result
    assert [] == played.commands


@pytest.mark.parametrize(
    ("cleans_up", "answers", "asked", "cleaned_up"),
    [
        pytest.param(
            True,
            [None, succeeded(), MADE, MADE, None],
            [Cancel(NAME), Get(NAME), GetResult(NAME), GetResource(BACKUP), DeleteResource(BACKUP)],
            str(BACKUP),
            id="succeeded first, cleans up",
        ),
        pytest.param(
            False, [None, succeeded()], [Cancel(NAME), Get(NAME)], None, id="succeeded first, keeps"
        ),
        pytest.param(True, [None, cancelled()], [Cancel(NAME), Get(NAME)], None, id="cancelled"),
    ],
)
def test_stopping_is_cancelling_and_then_cleaning_up(
    cleans_up: bool, answers: Sequence[Answer], asked: list[Command], cleaned_up: str | None
) -> None:
    """What was made in spite of the cancel is deleted only if that is asked for."""
    played = play(stop(name=NAME, policy=CancelPolicy(), cleans_up=cleans_up), answers)

    assert asked == played.asked
    assert played.result is not None
    assert cleaned_up == played.result.cleaned_up
