# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Filters and order of the list, and what an address may not say."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from airflow_spanner_lro.core.kinds import CREATE_BACKUP, RESTORE_DATABASE
from airflow_spanner_lro.core.ledger.reaping import ReapDecision, TaskFacts, TaskPhase
from airflow_spanner_lro.web.ledger.filters import (
    MOST_ROWS,
    BadFilterError,
    ListQuery,
    Show,
    SortBy,
    choices_of,
    filtered,
    in_order,
)
from airflow_spanner_lro.web.ledger.listed import ListedOperation
from airflow_spanner_lro.web.ledger.states import ShownState, State

from .ledgers import NOW

INSTANCE = "projects/test/instances/main"
TASK = TaskFacts(state="deferred", phase=TaskPhase.AT_WORK, try_number=1)


def line(number: int = 1, state: State = State.RUNNING, **changes: Any) -> ListedOperation:
    """Return a line of the list."""
    usual = ListedOperation(
        id=str(number),
        dag_id="nightly",
        run_id="run",
        task_id="backup",
        map_index=-1,
        try_number=1,
        task=TASK,
        shown=ShownState(state=state, text="So it is."),
        kind=CREATE_BACKUP,
        target=f"{INSTANCE}/backups/b{number}",
        resource_id=f"b{number}",
        instance=INSTANCE,
        operation=f"{INSTANCE}/backups/b{number}/operations/o",
        started=NOW - timedelta(minutes=number),
        ended=None,
        deadline=None,
        percent=None,
        expected_end=None,
        words=f"{INSTANCE}/backups/b{number}\nnightly backup",
    )
    return replace(usual, **changes)


def found(*lines: ListedOperation, readable: tuple[str, ...] = ("nightly",), **given: str) -> Any:
    """Return what a page shows of some lines."""
    return filtered(lines, query=ListQuery.parse(given), readable=readable, now=NOW)


def test_an_address_without_filters_shows_what_runs_the_newest_first() -> None:
    """Nothing said, and everything said to be empty, is as usual."""
    empty = dict.fromkeys(
        ("state", "dag_id", "instance", "kind", "search", "sort", "offset", "limit"), ""
    )

    assert ListQuery() == ListQuery.parse({})
    assert ListQuery() == ListQuery.parse(empty)
    assert Show.RUNNING is ListQuery().show
    assert ListQuery().descending


@pytest.mark.parametrize(
    ("given", "allowed"),
    [
        ({"state": "burning"}, "running, orphaned, waiting, failed, all"),
        ({"state": "<script>alert(1)</script>"}, "running, orphaned"),
        ({"sort": "--started"}, "or the same after a minus"),
        ({"sort": "colour"}, "started, progress, ends, deadline, dag, kind, resource"),
        ({"kind": "createbackup"}, "CopyBackup, CreateBackup"),
        ({"instance": "main"}, "projects/<project>/instances/<instance>"),
        ({"instance": "projects/p/instances/i/databases/d"}, "projects/<project>"),
        ({"offset": "-1"}, "a number from 0 to"),
        ({"offset": "1e3"}, "a number from 0 to"),
        ({"offset": "٣"}, "a number from 0 to"),
        ({"offset": "9" * 5000}, "a number from 0 to"),
        ({"limit": "0"}, f"a number from 1 to {MOST_ROWS}"),
        ({"limit": str(MOST_ROWS + 1)}, f"a number from 1 to {MOST_ROWS}"),
        ({"search": "x" * 501}, "at most 500 characters"),
        ({"dag_id": "x" * 251}, "at most 250 characters"),
    ],
)
def test_a_filter_that_there_is_not_is_refused_with_what_is_allowed(
    given: dict[str, str], allowed: str
) -> None:
    """The error names the filter and what it may be, in a sentence of bounded length."""
    with pytest.raises(BadFilterError) as caught:
        ListQuery.parse(given)

    assert allowed in caught.value.what_to_do
    assert len(str(caught.value)) < 150


@pytest.mark.parametrize(
    ("state", "changes", "expected"),
    [
        (State.STARTING, {}, {Show.RUNNING}),
        (State.RUNNING, {}, {Show.RUNNING}),
        (State.RUNNING, {"decision": ReapDecision.REAP}, {Show.RUNNING, Show.ORPHANED}),
        (State.CANCELLING, {}, {Show.RUNNING}),
        (State.UNREADABLE, {}, {Show.RUNNING}),
        (State.UNKNOWN, {}, {Show.RUNNING}),
        (State.UNKNOWN, {"ended": NOW}, set()),
        (State.WAITING, {}, {Show.WAITING}),
        (State.FAILED, {}, {Show.FAILED}),
        (State.FAILED, {"ended": NOW - timedelta(hours=24)}, {Show.FAILED}),
        (State.FAILED, {"ended": NOW + timedelta(minutes=5)}, {Show.FAILED}),
        (State.FAILED, {"ended": NOW - timedelta(hours=25)}, set()),
        (State.SUCCEEDED, {"ended": NOW}, set()),
        (State.CANCELLED, {"ended": NOW}, set()),
        (State.GONE, {"ended": NOW}, set()),
    ],
)
def test_each_state_belongs_to_its_choices(
    state: State, changes: dict[str, Any], expected: set[Show]
) -> None:
    """By the table, and everything belongs to all; a clock that is ahead hides no failure."""
    listed = line(state=state, **changes)

    assert expected | {Show.ALL} == set(choices_of(listed, now=NOW))


def test_filters_go_together() -> None:
    """A line is shown that fits all of them, and the search sees no difference of case."""
    lines = (
        line(1),
        line(2, dag_id="weekly"),
        line(3, kind=RESTORE_DATABASE),
        line(4, instance="projects/test/instances/other"),
    )
    readable = ("nightly", "weekly")

    def ids(**given: str) -> list[str]:
        return [each.id for each in found(*lines, readable=readable, **given).page]

    assert ["1", "3", "4"] == ids(dag_id="nightly")
    assert ["3"] == ids(kind="RestoreDatabase")
    assert ["4"] == ids(instance="projects/test/instances/other")
    assert ["2"] == ids(search=" BACKUPS/B2 ")
    assert [] == ids(dag_id="weekly", kind="RestoreDatabase")


def test_what_may_not_be_seen_is_not_even_counted() -> None:
    """Neither total, nor counts, nor facets tell of another team's Dag."""
    secret = line(
        2,
        dag_id="secret",
        instance="projects/test/instances/hidden",
        kind=RESTORE_DATABASE,
        decision=ReapDecision.REAP,
    )

    page = found(line(1), secret, state="all")

    assert 1 == page.total
    assert 0 == page.counts[Show.ORPHANED]
    assert (("nightly",), (INSTANCE,), ("CreateBackup",)) == (
        page.dag_ids,
        page.instances,
        page.kinds,
    )


def test_counts_follow_the_other_filters_and_not_the_choice() -> None:
    """Each choice says how much it would show."""
    lines = (line(1), line(2, state=State.FAILED), line(3, state=State.WAITING, dag_id="weekly"))

    page = found(*lines, readable=("nightly", "weekly"), dag_id="nightly", state="failed")

    assert {Show.RUNNING: 1, Show.ORPHANED: 0, Show.WAITING: 0, Show.FAILED: 1} == page.counts
    assert ("nightly", "weekly") == page.dag_ids


def test_pages_follow_each_other_without_a_gap() -> None:
    """What is equal keeps its order, so that no line is on two pages; beyond the end is nothing."""
    lines = [line(each, started=NOW) for each in range(1, 8)]

    pages = [found(*lines, offset=str(offset), limit="3").page for offset in (0, 3, 6, 9)]

    assert [["1", "2", "3"], ["4", "5", "6"], ["7"], []] == [
        [one.id for one in page] for page in pages
    ]


@pytest.mark.parametrize(
    ("by", "name", "values"),
    [
        (SortBy.STARTED, "started", (NOW - timedelta(hours=1), NOW)),
        (SortBy.PROGRESS, "percent", (0, 64)),
        (SortBy.ENDS, "expected_end", (NOW, NOW + timedelta(hours=1))),
        (SortBy.ENDS, "ended", (NOW, NOW + timedelta(hours=1))),
        (SortBy.DEADLINE, "deadline", (NOW, NOW + timedelta(hours=1))),
        (SortBy.KIND, "kind", (CREATE_BACKUP, RESTORE_DATABASE)),
        (SortBy.RESOURCE, "target", ("a", "b")),
    ],
)
def test_what_is_not_known_stands_last_either_way(
    by: SortBy, name: str, values: tuple[Any, Any]
) -> None:
    """Ascending and descending differ in what is known only."""
    nothing: dict[str, Any] = {name: None}
    low, high = (line(each, **{name: value}) for each, value in enumerate(values, start=1))
    unknown = line(3, **nothing)

    up = in_order([unknown, high, low], by=by, descending=False)
    down = in_order([unknown, low, high], by=by, descending=True)

    assert ["1", "2", "3"] == [each.id for each in up]
    assert ["2", "1", "3"] == [each.id for each in down]


def test_a_line_of_which_little_is_known_has_no_facets() -> None:
    """Such as an entry that cannot be read; by what is not known it is not found."""
    bare = line(state=State.UNREADABLE, kind=None, instance=None)

    page = found(bare)

    assert (1, (), ()) == (page.total, page.instances, page.kinds)
    assert 0 == found(bare, kind="CreateBackup").total


def test_order_by_dag_goes_on_with_task_run_and_index() -> None:
    """The instances of a mapped task stand together, by number."""
    lines = [line(each, map_index=each) for each in (10, 2)] + [line(3, dag_id="a")]

    ordered = in_order(lines, by=SortBy.DAG, descending=False)

    assert ["3", "2", "10"] == [each.id for each in ordered]
