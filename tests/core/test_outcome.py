# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What the end of a wait means to its task, row by row, and the errors' words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from google.cloud.spanner_admin_database_v1 import Backup

from airflow_spanner_lro.core.operations import errors
from airflow_spanner_lro.core.operations.errors import (
    OperationCancelledError,
    OperationFailedError,
    OperationTimeoutError,
)
from airflow_spanner_lro.core.operations.outcome import WaitOutcome, raise_unless_succeeded
from airflow_spanner_lro.core.operations.settlement import Ending, Settlement
from airflow_spanner_lro.core.operations.snapshot import StatementProgress

from .sample_values import BACKUP, NAME, NOW, OTHER, cancelled, failed, running, succeeded

if TYPE_CHECKING:
    from airflow_spanner_lro.core.errors import SpannerLroError
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot


def done(snapshot: OperationSnapshot) -> WaitOutcome:
    """Return the outcome of a wait that saw the end."""
    return WaitOutcome(name=NAME, snapshot=snapshot)


def late(ending: Ending, snapshot: OperationSnapshot | None = None) -> WaitOutcome:
    """Return the outcome of a wait whose deadline passed, after which it was cancelled."""
    return WaitOutcome(
        name=NAME, settlement=Settlement(name=NAME, ending=ending, snapshot=snapshot)
    )


@pytest.mark.parametrize(
    "outcome",
    [
        pytest.param(done(succeeded()), id="succeeded"),
        pytest.param(
            late(Ending.FINISHED_FIRST, succeeded()), id="succeeded before the deadline's cancel"
        ),
    ],
)
def test_a_success_is_returned(outcome: WaitOutcome) -> None:
    """The operation that succeeded is the result, also if that was only just in time."""
    assert succeeded() == raise_unless_succeeded(outcome)


DELETED = WaitOutcome(
    name=NAME,
    settlement=Settlement(
        name=NAME, ending=Ending.FINISHED_FIRST, snapshot=succeeded(), cleaned_up=str(BACKUP)
    ),
)


@pytest.mark.parametrize(
    ("outcome", "error", "words"),
    [
        pytest.param(
            done(failed()), OperationFailedError, "RESOURCE_EXHAUSTED: no room", id="failed"
        ),
        pytest.param(
            done(cancelled()),
            OperationCancelledError,
            "was cancelled by somebody else",
            id="cancelled by another",
        ),
        pytest.param(
            WaitOutcome(name=NAME), OperationTimeoutError, "left running", id="left running"
        ),
        pytest.param(
            late(Ending.CANCELLED, cancelled()),
            OperationTimeoutError,
            "was cancelled",
            id="deadline, cancelled",
        ),
        pytest.param(
            late(Ending.FINISHED_FIRST, failed()),
            OperationTimeoutError,
            "had failed",
            id="deadline, failed first",
        ),
        pytest.param(
            late(Ending.STILL_RUNNING, running()),
            OperationTimeoutError,
            "not confirmed",
            id="deadline, still running",
        ),
        pytest.param(
            late(Ending.STILL_RUNNING, succeeded()),
            OperationTimeoutError,
            "not confirmed",
            id="deadline, only a finished cancel counts",
        ),
        pytest.param(
            late(Ending.REFUSED, running()),
            OperationTimeoutError,
            "refused",
            id="deadline, refused",
        ),
        pytest.param(
            late(Ending.GONE), OperationTimeoutError, "no longer knows", id="deadline, gone"
        ),
        pytest.param(
            DELETED, OperationTimeoutError, "was deleted", id="deadline, succeeded and deleted"
        ),
    ],
)
def test_everything_else_is_an_error(
    outcome: WaitOutcome, error: type[SpannerLroError], words: str
) -> None:
    """The error is of one definite type, and says which operation and what became of it."""
    with pytest.raises(error, match=words) as caught:
        raise_unless_succeeded(outcome)

    assert error is type(caught.value)
    assert str(NAME) in str(caught.value)


def test_a_timeout_tells_its_limit() -> None:
    """What became of the operation comes first, its name last; the error has the settlement."""
    outcome = late(Ending.CANCELLED, cancelled())

    with pytest.raises(OperationTimeoutError) as caught:
        raise_unless_succeeded(outcome, late="out of time after 4 h (execution_timeout)")

    expected = "Create backup nightly was cancelled: out of time after 4 h (execution_timeout). "
    assert f"{expected}{NAME}" == str(caught.value)
    assert NAME == caught.value.name
    assert outcome.settlement is caught.value.settlement


def test_a_failed_schema_change_says_what_stays() -> None:
    """Statements cannot be undone, so the error counts those that were committed."""
    statements = tuple(
        StatementProgress(label=label, percent=100, committed=committed)
        for label, committed in [("A", NOW), ("B", None), ("C", None)]
    )
    snapshot = failed(statements=statements)

    with pytest.raises(OperationFailedError, match=r"1 of 3 statements were committed") as caught:
        raise_unless_succeeded(done(snapshot))

    assert snapshot is caught.value.snapshot


def test_a_failure_without_an_error_says_so() -> None:
    """An error that the service did not give is not made up."""
    assert "failed: no error was given" in str(OperationFailedError(failed(error=None)))


def test_cancels_that_did_not_settle_carry_their_settlements() -> None:
    """The message has a line for each, with its name and its own sentence."""
    refused = Settlement(name=NAME, ending=Ending.REFUSED, detail="why")
    running = Settlement(name=NAME, ending=Ending.STILL_RUNNING)

    error = errors.CancelNotSettledError(refused, running)

    assert (refused, running) == error.settlements
    assert [f"{each.sentence} {NAME}" for each in (refused, running)] == str(error).splitlines()


def test_a_conflict_names_the_target() -> None:
    """A target that was there before says so, and what to do."""
    error = errors.TargetExistsError(BACKUP, server_text="It exists already.")

    assert BACKUP is error.target
    assert str(error) == (
        "Backup nightly exists already, and this task has not made it. It was left as it is. "
        "Choose another id, or delete the existing one first. "
        f"Spanner said: It exists already. {BACKUP}"
    )


def test_a_conflict_says_what_is_there() -> None:
    """Since when it is there, made from what, what runs on it, and how it is not what was asked."""
    database = "projects/test/instances/main/databases/users"
    there = Backup(create_time=NOW, database=database)

    error = errors.TargetExistsError(
        BACKUP,
        server_text="It exists already.",
        resource=there,
        running=(running(),),
        differences=("source database: asked for …/orders, but it is made from …/users",),
        mapped=True,
    )

    assert (
        f"(it was made 2026-11-21 12:00:00 UTC, from {database}, Create backup runs on it, "
        f"operation {NAME.operation})"
    ) in str(error)
    assert "differs from what was asked for: source database: asked for …/orders" in str(error)
    assert "put what is mapped into the backup id." in str(error)
    assert 1 == len(error.differences)


def test_a_start_that_may_have_begun_several_names_them() -> None:
    """All of them are named, because nothing tells which is whose."""
    error = errors.AmbiguousStartError(BACKUP, operations=(running(), running(name=OTHER)))

    assert isinstance(error, errors.ResumeConflictError)
    assert "Nothing was cancelled" in str(error)
    assert str(error).endswith(f"{NAME}, {OTHER}")


def test_what_is_not_cancelled_says_how_to() -> None:
    """An operation that is only presumed to be ours is ended by a person, with this command."""
    error = errors.PresumedOperationRunningError(running())

    assert isinstance(error, errors.ResumeConflictError)
    assert BACKUP == error.target
    assert str(error).endswith(f"spanner-lro cancel {NAME}")


def test_an_unexpected_state_names_both_states() -> None:
    """What the resource is, and what it should be."""
    error = errors.UnexpectedStateError(
        target=BACKUP, state="CREATING", expected=("READY", "READY_OPTIMIZING")
    )

    assert (BACKUP, "CREATING") == (error.target, error.state)
    assert "its state is CREATING, not READY or READY_OPTIMIZING" in str(error)
