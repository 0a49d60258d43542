# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The harness itself, without Airflow: in which order rows are played, and what falls short."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import pytest

from tests.cluster.executors import Executor
from tests.e2e.conditional_faults import ConditionalFaults
from tests.e2e.guarantee.result_table import result_table
from tests.e2e.guarantee.row_actions import INSTANCES
from tests.e2e.guarantee.row_runner import Outcome, Runner
from tests.e2e.guarantee.rows import ANY, ONLY_CELERY, ROWS, Group, Row, Seen
from tests.e2e.guarantee.test_guarantee import DECLARING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.conftest import World
    from tests.e2e.guarantee.row_actions import RowActions
    from tests.e2e.guarantee.rows import Scenario

WORLD = cast("World", None)
"""What the rows here do without."""
OK = Seen(words="fine")


class Diary:
    """What has happened in the rows and around them, in order."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    @contextmanager
    def around(self, name: str) -> Iterator[None]:
        """Write down the beginning and the end of something."""
        self.lines.append(f"{name} begins")
        yield
        self.lines.append(f"{name} ends")

    def play(self, act: RowActions) -> Scenario:
        """Play a row of three steps."""
        for step in ("ready", "cause"):
            self.lines.append(f"{act.row.id} {step}")
            yield
        self.lines.append(f"{act.row.id} rest")
        return OK


def broken(_act: RowActions) -> Scenario:
    """Play a row that does not get far."""
    yield
    message = "no luck"
    raise RuntimeError(message)


@pytest.fixture
def diary() -> Diary:
    """Return an empty diary."""
    return Diary()


@pytest.fixture
def group(diary: Diary) -> Group:
    """Return a group whose circumstances are written down."""
    return Group(
        name="g",
        around=lambda _: diary.around("all"),
        disruption=lambda _: diary.around("disruption"),
    )


@pytest.fixture
def first(diary: Diary, group: Group) -> Row:
    """Return a row that is written down."""
    return Row(
        id="E1", name="E1-a", exit="x", within=None, expected="", group=group, play=diary.play
    )


def test_a_group_goes_through_its_steps_together(diary: Diary, first: Row) -> None:
    """All get ready, then the causes follow one another while disrupted, then comes the rest."""
    second = replace(first, id="E2")

    Runner(world=WORLD, rows=[first, second]).outcome(first)

    assert "all begins" == diary.lines[0]
    assert {"E1 ready", "E2 ready"} == set(diary.lines[1:3])
    assert ["disruption begins", "E1 cause", "E2 cause", "disruption ends"] == diary.lines[3:7]
    assert {"E1 rest", "E2 rest"} == set(diary.lines[7:9])
    assert ["all ends"] == diary.lines[9:]


def test_it_is_told_what_the_time_went_to(first: Row) -> None:
    """Of each group there is a line with its steps, and with the rows that were in them."""
    second = replace(first, id="E2", play=broken)
    runner = Runner(world=WORLD, rows=[first, second])
    runner.outcome(first)

    (line,) = runner.stopwatch.lines()

    steps = re.sub(r"\d+", "0", line.replace("E1", "E").replace("E2", "E"))
    assert (
        "g: set up 0 s, get ready 0 s (E 0 E 0), disrupt 0 s, causes 0 s (E 0 E 0), "
        "rest 0 s (E 0 E 0)"
    ) == steps


def test_rows_that_wait_for_themselves_are_played_beside_others(diary: Diary, first: Row) -> None:
    """They begin when the first calm group is ready, and nobody has to ask for them."""
    beside = replace(first, id="S1", group=Group(name="beside", at_once=True, beside=True))
    runner = Runner(world=WORLD, rows=[first, beside], beside=2)

    assert OK == runner.outcome(first).seen
    assert OK == runner.outcome(beside).seen
    runner.close()

    assert diary.lines.index("E1 ready") < diary.lines.index("S1 ready")
    assert 1 == diary.lines.count("S1 rest")
    assert any(line.startswith("beside: beside others (S1 ") for line in runner.stopwatch.lines())


def test_none_is_played_beside_where_seconds_are_taken_strictly(diary: Diary, first: Row) -> None:
    """Without a place for them they are a group like all others."""
    beside = replace(first, id="S1", group=Group(name="beside", at_once=True, beside=True))

    Runner(world=WORLD, rows=[first, beside]).outcome(first)

    assert not any(line.startswith("S1") for line in diary.lines)


def test_a_disrupted_group_has_nothing_beside_it(diary: Diary, first: Row) -> None:
    """Before Airflow is disrupted, all rows beside are over; with it, none begins."""
    beside = replace(first, id="S1", group=Group(name="beside", at_once=True, beside=True))
    later = replace(first, id="K1", group=Group(name="h", calm=False))
    earlier = replace(later, id="K2", group=Group(name="i", calm=False))
    runner = Runner(world=WORLD, rows=[earlier, first, later, beside], beside=2)

    for each in (earlier, first, later):
        assert OK == runner.outcome(each).seen
    runner.close()

    order = [line for line in diary.lines if line[:2] in {"S1", "K1", "K2"}]
    assert ["K2", "K2", "K2", "S1", "S1", "S1", "K1", "K1", "K1"] == [line[:2] for line in order]


def test_rows_beside_that_have_not_begun_are_left_out_in_the_end(diary: Diary, first: Row) -> None:
    """Where a session ends early, nothing begins any more."""
    beside = replace(first, id="S1", group=Group(name="beside", at_once=True, beside=True))
    runner = Runner(world=WORLD, rows=[first, beside], beside=2)

    runner.close()

    assert [] == diary.lines


def test_a_row_that_fails_keeps_no_other_from_being_played(first: Row) -> None:
    """The error of a row is its own."""
    second = replace(first, id="E2", play=broken)
    runner = Runner(world=WORLD, rows=[first, second])

    assert isinstance(runner.outcome(second).error, RuntimeError)
    assert OK == runner.outcome(first).seen


def test_a_group_that_cannot_be_set_up_fails_its_rows(first: Row) -> None:
    """Where the circumstances are missing, the rows say so."""

    @contextmanager
    def nothing(_world: World) -> Iterator[None]:
        message = "no triggerer"
        raise RuntimeError(message)
        yield

    row = replace(first, group=Group(name="h", around=nothing))

    assert isinstance(Runner(world=WORLD, rows=[row]).outcome(row).error, RuntimeError)


def test_other_groups_are_played_when_they_are_asked_for(diary: Diary, first: Row) -> None:
    """A row of another group is left alone."""
    other = replace(first, id="K1", group=Group(name="h"))

    Runner(world=WORLD, rows=[first, other]).outcome(first)

    assert not any(line.startswith("K1") for line in diary.lines)


def test_faults_of_one_row_end_without_those_of_others() -> None:
    """Rows are side by side in one emulator; what is in store for another instance stays."""
    faults = ConditionalFaults()
    for instance in ("e1", "e10"):
        faults.fail(resource=f"{INSTANCES}{instance}/backups/*")

    faults.clear_of(f"{INSTANCES}e1")

    assert [f"{INSTANCES}e10/backups/*"] == [each.resource for each in faults.pending()]


@pytest.mark.parametrize(
    ("seen", "allowance", "short"),
    [
        pytest.param(Seen(words="cancelled", seconds=4.9), 1.0, "", id="in-time"),
        pytest.param(Seen(words="cancelled", seconds=9.0), 2.0, "", id="allowed"),
        pytest.param(
            Seen(words="cancelled", seconds=9.0), 1.0, "9.0 s are more than 5 s", id="late"
        ),
        pytest.param(Seen(words="cancelled", seconds=14.9), 2.0, "", id="never-tight"),
        pytest.param(
            Seen(words="cancelled", seconds=26.0),
            5.0,
            "26.0 s are more than 5 s, 25 s with the allowance",
            id="too-late",
        ),
        pytest.param(Seen(words="cancelled"), 1.0, "nothing was measured", id="not-measured"),
        pytest.param(Seen(words="adopted", excused=True), 1.0, "", id="excused"),
        pytest.param(
            Seen(words="cancelled", seconds=1.0, wrong="started twice"),
            1.0,
            "started twice",
            id="wrong",
        ),
    ],
)
def test_a_row_falls_short(first: Row, seen: Seen, allowance: float, short: str) -> None:
    """Too late, not measured, or otherwise wrong is short."""
    outcome = Outcome(row=replace(first, within=5), seen=seen)

    assert short == outcome.shortfall(allowance=allowance)


@pytest.mark.parametrize(
    ("within", "allowance", "bound"),
    [
        pytest.param(3, 1.0, 3, id="strict"),
        pytest.param(3, 2.0, 15, id="never-tight"),
        pytest.param(10, 5.0, 50, id="times"),
        pytest.param(90, 5.0, 210, id="comes-to-an-end"),
        pytest.param(None, 5.0, None, id="not-measured"),
    ],
)
def test_the_bound_of_a_row(
    first: Row, within: float | None, allowance: float, bound: float | None
) -> None:
    """An allowance leaves generous room to short bounds, and not for ever to long ones."""
    assert bound == replace(first, within=within).bound(allowance=allowance)


@pytest.mark.parametrize(
    ("row", "local", "celery", "core"),
    [
        pytest.param({}, True, False, False, id="usual"),
        pytest.param({"executors": ANY}, True, True, False, id="about-workers"),
        pytest.param({"executors": ANY, "core": True}, True, True, True, id="core"),
        pytest.param({"executors": ONLY_CELERY}, False, True, False, id="only-celery"),
    ],
)
def test_rows_are_played_where_they_matter(
    first: Row, row: dict[str, Any], *, local: bool, celery: bool, core: bool
) -> None:
    """Rows that concern workers are played with Celery as well, and a few of them always."""
    row_ = replace(first, **row)

    assert local == row_.selected(executor=Executor.LOCAL, core=False)
    assert celery == row_.selected(executor=Executor.CELERY, core=False)
    assert core == row_.selected(executor=Executor.CELERY, core=True)


@pytest.mark.parametrize("calm", [True, False])
def test_two_sessions_share_the_rows(first: Row, *, calm: bool) -> None:
    """Each row is of one of the two, and of a session that plays all."""
    row_ = replace(first, group=Group(name="h", calm=calm))

    def selected(*, in_calm: bool | None) -> bool:
        return row_.selected(executor=Executor.LOCAL, core=False, calm=in_calm)

    assert [calm, not calm, True] == [selected(in_calm=each) for each in (True, False, None)]


def test_whatever_waits_on_a_worker_is_played_with_celery() -> None:
    """No row that waits on a worker is forgotten, nor one whose module handles its process."""
    assert DECLARING
    forgotten = [
        row.name
        for row in ROWS
        if {"on_worker", "process_of", "task_process"} & set(row.play.__code__.co_names)
        and Executor.CELERY not in row.executors
    ]

    assert [] == forgotten


def test_the_table_fits_a_terminal(first: Row) -> None:
    """No line is longer than 120 columns, whatever the words are; what is short is told below."""
    long = replace(first, exit="x" * 200, expected="y" * 200, within=1)
    outcomes = [
        Outcome(row=long, seen=Seen(words="z" * 200, seconds=1234.5)),
        Outcome(row=first, error=RuntimeError("no luck")),
    ]

    lines = list(result_table(outcomes, allowance=1.0))

    assert max(map(len, lines)) <= 120
    assert "Rows: 2, short: 2." in lines
    assert "E1: RuntimeError: no luck" in lines


def test_the_table_tells_what_was_played(first: Row) -> None:
    """A row without processes of Airflow says so, and the last lines count such rows."""
    outcomes = [
        Outcome(row=first, seen=OK),
        Outcome(row=replace(first, id="E2", played=True), seen=OK),
        Outcome(row=replace(first, id="E3", played=True), seen=replace(OK, wrong="not so")),
    ]

    lines = list(result_table(outcomes, allowance=1.0))

    assert ["ok", "played", "SHORT"] == [line.split()[-1] for line in lines[2:5]]
    assert any("since no process of Airflow can be brought there: 2" in line for line in lines)
