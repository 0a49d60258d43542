# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Hooks: something happens once, before the work of a call or between its work and its answer."""

from __future__ import annotations

import pytest

from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator.errors import RpcError
from tests.soak.call_hooks import CANCEL, CallHook, HookedFaults
from tests.soak.dag_specs import Kind, target

RUN = "s0001"


def start(faults: HookedFaults, kind: Kind = Kind.BACKUP) -> None:
    """Let a start call go by, up to its answer."""
    trouble = faults.take(method=kind.method, resource=target(RUN, kind))
    trouble.before_work()
    trouble.after_work()


@pytest.fixture
def seen() -> list[tuple[str, Kind]]:
    """Return who was ambushed, so far nobody."""
    return []


@pytest.fixture
def faults(seen: list[tuple[str, Kind]]) -> HookedFaults:
    """Return faults with one ambush in store."""
    faults = HookedFaults()
    faults.ambush(lambda run_id, kind: seen.append((run_id, kind)))
    return faults


@pytest.mark.parametrize("kind", list(Kind))
def test_a_start_call_is_ambushed_after_its_work(
    faults: HookedFaults, seen: list[tuple[str, Kind]], kind: Kind
) -> None:
    """The attack comes with run and task, not before the work, and before the answer."""
    trouble = faults.take(method=kind.method, resource=target(RUN, kind))
    trouble.before_work()
    before = list(seen)
    trouble.after_work()

    assert [] == before
    assert [(RUN, kind)] == seen


def test_an_ambush_strikes_once(faults: HookedFaults, seen: list[tuple[str, Kind]]) -> None:
    """The call after it passes."""
    start(faults)
    start(faults)

    assert 1 == len(seen)


def test_other_calls_pass(faults: HookedFaults, seen: list[tuple[str, Kind]]) -> None:
    """Neither other methods nor what no task makes is ambushed."""
    faults.take(method="GetOperation", resource=target(RUN, Kind.BACKUP)).after_work()
    faults.take(
        method="CreateBackup", resource="projects/p/instances/i/backups/source"
    ).after_work()

    assert [] == seen


def test_a_refused_call_is_not_ambushed(faults: HookedFaults, seen: list[tuple[str, Kind]]) -> None:
    """A start call that does no work leaves the ambush to the next one."""
    faults.fail(method="CreateBackup")
    with pytest.raises(RpcError):
        start(faults)
    start(faults)

    assert [(RUN, Kind.BACKUP)] == seen


def test_an_ambushed_answer_may_be_lost_too(
    faults: HookedFaults, seen: list[tuple[str, Kind]]
) -> None:
    """What else was to happen to the call happens, after the attack."""
    faults.lose_answer(method="CreateBackup")
    with pytest.raises(RpcError):
        start(faults)

    assert [(RUN, Kind.BACKUP)] == seen


def test_a_clear_calls_the_ambush_off(faults: HookedFaults, seen: list[tuple[str, Kind]]) -> None:
    """When trouble is over, so is the ambush."""
    faults.clear()
    start(faults)

    assert [] == seen


# -- hooks


def note(seen: list[tuple[str, Kind]]) -> CallHook:
    """Return a hook that only notes whom it met, before the work."""
    return CallHook(before=lambda run_id, kind: seen.append((run_id, kind)))


def test_a_plot_may_come_before_the_work(seen: list[tuple[str, Kind]]) -> None:
    """What is to be done first is done before the work."""
    faults = HookedFaults()
    faults.await_start(note(seen))
    faults.take(method="CreateBackup", resource=target(RUN, Kind.BACKUP)).before_work()

    assert [(RUN, Kind.BACKUP)] == seen


def test_a_plot_may_refuse_the_call(seen: list[tuple[str, Kind]]) -> None:
    """The work is not done, after what was hooked was."""
    faults = HookedFaults()
    faults.await_start(CallHook(before=note(seen).before, refuse=Code.UNAVAILABLE))
    trouble = faults.take(method="CreateBackup", resource=target(RUN, Kind.BACKUP))
    with pytest.raises(RpcError) as caught:
        trouble.before_work()

    assert Code.UNAVAILABLE is caught.value.code
    assert 1 == len(seen)


def test_a_plot_may_lose_the_answer(seen: list[tuple[str, Kind]]) -> None:
    """The work is done, what was hooked too, and the answer is an error."""
    faults = HookedFaults()
    faults.await_start(CallHook(after=note(seen).before, lose=Code.DEADLINE_EXCEEDED))
    trouble = faults.take(method="CreateBackup", resource=target(RUN, Kind.BACKUP))
    trouble.before_work()
    with pytest.raises(RpcError) as caught:
        trouble.after_work()

    assert Code.DEADLINE_EXCEEDED is caught.value.code
    assert 1 == len(seen)


def test_a_plot_may_hold_the_answer_back() -> None:
    """The answer comes seconds after the work."""
    faults = HookedFaults()
    faults.await_start(CallHook(late=3.0))
    trouble = faults.take(method="CreateBackup", resource=target(RUN, Kind.BACKUP))
    trouble.before_work()
    trouble.after_work()

    assert 3.0 == trouble.late


def test_a_call_without_work_leaves_a_plot_to_the_next_one(seen: list[tuple[str, Kind]]) -> None:
    """What is to happen after the work waits until some is done."""
    faults = HookedFaults()
    faults.await_start(CallHook(after=note(seen).before))
    # Spanner refuses it: nobody asks what comes after the work
    faults.take(method="CreateBackup", resource=target(RUN, Kind.BACKUP)).before_work()
    start(faults, Kind.COPY)

    assert [(RUN, Kind.COPY)] == seen


def test_plots_come_in_their_order(seen: list[tuple[str, Kind]]) -> None:
    """One call is for one hook, the oldest."""
    faults = HookedFaults()
    faults.await_start(CallHook(after=note(seen).before))
    faults.await_start(note(seen))
    start(faults, Kind.COPY)
    before = list(seen)
    start(faults, Kind.DDL)

    assert [(RUN, Kind.COPY)] == before
    assert [(RUN, Kind.COPY), (RUN, Kind.DDL)] == seen


def test_a_plot_may_wait_for_a_cancel(seen: list[tuple[str, Kind]]) -> None:
    """A hook for a cancel lets start calls pass, and names the task of the operation."""
    faults = HookedFaults()
    faults.await_cancel(note(seen))
    start(faults)
    before = list(seen)
    operation = f"{target(RUN, Kind.DDL)}/operations/1"
    faults.take(method=CANCEL, resource=operation).before_work()

    assert [] == before
    assert [(RUN, Kind.DDL)] == seen
