# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Many operations are cancelled at once: each is seen first, and trouble with one stays with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_spanner_lro.admin.client import SpannerAdminClient
from airflow_spanner_lro.admin.connect import Endpoint
from airflow_spanner_lro.core.names import OperationName
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.notifications.bulk_cancel import CancelBatch, CancelOrder, cancel_all
from tests.airflow.fakes import DATABASE, LATER, LONG, FakeTask
from tests.airflow.task_runner import backup

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot
    from tests.airflow.fakes import Stage

NOWHERE = f"{DATABASE}/operations/none"
GET = "GetOperation"


@pytest.fixture
def name(stage: Stage) -> str:
    """Start a backup that takes long; return the name of its operation."""
    stage.emulator.plan(LONG)
    name: str = backup(wait_for_completion=False).execute(FakeTask().context)
    return name


@pytest.fixture
def connect(stage: Stage) -> Callable[[], SpannerAdminClient]:
    """Return a function that connects to the emulator."""
    endpoint = Endpoint(target=stage.emulator.endpoint, plain_text=True)
    return lambda: SpannerAdminClient(endpoint)


def accept(snapshot: OperationSnapshot) -> None:
    """Object to nothing that was seen."""
    del snapshot


def refuse(snapshot: OperationSnapshot) -> str | None:
    """Object to whatever was seen."""
    del snapshot
    return "Another has started it."


def stumble(snapshot: OperationSnapshot) -> str | None:
    """Be broken."""
    message = f"no idea what {snapshot.name} is"
    raise RuntimeError(message)


def cancelled(
    name: str,
    connect: Callable[[], SpannerAdminClient],
    *,
    objection: Callable[[OperationSnapshot], str | None] | None = accept,
    timeout: float = 5.0,
) -> tuple[str, bool]:
    """Cancel one operation; return what is told, and whether nothing of it goes on."""
    order = CancelOrder(name=OperationName.parse(name), objection=objection)
    (report,) = cancel_all([CancelBatch(orders=[order], connect=connect)], timeout=timeout)
    return report.sentence, report.settled


def test_operation_that_is_seen_and_accepted_is_cancelled(
    stage: Stage, name: str, connect: Callable[[], SpannerAdminClient]
) -> None:
    """It is looked at first, and cancelled when nothing speaks against it."""
    sentence, settled = cancelled(name, connect)

    assert [name] == [call.resource for call in stage.cancels]
    assert "cancelled" in sentence
    assert settled


def test_operation_that_somebody_objects_to_goes_on(
    stage: Stage, name: str, connect: Callable[[], SpannerAdminClient]
) -> None:
    """The report says why it was left alone."""
    sentence, settled = cancelled(name, connect, objection=refuse)

    assert not stage.cancels
    assert f"Left alone: it cannot be this run's. Another has started it. {name}" == sentence
    assert not settled


def test_operation_that_is_done_needs_no_cancel(
    stage: Stage, name: str, connect: Callable[[], SpannerAdminClient]
) -> None:
    """What was done before it was seen is reported as done."""
    stage.clock.advance(LATER)

    sentence, settled = cancelled(name, connect)

    assert not stage.cancels
    assert "done already" in sentence
    assert settled


@pytest.mark.usefixtures("name")
def test_operation_that_spanner_does_not_know(connect: Callable[[], SpannerAdminClient]) -> None:
    """There is nothing to cancel, and nothing goes on."""
    sentence, settled = cancelled(NOWHERE, connect)

    assert "no longer knows" in sentence
    assert settled


@pytest.mark.parametrize(
    ("code", "timeout"), [(Code.PERMISSION_DENIED, 5.0), (Code.UNAVAILABLE, 0.3)], ids=str
)
def test_operation_that_cannot_be_seen_is_not_cancelled(
    stage: Stage,
    name: str,
    connect: Callable[[], SpannerAdminClient],
    code: Code,
    timeout: float,
) -> None:
    """What cannot be looked at may be anybody's; the report says why it could not."""
    stage.script.fail(method=GET, resource=name, code=code, times=99)

    sentence, settled = cancelled(name, connect, timeout=timeout)

    assert not stage.cancels
    assert "could not be polled" in sentence
    assert not settled


def test_bug_in_one_objection_is_told(
    stage: Stage, name: str, connect: Callable[[], SpannerAdminClient]
) -> None:
    """Nothing is cancelled by somebody who does not know what he does."""
    sentence, settled = cancelled(name, connect, objection=stumble)

    assert not stage.cancels
    assert "no idea what" in sentence
    assert not settled


def test_connection_that_fails_does_not_stop_other_connections(
    stage: Stage, name: str, connect: Callable[[], SpannerAdminClient]
) -> None:
    """Each batch has a connection of its own; what belongs to a broken one is reported so."""

    def fail() -> SpannerAdminClient:
        message = "no credentials"
        raise RuntimeError(message)

    lost, order = (CancelOrder(name=OperationName.parse(each)) for each in (NOWHERE, name))
    batches = [
        CancelBatch(orders=[lost], connect=fail),
        CancelBatch(orders=[order], connect=connect),
    ]

    reports = {report.sentence: report.settled for report in cancel_all(batches, timeout=5.0)}

    assert [name] == [call.resource for call in stage.cancels]
    assert [False, True] == sorted(reports.values())
    assert any(NOWHERE in each and "no credentials" in each for each in reports)
