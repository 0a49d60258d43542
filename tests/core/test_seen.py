# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What a poller has seen, what that foretells, and the record it is published in."""

from __future__ import annotations

import base64
import json
import random
import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, strategies as st

from airflow_spanner_lro.core.kinds import CREATE_BACKUP, UPDATE_DATABASE_DDL
from airflow_spanner_lro.core.names import BackupName, OperationName
from airflow_spanner_lro.core.operations.snapshot import (
    OperationError,
    OperationSnapshot,
    OperationState,
    StatementProgress,
)
from airflow_spanner_lro.core.polling.budget import Budget, Urgency
from airflow_spanner_lro.core.polling.expected_end import ExpectedEnd
from airflow_spanner_lro.core.polling.seen import (
    ENDED_FOR,
    Emulated,
    Facts,
    Forecast,
    RecentlyEnded,
    SeenLine,
    SeenOperation,
    forecast,
)
from airflow_spanner_lro.core.polling.seen_record import (
    MOST_CHARACTERS,
    VERSION,
    SeenFormatError,
    SeenHead,
    SeenWriter,
    alone,
    from_row,
    read_alone,
    read_head,
    read_record,
    to_row,
    write_head,
    write_record,
)
from airflow_spanner_lro.core.status import Code

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BACKUP = BackupName(project="p", instance="main", backup="nightly")
NAME = OperationName(resource=BACKUP, operation="_auto_op_1")
HEAD = SeenHead(holder="abc", host="triggerer-1", at=NOW, requests_per_second=0.5)


def snapshot(**changes: Any) -> OperationSnapshot:
    """Return a backup that is half done."""
    usual: dict[str, Any] = {
        "name": NAME,
        "state": OperationState.RUNNING,
        "kind": CREATE_BACKUP,
        "percent": 50,
        "start_time": NOW - timedelta(minutes=10),
    }
    return OperationSnapshot(**usual | changes)


def seen(name: str = str(NAME), **changes: Any) -> SeenOperation:
    """Return the same as somebody has seen it."""
    usual: dict[str, Any] = {"name": name, "seen": NOW, "seen_by": "triggerer-1"}
    return SeenOperation(**usual | Facts.of(snapshot())._asdict() | changes)


def record_of(*operations: SeenOperation, head: SeenHead = HEAD) -> str:
    """Return a record of operations."""
    writer = SeenWriter()
    writer.add(operations)
    return write_record(head, writer.packed())


def packed(*lines: str) -> str:
    """Return a record of lines that somebody made up."""
    text = base64.b64encode(zlib.compress("\n".join(lines).encode())).decode()
    return f"{write_head(HEAD)}\n{text}"


# what was seen, and what it foretells


def test_what_runs_has_a_forecast() -> None:
    """Rate and end are those of the forecast while it runs, and none once it has ended."""
    foretold = Forecast(end=NOW + timedelta(minutes=10), rate=300.0)
    runs = SeenOperation.of(str(NAME), Facts.of(snapshot()), seen=NOW, forecast=foretold)
    ended = Facts.of(snapshot(state=OperationState.SUCCEEDED, percent=100))
    over = SeenOperation.of(str(NAME), ended, seen=NOW, forecast=foretold)

    assert (300.0, foretold.end, False) == (runs.rate, runs.expected_end, runs.done)
    assert (None, None, True) == (over.rate, over.expected_end, over.done)


def test_error_is_told_in_words() -> None:
    """What an operation failed with is kept as its code and message."""
    error = OperationError(code=Code.RESOURCE_EXHAUSTED, message="No room.")
    failed = Facts.of(snapshot(state=OperationState.FAILED, error=error))
    assert failed.error == "RESOURCE_EXHAUSTED: No room"


def test_forecast_from_progress() -> None:
    """Half in ten minutes is three hundred percent an hour, and ten minutes more."""
    end = ExpectedEnd(since=0.0)
    end.on_running(snapshot(), at=600.0, now=NOW)
    found = forecast(end, at=600.0, now=NOW)

    assert found is not None
    assert found.rate == pytest.approx(300.0)
    assert found.end is not None
    assert timedelta(seconds=30) > abs(found.end - (NOW + timedelta(minutes=10)))


def test_late_end_is_expected_now() -> None:
    """An end that is late is not expected in the past."""
    end = ExpectedEnd(since=0.0)
    end.on_running(snapshot(), at=600.0, now=NOW)
    found = forecast(end, at=9000.0, now=NOW)
    assert found is not None
    assert NOW == found.end


def test_nothing_foretells_an_end_without_progress() -> None:
    """Where no progress is told, or none was made, there is neither rate nor end."""
    for told in (snapshot(percent=None), snapshot(percent=0)):
        end = ExpectedEnd(since=0.0)
        end.on_running(told, at=600.0, now=NOW)
        assert forecast(end, at=600.0, now=NOW) is None


def test_absurdly_late_ends_are_not_told() -> None:
    """A percent in months leads beyond the calendar: then only the rate is told."""
    end = ExpectedEnd(since=0.0)
    age = timedelta(days=40_000)
    end.on_running(snapshot(percent=1, start_time=NOW - age), at=age.total_seconds(), now=NOW)
    found = forecast(end, at=age.total_seconds(), now=NOW.replace(year=8990))
    assert found is not None
    assert found.end is None
    assert found.rate is not None


def test_ended_operations_are_told_of_for_a_while() -> None:
    """Who looks right after the end is told of it; after five minutes the ledger knows."""
    ended = RecentlyEnded()
    over = snapshot(state=OperationState.SUCCEEDED)
    ended.note(over, at=10.0)
    ended.note(over, at=20.0)

    assert [str(NAME)] == [each.name for each in ended.lately(at=20.0 + ENDED_FOR)]
    assert () == ended.lately(at=20.1 + ENDED_FOR)


def test_ended_operations_take_bounded_memory() -> None:
    """However many end at once, a thousand are remembered."""
    ended = RecentlyEnded()
    for number in range(1100):
        name = replace(NAME, operation=f"_auto_op_{number}")
        ended.note(snapshot(name=name, state=OperationState.SUCCEEDED), at=1.0)
    assert len(ended.lately(at=1.0)) == 1000


def test_requests_sent_lately() -> None:
    """What a budget has sent is told as an average of the last minute, cancels among it."""
    budget = Budget(rate=1.0)
    budget.take(Urgency.USUAL, at=0.0)
    for _ in range(3):
        budget.take(Urgency.CANCEL, at=90.0)
    assert 3 / 60 == budget.sent_lately(at=100.0)


# the record

STATEMENTS = (
    StatementProgress(label="CREATE INDEX a", percent=100, committed=NOW),
    StatementProgress(label="CREATE INDEX b", percent=40),
)


@pytest.mark.parametrize(
    "operation",
    [
        seen(),
        seen(state=OperationState.FAILED, error="INTERNAL: ?", end_time=NOW, percent=None),
        seen(kind=UPDATE_DATABASE_DDL, statements=STATEMENTS, throttled=True, cancel_time=NOW),
        seen(rate=1.5, expected_end=NOW, line=SeenLine(at=NOW, text="50 % after 3 s")),
        seen(kind=None, start_time=None, emulated=Emulated()),
        seen(emulated=Emulated(time_scale=60.0)),
        seen(emulated=Emulated(time_scale=0.0)),
    ],
)
def test_operation_comes_back_as_it_was(operation: SeenOperation) -> None:
    """What is published of an operation is read as it was seen, from either kind of record."""
    assert {operation.name: operation} == dict(read_record(record_of(operation)).operations)
    text = json.dumps(alone(operation, host="triggerer-1"))
    assert operation == read_alone(text)


def test_head_comes_back_as_it_was() -> None:
    """Who published what, and when, is read from the first line alone."""
    head = replace(
        HEAD,
        emulated={"a": Emulated(), "b": Emulated(time_scale=60.0)},
        operations=1,
        left_out=2,
        requests_per_second=None,
    )
    text = record_of(seen(), head=head)
    assert head == read_head(text)
    assert head == read_head(text.partition("\n")[0])
    assert head == read_record(text).head


def test_long_texts_are_cut() -> None:
    """What a reader would refuse for its length is cut by the writer."""
    labels = tuple(StatementProgress(label="x" * 5000, percent=1) for _ in range(1000))
    long = seen(error="e" * 5000, line=SeenLine(at=NOW, text="l" * 5000), statements=labels)
    found = read_record(record_of(long)).operations[str(NAME)]
    assert found.error is not None
    assert found.line is not None
    assert (500, 500, 200, 100) == (
        len(found.error),
        len(found.line.text),
        len(found.statements),
        len(found.statements[0].label),
    )


def test_record_is_bounded() -> None:
    """What there is no room for is counted, and the record is read all the same."""
    noise = random.Random(1)  # noqa: S311  # no secret
    operations = [seen(f"{NAME}{noise.randbytes(300).hex()}"[:700]) for _ in range(3000)]
    writer = SeenWriter(most=200_000)
    writer.add(operations[:1000])
    writer.add(operations[1000:])
    text = write_record(HEAD, writer.packed())

    assert len(text) <= 200_000
    assert len(operations) == writer.operations + writer.left_out
    assert writer.left_out > 0
    assert writer.operations == len(read_record(text).operations)


def test_ten_thousand_operations_have_room() -> None:
    """A triggerer with ten thousand waits publishes all of them."""
    writer = SeenWriter()
    line = SeenLine(at=NOW, text="Create backup nightly: 50 % after 10 min, 5 % a minute")
    writer.add(
        seen(f"projects/p/instances/i{n // 100}/backups/b{n}/operations/_auto_op_{n:x}", line=line)
        for n in range(10_000)
    )
    assert (10_000, 0) == (writer.operations, writer.left_out)
    assert len(writer.packed()) * 4 / 3 < MOST_CHARACTERS


@pytest.mark.parametrize(
    "line",
    [
        "",
        "no JSON",
        "[" * 5000,
        "{}",
        "[1, 2]",
        json.dumps(to_row(seen())[:-1]),
        json.dumps(["x" * 701, *to_row(seen())[1:]]),
        json.dumps([str(NAME), "DANCING", *to_row(seen())[2:]]),
    ],
)
def test_damaged_line_hides_no_other(line: str) -> None:
    """A line that is nothing that was seen is left out and counted; the others are read."""
    found = read_record(packed(line, json.dumps(to_row(seen()))))
    assert {str(NAME): seen()} == dict(found.operations)
    assert found.damaged == 1


_YEAR_9258 = 230_000_000_000_000
"""A moment that Python knows, and no operation will see."""


@pytest.mark.parametrize("place", range(15))
@pytest.mark.parametrize(
    "value",
    [-1, 101, 10**18, _YEAR_9258, 1e400, "x" * 600, {}, [[1]], [1, 2, 3], [True]],
)
def test_wrong_values_are_refused(place: int, value: object) -> None:
    """A value of a wrong type or beyond its bounds is refused, never shown or raised otherwise."""
    row = to_row(seen())
    row[place] = value
    try:
        from_row(row, seen_by="")
    except SeenFormatError:
        return
    usable: dict[int, list[object]] = {0: ["x" * 600]}
    usable |= {number: [101, 10**18, _YEAR_9258] for number in (10, 13)}
    usable |= {moment: [-1, 101] for moment in (4, 5, 6, 11, 12)}
    assert value in usable.get(place, [])


def test_unknown_kinds_are_shown_without() -> None:
    """An operation of a kind that this release does not know is shown all the same."""
    row = to_row(seen())
    row[2] = "type.googleapis.com/google.spanner.Later"
    assert from_row(row, seen_by="").kind is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "(edited)",
        "[]",
        "{}",
        "[" * 30_000,
        write_head(HEAD).replace('"v":1', '"v":0'),
        write_head(HEAD).replace('"v":1', '"v":true'),
        write_head(HEAD).replace('"at":', '"at":null,"x":'),
        write_head(HEAD).replace('"emulated":{}', '"emulated":[]'),
        write_head(HEAD).replace("0.5", "-1"),
        write_head(HEAD).replace("0.5", "NaN"),
    ],
)
def test_something_else_is_no_record(text: str) -> None:
    """What is no record at all is an error of one kind."""
    with pytest.raises(SeenFormatError, match="no record"):
        read_record(text)
    with pytest.raises(SeenFormatError):
        read_alone(text)


def test_later_release_is_named() -> None:
    """A record of a later release says so."""
    with pytest.raises(SeenFormatError, match="later release"):
        read_record(write_head(HEAD).replace(f'"v":{VERSION}', f'"v":{VERSION + 1}'))


@pytest.mark.parametrize(
    ("scale", "text"),
    [
        (None, "EMULATOR"),
        (0.0, "EMULATOR, its time stands still"),
        (60.0, "EMULATOR ×60"),  # noqa: RUF001  # as it is shown
    ],
)
def test_emulator_is_said_loudly(scale: float | None, text: str) -> None:
    """What people read names the emulator in capitals, with its scale."""
    assert text == Emulated(time_scale=scale).text


@pytest.mark.parametrize(
    "text",
    [
        f"{write_head(HEAD)}\n!!",
        f"{write_head(HEAD)}\n",
        f"{write_head(HEAD)}\n{base64.b64encode(b'no zlib').decode()}",
        # cut off
        record_of(seen())[:-8],
        # far more than anybody would write
        packed("x" * 40_000_000),
        record_of(seen()) + "A" * MOST_CHARACTERS,
        packed("\ud800".encode("utf-8", "surrogatepass").hex())[:-4],
    ],
)
def test_damaged_record_is_refused(text: str) -> None:
    """A record whose lines cannot be unpacked, or would fill the memory, is refused whole."""
    with pytest.raises(SeenFormatError, match="no record"):
        read_record(text)


def test_lone_record_needs_no_host() -> None:
    """A task's record without a usable host is read; one that is too long is not."""
    record = alone(seen(), host="worker")
    assert read_alone(json.dumps(record | {"host": 7})).seen_by == ""
    with pytest.raises(SeenFormatError):
        read_alone(json.dumps(record | {"more": "x" * 200_000}))


@given(st.text(max_size=300), st.text(max_size=300))
def test_made_up_records_raise_one_error(head: str, body: str) -> None:
    """Whatever stands there, reading it ends with a record or with the one error."""
    for text in (f"{head}\n{body}", f"{write_head(HEAD)}\n{body}"):
        with pytest.raises(SeenFormatError):
            read_record(text)
