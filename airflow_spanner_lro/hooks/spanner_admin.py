# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The hook: every verb of Spanner's operations for use in ``@task`` functions, in sync code.

Operators and sensors ask through the same hook. What each verb means is in ``verbs.py``, for this
hook and for the async one next door.
"""

from __future__ import annotations

import functools
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from airflow_spanner_lro.hooks import verbs
from airflow_spanner_lro.hooks.connection import SpannerConnectionHook

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spanner_lro.core.flows.commands import Flow
    from airflow_spanner_lro.hooks.verbs import Step, Verb

P = ParamSpec("P")
T = TypeVar("T")


def _called(verb: Callable[P, Verb[T]]) -> Callable[Concatenate[SpannerAdminHook, P], T]:
    """Return the method that performs a verb and returns its answer."""

    @functools.wraps(verb)
    def method(self: SpannerAdminHook, /, *args: P.args, **kwargs: P.kwargs) -> T:
        steps = verb(*args, **kwargs)
        try:
            step = next(steps)
            while True:
                try:
                    answer = self._answer(step)
                except Exception as exc:  # noqa: BLE001  # the verb decides, and mostly lets it pass
                    step = steps.throw(exc)
                else:
                    step = steps.send(answer)
        except StopIteration as end:
            result: T = end.value
            return result

    method.__signature__ = verbs.signature_of(verb)  # type: ignore[attr-defined]  # for help()
    return method


class SpannerAdminHook(SpannerConnectionHook):
    """Ask the Spanner admin API through an Airflow connection.

    Verbs compose: where one takes an operation it takes what another one has returned, and what
    Google's client library returns; nothing but the name of it is used. What they return can be
    returned from a ``@task``. Names are full names (``projects/…/instances/…``) unless they are
    called ids; durations are in seconds; lists are lists. What Google's client library raises
    (``google.api_core.exceptions``: ``NotFound``, ``PermissionDenied``, ``ServiceUnavailable`` …)
    propagates as it is. An argument that breaks a rule is an ``InvalidArgumentError``, a
    ``ValueError``, before anything is sent.

    The endpoint is, in this order: the argument; the connection's extra ``spanner_endpoint``
    (``host:port``, or ``http://host:port`` for plain text); ``SPANNER_EMULATOR_HOST``; Google's.
    Extra and variable must not contradict each other. Towards a plain-text endpoint no credentials
    are used, and the connection may be missing; ``[spanner_lro] allow_emulator`` can forbid it.
    A connection with ``spanner_type`` ``omni`` leads to Spanner Omni, and to nothing else.

    :param gcp_conn_id: connection of type ``google_cloud_platform``
    :param impersonation_chain: service account to impersonate, or a chain of them
    :param endpoint: overrides connection and environment; empty for Google's own endpoint
    :raises UnusableConnectionError: if the connection does not exist
    """

    start_operation = _called(verbs.start_operation)
    get_operation = _called(verbs.get_operation)
    list_operations = _called(verbs.list_operations)
    cancel_operation = _called(verbs.cancel_operation)
    cancel_operations = _called(verbs.cancel_operations)
    delete_operation = _called(verbs.delete_operation)
    wait_for_operation = _called(verbs.wait_for_operation)
    get_resource = _called(verbs.get_resource)
    delete_resource = _called(verbs.delete_resource)
    list_backups = _called(verbs.list_backups)

    def _answer(self, step: Step) -> Any:
        match step:
            case verbs.Call(of):
                return of(self.client)
            case verbs.Perform(flow=flow, timeout=timeout):
                return self._perform(flow, timeout=timeout)
            case verbs.Need.PROJECT:
                return self.project_id
            case verbs.Need.WARNING:
                return self.warn_if_emulated(warn=self.log.warning)

    def _perform(self, flow: Flow[T], *, timeout: float | None) -> T:
        from airflow_spanner_lro.admin.clock import StoppableClock  # noqa: PLC0415  # loads gRPC
        from airflow_spanner_lro.admin.driver import run  # noqa: PLC0415

        clock = StoppableClock()
        deadline = None if timeout is None else clock.now() + timedelta(seconds=timeout)
        return run(flow, client=self.client, clock=clock, deadline=deadline)
