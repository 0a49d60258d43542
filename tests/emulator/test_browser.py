# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A real browser on this machine, with a page of strangers in it, cannot use the emulator."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Queue
from typing import TYPE_CHECKING, NamedTuple

import pytest

from airflow_spanner_lro.emulator.http.gate import Gate
from tests.emulator.conftest import DATABASE
from tests.support.browsers import find_browser

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from airflow_spanner_lro.emulator import SpannerAdminEmulator

STRANGER = "evil.example"
PATIENCE = 60
PAGE = """<script>
const url = "http://127.0.0.1:PORT/control/faults";
const fault = '{"kind": "fail", "method": "*", "times": null}';
async function attempt(how) {
  try { const answer = await how(); return answer.type + " " + answer.status; }
  catch (error) { return "blocked"; }
}
(async () => {
  const told = [];
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/json"]) {
    for (const mode of ["no-cors", "cors"]) {
      told.push(await attempt(() => fetch(url, {method: "POST", mode, body: fault,
        headers: {"Content-Type": type}})));
    }
  }
  told.push(await attempt(() => fetch(url, {method: "POST", mode: "no-cors",
    body: new Blob([fault])})));
  told.push(await attempt(() => fetch("http://127.0.0.1:PORT/control/state")));
  await fetch("/report", {method: "POST", body: told.join("; ")});
})();
</script>"""
"""What a page can do without asking anybody: bodies of each type that it may send unasked."""


class Stranger(NamedTuple):
    """A site of somebody else's.

    :param address: of its page
    :param reports: what its page has told it
    """

    address: str
    reports: Queue[str]


@pytest.fixture
def browser(tmp_path: Path) -> list[str]:
    """Return the command of a browser that looks for the stranger's name on this machine."""
    found = find_browser()
    return [
        *(found, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}"),
        f"--host-resolver-rules=MAP {STRANGER} 127.0.0.1",
    ]


@pytest.fixture
def stranger(rest_emulator: SpannerAdminEmulator) -> Iterator[Stranger]:
    """Serve that page under a name that is not this machine's."""
    reports: Queue[str] = Queue()

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(PAGE.replace("PORT", str(rest_emulator.rest_port)).encode())

        def do_POST(self) -> None:
            reports.put(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield Stranger(f"http://{STRANGER}:{server.server_port}/", reports)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def visit(browser: list[str], stranger: Stranger) -> str:
    """Let the browser open the page; return what the page reports."""
    with subprocess.Popen(  # noqa: S603 - found on the path
        [*browser, "--remote-debugging-port=0", stranger.address],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            return stranger.reports.get(timeout=PATIENCE)
        except Empty:
            pytest.fail("the page did not report")
        finally:
            # its command is a script on some systems, which leaves the browser behind
            os.killpg(process.pid, signal.SIGTERM)


def test_a_page_changes_nothing_and_reads_nothing(
    browser: list[str], stranger: Stranger, rest_emulator: SpannerAdminEmulator
) -> None:
    """It posts in every way that it has: no fault is there afterwards, and no answer is read."""
    report = visit(browser, stranger)

    assert () == tuple(rest_emulator.faults.pending())
    assert "200" not in report


def test_without_the_gate_a_page_would_get_through(
    browser: list[str],
    stranger: Stranger,
    rest_emulator: SpannerAdminEmulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So it is the gate that keeps it out, and not the browser."""
    monkeypatch.setattr(Gate, "check", lambda _self, _approach: None)

    visit(browser, stranger)

    assert tuple(rest_emulator.faults.pending())


def test_a_page_whose_name_leads_here_is_shown_nothing(
    browser: list[str], rest_emulator: SpannerAdminEmulator
) -> None:
    """After DNS rebinding the browser takes the emulator for the page's own site; it is not one."""
    address = f"http://{STRANGER}:{rest_emulator.rest_port}/control/state"
    shown = subprocess.run(  # noqa: S603 - found on the path
        [*browser, "--dump-dom", address],
        check=True, capture_output=True, text=True, timeout=PATIENCE,
    ).stdout  # fmt: skip

    assert f"{STRANGER}:{rest_emulator.rest_port}' is refused" in shown
    assert DATABASE not in shown
