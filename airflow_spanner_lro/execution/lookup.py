# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Look up the operations of a target and the target itself, and whose they are.

The facts are collected here; what they prove is decided in ``core/ledger/evidence.py``.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from airflow_spanner_lro.core.comparison import (
    Difference,
    differences,
    operation_facets,
    resource_facets,
)
from airflow_spanner_lro.core.facets import Label
from airflow_spanner_lro.core.flows.limits import LimitReachedError
from airflow_spanner_lro.core.kinds import CREATE_DATABASE
from airflow_spanner_lro.core.ledger.evidence import (
    Candidate,
    Evidence,
    LookupResult,
    Mark,
    identify_started,
)
from airflow_spanner_lro.core.operations.errors import ResourceDiffersError, TargetExistsError
from airflow_spanner_lro.core.operations.snapshot import resource_state
from airflow_spanner_lro.core.status import (
    Code,
    ErrorClass,
    classify,
    code_of,
    error_message,
    error_text,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from airflow_spanner_lro.admin.client import SpannerAdminClient
    from airflow_spanner_lro.core.flows.limits import ConcurrencyLimit
    from airflow_spanner_lro.core.kinds import OperationKind
    from airflow_spanner_lro.core.ledger.entry import LedgerEntry
    from airflow_spanner_lro.core.names import OperationName, ResourceName
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot

T = TypeVar("T")

log = logging.getLogger(__name__)

START_CALL_TIMEOUT = timedelta(seconds=60)
"""How long a start call may take; ``admin/driver.py`` gives it up then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """Asks Spanner what there is; what it does not know is None, not an error.

    :param claimed: tells whether another ledger entry names an operation, where that can be known
    """

    client: SpannerAdminClient
    claimed: Callable[[OperationName], bool] = lambda _: False

    def operation(self, name: OperationName) -> OperationSnapshot | None:
        """Get an operation."""
        return _or_none(lambda: self.client.get(name=name))

    def listed(self, *, kind: OperationKind, target: ResourceName) -> tuple[str, ...]:
        """Return the ids of all operations of a kind that a target has now."""
        return tuple(
            snapshot.name.operation for snapshot, _ in self._operations(kind=kind, target=target)
        )

    def follow_up(self, intent: LedgerEntry) -> LookupResult:
        """Find what an unanswered start call has begun, and the evidence for it."""
        if intent.operation is not None:
            snapshot = self.operation(intent.operation)
            return LookupResult(snapshot=snapshot, evidence=Evidence.NAMED if snapshot else None)
        listed = self._operations(kind=intent.kind, target=intent.target)
        if not listed:
            return LookupResult()
        resource = self._resource(intent.target) if intent.kind.creates else None
        candidates = [
            self._candidate(intent, snapshot, metadata, resource) for snapshot, metadata in listed
        ]
        return identify_started(candidates, window=intent.window(longest=START_CALL_TIMEOUT))

    def taken(
        self,
        *,
        kind: OperationKind,
        target: ResourceName,
        asked: Mapping[str, str],
        server_text: str,
        mapped: bool,
    ) -> TargetExistsError:
        """Return the error that says what is there instead of what was to be made.

        :param server_text: what Spanner said
        :param mapped: the task is one of several that were mapped
        """
        resource: Any = None
        running: tuple[OperationSnapshot, ...] = ()
        differs: tuple[Difference, ...] = ()
        try:
            resource = self._resource(target)
            listed = _or_none(lambda: self.client.list(resource=target)) or ()
            running = tuple(each for each in listed if not each.done)
            if resource is not None:
                differs = differences(kind, asked, self._facets(kind, resource, asked=asked))
        except Exception as exc:
            # the conflict is certain, whatever else can be seen
            if code_of(exc) is None:
                raise
        return TargetExistsError(
            target,
            server_text=server_text,
            resource=resource,
            running=running,
            differences=tuple(each.sentence for each in differs),
            mapped=mapped,
        )

    def made_as_requested(self, entry: LedgerEntry, *, name: OperationName) -> bool:
        """Tell whether what an entry's operation made is still there, as it was asked for.

        :raises ResourceDiffersError: if it is there, and not what was asked for
        """
        if not entry.kind.creates:
            return True
        if not self.still_there(target=entry.target, made_by=name):
            return False
        resource = self._resource(entry.target)
        facets = (
            self._facets(entry.kind, resource, asked=entry.asked) if resource is not None else {}
        )
        # what can be changed may have been changed since by somebody, unless it is all that speaks
        # for the operation being ours
        certain = entry.evidence is Evidence.ANSWERED
        differs = tuple(
            each.sentence
            for each in differences(entry.kind, entry.asked, facets)
            if each.fixed or not certain
        )
        if differs:
            raise ResourceDiffersError(
                entry.target,
                differences=differs,
                advice="Somebody has replaced or changed it since.",
            )
        return True

    def still_there(self, *, target: ResourceName, made_by: OperationName) -> bool:
        """Tell whether what an operation made exists: that very thing, and no namesake."""
        made = _or_none(lambda: self.client.get_result(name=made_by))
        there = _or_none(lambda: self.client.get_resource_state(name=target))
        return made is not None and there is not None and made.create_time == there.create_time

    def _operations(
        self, *, kind: OperationKind, target: ResourceName
    ) -> list[tuple[OperationSnapshot, Any]]:
        # a target that does not exist has none
        listed = _or_none(lambda: self.client.list_with_metadata(resource=target)) or ()
        return [(snapshot, metadata) for snapshot, metadata in listed if snapshot.kind is kind]

    def _resource(self, target: ResourceName) -> Any:
        return _or_none(lambda: self.client.get_resource(name=target, retried=False))

    def _candidate(
        self, intent: LedgerEntry, snapshot: OperationSnapshot, metadata: Any, resource: Any
    ) -> Candidate:
        facets = operation_facets(intent.kind, metadata)
        # what is there was made by the operation that runs, or by the one that answered with it
        its_own = resource is not None and (
            not snapshot.done
            or (
                snapshot.succeeded and self.still_there(target=intent.target, made_by=snapshot.name)
            )
        )
        if its_own:
            facets = {**self._facets(intent.kind, resource, asked=intent.asked), **facets}
        began = snapshot.start_time
        if began is None and its_own:
            # a creation of a database tells no time; what it makes tells when it began
            began = resource_state(resource).create_time
        return Candidate(
            snapshot=snapshot,
            began=began,
            known_before=(
                None if intent.before is None else snapshot.name.operation in intent.before
            ),
            claimed=self.claimed(snapshot.name),
            differs=differences(intent.kind, intent.asked, facets),
            mark=_mark(intent, facets),
        )

    def _facets(
        self, kind: OperationKind, resource: Any, *, asked: Mapping[str, str]
    ) -> dict[str, str]:
        ddl: tuple[str, ...] | None = None
        if kind is CREATE_DATABASE and Label.SCHEMA in asked:
            name = kind.target.parse(resource.name)
            try:
                ddl = self.client.get_ddl(name=name)  # type: ignore[arg-type]  # it is a database
            except Exception as exc:
                # there is none yet while the database is being created
                if code_of(exc) not in (Code.NOT_FOUND, Code.FAILED_PRECONDITION):
                    raise
        return resource_facets(kind, resource, ddl=ddl)


def limit_reached(
    client: SpannerAdminClient,
    limit: ConcurrencyLimit | None,
    refusal: Exception,
    *,
    target: ResourceName,
    again: bool,
) -> LimitReachedError | None:
    """Tell a refusal that passes when others have ended from all others.

    :param limit: what may have to be waited for; None if nothing limits this
    :param again: it was refused before for reasons that nobody has seen
    :return: the error that says what to wait for; None if it is another refusal
    """
    if limit is None or not limit.explains(refusal):
        return None
    try:
        pending = client.query_operations(query=limit.query)
    except Exception as exc:
        if code_of(exc) is None or classify(exc) is ErrorClass.QUOTA:
            raise
        if code_of(exc) is not Code.NOT_FOUND:
            log.info(
                "Not known who holds the slot, if it is that: operations cannot be listed (%s).",
                error_text(exc),
            )
            return None
        pending = ()
    holders = tuple(each.name for each in pending)
    if not holders and again:
        return None
    return LimitReachedError(
        limit, target=target, holders=holders, server_text=error_message(refusal)
    )


def _mark(intent: LedgerEntry, facets: Mapping[str, str]) -> Mark:
    seen = facets.get(Label.EXPIRY)
    if not intent.signed or seen is None:
        return Mark.NOT_SEEN
    return Mark.OURS if seen == intent.asked.get(Label.EXPIRY) else Mark.OTHERS


def _or_none(ask: Callable[[], T]) -> T | None:
    try:
        return ask()
    except Exception as exc:
        if code_of(exc) is not Code.NOT_FOUND:
            raise
        return None
