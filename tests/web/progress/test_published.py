# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What triggerers and tasks publish goes through Airflow's database to all who look at the page."""

from __future__ import annotations

import base64
import json
import threading
import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from airflow.models.task_state_store import TaskStateStoreModel as Stored
from sqlalchemy import update

from airflow_spanner_lro.airflow_internals import AirflowDatabaseError, metadata_database
from airflow_spanner_lro.airflow_internals.published_variables import publish, published_heads
from airflow_spanner_lro.core.polling.seen import Emulated
from airflow_spanner_lro.core.polling.seen_record import (
    SeenHead,
    alone,
    write_head,
)
from airflow_spanner_lro.triggers.progress_keeper import KEY_PREFIX
from airflow_spanner_lro.web.progress import progress

from .publishing import NAME, Triggerer, Viewer, instance_of, operation, write_seen

if TYPE_CHECKING:
    from tests.reaper.airflow_tables import AirflowTables


# from a triggerer


@pytest.fixture(params=["tables", "shared_tables"], ids=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> AirflowTables:
    """Return an Airflow database."""
    found: AirflowTables = request.getfixturevalue(request.param)
    return found


def test_what_a_triggerer_sees_is_shown(database: AirflowTables) -> None:  # noqa: ARG001
    """An operation is shown as the poller saw it, with the name of the triggerer's machine."""
    triggerer, viewer = Triggerer(), Viewer()
    assert viewer.look() is None
    triggerer.show(operation(), requests_per_second=0.5, emulated={"orders": Emulated()})

    assert operation(seen=viewer.look().seen, seen_by="triggerer-a") == viewer.look()  # type: ignore[union-attr]
    assert viewer.progress.requests_per_second == 0.5
    assert [("orders", None)] == [
        (each.connection, each.time_scale) for each in viewer.progress.emulated
    ]
    assert [("triggerer-a", triggerer.now, 1)] == [
        (each.host, each.seen, each.operations) for each in viewer.progress.publishers
    ]
    triggerer.show(operation(percent=60))
    assert viewer.look().percent == 60  # type: ignore[union-attr]


def test_record_of_one_megabyte_is_written_whole(database: AirflowTables) -> None:  # noqa: ARG001
    """A record as large as records get comes through any database."""
    triggerer, viewer = Triggerer(), Viewer()
    many = [operation(f"{NAME}{number:05}") for number in range(12_000)]
    triggerer.show(*many)
    assert viewer.look(f"{NAME}11999") is not None


def test_old_records_are_not_believed(tables: AirflowTables) -> None:  # noqa: ARG001
    """What was published a quarter of an hour ago is not shown any more; nor a rate of minutes."""
    triggerer, viewer = Triggerer(), Viewer()
    triggerer.show(operation(), requests_per_second=1.0)
    viewer.look()
    viewer.now = triggerer.now + timedelta(minutes=3)
    assert viewer.look() is not None
    assert viewer.progress.requests_per_second is None
    viewer.now = triggerer.now + timedelta(minutes=16)
    assert viewer.look() is None
    assert () == viewer.progress.publishers


def test_newest_word_counts(tables: AirflowTables) -> None:  # noqa: ARG001
    """Where two triggerers have seen an operation, the one who saw it last is believed."""
    first, second, viewer = Triggerer(), Triggerer(holder="b"), Viewer()
    old = operation(seen=first.now - timedelta(seconds=30), percent=10)
    first.show(old, requests_per_second=0.5)
    second.show(operation(percent=20), requests_per_second=1.0)
    assert viewer.look().percent == 20  # type: ignore[union-attr]
    assert viewer.progress.requests_per_second == 1.5
    first.show(replace(old, seen=first.now + timedelta(seconds=1)))
    assert viewer.look().percent == 10  # type: ignore[union-attr]


# what viewers cost, and what they are told


def test_many_viewers_read_once(
    tables: AirflowTables,  # noqa: ARG001
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Within five seconds one read serves all, and an unchanged record is not read again."""
    reads: list[str] = []
    read = published_heads

    def counted(prefix: str, *, characters: int) -> dict[str, str]:
        reads.append(prefix)
        return read(prefix, characters=characters)

    monkeypatch.setattr(
        "airflow_spanner_lro.airflow_internals.published_variables.published_heads", counted
    )
    Triggerer().show(operation())
    reads.clear()
    viewer = Viewer()
    for _ in range(100):
        viewer.progress.seen(NAME)
    viewer.seconds += 4.9
    viewer.progress.seen(NAME)
    assert 1 == len(reads)
    monkeypatch.setattr("airflow_spanner_lro.airflow_internals.published_variables.published", None)
    assert viewer.look() is not None


def test_who_comes_meanwhile_does_not_wait(
    tables: AirflowTables,  # noqa: ARG001
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While one reads afresh, others have what was read before."""
    triggerer, viewer = Triggerer(), Viewer()
    triggerer.show(operation())
    viewer.look()
    begun, go_on = threading.Event(), threading.Event()
    read = published_heads

    def slow(prefix: str, *, characters: int) -> dict[str, str]:
        begun.set()
        assert go_on.wait(10)
        return read(prefix, characters=characters)

    monkeypatch.setattr(
        "airflow_spanner_lro.airflow_internals.published_variables.published_heads", slow
    )
    triggerer.show(operation(percent=99), at=triggerer.now + timedelta(seconds=1))
    viewer.seconds += 10
    reading = threading.Thread(target=viewer.progress.seen, args=(NAME,))
    reading.start()
    assert begun.wait(10)
    assert viewer.progress.seen(NAME).percent == 50  # type: ignore[union-attr]
    go_on.set()
    reading.join(10)
    assert viewer.progress.seen(NAME).percent == 99  # type: ignore[union-attr]


def test_damage_is_told_in_its_place(tables: AirflowTables) -> None:  # noqa: ARG001
    """Records that cannot be read are named, escaped, and hide no others."""
    triggerer, viewer = Triggerer(host="host\x1b[2J"), Viewer()
    triggerer.show(operation(), left_out=3)
    publish(f"{KEY_PREFIX}\x1bforged", "no record", description="")
    head = write_head(SeenHead(holder="x", host="x", at=triggerer.now))
    publish(f"{KEY_PREFIX}cut", f"{head}\n!!", description="")
    damaged = base64.b64encode(zlib.compress(b"{}\n[]")).decode()
    publish(f"{KEY_PREFIX}damaged", f"{head}\n{damaged}", description="")

    assert viewer.look() is not None
    problems = viewer.progress.problems
    assert 4 == len(problems)
    assert all(each.isprintable() for each in problems)
    assert "Variable spanner_lro_progress_\\x1bforged) cannot be shown" in " ".join(problems)
    assert "2 operations that the triggerer on x has seen cannot be shown" in " ".join(problems)
    assert "3 operations that the triggerer on host\\x1b[2J has seen are not" in " ".join(problems)


def test_record_that_is_spoilt_is_not_shown_any_more(tables: AirflowTables) -> None:  # noqa: ARG001
    """When a record is damaged later, what it said before is forgotten."""
    triggerer, viewer = Triggerer(), Viewer()
    triggerer.show(operation())
    viewer.look()
    head = write_head(SeenHead(holder="a", host="x", at=triggerer.now))
    publish(triggerer.keeper.key, f"{head}\n!!", description="")
    assert viewer.look() is None
    triggerer.show(operation())
    viewer.look()
    triggerer.keeper.leave()
    assert viewer.look() is None


def test_database_away_is_told_and_what_was_seen_stays(
    tables: AirflowTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the database the page goes on with what was read, and says that it is not new."""
    triggerer, viewer = Triggerer(), Viewer()
    triggerer.show(operation())
    scope = tables.add_task()
    write_seen(scope, json.dumps(alone(operation("other"), host="worker")))
    viewer.look()

    def away() -> None:
        message = "Airflow's database could not be used: gone"
        raise AirflowDatabaseError(message)

    monkeypatch.setattr(metadata_database, "database_session", away)
    monkeypatch.setattr(
        "airflow_spanner_lro.airflow_internals.published_variables.database_session", away
    )
    assert viewer.look() is not None
    assert viewer.look("other", instance=instance_of(scope)) is not None
    assert (
        "Progress is not up to date: Airflow's database could not be used: gone.",
    ) == viewer.progress.problems


# from a task that waits on its worker


def test_what_a_task_sees_counts_for_itself(tables: AirflowTables) -> None:
    """A task's word is believed about its own row, and about nobody else's."""
    mine, other = tables.add_task(), tables.add_task(task_id="other")
    told = operation(emulated=Emulated(time_scale=60.0))
    write_seen(mine, json.dumps(alone(told, host="worker-1")))
    viewer = Viewer()

    assert replace(told, seen_by="worker-1") == viewer.look(instance=instance_of(mine))
    assert viewer.look(instance=instance_of(other)) is None
    assert viewer.look() is None
    assert [("", 60.0)] == [(each.connection, each.time_scale) for each in viewer.progress.emulated]


def test_what_a_task_has_seen_long_ago_is_not_shown(tables: AirflowTables) -> None:
    """A value that nobody has written for a quarter of an hour is not read."""
    scope = tables.add_task()
    write_seen(scope, json.dumps(alone(operation(), host="worker")))
    old = datetime.now(tz=UTC) - timedelta(minutes=16)
    tables.execute(update(Stored).values(updated_at=old))
    assert Viewer().look(instance=instance_of(scope)) is None


@pytest.mark.parametrize(
    "text", ["", "{", "{}", "[" * 9000, '{"v":1,"host":1,"seen":[]}', "x" * 70_000]
)
def test_what_a_task_makes_up_is_told_in_its_place(tables: AirflowTables, text: str) -> None:
    """A value that is none hides nothing else, and does not name its task to all who look."""
    forger, honest = tables.add_task(task_id="forger"), tables.add_task()
    write_seen(forger, text)
    Triggerer().show(operation())
    viewer = Viewer()
    assert viewer.look(instance=instance_of(honest)) is not None
    assert ("What a task has published of operations cannot be read.",) == viewer.progress.problems
    write_seen(honest, text)
    viewer.look()
    assert (
        "What 2 tasks have published of operations cannot be read.",
    ) == viewer.progress.problems


# what this process sees itself


def test_what_the_api_server_sees_itself_counts_while_it_is_newest(tables: AirflowTables) -> None:  # noqa: ARG001
    """The newest word counts, whoever says it."""
    triggerer, viewer = Triggerer(), Viewer()
    triggerer.show(operation())
    viewer.progress.refreshed([operation(percent=70, seen=triggerer.now + timedelta(seconds=5))])
    assert viewer.look().percent == 70  # type: ignore[union-attr]
    viewer.progress.refreshed([])
    assert viewer.look().percent == 50  # type: ignore[union-attr]


def test_all_share_one() -> None:
    """There is one reader in each process."""
    assert progress() is progress()
