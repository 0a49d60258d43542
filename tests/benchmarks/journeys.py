# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Count the files that a reader passes through who follows a start, a wait or a kill.

Each journey is one existing test. Between two well-known moments of it every call is recorded with
the file it goes to; counted are the files, and how often the way comes back to a file that it had
left. The emulator is not counted, for it plays Spanner; nor is what a module does when it loads.

Run it with ``python -m tests.benchmarks.journeys``; ``--steps`` shows the way itself.
"""

from __future__ import annotations

import dis
import os
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_PACKAGE = f"{os.sep}airflow_spanner_lro{os.sep}"
_EMULATOR = f"{_PACKAGE}emulator{os.sep}"
_IMPORT = "<frozen importlib._bootstrap>"
_TESTS = f"{os.sep}tests{os.sep}"
_SELF = os.path.basename(__file__)  # noqa: PTH119  # compared for every call
_LAST_OPERATIONS = ("RETURN_VALUE", "RETURN_CONST")


class Journey(NamedTuple):
    """One way through the code.

    :param test: the test that goes it
    :param begin: qualified name of the function with whose first call it begins
    :param end: that of the function with which it ends
    :param to_return: it ends when that returns, not when it is called
    """

    test: str
    begin: str
    end: str
    to_return: bool = False


_DEFERRED_BACKUP = (
    "tests/airflow/test_operation_grid.py::test_success_returns_the_result[create_backup-deferred]"
)
JOURNEYS = {
    "start": Journey(
        test=_DEFERRED_BACKUP,
        begin="SpannerOperationOperator.execute",
        # gRPC's own: the request is sent
        end="_UnaryUnaryMultiCallable._prepare",
    ),
    "wait": Journey(
        test=_DEFERRED_BACKUP,
        begin="SpannerOperationTrigger.run",
        # Airflow's own: the event is made
        end="TriggerEvent.__init__",
    ),
    "kill": Journey(
        test="tests/airflow/test_kill_in_triggerer.py::test_ended_by_a_user_cancels[failed]",
        begin="SpannerOperationTrigger.on_kill",
        end="SpannerOperationTrigger.on_kill",
        to_return=True,
    ),
}


@dataclass(slots=True)
class _Way:
    """The files in the order in which they were entered."""

    files: list[str] = field(default_factory=list)
    functions: list[str] = field(default_factory=list)

    def enter(self, file: str, function: str) -> None:
        self.files.append(file)
        self.functions.append(function)

    def counted(self, *, tests: bool) -> tuple[int, int, int]:
        """Return calls, files, and returns to a file that was left before."""
        files = [each for each in self.files if tests or not each.startswith("tests/")]
        seen: set[str] = set()
        returns, last = 0, ""
        for each in files:
            returns += each != last and each in seen
            seen.add(each)
            last = each
        return len(files), len(seen), returns


class _Recorder:
    """Records the calls of all threads between the two moments of a journey."""

    def __init__(self, journey: Journey) -> None:
        self._journey = journey
        self._on = self._over = False
        self.way = _Way()

    def __call__(self, frame: FrameType, event: str, _: object) -> None:
        """Take note of one event of the interpreter."""
        if event == "call":
            self._call(frame)
        elif event == "return" and self._journey.to_return and self._on:
            self._over |= frame.f_code.co_qualname == self._journey.end and _ends(frame)

    def _call(self, frame: FrameType) -> None:
        function = frame.f_code.co_qualname
        if self._over:
            return
        self._on = self._on or function == self._journey.begin
        if not self._on:
            return
        if function == self._journey.end and not self._journey.to_return:
            self._over = True
        path = frame.f_code.co_filename
        if _PACKAGE in path and not _is_aside(frame):
            self.way.enter(path.rpartition(_PACKAGE)[2], function)
        elif _TESTS in path and not path.endswith(_SELF) and not _is_aside(frame):
            self.way.enter("tests/" + path.rpartition(_TESTS)[2], function)


def _is_aside(frame: FrameType | None) -> bool:
    """Tell whether a call is made by the emulator, or while a module is loaded on the way."""
    while frame is not None:
        path = frame.f_code.co_filename
        if _EMULATOR in path or path == _IMPORT:
            return True
        frame = frame.f_back
    return False


def _ends(frame: FrameType) -> bool:
    """Tell a coroutine's end from an ``await`` in it."""
    operation = frame.f_code.co_code[frame.f_lasti]
    return dis.opname[operation] in _LAST_OPERATIONS


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a run of pytest name the journey that its test goes."""
    parser.addoption("--journey", choices=JOURNEYS, help="count the files of this journey")
    parser.addoption("--steps", action="store_true", help="show each step of it")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Record a test from its beginning to its end, and print what was counted."""
    name = item.config.getoption("--journey")
    if name is None:
        return (yield)
    recorder = _Recorder(JOURNEYS[name])
    threading.setprofile(recorder)
    sys.setprofile(recorder)
    try:
        return (yield)
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
        _show(name, recorder.way, steps=item.config.getoption("--steps"))


def _show(name: str, way: _Way, *, steps: bool) -> None:
    write = sys.__stdout__.write if sys.__stdout__ else print
    if steps:
        for file, function in zip(way.files, way.functions, strict=True):
            write(f"  {file}  {function}\n")
    for tests in (False, True):
        calls, files, returns = way.counted(tests=tests)
        which = "with the tests' own" if tests else "of the package"
        write(f"{name}: {files} files, {returns} returns, {calls} calls {which}\n")


def main() -> int:
    """Go each journey, in a process of its own."""
    for name, journey in JOURNEYS.items():
        command = ["-m", "pytest", "-q", "-s", "-p", "no:randomly", "-p", _PLUGIN]
        done = subprocess.run(
            [sys.executable, *command, "--journey", name, *sys.argv[1:], journey.test],
            check=False,
            text=True,
            stdout=subprocess.PIPE,
        )
        if done.returncode:
            sys.stdout.write(done.stdout)
            return done.returncode
        told = [each for each in done.stdout.splitlines() if each.startswith((f"{name}:", "  "))]
        sys.stdout.write("\n".join(told) + "\n")
    return 0


_PLUGIN = f"tests.benchmarks.{Path(__file__).stem}"

if __name__ == "__main__":
    sys.exit(main())
