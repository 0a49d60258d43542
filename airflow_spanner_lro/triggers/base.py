# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What all our triggers share: how they reach Spanner, are stored, and perform a flow.

Arguments lie unencrypted in Airflow's database: names and ids only, and primitives only. They carry
a version, and a triggerer passes over what it does not know: workers may have a newer release.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, fields
from functools import wraps
from typing import TYPE_CHECKING, Any, Self, TypeVar, dataclass_transform

from airflow.triggers.base import BaseTrigger

from airflow_spanner_lro.core.access import Access
from airflow_spanner_lro.core.polling.urgency import Urgency
from airflow_spanner_lro.triggers.pollers import await_poller

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from airflow_spanner_lro.admin.polling.poller import OperationPoller
    from airflow_spanner_lro.core.flows.commands import Flow
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot

T = TypeVar("T")
TriggerT = TypeVar("TriggerT")

VERSION = 2
"""Of the arguments; version 1 had none."""

log = logging.getLogger(__name__)


@dataclass_transform(kw_only_default=True)
def trigger(cls: type[TriggerT]) -> type[TriggerT]:
    """Make a class a trigger: a dataclass whose constructor takes more than it knows."""
    made: Any = dataclass(kw_only=True, eq=False, repr=False)(cls)
    known = {each.name for each in fields(made)}
    construct = made.__init__

    @wraps(construct)
    def tolerant(self: Any, *, version: int = 1, **arguments: Any) -> None:
        if unknown := sorted(arguments.keys() - known):
            log.info(
                "Arguments of another release (version %s) are passed over: %s",
                version,
                ", ".join(unknown),
            )
        construct(self, **{name: arguments[name] for name in arguments if name in known})

    made.__init__ = tolerant
    found: type[TriggerT] = made
    return found


@trigger
class SpannerTrigger(BaseTrigger):
    """Ask Spanner for something until it is so.

    :param gcp_conn_id: connection to ask through
    :param impersonation_chain: service accounts, the last of which is impersonated
    :param endpoint: as in :class:`~airflow_spanner_lro.core.access.Access`
    :param poll_interval: the longest time between two looks, in seconds
    """

    gcp_conn_id: str = "google_cloud_default"
    impersonation_chain: str | list[str] | None = field(default_factory=list)
    endpoint: str | None = ""
    poll_interval: float = 30.0

    def __post_init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    @classmethod
    def through(cls, access: Access, **arguments: Any) -> Self:
        """Return the trigger that asks by the same way as a worker did."""
        return cls(
            gcp_conn_id=access.gcp_conn_id,
            impersonation_chain=list(access.impersonation_chain),
            endpoint=access.endpoint,
            **arguments,
        )

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and this trigger's own fields."""
        path = f"{type(self).__module__}.{type(self).__qualname__}"
        own = {each.name: getattr(self, each.name) for each in fields(self)}
        return path, {"version": VERSION, **own}

    @property
    def _access(self) -> Access:
        chain = self.impersonation_chain or ()
        return Access(
            gcp_conn_id=self.gcp_conn_id,
            impersonation_chain=(chain,) if isinstance(chain, str) else tuple(chain),
            endpoint=self.endpoint,
        )

    async def _poller(self, *, deadline: datetime | None = None) -> OperationPoller:
        """Return the poller of all triggers of this access; wait out what keeps it from us.

        :raises DeadlinePassedError: if the deadline passes first
        """
        return await await_poller(self._access, deadline=deadline, tell=self.log.warning)

    async def _perform(
        self,
        flow: Flow[T],
        *,
        deadline: datetime | None = None,
        observe: Callable[[OperationSnapshot | Exception], None] | None = None,
        urgency: Urgency = Urgency.USUAL,
        cancel_by: datetime | None = None,
    ) -> T:
        """Perform a flow, within the budget that all triggers of this access share.

        :param urgency: of what the flow asks until it cancels something
        :param cancel_by: when it is too late to cancel
        :raises DeadlinePassedError: if the flow lets it through
        """
        poller = await self._poller(deadline=deadline)
        # loaded with the poller, off the loop
        from airflow_spanner_lro.admin.clock import LoopClock  # noqa: PLC0415
        from airflow_spanner_lro.admin.drive import arun  # noqa: PLC0415

        return await arun(
            flow,
            client=poller.client(urgency=urgency, deadline=deadline, cancel_by=cancel_by),
            clock=LoopClock(),
            deadline=deadline,
            observe=observe,
        )
