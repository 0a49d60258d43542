# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Where the journal of a world is kept: in memory always, and in a file if there is to be one.

The file consists of lines; one emulator at a time appends to it. A line is handed to the operating
system before :meth:`StateFile.append` returns: killing the process loses nothing, a crash of the
machine may lose the last seconds.

From time to time a base takes the place of all that was done before. The file with it is written
beside the old one, which stays as it is until the new one is complete and takes its name.
"""

from __future__ import annotations

import fcntl
import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.journal.entries import (
    ActionEntry,
    CallEntry,
    ClockEntry,
    Header,
    RestoreEntry,
    Snapshot,
    begins_header,
    decode,
    decode_header,
    encode,
    encode_header,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from airflow_spanner_lro.emulator.clock import Anchor
    from airflow_spanner_lro.emulator.journal.entries import Entry


_PRIVATE = 0o600
_NEW_NAME = ".new"
"""What the name of a file ends with that is going to take the place of another."""


class EmulatorStateError(Exception):
    """The file that holds the emulator's state cannot be used."""

    def __init__(self, *, path: Path, reason: str, advice: str, line: int | None = None) -> None:
        where = f", line {line}" if line is not None else ""
        super().__init__(f"The state file {path}{where} cannot be used: {reason}. {advice}")
        self.path = path
        self.line = line


class StateFile:
    """The lines of a file, held for this emulator alone while it is open.

    :param path: where it is; it need not exist
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None
        self.unfinished = b""
        """What follows the last complete line; the first write removes it."""
        # the length of all complete lines
        self._size = 0
        self._broken = ""

    def __del__(self) -> None:
        self.close()

    def open(self) -> list[bytes]:
        """Take the file, and return its lines, save for one that was never finished.

        :raises EmulatorStateError: if it cannot be opened, or another emulator uses it.
        """
        data = self._read(self._take())
        self._size = data.rfind(b"\n") + 1
        self.unfinished = data[self._size :]
        return data[: self._size].split(b"\n")[:-1]

    def append(self, line: str) -> None:
        """Write a line, all of it or nothing.

        :raises OSError: if it cannot be written.
        :raises EmulatorStateError: if another emulator has used the file since it was closed.
        """
        if self._broken:
            raise OSError(self._broken)
        descriptor = self._reopened()
        data = _encoded(f"{line}\n")
        try:
            if self.unfinished:
                os.ftruncate(descriptor, self._size)
                self.unfinished = b""
            written = os.pwrite(descriptor, data, self._size)
            while written < len(data):
                written += os.pwrite(descriptor, data[written:], self._size + written)
        except OSError:
            self._cut_back(descriptor)
            raise
        self._size += len(data)

    def replace(self, lines: Sequence[str]) -> None:
        """Write a new file that takes the place of this one, or leave this one as it is.

        Another emulator cannot come in between: the new file is taken before it has the name.

        :raises OSError: if it cannot be written.
        """
        descriptor = self._reopened()
        # a link stays one
        path = Path(os.path.realpath(self.path))
        new = path.with_name(path.name + _NEW_NAME)
        with suppress(FileNotFoundError):
            # left by an emulator that was killed; nobody else writes one while this file is held
            new.unlink()
        mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        made = os.open(new, flags, _PRIVATE)
        try:
            size = _write_all(made, "".join(f"{line}\n" for line in lines))
            os.fchmod(made, mode)
            os.fsync(made)
            fcntl.flock(made, fcntl.LOCK_EX | fcntl.LOCK_NB)
            new.replace(path)
        except OSError:
            os.close(made)
            with suppress(OSError):
                new.unlink()
            raise
        self.close()
        self._descriptor, self._size = made, size
        self.unfinished, self._broken = b"", ""

    def close(self) -> None:
        """Leave the file to others."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def _cut_back(self, descriptor: int) -> None:
        """Remove the beginning of a line that could not be written; nothing may follow it."""
        try:
            os.ftruncate(descriptor, self._size)
        except OSError as exc:
            self._broken = f"half a line could not be removed ({exc.strerror})"

    def _reopened(self) -> int:
        """Return the descriptor, after a stop too, provided that nobody else wrote meanwhile."""
        if self._descriptor is not None:
            return self._descriptor
        descriptor = self._take()
        if os.fstat(descriptor).st_size != self._size:
            self.close()
            raise EmulatorStateError(
                path=self.path,
                reason="another emulator has used it since this one stopped",
                advice="Make a new emulator with this file instead of using this one again.",
            )
        return descriptor

    def _take(self) -> int:
        while True:
            descriptor = self._take_once()
            try:
                found = self.path.stat()
            except OSError:
                # it has lost its name since, and is kept as it was before there were new files
                return descriptor
            mine = os.fstat(descriptor)
            if (mine.st_dev, mine.st_ino) == (found.st_dev, found.st_ino):
                return descriptor
            # the emulator before has put a new file in its place, and this one is nobody's
            self.close()

    def _take_once(self) -> int:
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _PRIVATE)
        except OSError as exc:
            raise EmulatorStateError(
                path=self.path,
                reason=exc.strerror or str(exc),
                advice="Choose a file that can be read and written, in a folder that exists.",
            ) from exc
        self._descriptor = descriptor
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            self.close()
            raise EmulatorStateError(
                path=self.path, reason="it is no ordinary file", advice="Choose another one."
            )
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            self.close()
            raise EmulatorStateError(
                path=self.path,
                reason="another emulator uses it",
                advice="Stop that one, or choose another file.",
            ) from exc
        return descriptor

    @staticmethod
    def _read(descriptor: int) -> bytes:
        with open(os.dup(descriptor), "rb") as file:  # noqa: PTH123 - there is no path to it
            return file.read()


def _encoded(text: str) -> bytes:
    # half a character of UTF-16 has no other form; the lines are JSON, in which it is that
    return text.encode("utf-8", "backslashreplace")


def _write_all(descriptor: int, text: str) -> int:
    """Write a text at the beginning of a file; return its length in bytes."""
    data = memoryview(_encoded(text))
    written = 0
    while written < len(data):
        written += os.pwrite(descriptor, data[written:], written)
    return written


_ADVICE = "Give another file, or move this one away to begin anew."
_FIRST_ENTRY = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedJournal:
    """What a file tells of the world before.

    :param base: what it was before the entries; empty if they begin with a new world
    :param base_line: the number of the line with the base
    :param entries: what was done to it, each with the number of its line
    :param anchor: how time went, last
    """

    entries: tuple[tuple[int, CallEntry | ActionEntry], ...]
    anchor: Anchor
    last: datetime
    base: str = ""
    base_line: int = 1

    def resume(self, wall: float) -> datetime:
        """Return what time it is now, as if the emulator had not been away."""
        return max(self.anchor.later(wall), self.last)


class Journal:
    """The journal of one world after the other.

    :param seed: of the world
    :param path: of the file that keeps it, or None
    """

    def __init__(self, *, seed: int, path: Path | None = None) -> None:
        self.seed = seed
        self._base = ""
        self._lines: list[str] = []
        self._file = None if path is None else StateFile(path)
        self._held = False

    def load(self) -> LoadedJournal | None:
        """Read what is in the file; None if there is no file, or nothing in it yet.

        :raises EmulatorStateError: if it cannot be used.
        """
        if self._file is None:
            return None
        lines = self._file.open()
        self._held = True
        try:
            if not lines:
                self._check_beginning(self._file)
                return None
            return self._read([line.decode(errors="replace") for line in lines])
        except EmulatorStateError:
            self.release()
            raise

    def begin(self, anchor: Anchor) -> None:
        """Write the header of a new file."""
        self._write(encode_header(Header(seed=self.seed, anchor=anchor)))

    def record(self, entry: Entry) -> None:
        """Note what is about to be done.

        :raises RpcError: INTERNAL if that is impossible; then it must not be done.
        """
        line = encode(entry)
        self._write(line)
        # time alone changes no world
        if not isinstance(entry, ClockEntry):
            self._lines.append(line)

    def restart(self, snapshot: Snapshot, anchor: Anchor) -> None:
        """Note that everything begins anew with a snapshot.

        :raises RpcError: INTERNAL if that is impossible; then it must not be done.
        """
        self._write(encode(RestoreEntry(snapshot=snapshot, anchor=anchor)))
        self.seed, self._lines = snapshot.seed, list(snapshot.lines)
        self._base = snapshot.base

    def compact(self, base: str, *, at: datetime, anchor: Anchor) -> None:
        """Let a base take the place of all that has been done so far.

        :param at: the time up to which the base tells of the world
        :raises OSError: if the file stays as it is, which is as good, but longer.
        :raises EmulatorStateError: if another emulator has used the file since it was closed.
        """
        self._base, self._lines = base, []
        if self._file is None or not self._held:
            return
        header = encode_header(Header(seed=self.seed, anchor=anchor))
        entry = RestoreEntry(snapshot=self.snapshot(at), anchor=anchor)
        self._file.replace([header, encode(entry)])

    def __len__(self) -> int:
        return len(self._lines)

    def snapshot(self, at: datetime) -> Snapshot:
        """Return all that has been done so far."""
        return Snapshot(seed=self.seed, at=at, lines=tuple(self._lines), base=self._base)

    @property
    def held(self) -> bool:
        """Whether the file, if there is one, is this emulator's alone now."""
        return self._held

    def hold(self) -> None:
        """Take the file again after a :meth:`release`."""
        self._held = True

    def release(self) -> None:
        """Leave the file to others."""
        self._held = False
        if self._file is not None:
            self._file.close()

    def _write(self, line: str) -> None:
        if self._file is None:
            return
        try:
            self._file.append(line)
        except (OSError, EmulatorStateError) as exc:
            raise errors.cannot_record(path=str(self._file.path), reason=str(exc)) from exc
        finally:
            if not self._held:
                self._file.close()

    def _check_beginning(self, file: StateFile) -> None:
        """Make sure that a file without a line is none, or one whose header was cut short."""
        if not begins_header(file.unfinished.decode(errors="replace")):
            raise self.unusable(line=1, reason="it is not a state file of this emulator")

    def _read(self, lines: Sequence[str]) -> LoadedJournal:
        number = 1
        try:
            header = decode_header(lines[0])
            self.seed, anchor = header.seed, header.anchor
            last = anchor.emulated
            base_line = 1
            entries: list[tuple[int, CallEntry | ActionEntry]] = []
            for number, line in enumerate(lines[1:], start=_FIRST_ENTRY):
                entry = decode(line)
                match entry:
                    case RestoreEntry():
                        self.seed, anchor = entry.snapshot.seed, entry.anchor
                        last = max(anchor.emulated, entry.snapshot.at)
                        self._base, base_line = entry.snapshot.base, number
                        self._lines = list(entry.snapshot.lines)
                        entries = [(number, each) for each in entry.snapshot.entries()]
                    case ClockEntry():
                        anchor = entry.anchor
                        last = max(last, anchor.emulated)
                    case _:
                        last = max(last, entry.at)
                        self._lines.append(line)
                        entries.append((number, entry))
        except ValueError as exc:
            raise self.unusable(line=number, reason=str(exc)) from exc
        return LoadedJournal(
            entries=tuple(entries), anchor=anchor, last=last, base=self._base, base_line=base_line
        )

    def unusable(self, *, reason: str, line: int | None = None) -> EmulatorStateError:
        """Return the error that says why the file cannot be used; there must be one."""
        assert self._file is not None  # noqa: S101 - nothing else can be unusable
        return EmulatorStateError(path=self._file.path, line=line, reason=reason, advice=_ADVICE)
