# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What ``make`` says to somebody whose Python is too old."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.release.pins import ROOT

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return a folder with what ``make`` reads before there is an environment."""
    for name in ("Makefile", "pyproject.toml", "requirements.txt"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def test_old_python_is_named(clone: Path) -> None:
    """One sentence says what is needed and how to name another one; nothing is made."""
    run = subprocess.run(
        ["make", "--no-print-directory", "demo", "PYTHON=false"],
        cwd=clone,
        check=False,
        capture_output=True,
        text=True,
    )

    assert 2 == run.returncode
    sentence, *rest = run.stderr.splitlines()
    assert sentence == (
        "This needs Python 3.11 or newer, and 'false' is not. "
        "Install one, or name it: make demo PYTHON=/path/to/python3.11"
    )
    assert 1 == len(rest), "make's own line"
    assert not (clone / ".venv").exists()
