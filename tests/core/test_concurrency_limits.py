# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""When a refused start is worth another attempt."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from google.api_core import exceptions
from google.auth.exceptions import RefreshError

from airflow_spanner_lro.core.flows.commands import Answer, ListOperations, Sleep
from airflow_spanner_lro.core.flows.limits import (
    QUOTA_LIMIT,
    RETRY_AFTER,
    concurrency_limit,
    deletion_limit,
    refused_for_now,
    wait_for_slot,
)
from airflow_spanner_lro.core.flows.operation import DeadlinePassedError
from airflow_spanner_lro.core.kinds import COPY_BACKUP, CREATE_BACKUP, RESTORE_DATABASE
from airflow_spanner_lro.core.lists.queries import ListCall, OperationQuery
from airflow_spanner_lro.core.names import InstanceName
from airflow_spanner_lro.core.polling.policy import PollPolicy

from .sample_values import DENIED, NAME, OTHER, UNAVAILABLE, running
from .scripted_flows import DEADLINE, Play, play

QUERY = OperationQuery(
    call=ListCall.OF_BACKUPS, parent=InstanceName(project="test", instance="main"), pending=True
)
POLICY = PollPolicy(maximum=10, jitter=0)
BOTH = (running(), running(name=OTHER))
PARENT = "projects/test/instances/main"
BACKUP_REQUEST = SimpleNamespace(
    parent=PARENT, backup=SimpleNamespace(database=f"{PARENT}/databases/orders")
)
RESTORE_REQUEST = SimpleNamespace(parent=PARENT)
TOO_MANY = exceptions.FailedPrecondition(
    "Cannot restore database because the maximum number of pending restores (10) has been reached."
)
NOT_READY = exceptions.FailedPrecondition("The backup is still being created.")


def wait_with(*answers: Answer) -> Play[None]:
    """Play a wait for one of two operations to end."""
    return play(wait_for_slot(query=QUERY, holders=[NAME, OTHER], policy=POLICY), answers)


def test_it_lists_until_one_has_left() -> None:
    """Nothing is attempted while all that held a slot are pending."""
    played = wait_with(BOTH, BOTH, (running(),))

    assert [ListOperations(QUERY)] * 3 == played.asked
    assert 2.0 == played.slept


def test_newcomers_do_not_count() -> None:
    """Somebody who came later is no reason to wait longer, nor to try earlier."""
    newcomer = running(name=type(NAME)(resource=NAME.resource, operation="_auto_op_3"))

    played = wait_with((*BOTH, newcomer), (running(), newcomer))

    assert 2 == len(played.asked)


def test_it_tries_anyway_after_a_while() -> None:
    """What holds a slot is not always told, so after a quarter of an hour the start is tried."""
    doubling = PollPolicy(maximum=RETRY_AFTER, fraction=1, jitter=0)

    played = play(wait_for_slot(query=QUERY, holders=[NAME, OTHER], policy=doubling), [BOTH] * 12)

    assert RETRY_AFTER <= played.slept <= 2 * RETRY_AFTER


def test_transient_trouble_is_waited_out() -> None:
    """A list that cannot be had says nothing about the slots."""
    played = wait_with(UNAVAILABLE, UNAVAILABLE, (running(),))

    assert 3 == len(played.asked)


@pytest.mark.parametrize("trouble", [DENIED, DEADLINE])
def test_other_trouble_ends_it(trouble: Exception) -> None:
    """What would only come again is raised, and so is the deadline."""
    with pytest.raises((exceptions.PermissionDenied, DeadlinePassedError)):
        wait_with(*([trouble] if trouble is DENIED else [BOTH, trouble]))


def test_what_is_gone_holds_no_slot() -> None:
    """A list of what does not exist any more ends the wait: another attempt tells."""
    gone = exceptions.NotFound("Database not found")

    assert [ListOperations(QUERY)] * 2 == wait_with(BOTH, gone).asked


@pytest.mark.parametrize(
    ("error", "limit"),
    [
        (exceptions.ResourceExhausted("Quota exceeded"), QUOTA_LIMIT),
        (RefreshError("no token", retryable=True), "no request without an access token"),
        (RefreshError("account disabled", retryable=False), None),
        (UNAVAILABLE, None),
        (DENIED, None),
    ],
)
def test_only_what_was_certainly_not_begun_is_waited_out(
    error: Exception, limit: str | None
) -> None:
    """A quota, and a call that was never sent, pass by themselves; all else is told."""
    refused = refused_for_now(error, target=NAME.resource)

    assert (limit is None) is (refused is None)
    assert (limit or "") in str(refused)


def test_a_backup_that_nobody_reads_is_not_waited_for() -> None:
    """A deletion that is refused for something else has nothing to wait for."""
    backup = SimpleNamespace(referencing_databases=[], referencing_backups=[])

    assert deletion_limit(backup) is None


def test_a_long_silence_ends_it() -> None:
    """Trouble that lasts longer than the policy's limit is raised."""
    flow = wait_for_slot(
        query=QUERY, holders=[NAME], policy=PollPolicy(maximum=1, jitter=0, transient_error_limit=3)
    )

    with pytest.raises(exceptions.ServiceUnavailable):
        play(flow, [UNAVAILABLE] * 5)


def test_it_asks_before_it_sleeps() -> None:
    """The first poll is at once: much may have happened since the refusal."""
    assert not any(isinstance(command, Sleep) for command in wait_with(()).commands)


def test_a_backup_waits_for_backups_of_its_database() -> None:
    """The query for a backup's limit names the type first, and the one database."""
    limit = concurrency_limit(CREATE_BACKUP, BACKUP_REQUEST)

    assert limit is not None
    assert (
        "(metadata.@type:type.googleapis.com/google.spanner.admin.database.v1.CreateBackupMetadata)"
        f' AND (metadata.database="{PARENT}/databases/orders") AND (NOT done:true)'
    ) == limit.query.server_filter
    assert limit.explains(NOT_READY)
    assert not limit.explains(DENIED)


def test_a_restore_waits_only_if_it_is_told_so() -> None:
    """Spanner's text for too many restores is known, so other refusals are not waited out."""
    limit = concurrency_limit(RESTORE_DATABASE, RESTORE_REQUEST)

    assert limit is not None
    assert limit.explains(TOO_MANY)
    assert not limit.explains(NOT_READY)
    assert ListCall.OF_DATABASES is limit.query.call


def test_other_kinds_have_no_limit() -> None:
    """Copies of one backup may run together."""
    assert concurrency_limit(COPY_BACKUP, BACKUP_REQUEST) is None
