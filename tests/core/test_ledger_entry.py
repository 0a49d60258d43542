# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Ledger entries and connection_specs, as values and as the primitives that are kept.

The stages of a ledger entry: only the ways of the table are gone.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, strategies as st

from airflow_spanner_lro.core.connection import ConnectionSpec
from airflow_spanner_lro.core.ledger.entry import (
    TRANSITIONS,
    LedgerEntry,
    Stage,
    StageError,
    stage_after,
)
from airflow_spanner_lro.core.ledger.evidence import Evidence
from airflow_spanner_lro.core.ledger.resume import fingerprint
from airflow_spanner_lro.core.operations.snapshot import FollowUp, OperationError
from airflow_spanner_lro.core.status import Code

from . import strategies
from .sample_values import NOW, OTHER, cancelled, entry, failed, running, succeeded

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot


@pytest.mark.slow
@given(value=strategies.entries)
def test_an_entry_survives_its_record(value: LedgerEntry) -> None:
    """Nothing is lost in the primitives, nor in their way through JSON."""
    record = value.to_record()

    assert record == json.loads(json.dumps(record))
    assert value == LedgerEntry.from_record(json.loads(json.dumps(record)))


@given(connection_spec=strategies.connection_specs)
def test_an_access_survives_its_dictionary(connection_spec: ConnectionSpec) -> None:
    """Nothing is lost in the primitives, nor in their way through JSON."""
    data = connection_spec.to_dict()

    assert data == json.loads(json.dumps(data))
    assert connection_spec == ConnectionSpec.from_dict(json.loads(json.dumps(data)))


def test_an_intent_becomes_an_entry() -> None:
    """Each step of an entry's life changes one thing and leaves the one before as it was."""
    intent = entry(operation=None)

    started = intent.started_as(OTHER, evidence=Evidence.ANSWERED)
    adopted = started.owned_by(2, deadline=NOW, now=NOW)
    closed = adopted.close()
    reopened = closed.owned_by(3, deadline=None, now=NOW, exempt=True)

    assert entry(operation=None) == intent
    assert entry(operation=OTHER) == started
    assert entry(operation=OTHER, try_number=2, deadline=NOW, adopted=NOW) == adopted
    assert replace(adopted, closed=True) == closed
    assert entry(operation=OTHER, try_number=3, adopted=NOW, exempt=True) == reopened


def test_a_fingerprint_ignores_the_order_of_its_parts() -> None:
    """Equal requests have equal digests, known in advance and so the same in any process."""
    assert fingerprint({"a": 1, "b": "x"}) == fingerprint({"b": "x", "a": 1})
    assert "b2677a771a6eb30a" == fingerprint({"a": 1, "b": "x"})


class Lazy(Sequence[str]):
    """A sequence that does not tell its items, such as Airflow's of a mapped task's results."""

    def __init__(self, *items: str) -> None:
        self._items = items

    def __getitem__(self, index: Any) -> Any:
        """Return an item."""
        return self._items[index]

    def __len__(self) -> int:
        """Return the number of items."""
        return len(self._items)


def test_a_fingerprint_looks_into_sequences() -> None:
    """The items count, and not what a sequence says of itself."""
    assert fingerprint({"a": Lazy("x", "y")}) == fingerprint({"a": ["x", "y"]})
    assert fingerprint({"a": Lazy("x", "y")}) != fingerprint({"a": Lazy("x", "z")})


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"a": 2, "b": "x"}, id="a value"),
        pytest.param({"a": 1, "c": "x"}, id="a key"),
        pytest.param({"a": "1", "b": "x"}, id="a type"),
        pytest.param({"a": 1}, id="a part less"),
        pytest.param({"a": "1\nb='x'"}, id="a value that looks like two"),
    ],
)
def test_a_changed_request_has_another_fingerprint(other: dict[str, object]) -> None:
    """Whatever changes about a request changes its digest."""
    assert fingerprint({"a": 1, "b": "x"}) != fingerprint(other)


@pytest.mark.parametrize(
    ("endpoint", "plain_text", "target"),
    [
        pytest.param("", False, "", id="Google's own"),
        pytest.param("spanner.example:443", False, "spanner.example:443", id="TLS"),
        pytest.param("http://localhost:9010", True, "localhost:9010", id="emulator"),
    ],
)
def test_an_endpoint_tells_how_to_speak(endpoint: str, plain_text: bool, target: str) -> None:
    """Only an endpoint with the plain scheme is spoken to without TLS."""
    connection_spec = ConnectionSpec(gcp_conn_id="any", endpoint=endpoint)

    assert (plain_text, target) == (connection_spec.plain_text, connection_spec.target)


GOING: dict[str, Callable[[LedgerEntry], LedgerEntry]] = {
    "started_as": lambda it: it.started_as(OTHER, evidence=Evidence.ANSWERED),
    "unanswered_at": lambda it: it.unanswered_at(NOW),
    "owned_by": lambda it: it.owned_by(it.try_number + 1, deadline=None, now=NOW),
    "goes_on_as": lambda it: it.goes_on_as(FollowUp(name=OTHER)),
    "stop": lambda it: it.stop(NOW),
    "exempt_from_reaping": LedgerEntry.exempt_from_reaping,
    "close": LedgerEntry.close,
    "leave": LedgerEntry.leave,
}
STANDING = {
    Stage.INTENDED: entry(operation=None),
    Stage.RUNNING: entry(),
    Stage.STOPPING: entry(stopping=NOW),
    Stage.CLOSED: entry(closed=True),
}


def test_every_stage_is_told_by_its_entry() -> None:
    """An entry tells the stage it is in."""
    assert {stage: stage for stage in Stage} == {
        stage: each.stage for stage, each in STANDING.items()
    }


def test_every_way_of_the_table_is_gone() -> None:
    """No method that the table names is forgotten here."""
    assert {way.by for way in TRANSITIONS} == set(GOING)


@pytest.mark.parametrize("by", sorted(GOING))
@pytest.mark.parametrize("before", list(Stage))
def test_an_entry_goes_the_ways_of_the_table_and_no_other(before: Stage, by: str) -> None:
    """Each method leads where the table says, and is refused where the table has no way."""
    ways = {(way.before, way.by): way.after for way in TRANSITIONS}
    after = ways.get((before, by))

    if after is None:
        with pytest.raises(StageError, match=f"{before} has no way called {by}"):
            GOING[by](STANDING[before])
    else:
        assert after is GOING[by](STANDING[before]).stage


@given(steps=st.lists(st.sampled_from(sorted(GOING))))
def test_a_closed_entry_opens_for_a_later_try_only(steps: list[str]) -> None:
    """Whatever happens in whatever order, only another try makes a closed entry owe anything."""
    now: Any = STANDING[Stage.RUNNING]
    for by in steps:
        before = now
        try:
            now = GOING[by](before)
        except StageError:
            continue
        assert now.stage is stage_after(before.stage, by=by)
        if before.closed and not now.closed:
            assert now.try_number > before.try_number


@pytest.mark.parametrize("stage", list(Stage))
def test_who_has_asked_for_a_cancel_is_a_note_and_no_way(stage: Stage) -> None:
    """An entry stays in its stage, keeps the note in its record, and loses it to another try."""
    noted = STANDING[stage].noting_cancel_by("alice")

    assert stage is noted.stage
    assert noted == LedgerEntry.from_record(noted.to_record())
    if stage in (Stage.RUNNING, Stage.STOPPING):
        assert not noted.owned_by(2, deadline=None, now=NOW).cancelled_by


def test_a_record_of_before_has_no_such_note() -> None:
    """What earlier releases wrote is read as nobody having asked."""
    record = entry().to_record()
    del record["cancelled_by"]

    assert entry() == LedgerEntry.from_record(record)


def test_a_closed_entry_keeps_with_what_its_operation_has_failed() -> None:
    """Spanner forgets it; another try begins without it, and what is closed again keeps it."""
    closed = entry().close(failed())

    assert "RESOURCE_EXHAUSTED: no room" == closed.failure
    assert closed == LedgerEntry.from_record(closed.to_record())
    assert closed.failure == closed.close().failure
    assert not closed.owned_by(2, deadline=None, now=NOW).failure


@pytest.mark.parametrize("snapshot", [None, succeeded(), cancelled(), running()])
def test_what_has_not_failed_has_no_failure(snapshot: OperationSnapshot | None) -> None:
    """A cancel is told by how it ended."""
    assert not entry().close(snapshot).failure


def test_a_long_failure_is_cut_and_escaped() -> None:
    """It may quote what somebody asked for, and what is too long could not be read again."""
    error = OperationError(code=Code.INVALID_ARGUMENT, message="\x1b]0;" + "x" * 60_000)
    closed = entry().close(failed(error=error))

    assert closed.failure.startswith("INVALID_ARGUMENT: \\x1b]0;")
    assert closed == LedgerEntry.from_record(closed.to_record())
