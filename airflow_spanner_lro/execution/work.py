# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What a run asks of its task, and until when: the run of a try knows no operator.

Airflow 3.3 starts ``execution_timeout`` anew whenever a deferred task is resumed, and does not
enforce it in between; the start of the try stays the same, so the deadline is counted from there.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol, Self

from airflow_spanner_lro import settings
from airflow_spanner_lro.core.arguments.times import parse_duration
from airflow_spanner_lro.core.errors import InvalidArgumentError
from airflow_spanner_lro.core.ledger.evidence import run_began
from airflow_spanner_lro.core.ledger.resume import fingerprint
from airflow_spanner_lro.core.links import console_link
from airflow_spanner_lro.core.names import OperationName, same_resource
from airflow_spanner_lro.core.text import format_duration

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from airflow.sdk import Context
    from airflow.sdk.types import Logger

    from airflow_spanner_lro.core.connection import ConnectionSpec
    from airflow_spanner_lro.core.kinds import OperationKind
    from airflow_spanner_lro.core.ledger.entry import LedgerEntry
    from airflow_spanner_lro.core.names import ResourceName
    from airflow_spanner_lro.core.operations.snapshot import FollowUp, OperationSnapshot
    from airflow_spanner_lro.execution.deferral import Defer
    from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook


BOUNDS_FIELD = "bounds"
"""A template field of each task on a worker, which only shows; see ``execution/bounds.py``."""
_TIMEOUT_FIELD = "operation_timeout"
_LONGEST_TIMEOUT = timedelta(days=3660)
"""Ten years: no operation takes that long, and every calendar goes that far."""


def deadline_of_try(
    *,
    started: datetime | None,
    execution_timeout: timedelta | None,
    operation_timeout: timedelta | float | None = None,
) -> datetime | None:
    """Return the earlier of the two limits as a point in time; None if there is no limit.

    :param started: start of the try
    :param execution_timeout: Airflow's limit for the whole task
    :param operation_timeout: the operator's own limit, a duration or seconds
    :raises InvalidArgumentError: if the operator's own limit is no duration, or not above zero
    """
    limits = [limit for limit in (execution_timeout, _duration(operation_timeout)) if limit]
    return started + min(limits) if started and limits else None


def out_of_time(work: Work) -> str:
    """Say that a try has no time left, by which limit: ``out of time after 4 h (…)``."""
    limits = {
        "execution_timeout": work.execution_timeout,
        _TIMEOUT_FIELD: _duration(work.operation_timeout),
    }
    shortest = min(((limit, name) for name, limit in limits.items() if limit), default=None)
    if shortest is None:
        return "out of time"
    limit, name = shortest
    return f"out of time after {format_duration(limit.total_seconds())} ({name})"


def _duration(timeout: object) -> timedelta | None:
    if timeout is None:
        return None
    given = parse_duration(timeout, field=_TIMEOUT_FIELD)
    if not timedelta() < given <= _LONGEST_TIMEOUT:
        raise InvalidArgumentError(
            field=_TIMEOUT_FIELD,
            value=timeout,
            rule=f"it is a duration above zero, and up to {_LONGEST_TIMEOUT.days} days",
        )
    return given


class Work(Protocol):
    """What a run asks of its task: what is wanted, and how to wait and end. An operator is one.

    It documents the parameters. Its target is asked for again after a deferral, when the templates
    may have rendered to something else.
    """

    wait_for_completion: bool
    deferrable: bool
    worker_wait: float | None
    poll_interval: float | None
    execution_timeout: timedelta | None
    operation_timeout: timedelta | float | None
    cancel_on_kill: bool
    cancel_on_timeout: bool
    clean_up: bool | None
    durable: bool
    wait_for_slot: bool

    @property
    def kind(self) -> OperationKind:
        """The kind of operation."""

    @property
    def target(self) -> ResourceName:
        """The resource to work on."""

    @property
    def signed(self) -> bool:
        """Whether the request bears a mark that only this try can have put there."""

    @property
    def template_fields(self) -> Collection[str]:
        """Names of the parameters, which make two requests the same to their author."""

    @property
    def sources(self) -> Sequence[ResourceName]:
        """What the resource is made from, for the lineage."""

    @property
    def outlets(self) -> Sequence[object]:
        """Airflow's outlets of the task."""

    @property
    def hook(self) -> SpannerAdminHook:
        """The hook to ask through."""

    @property
    def log(self) -> Logger:
        """The task's log."""

    @property
    def defer(self) -> Defer:
        """Airflow's ``BaseOperator.defer``."""

    def build_request(self) -> Any:
        """Return the request message."""

    def result(self, snapshot: OperationSnapshot | None) -> Any:
        """Return what the task returns, from the operation; None if none was needed."""

    def follow_up(self, snapshot: OperationSnapshot) -> FollowUp | None:
        """Return the operation to wait for next, if there is one."""

    def report(self, snapshot: OperationSnapshot) -> str:
        """Return what to say of the parts of an operation that did not succeed."""

    def execute_complete(self, context: Context, event: Mapping[str, Any]) -> Any:
        """Go on after a wait in the triggerer."""

    def execute_after_slot(self, context: Context, event: Mapping[str, Any]) -> Any:
        """Go on after a wait for a slot."""


def place_of(work: Work, resource: ResourceName) -> str:
    """Say where a person can look at a resource; nobody is to take an emulator for Spanner."""
    spec, emulated = work.hook.connection_spec, work.hook.client.emulated
    return console_link(resource, connection_spec=spec, emulator=emulated.text if emulated else "")


def wants_clean_up(work: Work) -> bool:
    """Tell whether what an operation makes in spite of a cancel is to be deleted."""
    return work.kind.cleans_up if work.clean_up is None else work.clean_up


@dataclass(frozen=True, slots=True, kw_only=True)
class StartOrder:
    """What a task wants started.

    :param request: the request message; where the kind lets the caller choose an operation id, it
        is filled in here
    :param signed: the request bears a mark by which what it makes can be recognised
    :param fingerprint: digest of what the author asked for
    :param deadline: when this try gives up
    :param identity: what is the same for every try of the task instance and for no other
    :param mapped: the task is one of several that were mapped
    :param cleans_up: whoever stops the operation deletes what it made in spite of that
    :param exempt: the reaper leaves the operation alone
    :param deployment: name of the Airflow deployment, if it has one
    :param settle_timeout: how long to wait for the end of an earlier try's operation, in seconds
    :param began: when the Dag run did, or earlier; None if that is not known
    """

    kind: OperationKind
    target: ResourceName
    request: Any
    signed: bool
    fingerprint: str
    identity: str
    mapped: bool
    connection_spec: ConnectionSpec
    deadline: datetime | None
    cleans_up: bool
    exempt: bool
    deployment: str
    settle_timeout: float
    began: datetime | None = None

    def is_of(self, entry: LedgerEntry) -> bool:
        """Tell whether a ledger entry is of what is ordered here: the same kind, and target."""
        return entry.kind is self.kind and same_resource(entry.target, self.target)

    def chosen_name(self, *, now: datetime) -> OperationName | None:
        """Return the name that the operation gets, where the caller may choose it.

        No other start ever gets it, not even of the same task after its ledger was lost: Airflow
        deletes ledgers after a month, with their runs, or on success if it is told to. A replay
        of this start finds it in the ledger.
        """
        if not self.kind.named_by_caller:
            return None
        unique = f"{self.identity}/{now.isoformat()}"
        digest = hashlib.sha256(unique.encode()).hexdigest()[:16]
        return OperationName(resource=self.target, operation=f"lro_{digest}")

    @classmethod
    def of(
        cls,
        work: Work,
        *,
        target: ResourceName,
        task: Any,
        connection_spec: ConnectionSpec,
        deadline: datetime | None,
        run: object,
    ) -> Self:
        """Return the order for work, with its templates as they are rendered now.

        :param task: Airflow's task instance
        :param run: its Dag run
        """
        request = work.build_request()
        parameters = {
            name: getattr(work, name) for name in work.template_fields if name != BOUNDS_FIELD
        }
        if descriptors := getattr(request, "proto_descriptors", b""):
            # their file may have changed under its name
            parameters["proto_descriptors"] = descriptors
        return cls(
            kind=work.kind,
            target=target,
            request=request,
            signed=work.signed,
            fingerprint=fingerprint(parameters | {"target": str(target)}),
            identity=f"{task.dag_id}/{task.task_id}/{task.run_id}/{task.map_index}",
            mapped=task.map_index is not None and task.map_index >= 0,
            connection_spec=connection_spec,
            deadline=deadline,
            cleans_up=wants_clean_up(work),
            exempt=not work.cancel_on_kill,
            deployment=settings.deployment(),
            settle_timeout=settings.settle_timeout(),
            began=run_began(run),
        )
