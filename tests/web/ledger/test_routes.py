# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The routes that only read, over HTTP, by somebody who may see some of the Dags."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from airflow.api_fastapi.core_api.security import get_user
from fastapi.testclient import TestClient

from airflow_spanner_lro.airflow_internals import AirflowDatabaseError, metadata_database
from airflow_spanner_lro.core.kinds import CREATE_BACKUP
from airflow_spanner_lro.core.ledger.reaping import ROUND_KEY, RoundRecord
from airflow_spanner_lro.reaper.report import print_status
from airflow_spanner_lro.web import reading
from airflow_spanner_lro.web.app import create_app
from airflow_spanner_lro.web.ledger import index as index_module
from airflow_spanner_lro.web.progress import EmulatedConnection, PublishedProgress
from airflow_spanner_lro.web.refresh import LookupRefusedError
from airflow_spanner_lro.web.rights import rights_of

from .ledgers import NOW, backup, entry, operation_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from airflow.state import TaskScope

    from airflow_spanner_lro.reaper.records import LedgerRow

    from .ledgers import Ledgers

ALL = {"nightly", "weekly"}


class SomeRights:
    """What somebody may do: nothing but what a test says."""

    user_name = "ann"

    def __init__(self) -> None:
        self.read = ALL
        self.edit: set[str] = set()
        self.delete: set[str] = set()

    def readable(self, dag_ids: Collection[str]) -> frozenset[str]:
        """Return which Dags may be seen."""
        return frozenset(self.read & set(dag_ids))

    def editable(self, dag_ids: Collection[str]) -> frozenset[str]:
        """Return of which Dags operations may be cancelled."""
        return frozenset(self.edit & set(dag_ids))

    def deletable(self, dag_ids: Collection[str]) -> frozenset[str]:
        """Return of which Dags operations may be deleted."""
        return frozenset(self.delete & set(dag_ids))


class NoRefresh:
    """Notes who is to be looked at, and asks nobody."""

    def __init__(self) -> None:
        self.wanted: list[str] = []

    def want(self, rows: Collection[LedgerRow]) -> None:
        """Note the tasks of entries."""
        self.wanted += [each.stored.task_id for each in rows]

    def instances(self, may_read: Callable[[str], bool]) -> dict[str, Any]:
        """Return which Dags of two may be seen."""
        return {"instances": [each for each in ("nightly", "secret") if may_read(each)]}

    def operations(self, instance: str, may_read: Callable[[str], bool]) -> dict[str, Any]:
        """Return the instance that is asked for, unless its Dag may not be seen."""
        if not may_read(instance):
            raise LookupRefusedError("It may not be looked at.", what_to_do="Ask another.")
        return {"rows": [instance]}


@pytest.fixture
def rights() -> SomeRights:
    """Return the rights of whoever asks."""
    return SomeRights()


@pytest.fixture
def refreshed(monkeypatch: pytest.MonkeyPatch) -> NoRefresh:
    """Return what notes who is to be looked at."""
    nobody = NoRefresh()
    monkeypatch.setattr(reading, "refresh", lambda: nobody)
    return nobody


@pytest.fixture
def page(
    ledgers: Ledgers,
    rights: SomeRights,
    refreshed: NoRefresh,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[TestClient]:
    """Return a client of the page's server."""
    del refreshed
    monkeypatch.setattr(reading, "shared_index", lambda: ledgers.index)
    app = create_app()
    app.dependency_overrides[get_user] = lambda: None
    app.dependency_overrides[rights_of] = lambda: rights
    with TestClient(app) as client:
        yield client


def got(page: TestClient, path: str, **query: Any) -> dict[str, Any]:
    """Return what a route answers."""
    answer = page.get(f"/api{path}", params=query)
    assert 200 == answer.status_code, answer.text
    found: dict[str, Any] = answer.json()
    return found


def refused(page: TestClient, path: str, status: int, **query: Any) -> dict[str, str]:
    """Return what a route says that does not answer."""
    answer = page.get(f"/api{path}", params=query)
    assert status == answer.status_code, answer.text
    detail: dict[str, str] = answer.json()["detail"]
    assert {"title", "what_to_do"} == set(detail)
    return detail


def running(ledgers: Ledgers, **task: Any) -> TaskScope:
    """Write a task that waits for its backup."""
    scope = ledgers.tables.add_task(**{"state": "deferred", "run_state": "running"} | task)
    ledgers.tables.write(scope, entry())
    return scope


def test_a_page_of_the_list(page: TestClient, ledgers: Ledgers, refreshed: NoRefresh) -> None:
    """Rows, counts, facets; what is shown as running is looked at afresh, if that is possible."""
    running(ledgers)
    ledgers.tables.write(ledgers.tables.add_task(task_id="other"), entry().close())

    found = got(page, "/operations")

    assert (1, 0, 50) == (found["total"], found["offset"], found["limit"])
    assert "backup" == found["rows"][0]["task_id"]
    assert {"running": 1, "orphaned": 0, "waiting": 0, "failed": 1} == found["counts"]
    assert {
        "dag_ids": ["nightly"],
        "instances": ["projects/test/instances/main"],
        "kinds": [{"name": "CreateBackup", "title": "Create backup"}],
    } == found["facets"]
    assert ["backup"] == refreshed.wanted


def test_a_broken_filter_is_refused_with_what_is_allowed(page: TestClient) -> None:
    """And no other route is the worse for it."""
    detail = refused(page, "/operations", 400, state="<b>")

    assert detail["what_to_do"].startswith("state may be running, orphaned,")
    assert 0 == got(page, "/operations", state="all")["total"]


def test_what_somebody_may_not_see_is_as_if_it_were_not_there(
    page: TestClient, ledgers: Ledgers, rights: SomeRights
) -> None:
    """In the list, the counts, the strip, by number, and on the task's panel."""
    scope = running(ledgers, dag_id="secret")
    orphan = ledgers.tables.add_task(dag_id="secret", task_id="orphan")
    ledgers.tables.write(orphan, entry())
    number = ledgers.index.view().lines[0].id
    task = {"dag_id": scope.dag_id, "run_id": scope.run_id, "task_id": scope.task_id}

    listed, strip = got(page, "/operations", state="all"), got(page, "/status")

    assert 0 == listed["total"]
    assert "secret" not in str(listed)
    assert (0, 0) == (strip["open"], strip["orphans"])
    assert refused(page, f"/operations/{number}", 404) == refused(page, "/operations/99999", 404)
    assert refused(page, "/tasks", 404, **task) == refused(
        page, "/tasks", 404, **task | {"dag_id": "nightly"}
    )
    rights.read = {"secret"}
    assert 2 == got(page, "/operations", state="all")["total"]


@pytest.mark.parametrize("operation_id", ["0", "-1", "x", "w1", "9" * 400, "%00", "1;drop"])
def test_an_id_that_nobody_gave_is_not_there(page: TestClient, operation_id: str) -> None:
    """Whatever it is, it is looked up as text."""
    refused(page, f"/operations/{operation_id}", 404)


def test_buttons_are_for_those_who_may(
    page: TestClient, ledgers: Ledgers, rights: SomeRights
) -> None:
    """A viewer's rows say that he may not cancel."""
    running(ledgers)
    number = got(page, "/operations")["rows"][0]["id"]

    viewer = got(page, f"/operations/{number}"), got(page, "/status")
    rights.edit = {"nightly"}
    operator = got(page, f"/operations/{number}"), got(page, "/status")

    assert (False, False) == (viewer[0]["may_cancel"], viewer[1]["may_reap"])
    assert (True, True) == (operator[0]["may_cancel"], operator[1]["may_reap"])


def test_the_detail_of_an_operation_tells_all_tries(page: TestClient, ledgers: Ledgers) -> None:
    """Those in the history, and the one that is at work."""
    scope = running(ledgers, try_number=2)
    ledgers.past_try(scope, try_number=1, state="failed")
    ledgers.past_try(scope, try_number=2, state="success")
    number = got(page, "/operations", state="all")["rows"][0]["id"]

    found = got(page, f"/operations/{number}")

    assert [(2, "deferred"), (1, "failed")] == [
        (each["try_number"], each["state"]) for each in found["tries"]
    ]
    assert found["now"]
    ledgers.tables.delete_task(scope)
    ledgers.monotonic += 3
    gone = got(page, f"/operations/{number}")
    assert ("deleted", []) == (gone["task_state"], gone["tries"]), "the history goes with it"


def test_the_panel_of_a_task(page: TestClient, ledgers: Ledgers) -> None:
    """What it waits for; also of a task that has started nothing, and one that is gone."""
    scope = running(ledgers)
    task = {"dag_id": scope.dag_id, "run_id": scope.run_id, "task_id": scope.task_id}
    ledgers.tables.add_task(task_id="quiet", map_index=3)

    found = got(page, "/tasks", **task)
    quiet = got(page, "/tasks", **task | {"task_id": "quiet", "map_index": 3})
    ledgers.tables.delete_task(scope)
    ledgers.monotonic += 3
    gone = got(page, "/tasks", **task)

    assert "RUNNING" == found["headline"]
    assert "NO OPERATION" == quiet["headline"]
    assert "deleted" == gone["current"]["task_state"]
    refused(page, "/tasks", 404, **task | {"task_id": "quiet"})


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"dag_id": "d", "run_id": "r"},
        {"dag_id": "d", "run_id": "r", "task_id": "t", "map_index": "one"},
        {"dag_id": "d", "run_id": "r", "task_id": "t", "map_index": "-2"},
        {"dag_id": "d", "run_id": "r", "task_id": "t", "map_index": "9" * 5000},
        {"dag_id": "d" * 251, "run_id": "r", "task_id": "t"},
    ],
)
def test_a_task_that_is_not_named_is_refused(page: TestClient, query: dict[str, str]) -> None:
    """With what to give."""
    assert refused(page, "/tasks", 400, **query)["what_to_do"]


def test_the_strip_says_what_the_command_says(
    page: TestClient, ledgers: Ledgers, rights: SomeRights
) -> None:
    """Open entries, orphans, and that no reaper is at work, come from the same facts."""
    running(ledgers)
    for name in ("one", "two"):
        ledgers.tables.write(ledgers.tables.add_task(task_id=name), entry(name))
    ledgers.tables.write_text(ledgers.tables.add_task(task_id="bad"), "{")
    rights.read = {"nightly"}
    lines: list[str] = []

    print_status(offline=True, say=lines.append)
    strip = got(page, "/status")

    said = "\n".join(lines)
    assert f"Entries      {strip['open']} open" in said
    assert f"Orphans      {strip['orphans']}" in said
    assert f"ATTENTION    {strip['reaper']['overdue']}" in said
    assert (4, 2, 1) == (strip["open"], strip["orphans"], strip["unreadable"])
    assert strip["reaper"]["last_round"] is None
    assert ["No triggerer is alive: deferred tasks go on only when one runs again."] == strip[
        "problems"
    ]


def test_a_reaper_at_work_is_shown_with_its_last_round(page: TestClient, ledgers: Ledgers) -> None:
    """Whoever may edit Variables may have written it: it is text, escaped."""
    running(ledgers)
    latest = RoundRecord(
        host="host\x1b (triggerer)", ended=ledgers.now, seconds=1.5, kept=3, reaped=2, left=1
    )
    metadata_database.put_variable(ROUND_KEY, latest.to_json(), description="")

    strip = got(page, "/status")

    assert strip["reaper"]["overdue"] is None
    assert ("triggerer", 10.0) == (strip["reaper"]["where"], strip["reaper"]["interval_seconds"])
    assert {
        "ended": ledgers.now.isoformat(),
        "host": "host\\x1b (triggerer)",
        "seconds": 1.5,
        "kept": 3,
        "reaped": 2,
        "left": 1,
    } == strip["reaper"]["last_round"]


def test_a_database_that_is_away_is_said(page: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is known yet, so it is an error in the usual form, and the server lives on."""

    def away(**_: int) -> None:
        message = "Airflow's database could not be used: connection refused"
        raise AirflowDatabaseError(message)

    with monkeypatch.context() as patch:
        patch.setattr(index_module, "ledger_marks", away)
        detail = refused(page, "/operations", 503)

    assert "connection refused" in detail["title"]


def test_a_deadline_and_a_holder_reach_the_panel(page: TestClient, ledgers: Ledgers) -> None:
    """A task that waits for its turn is told whose backup it waits for."""
    holder = ledgers.tables.add_task(task_id="holder", state="deferred", run_state="running")
    ledgers.tables.write(holder, entry("other", number=7))
    scope = ledgers.tables.add_task(state="running", run_state="running")
    ledgers.tables.write(scope, entry(operation=None, evidence=None).close())
    name = str(operation_of(backup("other"), 7))
    deadline = ledgers.now + timedelta(minutes=12)
    ledgers.wait_for_turn(
        scope,
        "airflow_spanner_lro.triggers.slot.SpannerSlotTrigger",
        {
            "query": {"call": "OF_BACKUPS", "parent": "projects/test/instances/main"}
            | {"types": [CREATE_BACKUP.metadata_type_url], "pending": True, "filter": ""},
            "holders": [name],
            "limit": "one backup of a database at a time",
            "deadline": deadline.isoformat(),
        },
    )
    task = {"dag_id": scope.dag_id, "run_id": scope.run_id, "task_id": scope.task_id}

    found = got(page, "/tasks", **task)

    assert found["headline"].startswith("WAITING, gives up ")
    assert [f"{name}, of nightly.holder in manual__1: RUNNING"] == found["slot"]["holders"]
    assert 1 == got(page, "/operations", state="waiting")["total"]


def test_operations_outside_the_ledger_are_for_those_who_may_see_a_task_there(
    page: TestClient,
) -> None:
    """Whoever looks at others' operations is asked for his Dags; a refusal has the usual form."""
    assert ["nightly"] == got(page, "/instances")["instances"]
    assert ["nightly"] == got(page, "/instances/operations", instance="nightly")["rows"]

    detail = refused(page, "/instances/operations", 403, instance="secret")

    assert {"title": "It may not be looked at.", "what_to_do": "Ask another."} == detail


def test_an_emulator_is_on_the_strip(page: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """With how fast its time goes; the name of the connection is text."""
    emulated = (EmulatedConnection(connection="dev\x07", time_scale=60.0),)
    monkeypatch.setattr(PublishedProgress, "emulated", emulated)

    strip = got(page, "/status")

    assert [{"connection": "dev\\x07", "time_scale": 60.0}] == strip["emulated"]


def test_times_of_an_entry_that_nobody_can_have_meant_break_no_page(
    page: TestClient, ledgers: Ledgers
) -> None:
    """One forged entry hides no other, in whichever order."""
    running(ledgers)
    forged = entry().to_record() | {
        "intended": "0001-01-01T00:00:00+14:00",
        "deadline": "9999-12-31T23:59:59-12:00",
    }
    ledgers.tables.write_value(ledgers.tables.add_task(task_id="forged"), forged)
    closed = entry().close().to_record() | {"intended": NOW.isoformat()}
    ledgers.tables.write_value(ledgers.tables.add_task(task_id="closed"), closed)

    for by in ("started", "progress", "ends", "deadline", "dag", "kind", "resource"):
        for sort in (by, f"-{by}"):
            assert 3 == len(got(page, "/operations", state="all", sort=sort)["rows"])
