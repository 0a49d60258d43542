# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""An api-server looks itself at rows that nobody has seen of late: rarely, and by their own way."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from sqlalchemy import update

from airflow_spanner_lro.airflow_internals import AirflowDatabaseError
from airflow_spanner_lro.core.connection import ConnectionSpec
from airflow_spanner_lro.core.names import BackupName, OperationName
from airflow_spanner_lro.core.operations.snapshot import OperationState
from airflow_spanner_lro.core.polling.seen import Emulated, SeenOperation
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.reaper.records import LedgerRow, ledger_rows
from airflow_spanner_lro.web import refresh as refresh_module
from airflow_spanner_lro.web.other_operations import LookupRefusedError, OtherOperations
from airflow_spanner_lro.web.progress import PublishedProgress
from airflow_spanner_lro.web.refresh import EVERY, MOST, Refresher, refresh
from tests.reaper.airflow_tables import back_up

if TYPE_CHECKING:
    from tests.reaper.harness import ReaperHarness

INSTANCE = "projects/test/instances/main"
POLLS = ("GetOperation", "ListBackupOperations")


@dataclass
class Page:
    """Somebody who looks at the page, in an api-server with a clock that is set by hand."""

    reaper: ReaperHarness
    progress: PublishedProgress
    seconds: float = 1000.0
    refresher: Refresher = field(init=False)

    def __post_init__(self) -> None:
        self.refresher = Refresher(seconds=lambda: self.seconds, starts=False)

    def rows(self) -> list[LedgerRow]:
        """Return what is on the page."""
        return list(ledger_rows())

    def look(self, *, after: float = EVERY) -> int:
        """Show the page a while later, and let the process look afresh."""
        self.seconds += after
        self.refresher.want(self.rows())
        return self.refresher.look()

    @property
    def asked(self) -> int:
        """How often Spanner was asked about operations."""
        return len(self.reaper.emulator.calls.of(*POLLS))


@pytest.fixture
def page(reaper: ReaperHarness, monkeypatch: pytest.MonkeyPatch) -> Page:
    """Return a page over an empty ledger."""
    progress = PublishedProgress()
    monkeypatch.setattr(refresh_module, "progress", lambda: progress)
    return Page(reaper=reaper, progress=progress)


def running(page: Page, backup: str = "nightly", **fields: Any) -> OperationName:
    """Let a task start a backup, of a database of its own, that runs."""
    reaper, database = page.reaper, f"db-{backup}"
    reaper.emulator.create_database(f"{INSTANCE}/databases/{database}")
    request = reaper.request(backup)
    request.backup.database = f"{INSTANCE}/databases/{database}"
    name = reaper.start_backup(request)
    scope = reaper.tables.add_task(
        state="deferred",
        task_id=f"t-{backup}",
        run_state="running",
        author=lambda task_id: back_up(task_id, backup_id=backup, database_id=database),
    )
    target = BackupName(project="test", instance="main", backup=backup)
    reaper.tables.write(scope, reaper.entry(name, target=target, **fields))
    return name


def test_row_that_nobody_has_seen_is_looked_at(page: Page) -> None:
    """Without a triggerer's word the api-server asks, through the connection of the task."""
    name = running(page)
    assert 1 == page.look()

    seen = page.progress.seen(name)
    assert seen is not None
    assert (OperationState.RUNNING, "api-server", Emulated(time_scale=0.0)) == (
        seen.state,
        seen.seen_by,
        seen.emulated,
    )


def test_viewers_share_a_look(page: Page) -> None:
    """However many look within half a minute, Spanner is asked once; by one list for several."""
    for each in ("a1", "b2", "c3"):
        running(page, each)
    for _ in range(50):
        page.look(after=0.5)
    assert 1 == page.asked


def test_what_a_poller_has_seen_of_late_is_not_asked_again(page: Page) -> None:
    """Where a triggerer looks there is nothing to do; nor for what has ended."""
    name = running(page)
    now = datetime.now(tz=UTC)
    for word in (
        SeenOperation(name=str(name), state=OperationState.RUNNING, seen=now),
        SeenOperation(
            name=str(name), state=OperationState.SUCCEEDED, seen=now - timedelta(hours=1)
        ),
    ):
        page.progress.refreshed([word])
        assert 0 == page.look()
    assert 0 == page.asked


def test_nobody_looks_nobody_asks(page: Page) -> None:
    """A minute after the page was closed its rows are forgotten."""
    running(page)
    page.look()
    page.seconds += 61
    assert 0 == page.refresher.look()
    assert 1 == page.asked


@pytest.mark.slow
def test_budget_is_kept(page: Page) -> None:
    """What would take more than twenty requests in a hundred seconds is left as it was."""
    page.reaper.emulator.faults.fail(
        method="ListBackupOperations", code=Code.PERMISSION_DENIED, times=None
    )
    for number in range(MOST + 5):
        running(page, f"backup-{number}")
    # the first request was for a list
    assert MOST - 1 == page.look()
    assert MOST == page.asked


def test_forged_row_is_not_looked_at(page: Page) -> None:
    """An entry that names another connection, endpoint or target sends no request."""
    running(page, "a1", connection_spec=ConnectionSpec(gcp_conn_id="someone_elses"))
    running(page, "b2", connection_spec=ConnectionSpec(gcp_conn_id="google_cloud_default"))
    running(page, "c3", deployment="other")
    assert 0 == page.look()
    assert 0 == page.asked


def test_operation_that_cannot_be_the_rows_is_not_shown(page: Page) -> None:
    """An entry that names somebody else's operation on its target shows nothing of it."""
    name = running(page, "mine")
    for entry in page.rows():
        # the task began long after the operation
        later = {"start_date": datetime.now(tz=UTC) + timedelta(days=2)}
        stored = entry.stored
        page.reaper.tables.execute(
            update(TaskInstance).where(TaskInstance.task_id == stored.task_id).values(**later)
        )
        page.reaper.tables.execute(
            update(DagRun).values(run_after=later["start_date"], created_at=later["start_date"])
        )
    assert 0 == page.look()
    assert 1 == page.asked
    assert page.progress.seen(name) is None


def test_unreadable_rows_and_intents_are_passed_over(page: Page) -> None:
    """A row without an operation, or without an entry, is none of its business."""
    tables = page.reaper.tables
    tables.write(tables.add_task(task_id="i", state="running"), page.reaper.entry(None))
    tables.write_value(tables.add_task(task_id="u", state="running"), {"no": "entry"})
    assert 0 == page.look()


def test_connection_that_fails_is_tried_again_later(
    page: Page, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Without the connection the page shows what it has; the log says why, every five minutes."""
    name = running(page)
    with monkeypatch.context() as broken:
        broken.setenv("AIRFLOW__SPANNER_LRO__ALLOW_EMULATOR", "False")
        assert 0 == page.look()
        assert 0 == page.look()
        assert 1 == caplog.text.count("Operations not looked at afresh. Connection ")
        assert page.progress.seen(name) is None
    page.look(after=EVERY)
    assert page.progress.seen(name) is None
    page.look(after=300)
    assert page.progress.seen(name) is not None


@pytest.mark.parametrize("code", [Code.UNAUTHENTICATED, Code.PERMISSION_DENIED, Code.NOT_FOUND])
def test_refused_look_leaves_what_was_seen(page: Page, code: Code) -> None:
    """What Spanner refuses is left, and looked at again half a minute later."""
    name = running(page)
    page.reaper.emulator.faults.fail(method="GetOperation", code=code, times=2)
    assert 0 == page.look()
    page.reaper.emulator.faults.clear()
    assert 1 == page.look()
    assert page.progress.seen(name) is not None


@pytest.mark.parametrize(
    "error", [AirflowDatabaseError("gone"), pytest.param(None, id="bad settings")]
)
def test_trouble_of_airflow_is_logged(
    page: Page,
    error: Exception | None,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A database that is away, or a setting that cannot be used, ends nothing."""
    running(page)
    rows = page.rows()
    if error is None:
        monkeypatch.setenv("AIRFLOW__SPANNER_LRO__DEPLOYMENT", "no name!")
    else:

        def away(*_: object) -> None:
            raise error

        monkeypatch.setattr("airflow_spanner_lro.reaper.authority.rendered_fields", away)
    page.refresher.want(rows)
    assert 0 == page.refresher.look()
    assert "Operations not looked at afresh: " in caplog.text


def test_thread_looks_and_ends_by_itself(
    page: Page, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A thread begins with the first row that is wanted, survives a bug, and ends with the last."""
    name, done = running(page), threading.Event()
    refresher = Refresher(seconds=lambda: page.seconds)
    looks: list[int] = []

    def sleep(_: float) -> None:
        # the page is closed after the second look
        page.seconds += 100 if len(looks) > 1 else 0

    look = refresher.look

    def looking() -> int:
        looks.append(1)
        if len(looks) == 1:
            raise ValueError("a bug")
        if len(looks) > 2:
            done.set()
        return look()

    monkeypatch.setattr(refresher, "look", looking)
    monkeypatch.setattr("airflow_spanner_lro.web.refresh.time.sleep", sleep)
    refresher.want(page.rows())
    thread = refresher._thread
    assert thread is not None
    refresher.want(page.rows())
    thread.join(30)

    assert not thread.is_alive()
    assert refresher._thread is None
    assert "Operations are not looked at afresh" in caplog.text
    assert page.progress.seen(name) is not None


def test_wanted_rows_are_bounded(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever pages through ten thousand rows has the first of them looked at."""
    monkeypatch.setattr(refresh_module, "_MOST_ROWS", 1)
    names = [running(page, "a1"), running(page, "b2")]
    assert 1 == page.look()
    assert [True, False] == [page.progress.seen(name) is not None for name in names]


def test_instances_are_asked_for_here(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """The routes ask one object for rows and for other operations, and have an answer for none."""
    monkeypatch.setattr(OtherOperations, "_all_ways", lambda _: ())
    assert [] == page.refresher.instances(lambda _: True)["instances"]
    with pytest.raises(LookupRefusedError):
        page.refresher.operations(INSTANCE, lambda _: True)


def test_process_has_one() -> None:
    """All viewers of a process share what it looks at."""
    assert refresh() is refresh()
