# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What has been done to a world, in order: replayed, it makes the same world again.

Each entry is written before it is done. So whoever was answered finds his work in the file, even if
the process was killed the moment after. What was refused is there too: it is refused again.
"""

from __future__ import annotations

import base64
import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Self

from airflow_spanner_lro.emulator.clock import LATEST, Anchor

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT = 1
BASED_FORMAT = 2
"""The format of a snapshot that begins with a base: earlier versions must not overlook it."""
# durations must fit before it as behind the latest, and protobuf knows no earlier times
_EARLIEST = datetime(2, 1, 1, tzinfo=UTC)
_MARK = "airflow-spanner-lro emulator"
_NOT_SUCH = (KeyError, TypeError, OverflowError, RecursionError)
"""What decoding raises, beside a ValueError, if it is something else that was encoded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEntry:
    """An RPC that may change things.

    :param path: of the RPC on the wire
    :param request: its message, serialized
    """

    at: datetime
    path: str
    request: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionEntry:
    """Something that the emulator's controller did; see ``actions.py``."""

    at: datetime
    action: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockEntry:
    """Emulated time jumped, or goes on at another speed."""

    anchor: Anchor


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A world at one moment, as what has been done to it; a value that can travel as JSON.

    :param seed: of the world
    :param at: the emulated time
    :param lines: the entries that make it, encoded
    :param base: what it was before them, as ``base.py`` writes it; empty for a new world
    """

    seed: int
    at: datetime
    lines: tuple[str, ...] = ()
    base: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as what ``json`` can write."""
        return {
            "format": BASED_FORMAT if self.base else FORMAT,
            "seed": self.seed,
            "at": self.at.isoformat(),
            **({"base": json.loads(self.base)} if self.base else {}),
            "entries": [json.loads(line) for line in self.lines],
        }

    @classmethod
    def from_json(cls, value: Any) -> Self:
        """Read what :meth:`to_json` returned.

        :raises ValueError: if it is something else; says what.
        """
        try:
            if value["format"] not in (FORMAT, BASED_FORMAT):
                reads = f"{FORMAT} and {BASED_FORMAT}"
                message = f"it has format {value['format']!r}, and this emulator reads {reads}"
                raise ValueError(message)
            base = _dumps(value["base"]) if value["format"] == BASED_FORMAT else ""
            lines = tuple(_dumps(entry) for entry in value["entries"])
            snapshot = cls(seed=int(value["seed"]), at=_at(value), lines=lines, base=base)
            snapshot.check()
            return snapshot  # noqa: TRY300 - what follows is about all of it
        except _NOT_SUCH as exc:
            message = f"it is no snapshot: {exc!r}"
            raise ValueError(message) from exc

    def check(self) -> None:
        """Make sure that it can be what has been done to a world.

        :raises ValueError: if it cannot; says why.
        """
        begin = [_base_time(self.base)] if self.base else []
        times = [*begin, *(entry.at for entry in self.entries()), self.at]
        if any(later < earlier for earlier, later in pairwise(times)):
            message = "its entries are not in the order of their times, up to its own"
            raise ValueError(message)

    def entries(self) -> tuple[CallEntry | ActionEntry, ...]:
        """Return what has been done.

        :raises ValueError: if a line is something else; says what.
        """
        return tuple(_change(line) for line in self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreEntry:
    """All before it no longer counts: the world is that of a snapshot, and goes on from there."""

    snapshot: Snapshot
    anchor: Anchor


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The first line of a file."""

    seed: int
    anchor: Anchor


Entry = CallEntry | ActionEntry | ClockEntry | RestoreEntry


def encode_header(header: Header) -> str:
    """Return the first line of a file."""
    return _dumps(
        {"file": _MARK, "format": FORMAT, "seed": header.seed, **_clock_form(header.anchor)}
    )


def begins_header(text: str) -> bool:
    """Tell whether a text is the beginning of a file that was cut short within its first line."""
    beginning = _dumps({"file": _MARK})[:-1]
    return text.startswith(beginning) or beginning.startswith(text)


def decode_header(line: str) -> Header:
    """Read the first line of a file.

    :raises ValueError: if it is something else; says what.
    """
    value = _loads(line)
    if value.get("file") != _MARK:
        message = "it is not a state file of this emulator"
        raise ValueError(message)
    if value.get("format") != FORMAT:
        message = f"it has format {value.get('format')!r}, and this emulator reads {FORMAT}"
        raise ValueError(message)
    try:
        return Header(seed=int(value["seed"]), anchor=_anchor(value))
    except _NOT_SUCH as exc:
        message = f"its header is damaged: {exc!r}"
        raise ValueError(message) from exc


def encode(entry: Entry) -> str:
    """Return an entry as one line."""
    match entry:
        case CallEntry():
            request = base64.b64encode(entry.request).decode()
            return _dumps({"at": entry.at.isoformat(), "rpc": entry.path, "request": request})
        case ActionEntry():
            return _dumps(
                {"at": entry.at.isoformat(), "action": entry.action, "arguments": entry.arguments}
            )
        case ClockEntry():
            return _dumps(_clock_form(entry.anchor))
        case RestoreEntry():
            return _dumps({**_clock_form(entry.anchor), "restore": entry.snapshot.to_json()})


def decode(line: str) -> Entry:
    """Read an entry.

    :raises ValueError: if the line is something else; says what.
    """
    value = _loads(line)
    try:
        if "rpc" in value:
            request = base64.b64decode(value["request"], validate=True)
            return CallEntry(at=_at(value), path=_text(value["rpc"]), request=request)
        if "action" in value:
            arguments = dict(value["arguments"])
            return ActionEntry(at=_at(value), action=_text(value["action"]), arguments=arguments)
        if "restore" in value:
            snapshot = Snapshot.from_json(value["restore"])
            return RestoreEntry(snapshot=snapshot, anchor=_anchor(value))
        return ClockEntry(anchor=_anchor(value))
    except _NOT_SUCH as exc:
        message = f"it is no entry: {exc!r}"
        raise ValueError(message) from exc


def _base_time(base: str) -> datetime:
    from airflow_spanner_lro.emulator.journal.base import time_of  # noqa: PLC0415 - it needs all models

    return time_of(base)


def _change(line: str) -> CallEntry | ActionEntry:
    entry = decode(line)
    if isinstance(entry, CallEntry | ActionEntry):
        return entry
    message = "a snapshot holds changes only"
    raise ValueError(message)


def _loads(line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except RecursionError as exc:
        message = "it is nested too deeply"
        raise ValueError(message) from exc
    if not isinstance(value, dict):
        message = "it is no JSON object"
        raise ValueError(message)  # noqa: TRY004 - to callers it is a bad value like others
    return value


def _dumps(value: Mapping[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _clock_form(anchor: Anchor) -> dict[str, Any]:
    return {"at": anchor.emulated.isoformat(), "wall": anchor.wall, "scale": anchor.scale}


def _anchor(value: Mapping[str, Any]) -> Anchor:
    wall, scale = float(value["wall"]), float(value["scale"])
    if not (math.isfinite(wall) and 0 <= scale < math.inf):
        message = f"time cannot go by wall={wall}, scale={scale}"
        raise ValueError(message)
    return Anchor(emulated=_at(value), wall=wall, scale=scale)


def _at(value: Mapping[str, Any]) -> datetime:
    at = datetime.fromisoformat(value["at"])
    if at.tzinfo is None:
        message = f"the time {at} has no time zone"
        raise ValueError(message)
    at = at.astimezone(UTC)
    if not _EARLIEST <= at <= LATEST:
        message = f"the time {at} is not between {_EARLIEST} and {LATEST}"
        raise ValueError(message)
    return at


def _text(value: object) -> str:
    if not isinstance(value, str):
        message = f"{value!r} is no text"
        raise TypeError(message)
    return value
