# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What Spanner tells of an operation and of what it makes is compared with its request, each kind.

The emulator answers over a real channel, while the operation runs and after it has succeeded.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from google.api_core.exceptions import FailedPrecondition
from google.longrunning.operations_pb2 import GetOperationRequest

from airflow_spanner_lro.core.comparison import (
    differences,
    operation_facets,
    requested_facets,
    resource_facets,
)
from airflow_spanner_lro.core.kinds import CREATE_DATABASE, KINDS
from airflow_spanner_lro.core.names import DatabaseName
from airflow_spanner_lro.emulator import Plan

from .comparison_requests import CASES, prepare, usual_request

if TYPE_CHECKING:
    from airflow_spanner_lro.admin.client import SpannerAdminClient
    from airflow_spanner_lro.core.kinds import OperationKind
    from airflow_spanner_lro.core.names import OperationName
    from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator

    from .comparison_requests import Case

STARTABLE = [kind for kind in KINDS if kind.rpc]
HOUR = Plan(duration=timedelta(hours=1))
LATER = timedelta(hours=2)


class Observer:
    """Starts operations, and tells what is seen of them."""

    def __init__(
        self, emulator: SpannerAdminEmulator, client: SpannerAdminClient, clock: ManualClock
    ) -> None:
        self._emulator = emulator
        self._client = client
        self._clock = clock

    def start(self, kind: OperationKind, request: Any) -> OperationName:
        """Start an operation that runs for an hour."""
        prepare(kind, self._emulator, self._client, self._clock)
        self._emulator.plan(HOUR, times=1)
        return self._client.start(kind=kind, request=request).name

    def finish(self, name: OperationName) -> None:
        """Let the operation succeed."""
        self._clock.advance(LATER)
        assert self._client.get(name=name).succeeded

    def told(self, kind: OperationKind, name: OperationName) -> dict[str, str]:
        """Return what is told at this moment."""
        operation = self._client.database_admin.get_operation(GetOperationRequest(name=str(name)))
        metadata = kind.metadata_type().deserialize(operation.metadata.value)
        told = operation_facets(kind, metadata)
        # until it has succeeded, what is updated shows its old values
        if kind.creates or operation.done:
            resource = self._client.get_resource(name=name.resource)
            shown = resource_facets(kind, resource, ddl=self._ddl(kind, name))
            assert () == differences(kind, told, shown)
            told |= shown
        return told

    def _ddl(self, kind: OperationKind, name: OperationName) -> tuple[str, ...] | None:
        if kind is not CREATE_DATABASE or not isinstance(name.resource, DatabaseName):
            return None
        try:
            return self._client.get_ddl(name=name.resource)
        except FailedPrecondition:
            # it is being created
            return None


@pytest.fixture
def observer(
    emulator: SpannerAdminEmulator, client: SpannerAdminClient, clock: ManualClock
) -> Observer:
    """Return who starts operations and looks at them."""
    return Observer(emulator, client, clock)


@pytest.mark.parametrize("kind", STARTABLE, ids=str)
def test_what_was_asked_for_is_found(kind: OperationKind, observer: Observer) -> None:
    """At no moment does what Spanner tells differ from the request, and in the end it tells all."""
    request = usual_request(kind)
    asked = requested_facets(kind, request)
    name = observer.start(kind, request)

    running = observer.told(kind, name)
    observer.finish(name)
    done = observer.told(kind, name)

    assert () == differences(kind, asked, running)
    assert () == differences(kind, asked, done)
    assert set(asked) == set(asked) & set(done)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_each_thing_that_is_otherwise_is_found(case: Case, observer: Observer) -> None:
    """The operation of another request differs in just that, once it is told, and for good."""
    kind, asked = case.kind, requested_facets(case.kind, case.request())
    name = observer.start(kind, case.request(otherwise=True))

    running = differences(kind, asked, observer.told(kind, name))
    observer.finish(name)
    done = differences(kind, asked, observer.told(kind, name))

    expected = {case.label, *case.follows}
    assert {each.label for each in running} <= expected
    assert expected == {each.label for each in done}, "; ".join(each.sentence for each in done)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_each_thing_that_is_as_asked_for_is_found(case: Case, observer: Observer) -> None:
    """The operation of the request itself does not differ from it, and tells all of it."""
    kind, asked = case.kind, requested_facets(case.kind, case.request())
    name = observer.start(kind, case.request())

    running = observer.told(kind, name)
    observer.finish(name)
    done = observer.told(kind, name)

    assert () == differences(kind, asked, running)
    assert () == differences(kind, asked, done)
    assert case.label in done


def test_each_facet_of_each_kind_is_tried() -> None:
    """Nothing is said to be compared that was not seen to be."""
    declared = {(kind, facet.label) for kind in KINDS for facet in kind.compared}

    assert declared == {(case.kind, case.label) for case in CASES}
