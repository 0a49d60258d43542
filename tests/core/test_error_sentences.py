# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""How errors read at night: the verdict and a short name first, the full name last and alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from google.api_core.exceptions import ServiceUnavailable

from airflow_spanner_lro.core import errors
from airflow_spanner_lro.core.drill.backups import NoUsableBackupError
from airflow_spanner_lro.core.drill.report import CheckOutcome, DrillReport, RestoreDrillFailedError
from airflow_spanner_lro.core.errors import SpannerLroError
from airflow_spanner_lro.core.flows import limits
from airflow_spanner_lro.core.flows.operation import DeadlinePassedError
from airflow_spanner_lro.core.kinds import CREATE_BACKUP
from airflow_spanner_lro.core.ledger.record import LedgerFormatError, LedgerUnreadableError
from airflow_spanner_lro.core.lists.queries import ListCall, OperationQuery
from airflow_spanner_lro.core.omni import NotOnOmniError
from airflow_spanner_lro.core.operations import errors as about
from airflow_spanner_lro.core.operations.settlement import Ending, Settlement
from airflow_spanner_lro.core.polling.lease import NewerLeaseFormatError
from airflow_spanner_lro.core.polling.seen_record import SeenFormatError
from airflow_spanner_lro.core.status import error_message
from tests.core.sample_values import (
    BACKUP,
    NAME,
    NOW,
    OTHER,
    cancelled,
    failed,
    running,
    succeeded,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

SAID = "It cannot be done now."
LATE = "out of time after 4 h (execution_timeout)"
LIMIT = limits.ConcurrencyLimit(
    query=OperationQuery(call=ListCall.OF_BACKUPS, parent=BACKUP.instance_name, types=()),
    rule="one backup of a database at a time",
)
SETTLEMENTS = [
    Settlement(name=NAME, ending=ending, snapshot=snapshot, detail="UNAVAILABLE: try later")
    for ending in Ending
    for snapshot in (None, running(), failed(), cancelled(), succeeded())
]
ABOUT_AN_OPERATION: list[SpannerLroError] = [
    about.OperationFailedError(failed()),
    about.OperationFailedError(failed(), advice="Correct the argument."),
    about.OperationFailedError(failed(error=None)),
    about.OperationCancelledError(cancelled()),
    about.OperationTimeoutError(LATE, name=NAME, settlement=None, kind=CREATE_BACKUP),
    about.OperationTimeoutError(LATE, name=NAME, settlement=None, left="Nothing was cancelled."),
    *(about.OperationTimeoutError(LATE, name=NAME, settlement=each) for each in SETTLEMENTS),
    *(
        about.OperationKilledError("the task was killed", name=NAME, settlement=each)
        for each in SETTLEMENTS
    ),
    *(about.CancelNotSettledError(each) for each in SETTLEMENTS),
    about.OperationGoneError(NAME),
    about.EndedByOthersError(BACKUP, follow_up=NAME),
    about.OperationRunningError(NAME),
    about.PresumedOperationRunningError(running()),
    about.OperationPredatesRunError(running(), why="It began before this Dag run."),
]
ABOUT_A_RESOURCE: list[SpannerLroError] = [
    about.KilledBeforeStartError(BACKUP),
    about.NothingStartedError(BACKUP, reason=LATE),
    about.KilledBeforeDeliveryError(BACKUP),
    about.StartUnansweredError(BACKUP, kind=CREATE_BACKUP),
    about.RefusedForNowError(BACKUP, limit="one at a time", server_text=SAID, until=NOW),
    about.TargetExistsError(BACKUP, server_text=SAID, running=(running(),), mapped=True),
    about.ResourceDiffersError(BACKUP, differences=("another database",), advice="Choose another."),
    about.StatementsChangedError(BACKUP),
    about.UnexpectedStateError(target=BACKUP, state="CREATING", expected=("READY",)),
    limits.LimitReachedError(LIMIT, target=BACKUP, holders=(), server_text=SAID),
    limits.SlotWaitEndedError("out of time", target=BACKUP, limit=LIMIT.rule),
]
ABOUT_SEVERAL: list[SpannerLroError] = [
    about.AmbiguousStartError(BACKUP, operations=(running(), running(name=OTHER))),
    limits.LimitReachedError(LIMIT, target=BACKUP, holders=(NAME, OTHER), server_text=SAID),
]
ABOUT_NO_RESOURCE: list[SpannerLroError] = [
    NotOnOmniError("backups are not served there"),
    errors.InvalidArgumentError(field="backup_id", value="B", rule="lower-case letters"),
    errors.InvalidNameError(field="backup name", value="B", rule="expected projects/<project>"),
    errors.SettingsError("poll_interval=0 is not usable: from 1 to 600."),
    errors.ConnectionUnreadableError("google", why="VaultDown."),
    errors.UnavailableError("Connection refused."),
    errors.NoRowsError("localhost:9010"),
    RestoreDrillFailedError(
        DrillReport(
            source="shop",
            restored="scratch",
            backup="nightly",
            version_time="",
            outcomes=(
                CheckOutcome(title="row counts", problem="10 are missing"),
                CheckOutcome(title="total", problem="total: 0 instead of 10"),
            ),
            seconds=1.0,
            restore_seconds=None,
            size_bytes=0,
        )
    ),
    LedgerUnreadableError("spanner_lro:1", LedgerFormatError("a later release wrote it")),
    about.UnknownEventError({"a": 1}, missing="KeyError('name')"),
]
MADE_BY_THE_CALLER = {
    errors.UnusableConnectionError,
    about.ResumeConflictError,
    LedgerFormatError,
    NoUsableBackupError,
    NewerLeaseFormatError,
    SeenFormatError,
    about._StoppedWaitingError,
    DeadlinePassedError,
}
"""Errors that are quoted in others, are bases, or get their sentence where they are raised."""
LABELS = (
    "Create backup nightly ",
    "Operation on backup nightly ",
    "Backup nightly ",
    "Schema change nightly ",
)
EVERY_ERROR = [*ABOUT_AN_OPERATION, *ABOUT_A_RESOURCE, *ABOUT_SEVERAL, *ABOUT_NO_RESOURCE]


def test_errors_are_made_of_sentences() -> None:
    """There are no doubled full stops or spaces, and nothing of how Python or gRPC print errors."""
    slip = re.compile(r"\.\.|\. \.|:\.|  |<_|StatusCode|debug_error_string")

    assert [] == [str(error) for error in EVERY_ERROR if slip.search(str(error))]


def test_an_error_says_first_what_became_of_what() -> None:
    """It begins with a short name; the full name is its last word, and stands nowhere else."""
    for error in (*ABOUT_AN_OPERATION, *ABOUT_A_RESOURCE):
        text, name = str(error), str(NAME if error in ABOUT_AN_OPERATION else BACKUP)

        assert text.startswith(LABELS)
        assert text.endswith(f" {name}")
        assert text.index(str(BACKUP)) == len(text) - len(name)


def test_an_error_about_several_operations_lists_them_last() -> None:
    """All that a person has to look at is the end of the sentence."""
    for error in ABOUT_SEVERAL:
        assert str(error).startswith(LABELS)
        assert str(error).endswith(f" {NAME}, {OTHER}")


def test_every_error_of_the_core_is_read_here() -> None:
    """No class of errors is left out, so a new one has to read like the others."""
    here = {type(error) for error in EVERY_ERROR}
    in_core = {each for each in _below(SpannerLroError) if ".core." in each.__module__}

    assert in_core == here | MADE_BY_THE_CALLER


def test_of_a_chain_of_errors_the_last_is_told() -> None:
    """What gRPC says of all addresses is cut down to what happened at one of them."""
    chain = ServiceUnavailable(
        "failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:9: Failed to "
        "connect to remote host: Connection refused"
    )

    expected = "127.0.0.1:9: Failed to connect to remote host: Connection refused"
    assert expected == error_message(chain)


def _below(error: type[SpannerLroError]) -> Iterator[type[SpannerLroError]]:
    for each in error.__subclasses__():
        yield each
        yield from _below(each)
