# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The bases of all operators: their connection and project; calls that Spanner answers at once.

Of an immediate call, such as a deletion, no operation is left to see through. What Spanner refuses
only for now is waited out, as for a start.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Self

from airflow.sdk import BaseOperator
from airflow.sdk.configuration import conf

from airflow_spanner_lro import settings
from airflow_spanner_lro.core.flows.limits import SlotWaitEndedError
from airflow_spanner_lro.core.operations.outcome import decode_event
from airflow_spanner_lro.core.polling.policy import PollPolicy
from airflow_spanner_lro.core.status import Code, code_of
from airflow_spanner_lro.error_mapping import map_errors
from airflow_spanner_lro.execution.bounds import ShownOnPages
from airflow_spanner_lro.execution.deferral import Deferral
from airflow_spanner_lro.execution.wait import BlockingWait, RefusalRetry
from airflow_spanner_lro.execution.work import deadline_of_try
from airflow_spanner_lro.hooks.lazy import HookOnDemand
from airflow_spanner_lro.links import SpannerInstanceLink, written_once
from airflow_spanner_lro.triggers.slot import LIMIT, PAUSE, TIMED_OUT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.sdk import Context

    from airflow_spanner_lro.core.names import ResourceName
    from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook


_OF_THIS_PROCESS = ("hook", "_run", "_wait", "_killed", "_killed_early")
"""Attributes with channels and threads, which an operator has once it was executed."""
_METHODS_OF_0_1_0 = {"execute_in_turn": "execute_after_slot"}
"""What deferrals in Airflow's database come back to, and how it is called now."""


class SpannerAdminOperator(ShownOnPages, BaseOperator, HookOnDemand):
    """Ask the Spanner admin API for something.

    :param project_id: Google Cloud project; by default the connection's
    :param gcp_conn_id: connection of type ``google_cloud_platform``
    :param impersonation_chain: service account to impersonate, or a chain of them
    """

    template_fields: Sequence[str] = ("project_id", "gcp_conn_id", "impersonation_chain")
    ui_color = "#d5e5fa"
    # shallow for the moment that a deep copy has them at all
    shallow_copy_attrs = _OF_THIS_PROCESS

    def __init__(
        self,
        *,
        project_id: str | None = None,
        gcp_conn_id: str = "google_cloud_default",
        impersonation_chain: str | Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.project_id = project_id
        self.gcp_conn_id = gcp_conn_id
        self.impersonation_chain = impersonation_chain

    def __getstate__(self) -> dict[str, Any]:
        """Return what copies and pickles take along: nothing that belongs to this process."""
        state: dict[str, Any] = super().__getstate__()  # type: ignore[no-untyped-call]
        return {key: value for key, value in state.items() if key not in _OF_THIS_PROCESS}

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Return a copy without what belongs to this process; Airflow's would copy channels."""
        copied: Self = super().__deepcopy__(memo)
        for key in _OF_THIS_PROCESS:
            vars(copied).pop(key, None)
        return copied

    def _make_hook(self) -> SpannerAdminHook:
        # a sensor changes nothing, and does not say this at each poll
        hook = super()._make_hook()
        hook.require_served(project=self.project_id)
        hook.warn_if_emulated(warn=self.log.warning)
        return hook

    def resume_execution(
        self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context
    ) -> Any:
        """Go on after a deferral, also one that 0.1.0 has stored."""
        method = _METHODS_OF_0_1_0.get(next_method, next_method)
        with written_once(self, resumed=True):
            return super().resume_execution(method, next_kwargs, context)

    @property
    def project(self) -> str:
        """The project to work in: the given one, or the connection's."""
        return self.project_id or self.hook.project_id


class SpannerImmediateOperator(SpannerAdminOperator):
    """Ask Spanner for something that it does at once.

    Spanner takes only so many requests of a project in a while. One too many is made again, a
    second to a minute later, until the deadline.

    :param deferrable: wait for that in the triggerer, after the first seconds, instead of on a
        worker

    Also accepts the parameters of
    :class:`~airflow_spanner_lro.operators.base.SpannerAdminOperator`.
    """

    wait_for_slot: bool = True
    verb: ClassVar[str]
    """What is done to the target, as a participle."""

    _wait: BlockingWait | None = None
    _killed: bool = False

    def __init__(
        self,
        *,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.deferrable = deferrable

    @property
    @abstractmethod
    def target(self) -> ResourceName:
        """The resource that this is about, from the rendered parameters."""

    @abstractmethod
    def act(self, context: Context) -> Any:
        """Make one attempt, from the beginning; return what the task returns.

        :raises LimitReachedError: if others have to end first
        """

    def execute(self, context: Context) -> Any:
        """Do it, as soon as Spanner lets."""
        with written_once(self), map_errors():
            return self._insist(context)

    def execute_after_slot(self, context: Context, event: Mapping[str, Any]) -> Any:
        """Go on when another attempt is worth it."""
        with map_errors():
            with decode_event(event):
                timed_out, limit = event[TIMED_OUT], event[LIMIT]
            if timed_out:
                reason = "out of time"
                raise SlotWaitEndedError(reason, target=self.target, limit=limit, verb=self.verb)
            return self._insist(context, pause=event.get(PAUSE))

    def on_kill(self) -> None:
        """Stop waiting: nothing was begun that goes on by itself."""
        self._killed = True
        if self._wait is not None:
            self._wait.clock.stop()

    def _insist(self, context: Context, *, pause: float | None = None) -> Any:
        ti = context.get("ti")
        deadline = deadline_of_try(
            started=ti.start_date if ti else None, execution_timeout=self.execution_timeout
        )
        policy = PollPolicy(maximum=settings.poll_interval())
        self._wait = wait = BlockingWait(client=self.hook.client, log=self.log.info)
        if self._killed:
            wait.clock.stop()

        def deferral() -> Deferral:
            return Deferral(
                defer=self.defer,
                connection_spec=self.hook.connection_spec,
                poll_interval=policy.maximum,
                deadline=deadline,
                now=wait.now(),
            )

        refusals = RefusalRetry(
            target=self.target,
            wait=wait,
            policy=policy,
            deadline=deadline,
            defer=deferral if self.deferrable else None,
            then=self.execute_after_slot.__name__,
            wait_for_slot=self.wait_for_slot,
            log=self.log.info,
            verb=self.verb,
        )
        return refusals.until_accepted(lambda: self.act(context), pause=pause)


class SpannerDeleteResourceOperator(SpannerImmediateOperator):
    """Delete a resource. Succeeds if there is none, so it can be repeated and used as a teardown.

    Also accepts the parameters of
    :class:`~airflow_spanner_lro.operators.base.SpannerImmediateOperator`.
    """

    # what was deleted has no page any more
    operator_extra_links = (SpannerInstanceLink(),)

    verb = "deleted"

    def act(self, context: Context) -> None:  # noqa: ARG002  # what was done needs none
        """Delete the resource."""
        target = self.target
        try:
            self.hook.client.delete_resource(name=target)
        except Exception as exc:
            # Spanner says so for some types of resource, and answers OK for others
            if code_of(exc) is not Code.NOT_FOUND:
                raise
            self.log.info("%s does not exist: there is nothing to delete. %s", target.label, target)
        else:
            self.log.info("%s was deleted. %s", target.label, target)
