# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What ``make demo`` runs: it keeps its promises, says so, and stops all it started."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.cluster.watchdog import find_processes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(420)]

INTERRUPTED = 130
LINK = re.compile(r"^http://127\.0\.0\.1:\d+/[\w-]{32}$", re.MULTILINE)
"""That logs in by one click."""
WITHIN = 30.0
"""Seconds in which the cancel is soon enough here, where other tests' Airflow is there as well."""


@contextmanager
def demo(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run the demo with its files in a folder, which also marks all its processes."""
    process = subprocess.Popen(  # noqa: S603  # our own command
        [sys.executable, "-m", "tests.demo", "--within", f"{WITHIN:g}", *arguments],
        env={**os.environ, "TMPDIR": str(folder), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait()


def test_the_demo_keeps_its_promises(folder: Path) -> None:
    """It says that all is well, and leaves Airflow open with a link that leads to our page.

    After Ctrl-C it ends with status 0, and leaves no process and no file.
    """
    with demo(folder, "--keep") as process:
        assert process.stdout is not None
        output = ""
        while "Ctrl-C stops everything" not in output:
            line = process.stdout.readline()
            assert line, output
            output += line
        link = LINK.search(output)
        assert link, output
        page = httpx.get(link[0], follow_redirects=True, timeout=30, trust_env=False)
        who = httpx.get(
            page.url.join("/ui/auth/me"), cookies=page.history[0].cookies, trust_env=False
        )
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate()

    assert 0 == process.returncode, rest
    assert "All is as it should be" in output
    assert (200, "/plugin/spanner-operations") == (page.status_code, page.url.path)
    assert (200, "admin") == (who.status_code, who.json()["username"])
    assert () == find_processes(mark=f"TMPDIR={folder}")
    assert [] == list(folder.glob("spanner-lro-demo-*"))


def test_ctrl_c_ends_the_demo_and_all_its_processes(folder: Path) -> None:
    """Ctrl-C in the middle of the demo ends it with a sentence; no process and no file is left."""
    with demo(folder) as process:
        assert process.stdout is not None
        seen = ""
        while "is deferred" not in seen:
            seen = process.stdout.readline()
            assert seen, "the demo ended before a task was deferred"
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate()

    assert INTERRUPTED == process.returncode, output
    assert "interrupted; everything is stopped" in output
    assert () == find_processes(mark=f"TMPDIR={folder}")
    assert [] == list(folder.glob("spanner-lro-demo-*"))
