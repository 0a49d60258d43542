# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""An ambush strikes between the work of a start call and its answer, once."""

from __future__ import annotations

import pytest

from airflow_spanner_lro.emulator.errors import RpcError

from .ambush import AmbushingFaults
from .recipes import Kind, target

RUN = "s0001"


def start(faults: AmbushingFaults, kind: Kind = Kind.BACKUP) -> None:
    """Let a start call go by, up to its answer."""
    trouble = faults.take(method=kind.method, resource=target(RUN, kind))
    trouble.before_work()
    trouble.after_work()


@pytest.fixture
def seen() -> list[tuple[str, Kind]]:
    """Return who was ambushed, so far nobody."""
    return []


@pytest.fixture
def faults(seen: list[tuple[str, Kind]]) -> AmbushingFaults:
    """Return faults with one ambush in store."""
    faults = AmbushingFaults()
    faults.ambush(lambda run_id, kind: seen.append((run_id, kind)))
    return faults


@pytest.mark.parametrize("kind", list(Kind))
def test_a_start_call_is_ambushed_after_its_work(
    faults: AmbushingFaults, seen: list[tuple[str, Kind]], kind: Kind
) -> None:
    """The attack comes with run and task, not before the work, and before the answer."""
    trouble = faults.take(method=kind.method, resource=target(RUN, kind))
    trouble.before_work()
    before = list(seen)
    trouble.after_work()

    assert [] == before
    assert [(RUN, kind)] == seen


def test_an_ambush_strikes_once(faults: AmbushingFaults, seen: list[tuple[str, Kind]]) -> None:
    """The call after it passes."""
    start(faults)
    start(faults)

    assert 1 == len(seen)


def test_other_calls_pass(faults: AmbushingFaults, seen: list[tuple[str, Kind]]) -> None:
    """Neither other methods nor what no task makes is ambushed."""
    faults.take(method="GetOperation", resource=target(RUN, Kind.BACKUP)).after_work()
    faults.take(
        method="CreateBackup", resource="projects/p/instances/i/backups/source"
    ).after_work()

    assert [] == seen


def test_a_refused_call_is_not_ambushed(
    faults: AmbushingFaults, seen: list[tuple[str, Kind]]
) -> None:
    """A start call that does no work leaves the ambush to the next one."""
    faults.fail(method="CreateBackup")
    with pytest.raises(RpcError):
        start(faults)
    start(faults)

    assert [(RUN, Kind.BACKUP)] == seen


def test_an_ambushed_answer_may_be_lost_too(
    faults: AmbushingFaults, seen: list[tuple[str, Kind]]
) -> None:
    """What else was to happen to the call happens, after the attack."""
    faults.lose_answer(method="CreateBackup")
    with pytest.raises(RpcError):
        start(faults)

    assert [(RUN, Kind.BACKUP)] == seen


def test_a_clear_calls_the_ambush_off(
    faults: AmbushingFaults, seen: list[tuple[str, Kind]]
) -> None:
    """When trouble is over, so is the ambush."""
    faults.clear()
    start(faults)

    assert [] == seen
