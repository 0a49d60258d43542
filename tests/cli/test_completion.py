# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Completion: what each shell is told, the words that come back, and how light the start is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from airflow_spanner_lro.cli import arguments, main

if TYPE_CHECKING:
    from pathlib import Path

HEAVY = {"airflow", "argcomplete", "google.protobuf", "grpc", "rich", "yaml"}
_COMMAND = "import sys; from airflow_spanner_lro.cli import main; sys.exit(main())"


@pytest.mark.parametrize("shell", arguments.SHELLS)
def test_each_shell_is_told(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What is printed makes the shell ask this program."""
    code = main(["completion", shell])

    assert 0 == code
    assert "spanner-lro" in capsys.readouterr().out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_can_read_it(shell: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The shell takes it without complaint."""
    found = shutil.which(shell)
    if found is None:
        pytest.skip(f"only {shell} can read its own language, and it is not installed here")
    main(["completion", shell])
    script = tmp_path / "completion"
    script.write_text(capsys.readouterr().out)

    done = subprocess.run(  # noqa: S603  # a shell, and what we wrote
        [found, "-n", str(script)], capture_output=True, text=True, check=False
    )

    assert (0, "") == (done.returncode, done.stderr)


def test_another_shell_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    """The shells that there are, are named."""
    with pytest.raises(SystemExit) as ended:
        main(["completion", "csh"])

    assert 2 == ended.value.code
    assert "bash" in capsys.readouterr().err


def completed(line: str, tmp_path: Path) -> list[str]:
    """Return what the program answers to a shell that wants a line completed."""
    words = tmp_path / "words"
    environment = os.environ | {
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_IFS": "\n",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(words),
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
    }
    subprocess.run(  # noqa: S603  # our own command
        [sys.executable, "-c", _COMMAND], env=environment, check=True, capture_output=True
    )
    return words.read_text().split()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("spanner-lro wa", {"wait", "watch"}),
        ("spanner-lro list --type DATABASE_C", {"DATABASE_CREATE", "DATABASE_CHANGE_QUORUM"}),
        ("spanner-lro list -o ", {"table", "wide", "json", "yaml", "name"}),
        ("spanner-lro list --state RUN", {"RUNNING"}),
        ("spanner-lro list --sort-by st", {"started", "state"}),
        ("spanner-lro emulator --no", {"--no-rest"}),
        ("spanner-lro completion ", {"bash", "zsh", "fish"}),
    ],
)
def test_words_come_back(line: str, words: set[str], tmp_path: Path) -> None:
    """Commands, options and their values are completed."""
    assert words <= set(completed(line, tmp_path))


@pytest.mark.parametrize("words", [("--help",), ("list", "--help"), ("--version",)])
def test_help_is_light(words: tuple[str, ...]) -> None:
    """Who asks for help waits for neither gRPC nor rich, nor for Airflow."""
    program = f"""
import sys
from airflow_spanner_lro.cli import main
try:
    main({[*words]!r})
except SystemExit as ended:
    print(ended.code, *sys.modules, file=sys.stderr)
"""

    done = subprocess.run(  # noqa: S603  # our own interpreter
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    code, *loaded = done.stderr.split()
    assert "0" == code
    assert set() == HEAVY & set(loaded)
