# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Getting started as a reader types it: each command of the page, one after the other, in bash.

Only what has to be otherwise is: the home folder is a new one, the constraints are the committed
file and not an address, the Airflow is the row's, and ports that are taken here give way to others.
What the page shows of the output has to be in it, numbers and names of operations aside.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from tests.versions.days import ROOT, constraints
from tests.versions.environments import clean_environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

PAGE = ROOT / "docs" / "getting-started.md"
GRPC_PORT, REST_PORT = 9010, 9020

_FENCE = re.compile(r"^```(console|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PROMPT = "$ "
_EMULATOR = "spanner-lro emulator"
_READY = "emulator is ready on"
_CONSTRAINTS = re.compile(r"https://\S*/constraints-[\d.]+/constraints-[\d.]+\.txt")
_AIRFLOW = re.compile(r"apache-airflow==[\d.]+")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_OPERATION = r"_auto_op_[0-9a-f]+"
_INSTALL_SECONDS, _PAGE_SECONDS, _END_SECONDS = 1500, 1200, 20
_PAUSE = 0.2
_TRIES = 2


class PageError(Exception):
    """The page does not do what it says: which command, and what came instead."""


class InstallError(PageError):
    """Its install failed, which may be a hiccup of the index."""


@dataclass(slots=True, kw_only=True)
class Command:
    """A command of the page, and the lines that the page shows of its output."""

    words: str
    shown: list[str]

    @property
    def runs_on(self) -> bool:
        """Whether it goes on until Ctrl-C: what follows is typed in another terminal."""
        return self.words.startswith(_EMULATOR)


def read_page(text: str) -> list[Command]:
    """Return the page's commands in their order.

    A block ``text`` shows lines of what the commands before it print.
    """
    commands: list[Command] = []
    for language, block in _FENCE.findall(text):
        lines = iter(block.splitlines())
        for line in lines:
            if language == "console" and line.startswith(_PROMPT):
                commands.append(Command(words="\n".join(_whole(line, lines)), shown=[]))
            elif commands and line.strip():
                commands[-1].shown.append(line)
    return commands


def _whole(line: str, rest: Iterator[str]) -> Iterator[str]:
    """Return the lines of a command that goes on over the ends of lines."""
    line = line.removeprefix(_PROMPT)
    yield line
    while line.endswith("\\"):
        line = next(rest)
        yield line


def adapt(words: str, *, airflow: str, ports: tuple[int, int]) -> str:
    """Return a command with what has to be otherwise."""
    words = _CONSTRAINTS.sub(str(constraints(airflow)), words)
    words = _AIRFLOW.sub(f"apache-airflow=={airflow}", words)
    if ports == (GRPC_PORT, REST_PORT):
        return words
    words = words.replace(f"localhost:{GRPC_PORT}", f"localhost:{ports[0]}")
    if words.startswith(_EMULATOR):
        words += f" --port {ports[0]} --rest-port {ports[1]}"
    return words


def is_shown(line: str, output: str) -> bool:
    """Return whether the output has a line of the page; numbers and operations may differ."""
    pattern = re.escape(re.sub(r"_auto_op_[0-9a-f]+…?", "\0", line.strip()))
    pattern = re.sub(r"\d+", r"\\d+", pattern).replace("…", ".*?")
    pattern = re.sub(r"(\\ )+", r"\\s+", pattern).replace(re.escape("\0"), _OPERATION)
    pattern = pattern.replace("\0", _OPERATION)
    return re.search(pattern, _COLOURS.sub("", output)) is not None


def play(folder: Path, *, airflow: str, python: str) -> int:
    """Type the whole page with this release of Airflow; return the number of commands.

    :raises InstallError: if the environment could not be made
    :raises PageError: if another command fails, or prints other than the page shows
    """
    commands = read_page(PAGE.read_text())
    begins = next((each for each, command in enumerate(commands) if command.runs_on), None)
    if begins is None or not any(_CONSTRAINTS.search(each.words) for each in commands[:begins]):
        message = f"{PAGE.name} no longer installs with constraints and starts the emulator."
        raise PageError(message)
    home = folder / "home"
    bin_ = folder / "bin"
    home.mkdir(parents=True)
    bin_.mkdir()
    (bin_ / "python3").write_text(f'#!/bin/sh\nexec "{python}" "$@"\n')
    (bin_ / "python3").chmod(0o755)
    own_bin = str(ROOT / ".venv" / "bin")
    paths = [each for each in os.environ["PATH"].split(os.pathsep) if each != own_bin]
    env = clean_environment(
        HOME=str(home),
        PATH=os.pathsep.join([str(bin_), *paths]),
        # what other runs have fetched need not be fetched again
        PIP_CACHE_DIR=os.environ.get("PIP_CACHE_DIR", os.path.expanduser("~/.cache/pip")),  # noqa: PTH111  # the reader's home is another one
    )
    ports = free_ports()

    def typed(some: Sequence[Command]) -> list[str]:
        return [adapt(each.words, airflow=airflow, ports=ports) for each in some]

    first = _Terminal(typed(commands[: begins + 1]), log=folder / "terminal-1.log", env=env)
    with first:
        first.wait_for_emulator(seconds=_INSTALL_SECONDS)
        after = commands[begins + 1 :]
        _play_after(after, words=typed(after), folder=folder, env=env)
    return len(commands)


def _play_after(
    commands: Sequence[Command], *, words: Sequence[str], folder: Path, env: Mapping[str, str]
) -> None:
    """Type what follows the emulator; once more if it fails, and say so.

    One of the page's tasks has 20 seconds, and a machine that stands still for as long has been
    seen to spend them before the task had begun.
    """
    for left in reversed(range(_TRIES)):
        terminal = _Terminal(words, log=folder / f"terminal-2-{left}.log", env=env)
        with terminal:
            try:
                terminal.wait_for_end(seconds=_PAGE_SECONDS)
                check_shown(commands, terminal.outputs())
            except PageError as exc:
                if not left:
                    raise
                sys.stderr.write(f"versions: typed once more, since this failed:\n{exc}\n")
            else:
                break


def check_shown(commands: Sequence[Command], outputs: Sequence[str]) -> None:
    """See that all lines which the page shows were printed.

    :raises PageError: if one was not
    """
    for command, output in zip(commands, outputs, strict=True):
        for line in command.shown:
            printed = "\n".join(outputs)
            if not is_shown(line, printed):
                alike = [each for each in printed.splitlines() if line.split(":")[0] in each]
                message = "\n".join(
                    [f"The page shows a line that was not printed: {line}", *alike[-5:],
                     f"$ {command.words}", output[-3000:]]
                )  # fmt: skip
                raise PageError(message)


def free_ports() -> tuple[int, int]:
    """Return the ports of the page, or others where one of them is taken."""
    if all(_is_free(port) for port in (GRPC_PORT, REST_PORT)):
        return GRPC_PORT, REST_PORT
    with closing(socket.socket()) as one, closing(socket.socket()) as other:
        for each in (one, other):
            each.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


def _is_free(port: int) -> bool:
    with closing(socket.socket()) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class _Terminal:
    """A bash that is given commands, and writes down what each of them prints and returns."""

    def __init__(self, commands: Sequence[str], *, log: Path, env: Mapping[str, str]) -> None:
        self._commands = commands
        self._log = log
        script = ["cd " + str(ROOT)]
        for number, command in enumerate(commands):
            script += [
                f"echo '<<<{number}'",
                # a reader's terminal is not read from by the commands
                f"{{ {command}\n}} </dev/null",
                f"code=$?; echo '>>>{number}' $code; [ $code = 0 ] || exit $code",
            ]
        path = log.with_suffix(".sh")
        path.write_text("\n".join(script) + "\n")
        with log.open("w") as file:
            self._process = subprocess.Popen(  # noqa: S603  # the page's commands, that is the test
                ["bash", "--noprofile", "--norc", str(path)],  # noqa: S607
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env=env,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Press Ctrl-C, and see that everything ends by that."""
        for number in (signal.SIGINT, signal.SIGKILL):
            try:
                os.killpg(self._process.pid, number)
                self._process.wait(_END_SECONDS)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue
        self._process.wait()

    def wait_for_emulator(self, *, seconds: float) -> None:
        """Wait until it says that it is ready: on its port somebody else's might listen."""
        until = time.monotonic() + seconds
        while _READY not in self._log.read_text():
            if self._process.poll() is not None:
                raise InstallError(self._what_failed())
            if time.monotonic() > until:
                message = f"No emulator after {seconds} s.\n{self._what_failed()}"
                raise PageError(message)
            time.sleep(_PAUSE)

    def wait_for_end(self, *, seconds: float) -> None:
        """Wait until the last command has succeeded."""
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            message = f"Not at its end after {seconds} s.\n{self._what_failed()}"
            raise PageError(message) from None
        if code:
            raise PageError(self._what_failed())

    def outputs(self) -> list[str]:
        """Return what each command has printed."""
        return [
            part.split("\n", 1)[-1].split("\n>>>", 1)[0]
            for part in re.split(r"^<<<(?=\d+$)", self._log.read_text(), flags=re.MULTILINE)[1:]
        ]

    def _what_failed(self) -> str:
        outputs = self.outputs()
        last = self._commands[len(outputs) - 1] if outputs else "(nothing was begun)"
        return f"$ {last}\n{outputs[-1][-3000:] if outputs else ''}"
