# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Strangers start, cancel, delete and replace on the targets of tasks, by an entrance of their own.

Against the emulator, over real channels: one for Airflow, one for strangers.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from airflow_spanner_lro.admin.client import SpannerAdminClient
from airflow_spanner_lro.admin.connect import Endpoint
from airflow_spanner_lro.core.names import DatabaseName
from airflow_spanner_lro.core.operations.snapshot import OperationState
from airflow_spanner_lro.emulator import Plan
from tests.cluster.waiting import wait_until
from tests.soak.dag_specs import INSTANCE, ORIGIN_ID, Kind, target
from tests.soak.sample_histories import RUN
from tests.soak.strangers import LASTING, Strangers, Wish

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator import OperationView
    from tests.soak.second_endpoint import TwoEndpointEmulator

ALIKE = 0.1
OTHERWISE = 0.9


def wish(kind: Kind = Kind.BACKUP, *, share: float = ALIKE) -> Wish:
    """Return a wish on the target of one run's task."""
    return Wish(run_id=RUN, kind=kind, share=share)


def only(emulator: TwoEndpointEmulator) -> OperationView:
    """Return the only operation that there is."""
    (operation,) = emulator.operations()
    return operation


@pytest.mark.parametrize("share", [ALIKE, OTHERWISE])
@pytest.mark.parametrize("kind", list(Kind))
def test_a_stranger_starts_what_a_task_starts(
    emulator: TwoEndpointEmulator, strangers: Strangers, kind: Kind, share: float
) -> None:
    """The operation has the task's target, and is known as the stranger's."""
    started = strangers.start(wish(kind, share=share))

    assert started
    assert target(RUN, kind) == only(emulator).target
    assert {only(emulator).name: wish(kind, share=share)} == strangers.started


def test_a_strangers_operation_ends_in_time(
    emulator: TwoEndpointEmulator, strangers: Strangers
) -> None:
    """It lasts seconds, though the task's would last for hours."""
    emulator.plan(Plan(duration=timedelta(hours=6)), target=wish().target)
    strangers.start(wish(share=0.0))
    emulator.clock.advance(timedelta(seconds=6))

    assert OperationState.SUCCEEDED is only(emulator).state


def test_calls_are_logged_by_who_made_them(
    emulator: TwoEndpointEmulator, strangers: Strangers
) -> None:
    """The log of a stranger's calls and that of Airflow's have nothing in common."""
    strangers.start(wish())
    client = SpannerAdminClient(Endpoint(target=emulator.endpoint, plain_text=True))
    client.get_ddl(name=DatabaseName.parse(target(RUN, Kind.DDL)))
    client.close()

    assert ["GetDatabaseDdl"] == [call.method for call in emulator.calls]
    assert ["CreateBackup"] == [call.method for call in emulator.strangers_calls]


def test_faults_do_not_hit_strangers(emulator: TwoEndpointEmulator, strangers: Strangers) -> None:
    """An outage for Airflow is none for strangers, nor do they use up a fault for a task."""
    emulator.faults.fail(method="CreateBackup")

    assert strangers.start(wish())
    assert 1 == len(emulator.faults.pending())


def test_what_is_there_cannot_be_started(
    emulator: TwoEndpointEmulator, strangers: Strangers
) -> None:
    """A stranger who comes second starts nothing."""
    strangers.start(wish())

    assert not strangers.start(wish())
    assert 1 == len(emulator.operations())


def test_a_stranger_cancels_whosever_it_is(
    emulator: TwoEndpointEmulator, strangers: Strangers
) -> None:
    """A cancel by a stranger ends an operation."""
    strangers.start(wish(share=0.0))

    assert strangers.cancel(only(emulator).name)
    assert OperationState.CANCELLED is only(emulator).state


def test_a_stranger_replaces_what_is_there(
    emulator: TwoEndpointEmulator, strangers: Strangers
) -> None:
    """What was there is gone, and another of the name is being made by the stranger."""
    emulator.create_backup(wish().target, f"{INSTANCE}/databases/{ORIGIN_ID}")

    assert strangers.replace(wish())
    assert ["DeleteBackup", "CreateBackup"] == [call.method for call in emulator.strangers_calls]
    assert only(emulator).name in strangers.started


def test_nothing_cannot_be_replaced(emulator: TwoEndpointEmulator, strangers: Strangers) -> None:
    """Where nothing is, a stranger replaces nothing."""
    assert not strangers.replace(wish())
    assert () == emulator.operations()


def test_a_stranger_takes_a_name_as_soon_as_it_is_free(
    emulator: TwoEndpointEmulator, strangers: Strangers
) -> None:
    """A stranger waits until an operation has ended, and starts in its place."""
    seen: list[bool] = []
    strangers.start(wish(share=0.5))
    strangers.cancel(only(emulator).name)
    strangers.take(wish(), told=seen.append)
    wait_until(lambda: seen, accept=bool, timeout=10, what="the stranger to take the name")

    assert [True] == seen
    assert 2 == len(strangers.started)


def test_strangers_withdraw(emulator: TwoEndpointEmulator, strangers: Strangers) -> None:
    """A stranger cancels its own operation, or deletes its own result, and nothing else."""
    emulator.create_backup(wish(Kind.COPY).target, f"{INSTANCE}/databases/{ORIGIN_ID}")
    strangers.start(wish(share=0.0))
    emulator.clock.advance(timedelta(seconds=6))

    assert strangers.withdraw(0.5)
    assert ["CreateBackup", "DeleteBackup"] == [call.method for call in emulator.strangers_calls]
    assert not strangers.withdraw(0.5)


def test_strangers_who_rest_do_nothing_more(
    emulator: TwoEndpointEmulator, strangers: Strangers
) -> None:
    """When it gets calm nothing of theirs is under way in the background."""
    seen: list[bool] = []
    strangers.start(wish(share=0.0))
    strangers.take(wish(), told=seen.append)
    strangers.rest()
    strangers.cancel(only(emulator).name)

    assert 1 == len(emulator.operations())


def test_what_lasts_is_ended(emulator: TwoEndpointEmulator, strangers: Strangers) -> None:
    """A stranger's operation that got in the way of a task's plan does not last as long."""
    changed = Wish(run_id="s0002", kind=Kind.DDL, share=ALIKE)
    strangers.start(changed)
    emulator.create_database(changed.target)
    emulator.plan(Plan(duration=timedelta(hours=6), cancel_delay=timedelta()), times=1)
    strangers.start(changed)
    emulator.clock.advance(LASTING + timedelta(seconds=1))
    before = len(strangers.running())
    strangers.end_what_lasts()

    assert 1 == before
    assert () == strangers.running()
