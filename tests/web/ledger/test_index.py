# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The index of the ledger: up to date, read once for all, and steady when things go wrong."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
from airflow.models.task_state_store import TaskStateStoreModel as Stored
from sqlalchemy import update

from airflow_spanner_lro.airflow_internals import AirflowDatabaseError
from airflow_spanner_lro.core.ledger.evidence import Evidence
from airflow_spanner_lro.core.operations.snapshot import OperationState
from airflow_spanner_lro.core.polling.seen import SeenOperation
from airflow_spanner_lro.reaper import records
from airflow_spanner_lro.web.ledger import index as index_module
from airflow_spanner_lro.web.ledger.filters import ListQuery, filtered
from airflow_spanner_lro.web.ledger.index import USABLE_FOR, shared_index
from airflow_spanner_lro.web.ledger.rows import row
from airflow_spanner_lro.web.ledger.states import State
from tests.support.garbage import no_collections

from .ledgers import NOW, Ledgers, entry, only, statements

if TYPE_CHECKING:
    from airflow_spanner_lro.airflow_internals.state_store import ValueMarks
    from tests.reaper.airflow_tables import AirflowTables

PAGE, REFRESH = 0.1, 0.25
"""What filter, order and page of 10,000 entries may take, and a look for changes, of what reading
them all takes; 0.03 and 0.09 were measured."""


def test_an_entry_that_changes_is_read_again(ledgers: Ledgers) -> None:
    """What its task writes is there at the next look after two seconds, and not before."""
    scope = ledgers.tables.add_task(state="deferred", run_state="running")
    ledgers.tables.write(scope, entry())
    before = only(ledgers.index.view())

    ledgers.tables.write(scope, entry().stop(NOW))

    assert before is only(ledgers.later(1.0))
    assert (State.RUNNING, State.CANCELLING) == (
        before.shown.state,
        only(ledgers.later()).shown.state,
    )


def test_a_task_that_changes_shows_without_a_word_of_its_entry(ledgers: Ledgers) -> None:
    """A task that has failed a while ago leaves an orphan, although nobody wrote its entry."""
    scope = ledgers.tables.add_task(state="deferred", run_state="running")
    ledgers.tables.write(scope, entry())
    assert not only(ledgers.index.view()).orphaned

    ledgers.tables.change_task(scope, state="failed")

    line = only(ledgers.later())
    assert "failed" == line.task.state
    ledgers.now += timedelta(minutes=5)
    assert only(ledgers.later()).orphaned


def test_only_what_has_changed_is_read(ledgers: Ledgers) -> None:
    """A look when nothing has changed is six queries, and of a change one page more."""
    scopes = [ledgers.tables.add_task(task_id=f"t{each}") for each in range(3)]
    for scope in scopes:
        ledgers.tables.write(scope, entry())
    ledgers.index.view()

    with statements(ledgers) as quiet:
        ledgers.later()
    ledgers.tables.write(scopes[1], entry().close())
    with statements(ledgers) as changed:
        ledgers.later()

    assert 6 == len(quiet)
    assert not any("task_state_store.value" in each for each in quiet)
    reading = [each for each in changed if "task_state_store.value" in each]
    assert 1 == len(reading)
    assert 8 == len(changed), "and the history of the task whose entry is closed now"


def test_an_entry_or_a_run_that_is_deleted_is_gone(ledgers: Ledgers) -> None:
    """A Dag that was deleted takes its entries with it; one whose task is gone says so."""
    kept = ledgers.tables.add_task(state="running", run_state="running")
    gone = ledgers.tables.add_task(dag_id="deleted")
    for scope in (kept, gone):
        ledgers.tables.write(scope, entry())
    assert 2 == len(ledgers.index.view().lines)

    ledgers.tables.delete_run(gone)
    ledgers.tables.delete_task(kept)
    view = ledgers.later()

    assert [("nightly", "deleted")] == [(each.dag_id, each.task.state) for each in view.lines]
    assert {"nightly"} == view.dag_ids


def test_a_clock_that_is_wrong_hides_no_change(ledgers: Ledgers) -> None:
    """An entry is read again that a machine wrote whose clock is an hour behind."""
    scope = ledgers.tables.add_task(state="deferred", run_state="running")
    ledgers.tables.write(scope, entry())
    ledgers.index.view()

    ledgers.tables.write(scope, entry().stop(NOW))
    behind = datetime.now(tz=UTC) - timedelta(hours=1)
    ledgers.tables.execute(update(Stored).values(updated_at=behind))

    assert State.CANCELLING is only(ledgers.later()).shown.state


@pytest.mark.parametrize(
    "text",
    [
        "no json",
        "[" * 60_000,
        "null",
        '"text"',
        "[1, 2]",
        '{"__airflow_state_ref__": "s3://elsewhere"}',
        '{"version": 99}',
        '{"version": true, "kind": 7}',
        '{"version": 3, "kind": "<img src=x onerror=alert(1)>", "target": "\\u001b[2J"}',
    ],
)
def test_an_entry_that_cannot_be_read_is_a_line_that_says_why(ledgers: Ledgers, text: str) -> None:
    """One bad entry hides no other; what it says is cut, and control characters are escaped."""
    bad = ledgers.tables.add_task(task_id="bad")
    good = ledgers.tables.add_task(task_id="good", state="running", run_state="running")
    ledgers.tables.write_text(bad, text)
    ledgers.tables.write(good, entry())

    view = ledgers.index.view()

    states = {each.task_id: each.shown.state for each in view.lines}
    assert {"bad": State.UNREADABLE, "good": State.RUNNING} == states
    (line,) = (each for each in view.lines if each.task_id == "bad")
    shown = row(line, actionable={"nightly"})
    assert shown["error"]
    assert len(shown["state_text"]) < 400
    assert shown["state_text"].isprintable()
    assert not shown["may_cancel"]


def test_what_pollers_have_seen_is_beside_the_entry(ledgers: Ledgers) -> None:
    """Progress, expected end and the end itself come from the last look of a poller."""
    scope = ledgers.tables.add_task(state="deferred", run_state="running")
    ledgers.tables.write(scope, entry())
    name = str(entry().operation)
    ledgers.seen[name] = SeenOperation(
        name=name, state=OperationState.RUNNING, seen=NOW, percent=164, expected_end=NOW, rate=60.0
    )

    line = only(ledgers.index.view())

    assert (100, NOW) == (line.percent, line.expected_end)
    ledgers.seen[name] = SeenOperation(
        name=name, state=OperationState.FAILED, seen=NOW, end_time=NOW, error="INTERNAL: oh"
    )
    ended = only(ledgers.later())
    assert (State.FAILED, NOW, None) == (ended.shown.state, ended.ended, ended.expected_end)


def test_outcome_of_an_earlier_try_comes_from_the_history(ledgers: Ledgers) -> None:
    """An entry that try 1 has closed failed with it, whatever try 3 is about."""
    scope = ledgers.tables.add_task(state="running", run_state="running", try_number=3)
    ledgers.past_try(scope, try_number=1, state="failed")
    ledgers.past_try(scope, try_number=2, state="success")
    ledgers.tables.write(scope, entry().close(), number=1)
    ledgers.tables.write(scope, entry(try_number=2).close(), number=2)
    ledgers.tables.write(scope, entry(try_number=3), number=10)

    lines = ledgers.index.view().by_task["nightly", scope.run_id, "backup", -1]

    assert [State.FAILED, State.SUCCEEDED, State.RUNNING] == [each.shown.state for each in lines]


def test_the_index_of_a_process_asks_what_was_published(ledgers: Ledgers) -> None:
    """What is published is for everybody; what a task has published counts for that task."""
    scope = ledgers.tables.add_task(state="running", run_state="running")
    ledgers.tables.write(scope, entry())
    shared_index.cache_clear()

    view = shared_index().view()

    assert shared_index() is shared_index()
    assert None is only(view).seen
    shared_index.cache_clear()


def test_many_who_look_at_once_cost_one_refresh(
    ledgers: Ledgers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one reads the database, the others get what there was, and nobody waits."""
    scope = ledgers.tables.add_task(state="running", run_state="running")
    ledgers.tables.write(scope, entry())
    first = ledgers.index.view()
    reads, release, entered = [], Event(), Event()
    marks = records.ledger_marks

    def slowly(**given: int) -> ValueMarks:
        reads.append(1)
        entered.set()
        assert release.wait(30)
        return marks(**given)

    monkeypatch.setattr(index_module, "ledger_marks", slowly)
    ledgers.monotonic += 3
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(ledgers.index.view)
        assert entered.wait(30)
        others = [ledgers.index.view() for _ in range(50)]
        release.set()
        fresh = reading.result(30)

    assert all(each is first for each in others)
    assert fresh is ledgers.index.view()
    assert fresh is not first
    assert 1 == len(reads)


def test_first_who_look_at_once_cost_one_read(
    ledgers: Ledgers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing is known yet, all wait for the one who reads."""
    reads: list[int] = []
    marks = records.ledger_marks

    def counted(**given: int) -> ValueMarks:
        reads.append(1)
        return marks(**given)

    monkeypatch.setattr(index_module, "ledger_marks", counted)
    with ThreadPoolExecutor(8) as pool:
        views = [*pool.map(lambda _: ledgers.index.view(), range(8))]

    assert 1 == len({id(each) for each in views})
    assert 1 == len(reads)


def test_while_the_database_is_away_the_page_shows_what_it_knew(
    ledgers: Ledgers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For a minute, with a note of its age; then it is an error, until the database is back."""
    scope = ledgers.tables.add_task(state="running", run_state="running")
    ledgers.tables.write(scope, entry())
    ledgers.index.view()

    def away(**_: int) -> None:
        message = "Airflow's database could not be used: connection \x1brefused"
        raise AirflowDatabaseError(message)

    with monkeypatch.context() as patch:
        patch.setattr(index_module, "ledger_marks", away)
        ledgers.now += timedelta(seconds=20)
        known = ledgers.later(20.0)
        with pytest.raises(AirflowDatabaseError):
            ledgers.later(USABLE_FOR)
        with pytest.raises(AirflowDatabaseError):
            ledgers.index.view()

    assert 1 == len(known.lines)
    assert known.problems[0].startswith("Seen 20 s ago: Airflow's database could not be used")
    assert known.problems[0].isprintable()
    back = ledgers.later()
    assert (1, ()) == (len(back.lines), back.problems)


def test_something_that_was_just_done_shows_at_once(ledgers: Ledgers) -> None:
    """Whoever has changed something does not see the old list."""
    scope = ledgers.tables.add_task(state="running", run_state="running")
    ledgers.tables.write(scope, entry())
    ledgers.index.view()
    ledgers.tables.write(scope, entry().stop(NOW))

    ledgers.index.forget()

    assert State.CANCELLING is only(ledgers.index.view()).shown.state


def test_something_that_is_done_while_the_index_is_read_shows_at_the_next_look(
    ledgers: Ledgers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read may be from before it, so it is not kept for two seconds."""
    scope = ledgers.tables.add_task(state="running", run_state="running")
    ledgers.tables.write(scope, entry())
    marks = records.ledger_marks

    def meanwhile(**given: int) -> ValueMarks:
        found = marks(**given)
        ledgers.index.forget()
        return found

    with monkeypatch.context() as patch:
        patch.setattr(index_module, "ledger_marks", meanwhile)
        before = only(ledgers.index.view())
    ledgers.tables.write(scope, entry().stop(NOW))

    assert State.RUNNING is before.shown.state
    assert State.CANCELLING is only(ledgers.index.view()).shown.state


def test_years_of_closed_entries_do_not_fill_the_memory(tables: AirflowTables) -> None:
    """The newest are known, and all that are open; the page says that there are more."""
    ledgers = Ledgers(tables=tables, newest=2)
    for number in range(1, 6):
        scope = tables.add_task(task_id=f"t{number}", state="running", run_state="running")
        tables.write(scope, entry() if number == 2 else entry().close())

    view = ledgers.index.view()

    assert {"t2", "t4", "t5"} == {each.task_id for each in view.lines}
    assert not view.complete
    assert view.problems[0].startswith("Shown are the newest 2 entries of the ledger, and all")


def test_keys_that_somebody_made_up_do_not_disturb_the_order(ledgers: Ledgers) -> None:
    """The entries of a task stand by their numbers; what has none stands first."""
    scope = ledgers.tables.add_task(state="running", run_state="running", try_number=2)
    for number in (10, 9, "9" * 400, "x", "٣"):
        ledgers.tables.write_value(scope, entry().to_record(), number=number)

    lines = ledgers.index.view().by_task["nightly", scope.run_id, "backup", -1]

    assert [0, 0, 0, 9, 10] == [each.known.number for each in lines if each.known]


@pytest.mark.slow
def test_ten_thousand_entries_are_fast(ledgers: Ledgers) -> None:
    """Once they are known, a page of them and a look for changes take a fraction of that."""
    ledgers.write_many(10_000)
    _, reading = timed(ledgers.index.view)

    view, refreshing = timed(lambda: ledgers.later(60.0))

    assert 10_000 == len(view.lines)
    for given in ({}, {"state": "all", "sort": "-dag"}, {"search": "backup77"}, {"sort": "ends"}):

        def page(given: dict[str, str] = given) -> list[dict[str, Any]]:
            query = ListQuery.parse(given)
            found = filtered(view.lines, query=query, readable=view.dag_ids, now=ledgers.now)
            return [row(each, actionable=view.dag_ids) for each in found.page]

        rows, seconds = timed(page)
        assert 50 == len(rows)
        assert seconds < PAGE * reading, given
    assert refreshing < REFRESH * reading


def timed(do: Any) -> tuple[Any, float]:
    """Return what something comes to, and how much time of the processor it takes."""
    with no_collections():
        began = time.thread_time()
        return do(), time.thread_time() - began


def test_evidence_is_shown_with_what_it_means(ledgers: Ledgers) -> None:
    """What is only presumed to be the task's cannot be cancelled from the page, and says why."""
    scope = ledgers.tables.add_task(state="running", run_state="running")
    ledgers.tables.write(scope, entry(evidence=Evidence.PRESUMED))

    shown = row(only(ledgers.index.view()), actionable={"nightly"})

    assert "presumed" == shown["evidence"]
    assert "never answered" in shown["evidence_text"]
    assert not shown["may_cancel"]
