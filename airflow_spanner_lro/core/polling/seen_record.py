# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What one poller publishes of the operations that it has seen: a record, read as untrusted.

It begins with a line of JSON that says who wrote it and when, by which a reader finds out whether
there is anything new. Then comes a line for each operation, compressed. A line that says nothing
that can be is left out and counted, what a small text unpacks to is bounded, and a record of a
later release is left alone. Times are kept in milliseconds.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.errors import SpannerLroError
from airflow_spanner_lro.core.kinds import kind_of_metadata
from airflow_spanner_lro.core.operations.snapshot import OperationState, StatementProgress
from airflow_spanner_lro.core.polling.seen import Emulated, SeenLine, SeenOperation

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

VERSION = 1
MOST_CHARACTERS = 1_000_000
"""Characters of a record."""
LONGEST_HEAD = 20_000
"""Characters of its first line."""
_UNPACKED = 32 * 1024 * 1024
"""Bytes that a record is unpacked to at most."""
_FLUSHED_EACH = 64 * 1024
_LONGEST_ALONE = 100_000
_NAME, _TEXT, _LABEL, _STATEMENTS = 700, 500, 100, 200
_CONNECTIONS = 30
_COMPLETE = 100
_FIELDS = 15
_LATEST = datetime(9000, 1, 1, tzinfo=UTC)


class SeenFormatError(SpannerLroError, ValueError):
    """A record cannot be read: a later release wrote it, or it is something else."""


def to_row(seen: SeenOperation) -> list[Any]:
    """Return what was seen as primitives; texts are cut to what a reader takes."""
    emulated: bool | float | None = None
    if seen.emulated is not None:
        scale = seen.emulated.time_scale
        emulated = True if scale is None else scale
    return [
        seen.name,
        seen.state.value,
        seen.kind.metadata_type_url if seen.kind else None,
        seen.percent,
        _millis(seen.start_time),
        _millis(seen.end_time),
        _millis(seen.cancel_time),
        seen.error[:_TEXT] if seen.error else None,
        seen.throttled,
        [
            [each.label[:_LABEL], each.percent, _millis(each.committed)]
            for each in seen.statements[:_STATEMENTS]
        ],
        None if seen.rate is None else round(seen.rate, 3),
        _millis(seen.expected_end),
        _millis(seen.seen),
        emulated,
        [_millis(seen.line.at), seen.line.text[:_TEXT]] if seen.line else None,
    ]


def from_row(row: object, *, seen_by: str) -> SeenOperation:
    """Return what ``to_row`` described.

    :raises SeenFormatError: if it is something else
    """
    try:
        return _from_row(row, seen_by=seen_by)
    except (ValueError, TypeError, OverflowError) as exc:
        message = f"this is nothing that was seen: {type(exc).__name__}"
        raise SeenFormatError(message) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenHead:
    """Who has published a record, and when.

    :param holder: a process, whatever its machine is called
    :param at: when it was written
    :param requests_per_second: that were sent to Spanner lately
    :param emulated: connections that lead to an emulator
    :param operations: how many the record holds
    :param left_out: how many it had no room for
    """

    holder: str
    host: str
    at: datetime
    requests_per_second: float | None = None
    emulated: Mapping[str, Emulated] = field(default_factory=dict)
    operations: int = 0
    left_out: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenRecord:
    """A record as it was read.

    :param damaged: how many of its lines are nothing that was seen
    """

    head: SeenHead
    operations: Mapping[str, SeenOperation]
    damaged: int = 0


class SeenWriter:
    """Writes a record, some operations at a time, so that its caller can pause in between."""

    def __init__(self, *, most: int = MOST_CHARACTERS) -> None:
        # base64 makes four characters of three bytes
        self._room = (most - LONGEST_HEAD) * 3 // 4 - _FLUSHED_EACH // 64
        self._compressor = zlib.compressobj(level=1)
        self._packed: list[bytes] = []
        self._size = 0
        # what the compressor was given and has not given back takes no more than that
        self._pending = 0
        self.operations = 0
        self.left_out = 0

    def add(self, operations: Iterable[SeenOperation]) -> None:
        """Add some operations; those that there is no room for are only counted."""
        for each in operations:
            row = json.dumps(to_row(each), separators=(",", ":")).encode() + b"\n"
            if self._size + self._pending + len(row) > self._room:
                self._take(self._compressor.flush(zlib.Z_SYNC_FLUSH))
                if self._size + len(row) > self._room:
                    self.left_out += 1
                    continue
            self._pending += len(row)
            self._packed.append(self._compressor.compress(row))
            self.operations += 1
            if self._pending >= _FLUSHED_EACH:
                self._take(self._compressor.flush(zlib.Z_SYNC_FLUSH))

    def packed(self) -> bytes:
        """Return the rows, packed; nothing can be added any more."""
        return b"".join((*self._packed, self._compressor.flush()))

    def _take(self, packed: bytes) -> None:
        self._packed.append(packed)
        self._size, self._pending = sum(map(len, self._packed)), 0


def write_head(head: SeenHead) -> str:
    """Return the first line of a record."""
    emulated = {
        name[:_TEXT]: each.time_scale for name, each in sorted(head.emulated.items())[:_CONNECTIONS]
    }
    whole = {
        "v": VERSION,
        "holder": head.holder,
        "host": head.host,
        "at": _millis(head.at),
        "rps": head.requests_per_second,
        "emulated": emulated,
        "operations": head.operations,
        "left_out": head.left_out,
    }
    return json.dumps(whole, separators=(",", ":"))


def write_record(head: SeenHead, packed: bytes) -> str:
    """Return a record.

    :param packed: from ``SeenWriter.packed``
    """
    return f"{write_head(head)}\n{base64.b64encode(packed).decode()}"


def read_head(text: str) -> SeenHead:
    """Return what the first line of a record says.

    :param text: the record, or its beginning
    :raises SeenFormatError: if it cannot be read
    """
    try:
        found = json.loads(text[:LONGEST_HEAD].partition("\n")[0])
        version = found["v"]
        if type(version) is int and version > VERSION:
            message = f"a later release of airflow-spanner-lro wrote it (version {version})"
            raise SeenFormatError(message)  # noqa: TRY301  # it is let through below
        if version != VERSION:
            raise ValueError(version)  # noqa: TRY301  # as any other that is none
        rate = found["rps"]
        return SeenHead(
            holder=_text(found["holder"]),
            host=_text(found["host"]),
            at=_required(found["at"]),
            requests_per_second=None if rate is None else _number(rate),
            emulated={
                _text(name): Emulated(time_scale=None if scale is None else _number(scale))
                for name, scale in found["emulated"].items()
            },
            operations=int(_number(found["operations"])),
            left_out=int(_number(found["left_out"])),
        )
    except SeenFormatError:
        raise
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as exc:
        message = f"it is no record of what was seen ({type(exc).__name__})"
        raise SeenFormatError(message) from None


def read_record(text: str) -> SeenRecord:
    """Return the record that a text is.

    :raises SeenFormatError: if it cannot be read
    """
    head = read_head(text)
    try:
        if len(text) > MOST_CHARACTERS:
            raise ValueError(len(text))  # noqa: TRY301  # as any other that is none
        packed = base64.b64decode(text.partition("\n")[2], validate=True)
        unpacker = zlib.decompressobj()
        lines = unpacker.decompress(packed, _UNPACKED).decode().splitlines()
        if not unpacker.eof:
            # cut off, or far more than anybody would write
            raise ValueError(len(packed))  # noqa: TRY301  # the same
    except (ValueError, binascii.Error, zlib.error) as exc:
        message = f"it is no record of what was seen ({type(exc).__name__})"
        raise SeenFormatError(message) from None
    operations, damaged = {}, 0
    for line in lines:
        try:
            seen = from_row(_loads(line), seen_by=head.host)
        except SeenFormatError:
            damaged += 1
        else:
            operations[seen.name] = seen
    return SeenRecord(head=head, operations=operations, damaged=damaged)


def alone(seen: SeenOperation, *, host: str) -> dict[str, Any]:
    """Return the record of one operation, as a task publishes it in its own store."""
    return {"v": VERSION, "host": host[:_TEXT], "seen": to_row(seen)}


def read_alone(text: str) -> SeenOperation:
    """Return what the JSON of such a record says.

    :raises SeenFormatError: if it cannot be read
    """
    found = _loads(text) if len(text) <= _LONGEST_ALONE else None
    if not isinstance(found, dict) or found.get("v") != VERSION:
        message = "it is no record of what was seen"
        raise SeenFormatError(message)
    host = found.get("host")
    return from_row(found.get("seen"), seen_by=host[:_TEXT] if isinstance(host, str) else "")


def _loads(line: str) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _from_row(row: object, *, seen_by: str) -> SeenOperation:
    if not isinstance(row, list) or len(row) < _FIELDS:
        raise ValueError(type(row))
    # what a later release of the same version adds comes after these
    (name, state, kind, percent, start, end, cancel, error, throttled) = row[:9]
    (statements, rate, expected, seen, emulated, line) = row[9:_FIELDS]
    if not isinstance(statements, list) or len(statements) > _STATEMENTS:
        raise ValueError(type(statements))
    if type(throttled) is not bool:
        raise ValueError(throttled)
    if line is not None:
        at, said = line
        line = SeenLine(at=_required(at), text=_text(said))
    return SeenOperation(
        name=_text(name, _NAME),
        state=OperationState(state),
        kind=kind_of_metadata(_text(kind)) if kind is not None else None,
        percent=_percent(percent),
        start_time=_moment(start),
        end_time=_moment(end),
        cancel_time=_moment(cancel),
        error=None if error is None else _text(error),
        throttled=throttled,
        statements=tuple(
            StatementProgress(
                label=_text(label), percent=_percent(done) or 0, committed=_moment(committed)
            )
            for label, done, committed in statements
        ),
        rate=None if rate is None else _number(rate),
        expected_end=_moment(expected),
        seen=_required(seen),
        seen_by=seen_by,
        emulated=_emulated(emulated),
        line=line,
    )


def _emulated(value: object) -> Emulated | None:
    if value is None:
        return None
    return Emulated() if value is True else Emulated(time_scale=_number(value))


def _millis(when: datetime | None) -> int | None:
    return None if when is None else round(when.timestamp() * 1000)


def _moment(value: object) -> datetime | None:
    return None if value is None else _required(value)


def _required(value: object) -> datetime:
    if type(value) is not int:
        raise ValueError(value)
    when = datetime.fromtimestamp(0, tz=UTC) + timedelta(milliseconds=value)
    if when > _LATEST:
        raise ValueError(value)
    return when


def _percent(value: object) -> int | None:
    if value is None:
        return None
    if type(value) is not int or not 0 <= value <= _COMPLETE:
        raise ValueError(value)
    return value


def _number(value: object) -> float:
    if type(value) not in (int, float) or not math.isfinite(value) or value < 0:  # type: ignore[arg-type,operator]
        raise ValueError(value)
    return float(value)  # type: ignore[arg-type]


def _text(value: object, longest: int = _TEXT) -> str:
    if not isinstance(value, str) or len(value) > longest:
        raise ValueError(type(value))
    return value
