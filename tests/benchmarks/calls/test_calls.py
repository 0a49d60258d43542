# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What a task asks is counted by Airflow's own task runner, and shown beside what it was."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from airflow.sdk.execution_time.comms import SetXCom

from airflow_spanner_lro.emulator import ManualClock
from tests.airflow.fakes import LATER, LONG
from tests.airflow.task_runner import backup
from tests.benchmarks.calls.processes import Calls
from tests.benchmarks.calls.run import ON_A_WORKER, Counted, count_table, links_of, world

if TYPE_CHECKING:
    from collections.abc import Mapping

_LINK = "_link_"


@pytest.fixture(scope="module")
def deferred() -> tuple[Calls, Calls, Mapping[str, int]]:
    """Return what the two processes of a deferred backup ask, and how often each XCom is set."""
    clock = ManualClock()
    with (
        pytest.MonkeyPatch.context() as changes,
        world(changes, clock=clock, plan=LONG) as play,
    ):
        changes.delenv("SPANNER_EMULATOR_HOST", raising=False)
        task = play(backup(deferrable=True))
        first = task.execute()
        clock.advance(LATER)
        second = task.resume(task.fired())
        assert task.succeeded
        return first, second, Counter(each.key for each in task.supervisor.of(SetXCom))


def test_a_start_reads_the_ledger_twice(deferred: tuple[Calls, Calls, object]) -> None:
    """The number of the newest entry, and that entry; the rest the process knows."""
    assert 2 == deferred[0].ledger_reads
    assert 1 == deferred[0].spanner


def test_after_a_deferral_it_is_read_three_times(deferred: tuple[Calls, Calls, object]) -> None:
    """The same, and once more before the end is written: the process may have been frozen."""
    assert 3 == deferred[1].ledger_reads
    assert 1 == deferred[1].spanner


def test_each_link_is_written_once(deferred: tuple[Calls, Calls, Mapping[str, int]]) -> None:
    """Airflow keeps over a deferral what the first process has written."""
    first, second, written = deferred

    assert [1, 1, 1, 1] == [times for key, times in written.items() if key.startswith(_LINK)]
    assert (4, 0) == (first.links, second.links)


def test_nothing_is_read_that_the_process_knows(deferred: tuple[Calls, Calls, object]) -> None:
    """The name of its operation a process has without asking Airflow."""
    assert (0, 0) == (deferred[0].xcom_reads, deferred[1].xcom_reads)


def calls(**figures: int) -> Calls:
    """Return what a process has asked: nothing but this."""
    none = dict.fromkeys(
        (
            "ledger_reads",
            "ledger_writes",
            "xcom_reads",
            "xcom_writes",
            "links",
            "others",
            "spanner",
        ),
        0,
    )
    return Calls(**none | figures)


def test_links_are_added_up_over_processes() -> None:
    """A task that defers has two processes; one on a worker is another task."""
    counted = [
        Counted(task="backup", process="start", calls=calls(links=3)),
        Counted(task="backup", process="after its deferral", calls=calls(links=1)),
        Counted(task="backup", process=ON_A_WORKER, calls=calls(links=2)),
    ]

    assert {("backup", True): 4, ("backup", False): 2} == links_of(counted)


def test_a_figure_that_has_changed_is_shown_beside_what_it_was() -> None:
    """What is as it was stands alone, and too many reads miss their target."""
    counted = [
        Counted(task="backup", process="start", calls=calls(ledger_reads=4, ledger_writes=3)),
        Counted(task="something new", process="start", calls=calls(ledger_reads=1)),
    ]

    known, new = count_table(counted).rows

    assert ("backup, start", "5 → 4", "3") == known.cells[:3]
    assert ("something new, start", "1", "0") == new.cells[:3]
    assert ["missed", "met"] == [row.target.verdict for row in (known, new) if row.target]
