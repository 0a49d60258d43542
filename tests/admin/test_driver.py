# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The two drivers perform a flow alike: every test here runs in sync and in async code."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

import pytest
from google.api_core import exceptions
from google.auth.exceptions import RefreshError

from airflow_spanner_lro.core.flows.commands import (
    AskAll,
    Cancel,
    DeleteResource,
    Get,
    GetResource,
    GetResult,
    Replies,
    Sleep,
)
from airflow_spanner_lro.core.flows.operation import stop, wait
from airflow_spanner_lro.core.operations.snapshot import ResourceState
from airflow_spanner_lro.core.polling.policy import CancelPolicy, PollPolicy

from .flow_drivers import SyncDriver
from .scripted_client import BACKUP, NAME, NOW, RUNNING, SUCCEEDED, after

if TYPE_CHECKING:
    from airflow_spanner_lro.core.flows.commands import Flow
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot

    from .flow_drivers import Driver

MADE = ResourceState(name=str(BACKUP), state="READY", create_time=NOW)
UNAVAILABLE = exceptions.ServiceUnavailable("try later")
EVEN = PollPolicy(maximum=10, jitter=0)


class TaskTimeout(BaseException):  # Airflow's is no Exception either
    """What Airflow raises in the middle of anything."""


def everything() -> Flow[list[object]]:
    """Ask for everything there is, and return the answers."""
    return [
        (yield Get(NAME)),
        (yield Cancel(NAME)),
        (yield GetResult(NAME)),
        (yield GetResource(BACKUP)),
        (yield Sleep(3)),
        (yield DeleteResource(BACKUP)),
    ]


async def test_every_command_is_performed(drive: Driver) -> None:
    """Each command is one call about the operation or its resource, and its answer goes back."""
    answers = await drive(everything(), [RUNNING, None, MADE, MADE, None])

    assert answers == [RUNNING, None, MADE, MADE, after(3), None]
    assert [
        ("get", str(NAME)),
        ("cancel", str(NAME)),
        ("get_result", str(NAME)),
        ("get_resource_state", str(BACKUP)),
        ("delete_resource", str(BACKUP)),
    ] == [(asked.method, asked.about) for asked in drive.script.asked]
    assert [3] == drive.clock.slept


async def test_a_wait_sleeps_between_its_looks(drive: Driver) -> None:
    """Time passes only in the sleeps that the flow asked for."""
    result = await drive(wait(name=NAME, policy=EVEN), [RUNNING, UNAVAILABLE, SUCCEEDED])

    assert SUCCEEDED == result
    looks = [asked.at for asked in drive.script.asked]
    assert [0.0, *accumulate(drive.clock.slept)] == looks
    # a first look soon, and a second's pause after an error
    assert [pytest.approx(0.35, abs=0.05), 1.0] == drive.clock.slept


async def test_a_stop_cancels_settles_and_cleans_up(drive: Driver) -> None:
    """A whole flow of several kinds of command ends in both drivers alike."""
    settlement = await drive(
        stop(name=NAME, policy=CancelPolicy(), cleans_up=True),
        [None, RUNNING, SUCCEEDED, MADE, MADE, None],
    )

    assert str(BACKUP) == settlement.cleaned_up
    assert [
        "cancel",
        "get",
        "get",
        "get_result",
        "get_resource_state",
        "delete_resource",
    ] == [asked.method for asked in drive.script.asked]


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(UNAVAILABLE, id="API"),
        pytest.param(exceptions.RetryError("gave up", None), id="API without a code"),
        pytest.param(RefreshError("no token"), id="credentials"),
    ],
)
async def test_errors_of_googles_libraries_are_answers(drive: Driver, error: Exception) -> None:
    """Whatever a call answers goes into the flow, for every command."""
    answers = await drive(everything(), [error] * 5)

    assert [error] * 4 + [after(3), error] == answers


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(ValueError("a bug"), id="bug"),
        pytest.param(ConnectionError("reset"), id="connection"),
        pytest.param(TaskTimeout(), id="Airflow's timeout"),
    ],
)
async def test_any_other_error_propagates(drive: Driver, error: BaseException) -> None:
    """What is no answer is not offered to the flow, which would take it for trouble."""
    with pytest.raises(type(error)) as caught:
        await drive(everything(), [RUNNING, error])

    assert error is caught.value


def several() -> Flow[tuple[object, ...]]:
    """Ask three questions together, and return the replies."""
    replies = yield AskAll((Get(NAME), GetResource(BACKUP), Get(NAME)))
    assert isinstance(replies, Replies)
    return replies.of_each


async def test_several_questions_are_answered_in_their_order(drive: Driver) -> None:
    """Whoever asks several questions at once gets the answer of each, an error included."""
    gone = exceptions.NotFound("gone")

    assert (RUNNING, gone, SUCCEEDED) == await drive(several(), [RUNNING, gone, SUCCEEDED])


async def test_an_observer_hears_the_looks_among_several_questions(drive: Driver) -> None:
    """A poll is told whether it was asked alone or with others."""
    heard: list[OperationSnapshot | Exception] = []

    await drive(several(), [RUNNING, MADE, SUCCEEDED], on_snapshot=heard.append)

    assert [RUNNING, SUCCEEDED] == heard


async def test_trouble_that_passes_answers_the_rest_as_well() -> None:
    """Asked one after the other, each question would wait for its own timeout."""
    drive = SyncDriver()

    replies = await drive(several(), [RUNNING, UNAVAILABLE])

    assert (RUNNING, UNAVAILABLE, UNAVAILABLE) == replies


async def test_an_error_that_the_flow_raises_propagates(drive: Driver) -> None:
    """A flow that gives up ends its driver with the error it raised."""
    with pytest.raises(exceptions.NotFound, match="gone"):
        await drive(wait(name=NAME, policy=EVEN), [RUNNING, exceptions.NotFound("gone")])


async def test_an_observer_is_told_what_gets_answered(drive: Driver) -> None:
    """Snapshots and errors of polls, in order; of no other call."""
    heard: list[OperationSnapshot | Exception] = []

    await drive(
        stop(name=NAME, policy=CancelPolicy(), cleans_up=True),
        [UNAVAILABLE, RUNNING, None, UNAVAILABLE, SUCCEEDED, MADE, exceptions.NotFound("gone")],
        on_snapshot=heard.append,
    )

    assert [RUNNING, UNAVAILABLE, SUCCEEDED] == heard


async def test_an_observer_hears_before_the_flow_decides(drive: Driver) -> None:
    """The answer that ends a flow with an error is told as well."""
    heard: list[OperationSnapshot | Exception] = []
    gone = exceptions.NotFound("gone")

    with pytest.raises(exceptions.NotFound):
        await drive(wait(name=NAME, policy=EVEN), [gone], on_snapshot=heard.append)

    assert heard == [gone]
