# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The command in a container: on all addresses, and called by the name of a service."""

from __future__ import annotations

import http.client
import subprocess
import sys
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMAND = [sys.executable, "-m", "airflow_spanner_lro.emulator", "--port", "0", "--rest-port", "0"]
EVERYWHERE = "0.0.0.0"  # noqa: S104 - for as long as the test takes, and there is nothing in it


@pytest.fixture
def in_container() -> Iterator[list[str]]:
    """Run the command as a container would; return the lines that it says when it is ready."""
    command = [*COMMAND, "--host", EVERYWHERE, "--allow-host", "Spanner", "--allow-host", "db.test"]
    with subprocess.Popen(  # noqa: S603
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield [process.stdout.readline() for _ in range(4)]
        finally:
            process.terminate()


def status_for(address: str, *, host: str) -> int:
    """Return the status of a request to an address for some host."""
    target = urlsplit(address)
    connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=10)
    connection.request("GET", "/control/clock", headers={"Host": host})
    status = connection.getresponse().status
    connection.close()
    return status


def test_it_is_called_by_the_names_that_were_allowed(in_container: list[str]) -> None:
    """By each of them, and by no other; the address of this machine is one of its own."""
    address = in_container[2].strip().partition("=")[2]
    port = urlsplit(address).port

    answered = {
        host: status_for(address, host=f"{host}:{port}")
        for host in ("spanner", "DB.test", "localhost", EVERYWHERE, "other", "x.spanner")
    }
    assert {
        "spanner": 200, "DB.test": 200, "localhost": 200, EVERYWHERE: 200,
        "other": 403, "x.spanner": 403,
    } == answered  # fmt: skip


def test_it_says_that_others_can_reach_it(in_container: list[str]) -> None:
    """Whoever opens it to a network is told so, and how clients are let in."""
    assert in_container[3].startswith("It listens beyond this machine, and asks nobody who he is.")
    assert "--allow-host NAME" in in_container[3]


@pytest.mark.parametrize("name", ["http://spanner", "spanner:9020", "*", "", "a b"])
def test_what_is_no_name_is_a_mistake_in_the_arguments(name: str) -> None:
    """It is told before anything is started."""
    done = subprocess.run(  # noqa: S603
        [*COMMAND, "--allow-host", name], check=False, capture_output=True, text=True, timeout=60
    )

    assert 2 == done.returncode
    assert "argument --allow-host: " in done.stderr
    assert "is no name of a host: leave scheme and port out" in done.stderr
