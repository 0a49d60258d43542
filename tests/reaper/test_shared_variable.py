# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A Variable that many processes change: nobody overwrites what another one has just written."""

from __future__ import annotations

import json
import multiprocessing
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from airflow.models.variable import Variable
from sqlalchemy import create_engine, delete, select, text, update
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from airflow_spanner_lro.airflow_internals import AirflowDatabaseError, shared_variable
from airflow_spanner_lro.core.polling.lease import parse_record
from tests.reaper.racing_triggerers import CAP, KEY, add, held, renew_often

if TYPE_CHECKING:
    from .airflow_tables import AirflowTables

COUNTS = 30
DATABASES = pytest.mark.parametrize("fixture", ["tables", "shared_tables"])


def address(tables: AirflowTables) -> str:
    """Return where the tables are."""
    url: str = tables.session.get_bind().url.render_as_string(hide_password=False)
    return url


@DATABASES
def test_two_processes_lose_nothing(fixture: str, request: pytest.FixtureRequest) -> None:
    """Each adds to what the other one has written, from the first row on."""
    tables: AirflowTables = request.getfixturevalue(fixture)
    forked = multiprocessing.get_context("fork")
    racing = [forked.Process(target=add, args=(address(tables), COUNTS)) for _ in range(2)]
    for each in racing:
        each.start()
    for each in racing:
        each.join(60)

    with held() as variable:
        assert str(2 * COUNTS) == variable.text


@DATABASES
def test_two_processes_never_have_more_than_the_cap(
    fixture: str, request: pytest.FixtureRequest
) -> None:
    """Whoever renews when, all shares in the record are together within the cap, and fair."""
    tables: AirflowTables = request.getfixturevalue(fixture)
    forked = multiprocessing.get_context("fork")
    seen = forked.Queue()
    racing = [
        forked.Process(target=renew_often, args=(address(tables), holder, seen)) for holder in "ab"
    ]
    for each in racing:
        each.start()
    told = sorted(seen.get(timeout=40) for _ in racing)
    for each in racing:
        each.join(60)

    with held() as variable:
        shares = parse_record(variable.text, now=variable.now).of("k")
    assert ["a", "b"] == [holder for holder, _, _ in told]
    assert max(highest for _, highest, _ in told) <= CAP
    assert min(times for _, _, times in told) > 1
    assert {"a", "b"} == set(shares)


@DATABASES
def test_time_is_the_databases(fixture: str, request: pytest.FixtureRequest) -> None:
    """It is in seconds since 1970; the database of a test has this machine's clock."""
    request.getfixturevalue(fixture)
    before = time.time()

    with held() as variable:
        now = variable.now

    assert before - 0.01 <= now <= time.time() + 0.01


def test_holder_that_stands_still_makes_nobody_wait(shared_tables: AirflowTables) -> None:
    """PostgreSQL refuses at once what is held, and gives it when that has ended."""
    with held():
        pass
    engine = create_engine(address(shared_tables))
    with engine.begin() as other:
        other.execute(text(f"SELECT 1 FROM variable WHERE key = '{KEY}' FOR UPDATE"))  # noqa: S608
        with pytest.raises(AirflowDatabaseError, match="could not obtain lock"), held():
            pass

    with held() as variable:
        assert "" == variable.text
    engine.dispose()


def test_what_fails_while_it_is_held_changes_nothing(tables: AirflowTables) -> None:
    """An error in between rolls back what was written."""
    del tables
    with suppress(ZeroDivisionError), held() as variable:
        variable.write("half")
        raise ZeroDivisionError

    with held() as variable:
        assert "" == variable.text


def test_value_that_a_user_has_edited_is_none_of_ours(tables: AirflowTables) -> None:
    """Airflow encrypts what is edited in its interface; it is replaced, in plain text."""
    with held():
        pass
    with tables.session() as session:
        session.execute(update(Variable).values(_val="gAAAAABn", is_encrypted=True))
        session.commit()

    with held() as variable:
        seen = variable.text
        variable.write("plain")

    with pytest.raises(json.JSONDecodeError):
        json.loads(seen)
    with tables.session() as session:
        assert "plain" == session.scalar(select(Variable)).get_val()


def test_deleted_variable_is_made_again(tables: AirflowTables) -> None:
    """A user who deletes it gets another one, with a sentence that says what it is."""
    with held() as variable:
        variable.write("x")
    tables.execute(delete(Variable))

    with held() as variable:
        assert "" == variable.text
    assert "of a test" == tables.execute(select(Variable.description)).scalar()


def test_database_without_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error is one line, as Airflow's database says it."""
    engine = create_engine("sqlite://")
    monkeypatch.setattr("airflow.settings.Session", scoped_session(sessionmaker(bind=engine)))

    with pytest.raises(AirflowDatabaseError, match="could not be used: no such table: variable"):
        held().__enter__()


def test_database_of_another_kind(tables: AirflowTables, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no lock is known, nothing is shared."""
    del tables
    monkeypatch.setattr(shared_variable, "_NOW", {})

    with pytest.raises(AirflowDatabaseError, match="no lock that is known here: sqlite"):
        held().__enter__()


def test_variable_that_is_deleted_at_the_same_moment(
    tables: AirflowTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next attempt makes it again; this one is an error."""
    with held():
        pass
    del tables
    commit = Session.commit

    def delete_first(session: Session) -> None:
        session.execute(delete(Variable))
        commit(session)

    monkeypatch.setattr(Session, "commit", delete_first)

    with pytest.raises(AirflowDatabaseError, match="was deleted just now"):
        held().__enter__()
