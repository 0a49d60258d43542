# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A triggerer's main process writes what is shown to it, and tidies up after the dead."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.models.variable import Variable
from sqlalchemy import delete, select

from airflow_spanner_lro.airflow_internals import AirflowDatabaseError, job_processes
from airflow_spanner_lro.airflow_internals.job_processes import TriggererThread
from airflow_spanner_lro.airflow_internals.published_variables import publish
from airflow_spanner_lro.core.polling.seen_record import (
    SeenHead,
    SeenWriter,
    write_head,
    write_record,
)
from airflow_spanner_lro.triggers import progress_keeper
from airflow_spanner_lro.triggers.progress_keeper import KEY_PREFIX, ProgressKeeper

from .publishing import Triggerer, Viewer, operation

if TYPE_CHECKING:
    import pytest

    from tests.reaper.airflow_tables import AirflowTables


def test_who_leaves_takes_his_record_along(tables: AirflowTables) -> None:
    """A triggerer that ends deletes what it has published; what it has not, needs nothing."""
    triggerer = Triggerer()
    triggerer.keeper.leave()
    triggerer.show(operation())
    assert [f"{KEY_PREFIX}a"] == [each.key for each in tables.execute(select(Variable.key))]
    stopped = threading.Event()
    stopped.set()
    triggerer.keeper.run(stopped)
    assert [] == tables.execute(select(Variable.key)).all()


def test_nothing_is_written_twice(tables: AirflowTables) -> None:
    """A record that is written already is not written again; nor is one that changes just now."""
    triggerer = Triggerer()
    triggerer.show(operation())
    tables.execute(delete(Variable))
    triggerer.keeper.look()
    triggerer.page.show(b"half")
    triggerer.page._place(2)[64] = 0
    triggerer.keeper.look()
    assert [] == tables.execute(select(Variable.key)).all()


def test_what_the_dead_have_left_is_deleted(tables: AirflowTables) -> None:
    """A triggerer that was killed leaves a record, which others delete after a quarter hour."""
    dead, other = Triggerer(), Triggerer(holder="b", host="triggerer-b")
    dead.show(operation())
    publish(f"{KEY_PREFIX}later", '{"v":99}', description="of a later release")
    publish(
        f"{KEY_PREFIX}_other",
        write_head(SeenHead(holder="", host="", at=other.now)),
        description="",
    )
    other.now += timedelta(minutes=14)
    other.show()
    keys = {each.key for each in tables.execute(select(Variable.key))}
    other.now += timedelta(minutes=2)
    other.show()
    other.show()
    other.now += timedelta(minutes=10)
    other.show()
    left = {each.key for each in tables.execute(select(Variable.key))}

    assert {f"{KEY_PREFIX}a", f"{KEY_PREFIX}b"} <= keys
    assert {f"{KEY_PREFIX}b", f"{KEY_PREFIX}later"} == left


def test_triggerer_without_database_says_so_once(
    tables: AirflowTables,  # noqa: ARG001
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Where the database is away nothing is published, which is said once; then all goes on."""

    def away() -> None:
        message = "Airflow's database could not be used: gone"
        raise AirflowDatabaseError(message)

    triggerer, viewer = Triggerer(), Viewer()
    with monkeypatch.context() as broken:
        broken.setattr(
            "airflow_spanner_lro.airflow_internals.published_variables.database_session", away
        )
        triggerer.show(operation())
        triggerer.show(operation())
        triggerer.keeper._wrote = True
        triggerer.keeper.leave()
    assert 1 == caplog.text.count("Progress not published: ")
    triggerer.show(operation())
    assert viewer.look() is not None


def test_writes_until_it_is_told_to_stop(tables: AirflowTables) -> None:
    """What is shown is written within a second, and taken back at the end."""
    triggerer, seen = Triggerer(), list[list[str]]()

    class Stopped:
        """Says no once."""

        def wait(self, _: float) -> bool:
            """Tell whether it is over."""
            seen.append([each.key for each in tables.execute(select(Variable.key))])
            return len(seen) > 1

    triggerer.show(operation())
    triggerer.keeper.run(Stopped())  # type: ignore[arg-type]  # it waits as one
    assert [[triggerer.keeper.key]] * 2 == seen
    assert [] == tables.execute(select(Variable.key)).all()


# the host of the thread


class Job:
    """What Airflow makes in each of its processes."""

    hostname = "triggerer-1"


def test_only_a_triggerer_publishes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A scheduler has no memory to share, and a triggerer one; it ends with its process."""
    callbacks: list[Any] = []
    monkeypatch.setattr(job_processes, "on_job_type", lambda _, then: callbacks.append(then))
    hosted = TriggererThread(progress_keeper.thread_of_triggerer)
    hosted.stop()
    hosted.prepare(Job())
    (on_type,) = callbacks
    on_type("SchedulerJob")
    assert hosted.thread is None
    on_type("TriggererJob")
    thread = hosted.thread
    on_type("TriggererJob")
    assert thread is not None
    assert thread is hosted.thread
    hosted.stop()


def test_bug_in_the_thread_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Should writing fail for a bug, the log says so and the triggerer goes on."""
    monkeypatch.setattr(ProgressKeeper, "run", lambda *_: 1 / 0)
    progress_keeper.thread_of_triggerer(hostname="triggerer-1").run()
    assert "What is seen is not published any more" in caplog.text


def test_record_text_needs_no_second_form() -> None:
    """What the keeper writes is what a record is."""
    triggerer = Triggerer()
    writer = SeenWriter()
    writer.add([operation()])
    head = SeenHead(holder="", host="", at=triggerer.now, operations=1)
    packed = writer.packed()
    text = triggerer.keeper._record(write_head(head).encode() + b"\n" + packed)
    assert write_record(replace(head, holder="a", host="triggerer-a"), packed) == text
