# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The base of operators that start an operation: parameters, and the methods that Airflow calls.

A concrete operator says what to ask for; what happens then is the business of ``execution``.
"""

from __future__ import annotations

import sys
from abc import abstractmethod
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk.configuration import conf
from airflow.sdk.exceptions import AirflowTaskTimeout, TaskDeferralTimeout

from airflow_spanner_lro import settings
from airflow_spanner_lro.core.operations.errors import UnexpectedStateError
from airflow_spanner_lro.core.operations.outcome import WaitOutcome, decode_event
from airflow_spanner_lro.core.protobuf import message_to_dict
from airflow_spanner_lro.core.status import Code, code_of
from airflow_spanner_lro.error_mapping import map_errors, skip_when_late
from airflow_spanner_lro.execution import interrupts
from airflow_spanner_lro.execution.bounds import bounds_of
from airflow_spanner_lro.execution.run import OperationRun
from airflow_spanner_lro.links import LINKS, written_once
from airflow_spanner_lro.operators.base import SpannerAdminOperator
from airflow_spanner_lro.triggers.slot import LIMIT, PAUSE, TIMED_OUT

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from datetime import datetime, timedelta

    from airflow.sdk import BaseOperatorLink, Context

    from airflow_spanner_lro.admin.client import SpannerAdminClient
    from airflow_spanner_lro.core.kinds import OperationKind
    from airflow_spanner_lro.core.names import OperationName, ResourceName
    from airflow_spanner_lro.core.operations.schema_change import StatementRecord
    from airflow_spanner_lro.core.operations.snapshot import FollowUp, OperationSnapshot
    from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook


def ready_resource(
    client: SpannerAdminClient,
    name: ResourceName,
    *,
    verify: Callable[[Any], None] | None = None,
) -> dict[str, Any]:
    """Get a resource that an operation has left, as a dictionary.

    :param verify: raises if the resource is not what was asked for
    :raises UnexpectedStateError: if it is not in a state that means that it can be used, or gone
    """
    from airflow_spanner_lro.admin.requests import calls_for  # noqa: PLC0415  # loads gRPC

    expected = calls_for(name).ready
    try:
        resource = client.get_resource(name=name)
    except Exception as exc:
        if code_of(exc) is not Code.NOT_FOUND:
            raise
        # no parameter is wrong, and a retry makes it anew
        raise UnexpectedStateError(target=name, state="", expected=expected) from exc
    if resource.state.name not in expected:
        raise UnexpectedStateError(target=name, state=resource.state.name, expected=expected)
    if verify is not None:
        verify(resource)
    return message_to_dict(resource)


class SpannerOperationOperator(SpannerAdminOperator):
    """Start a long-running operation and see it through.

    Returns the resource as a dictionary; without waiting, the operation's name.

    *On kill* (mark failed or success, clear, a failed Dag run, an eviction of the worker) the
    operation is cancelled and its outcome awaited, whether the task waits on a worker or is
    deferred. *On timeout* likewise, also while the task is deferred. A restart of the triggerer
    cancels nothing. A retry takes up the operation that an earlier try started.

    :param wait_for_completion: wait until the operation is done; otherwise succeed when it runs
    :param deferrable: wait in the triggerer instead of on a worker
    :param worker_wait: how many seconds a deferrable task waits on its worker first, from 0 to 300;
        by default ``[spanner_lro] worker_wait`` where operations of its kind usually take seconds
        (schema changes, creation of databases, updates), and 0 for all others
    :param poll_interval: the longest time between two polls, in seconds; by default
        ``[spanner_lro] poll_interval``
    :param operation_timeout: how long each try may wait, as a duration or in seconds; the earlier
        of this and ``execution_timeout`` counts
    :param cancel_on_kill: cancel the operation when the task is killed
    :param cancel_on_timeout: cancel the operation when the task times out
    :param clean_up: delete what the operation made although it was being cancelled; by default on
        for backups, and off for everything else
    :param durable: let a retry take up an earlier try's operation instead of starting another
    :param wait_for_slot: where Spanner allows only so many such operations at a time, or one
        change of a resource, wait for a free slot, where ``deferrable`` says; otherwise fail with
        Spanner's refusal
    :param soft_fail: skip the task instead of failing it when its deadline passes

    Also accepts the parameters of
    :class:`~airflow_spanner_lro.operators.base.SpannerAdminOperator`.
    """

    operator_extra_links: Collection[BaseOperatorLink] = LINKS
    kind: ClassVar[OperationKind]

    _run: OperationRun | None = None
    _killed_early: bool = False

    def __init__(
        self,
        *,
        wait_for_completion: bool = True,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        worker_wait: float | None = None,
        poll_interval: float | None = None,
        operation_timeout: timedelta | float | None = None,
        cancel_on_kill: bool = True,
        cancel_on_timeout: bool = True,
        clean_up: bool | None = None,
        durable: bool = True,
        wait_for_slot: bool = True,
        soft_fail: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.wait_for_completion = wait_for_completion
        self.deferrable = deferrable
        self.worker_wait = worker_wait
        self.poll_interval = poll_interval
        self.operation_timeout = operation_timeout
        self.cancel_on_kill = cancel_on_kill
        self.cancel_on_timeout = cancel_on_timeout
        self.clean_up = clean_up
        self.durable = durable
        self.wait_for_slot = wait_for_slot
        self.soft_fail = soft_fail

    @property
    @abstractmethod
    def target(self) -> ResourceName:
        """The resource the operation works on, from the rendered parameters."""

    @abstractmethod
    def build_request(self) -> Any:
        """Return the request message, from the rendered parameters."""

    def result(self, snapshot: OperationSnapshot | None) -> Any:
        """Return what the task returns once the operation has succeeded: the resource.

        :param snapshot: the operation; None if earlier tries had done everything already
        :raises UnexpectedStateError: if the resource is not in a state that it can be used in
        :raises ResourceDiffersError: if it is not what was asked for
        """
        # what was really made: a template may have rendered to something else after a deferral
        made = snapshot.name.resource if snapshot else self.target
        return ready_resource(
            self.hook.client, made, verify=self._run.ledger.verify if self._run else None
        )

    @property
    def sources(self) -> tuple[ResourceName, ...]:
        """What the resource is made from, for the lineage, beside what the resource itself says."""
        return ()

    def follow_up(self, snapshot: OperationSnapshot) -> FollowUp | None:  # noqa: ARG002
        """Return the operation to wait for after this one has succeeded, if there is one."""
        return None

    def report(self, snapshot: OperationSnapshot) -> str:  # noqa: ARG002  # for overrides
        """Return what to say of the parts of an operation that did not succeed, if it has any."""
        return ""

    def statements(self, snapshot: OperationSnapshot | None) -> tuple[StatementRecord, ...]:
        """Return the statements of a schema change over all tries, with what is committed."""
        return self._run.ledger.statements(snapshot) if self._run else ()

    @property
    def begun(self) -> OperationName | None:
        """The operation that this process has started or adopted; None after a wait for it."""
        return self._run.begun if self._run else None

    @property
    def signed(self) -> bool:
        """Whether the request bears a mark that only this try can have put there."""
        return False

    def bounded_by(self, started: datetime | None) -> Mapping[str, str]:
        """Return what bounds the task, in words: until when, how often, and what then."""
        return bounds_of(self, started=started)

    def execute(self, context: Context) -> Any:
        """Start or adopt the operation, then wait for it, defer, or return its name."""
        with written_once(self), self._mapped_errors():
            settings.check()
            return self._begin(context).start()

    def execute_after_slot(self, context: Context, event: Mapping[str, Any]) -> Any:
        """Go on after the wait for a slot, or after a pause."""
        with self._mapped_errors():
            settings.check()
            run = self._begin(context)
            with decode_event(event):
                timed_out, limit = event[TIMED_OUT], event[LIMIT]
            return run.start_after_slot(timed_out=timed_out, limit=limit, pause=event.get(PAUSE))

    def execute_complete(self, context: Context, event: Mapping[str, Any]) -> Any:
        """Go on when the trigger has fired."""
        with self._mapped_errors():
            run = self._begin(context)
            with decode_event(event):
                outcome = WaitOutcome.from_event(event)
            return run.complete(outcome)

    def resume_execution(
        self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context
    ) -> Any:
        """Go on after a deferral, also when Airflow itself ended it.

        Airflow ends a deferral at its own timeout, which lies a grace period behind our deadline:
        that happens when no triggerer was there to see the deadline pass. When the trigger failed
        instead, nothing is cancelled: the next try adopts the operation.
        """
        try:
            return super().resume_execution(next_method, next_kwargs, context)
        except TaskDeferralTimeout:
            with self._mapped_errors():
                run = self._begin(context)
                if (left := run.left_running()) is None:
                    raise
                return run.give_up(left)

    def on_kill(self) -> None:
        """Stop waiting, and cancel the operation if that is wanted; may be called repeatedly."""
        if self._run is None:
            # Airflow lets the task go on after this
            self._killed_early = True
        else:
            # on its own timeout Airflow calls this while it handles the exception that it raised
            self._run.kill(timed_out=isinstance(sys.exception(), AirflowTaskTimeout))

    @contextmanager
    def _mapped_errors(self) -> Iterator[None]:
        """Turn errors into what Airflow is to make of them: fail for good, skip, or retry."""
        with (
            interrupts.cancel_on_ctrl_c(lambda: self._run),
            map_errors(),
            skip_when_late(soft=self.soft_fail),
        ):
            try:
                yield
            except AirflowTaskTimeout as exc:
                if self._run is None:
                    raise
                # Airflow's own says neither what was waited for nor what became of it
                raise self._run.interrupted() from exc

    def _make_hook(self) -> SpannerAdminHook:
        hook = super()._make_hook()
        # before anything is written of what would never be started
        hook.require_served(kind=self.kind, project=self.project_id)
        return hook

    def _begin(self, context: Context) -> OperationRun:
        self._run = run = OperationRun(self, context=context)
        if self._killed_early:
            run.kill(timed_out=False)
        return run
