# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Refusals that pass by themselves: concurrency limits and quotas are waited out, and fail no task.

Spanner has certainly begun nothing then. It allows only so many operations of some kinds at a time,
and refuses one too many with FAILED_PRECONDITION, which it uses for other things too. So a refusal
means *not yet* only while operations that hold a slot are pending, and where Spanner's text is
known, only if the text says so.

Source: the quota page (one on-demand backup of a database, ten restores into an instance); the
comments of UpdateDatabase, UpdateInstance and MoveInstance in the RPC references (one change at a
time); the page on restores (a backup stays until what was restored from it is optimised); the text
of a refused restore as client libraries' tests have recorded it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.errors import SpannerLroError
from airflow_spanner_lro.core.flows.commands import Flow, ListOperations, Sleep
from airflow_spanner_lro.core.kinds import (
    COPY_BACKUP,
    CREATE_BACKUP,
    MOVE_INSTANCE,
    OPTIMIZE_RESTORED_DATABASE,
    RESTORE_DATABASE,
    UPDATE_DATABASE,
    UPDATE_INSTANCE,
    UPDATE_INSTANCE_CONFIG,
    UPDATE_INSTANCE_PARTITION,
    OperationKind,
)
from airflow_spanner_lro.core.lists.queries import ListCall, OperationQuery
from airflow_spanner_lro.core.names import InstanceName, OperationName
from airflow_spanner_lro.core.operations.errors import RefusedForNowError
from airflow_spanner_lro.core.status import (
    Code,
    ErrorClass,
    classify,
    code_of,
    error_message,
    was_never_sent,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from airflow_spanner_lro.core.names import ResourceName
    from airflow_spanner_lro.core.polling.policy import PollPolicy


RETRY_AFTER = 900.0
"""Seconds after which a start is tried again although nobody was seen to leave."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConcurrencyLimit:
    """What a start has to wait for.

    :param query: lists the operations that hold a slot
    :param rule: what Spanner allows, in words
    :param refusal: what a refusal for lack of a slot says, in lower case; empty if not known
    :param verb: what is refused, to be done to the target
    """

    query: OperationQuery
    rule: str
    refusal: str = ""
    verb: str = "started"

    def explains(self, error: Exception) -> bool:
        """Tell whether a refused start may be due to a lack of slots."""
        return code_of(error) is Code.FAILED_PRECONDITION and self.refusal in str(error).lower()


class LimitReachedError(SpannerLroError):
    """Spanner refused a start, because as many such operations are pending as it allows.

    :param limit: what to wait for
    :param holders: the operations that hold the slots
    """

    def __init__(
        self,
        limit: ConcurrencyLimit,
        *,
        target: ResourceName,
        holders: tuple[OperationName, ...],
        server_text: str,
    ) -> None:
        pending = f"Pending: {', '.join(map(str, holders))}" if holders else f"{target}"
        super().__init__(
            f"{target.label} was not {limit.verb} yet: Spanner allows {limit.rule}. "
            f"Spanner said: {server_text.rstrip('.')}. {pending}"
        )
        self.limit = limit
        self.holders = holders


class SlotWaitEndedError(SpannerLroError):
    """The wait for a slot was ended before there was one; nothing was started.

    :param reason: such as ``out of time``
    """

    def __init__(
        self, reason: str, *, target: ResourceName, limit: str, verb: str = "started"
    ) -> None:
        super().__init__(
            f"{target.label} was not {verb}: {reason} while it waited for a slot. Spanner allows "
            f"{limit}. {target}"
        )
        self.target = target


def concurrency_limit(kind: OperationKind, request: Any) -> ConcurrencyLimit | None:
    """Return what a start of this kind may have to wait for; None if there is no such limit."""
    make = _LIMITS.get(kind)
    return make(request) if make else None


def _backup(request: Any) -> ConcurrencyLimit:
    return ConcurrencyLimit(
        query=OperationQuery(
            call=ListCall.OF_BACKUPS,
            parent=InstanceName.parse(request.parent),
            types=(CREATE_BACKUP.metadata_type_url,),
            filter_=f'metadata.database="{request.backup.database}"',
            pending=True,
        ),
        rule="one backup of a database at a time",
    )


def _restore(request: Any) -> ConcurrencyLimit:
    return ConcurrencyLimit(
        query=OperationQuery(
            call=ListCall.OF_DATABASES,
            parent=InstanceName.parse(request.parent),
            types=(RESTORE_DATABASE.metadata_type_url,),
            pending=True,
        ),
        rule="a limited number of restores into an instance at a time",
        refusal="pending restores",
    )


def _change(
    target: Callable[[Any], str], *holders: OperationKind
) -> Callable[[Any], ConcurrencyLimit]:
    """Return what makes the limit of a change, of which a resource has one at a time.

    :param target: returns the name of the resource, from a request
    :param holders: the kinds of changes that exclude each other
    """
    types = tuple(each.metadata_type_url for each in holders)

    def make(request: Any) -> ConcurrencyLimit:
        resource = holders[0].target.parse(target(request))
        return ConcurrencyLimit(
            query=OperationQuery(
                call=ListCall.OF_RESOURCE, parent=resource, types=types, pending=True
            ),
            rule=f"one change of {_with_article(resource.noun)} at a time",
        )

    return make


def _with_article(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


_CHANGES_OF_INSTANCE = (UPDATE_INSTANCE, MOVE_INSTANCE)
_LIMITS: dict[OperationKind, Callable[[Any], ConcurrencyLimit]] = {
    CREATE_BACKUP: _backup,
    RESTORE_DATABASE: _restore,
    UPDATE_DATABASE: _change(lambda request: request.database.name, UPDATE_DATABASE),
    UPDATE_INSTANCE: _change(lambda request: request.instance.name, *_CHANGES_OF_INSTANCE),
    MOVE_INSTANCE: _change(lambda request: request.name, *_CHANGES_OF_INSTANCE),
    UPDATE_INSTANCE_PARTITION: _change(
        lambda request: request.instance_partition.name, UPDATE_INSTANCE_PARTITION
    ),
    UPDATE_INSTANCE_CONFIG: _change(
        lambda request: request.instance_config.name, UPDATE_INSTANCE_CONFIG
    ),
}


def deletion_limit(backup: Any) -> ConcurrencyLimit | None:
    """Return what the deletion of a backup has to wait for; None if nothing reads from it.

    Its readers may lie in other instances; one is waited for at a time, and each attempt to delete
    tells whether there is another one.

    :param backup: the backup, as a message of the client library
    """
    for reader in (*backup.referencing_databases, *backup.referencing_backups):
        restored = reader in backup.referencing_databases
        kinds = (RESTORE_DATABASE, OPTIMIZE_RESTORED_DATABASE) if restored else (COPY_BACKUP,)
        return ConcurrencyLimit(
            query=OperationQuery(
                call=ListCall.OF_RESOURCE,
                parent=kinds[0].target.parse(reader),
                types=tuple(each.metadata_type_url for each in kinds),
                pending=True,
            ),
            rule="no deletion of a backup that is still read from",
            verb="deleted",
        )
    return None


def wait_for_slot(
    *, query: OperationQuery, holders: Iterable[OperationName], policy: PollPolicy
) -> Flow[None]:
    """List until one of the operations that held a slot has ended, or it is time to try anyway.

    :param holders: the operations that held a slot when the start was refused
    """
    before, waited, silence = frozenset(holders), 0.0, 0.0
    for delay in policy.delays():
        match (yield ListOperations(query)):
            case Exception() as exc:
                if code_of(exc) is Code.NOT_FOUND:
                    # what held the slot is gone, with its operations
                    return
                if policy.gives_up(exc, silence=silence):
                    raise exc
            case tuple() as pending:
                silence = 0.0
                now = {each.name for each in pending}
                if waited >= RETRY_AFTER or not before <= now:
                    return
        yield Sleep(delay)
        waited += delay
        silence += delay


QUOTA_LIMIT = "only so many admin requests of a project in a while"
PAST_ONLY = "only backups of moments that have passed"
_VERSION_TIME = "version_time"
LONGEST_AHEAD = timedelta(minutes=10)
"""How far the moment of a backup may lie ahead to be waited for."""
_CLOCKS_APART = timedelta(minutes=5)
"""How far Spanner's clock may be behind ours, so that a moment has not passed there yet."""


def start_refused_for_now(
    exc: BaseException, kind: OperationKind, request: Any, *, target: ResourceName, now: datetime
) -> RefusedForNowError | None:
    """Return what to wait out, if a start was refused only for now."""
    early = _refused_too_soon(exc, kind, request, target=target, now=now)
    return early or refused_for_now(exc, target=target)


def refused_for_now(
    exc: BaseException, *, target: ResourceName, verb: str = "started"
) -> RefusedForNowError | None:
    """Return what to wait out, if an error says only that this is not the moment.

    That is so for a quota, and where no token could be had just now: then nothing was sent.

    :param verb: what was to be done to the target
    """
    error = classify(exc)
    if error is ErrorClass.QUOTA:
        return RefusedForNowError(
            target, limit=QUOTA_LIMIT, server_text=error_message(exc), verb=verb
        )
    if error is ErrorClass.TRANSIENT and was_never_sent(exc):
        limit = "no request without an access token, and none could be obtained just now"
        return RefusedForNowError(target, limit=limit, server_text=error_message(exc), verb=verb)
    return None


def _refused_too_soon(
    exc: BaseException, kind: OperationKind, request: Any, *, target: ResourceName, now: datetime
) -> RefusedForNowError | None:
    """Return what to wait for, if a backup was asked for of a moment that has not passed there.

    Whose clock is right is not known here, so Spanner is asked first. A moment far ahead is a
    mistake, and one that has long passed was refused for something else.
    """
    moment: datetime | None = request.backup.version_time if kind is CREATE_BACKUP else None
    if moment is None or code_of(exc) is not Code.INVALID_ARGUMENT or _VERSION_TIME not in str(exc):
        return None
    if not -_CLOCKS_APART < moment - now <= LONGEST_AHEAD:
        return None
    until = moment if moment > now else None
    return RefusedForNowError(target, limit=PAST_ONLY, server_text=error_message(exc), until=until)
