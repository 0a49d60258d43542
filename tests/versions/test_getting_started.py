# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""How the page is read, so that what is run is what it says; it is run by ``make versions``."""

from __future__ import annotations

import socket
from contextlib import closing

import pytest

from tests.versions import getting_started
from tests.versions.days import DAYS, constraints
from tests.versions.getting_started import (
    PAGE,
    PageError,
    adapt,
    check_shown,
    free_ports,
    is_shown,
    read_page,
)

SAMPLE = """
```console
$ pip install . \\
    --constraint "https://example.com/constraints-3.3.2/constraints-3.11.txt"
```

Words between.

```console
$ spanner-lro list demo
OPERATION_ID
```

```python
print("not typed")
```

```text
Create backup orders: 12 % after 3 s, …
```
"""
USUAL = (getting_started.GRPC_PORT, getting_started.REST_PORT)


def test_commands_are_read_with_what_is_shown_of_them() -> None:
    """A command goes on over ends of lines; lines without a prompt are its output."""
    install, listing = read_page(SAMPLE)

    assert install.words.startswith("pip install . \\\n")
    assert "spanner-lro list demo" == listing.words
    assert ["OPERATION_ID", "Create backup orders: 12 % after 3 s, …"] == listing.shown


def test_the_page_has_all_its_steps() -> None:
    """It makes an environment first, holds Airflow and its packages, and starts the emulator."""
    words = [each.words for each in read_page(PAGE.read_text())]

    assert words[0].startswith("python3 -m venv ")
    assert any("--constraint" in each and "apache-airflow==" in each for each in words)
    assert 1 == sum(each.startswith("spanner-lro emulator") for each in words)


@pytest.mark.parametrize("airflow", DAYS)
def test_the_install_takes_the_committed_constraints(airflow: str) -> None:
    """The address becomes a file, and the release is the one that is asked for."""
    (install, *_) = (
        adapt(each.words, airflow=airflow, ports=USUAL)
        for each in read_page(PAGE.read_text())
        if "--constraint" in each.words
    )

    assert str(constraints(airflow)) in install
    assert f'"apache-airflow=={airflow}"' in install
    assert "https://" not in install


def test_other_commands_are_typed_as_they_are() -> None:
    """Where the page's ports are free, nothing but the install is otherwise than on the page."""
    typed = [each.words for each in read_page(PAGE.read_text()) if "--constraint" not in each.words]

    assert typed == [adapt(each, airflow="3.3.0", ports=USUAL) for each in typed]


def test_ports_that_are_taken_give_way() -> None:
    """The emulator is told others, and so is who calls it."""
    emulator = adapt("spanner-lro emulator --time-scale 60", airflow="3.3.0", ports=(1, 2))
    client = adapt("export SPANNER_EMULATOR_HOST=localhost:9010", airflow="3.3.0", ports=(1, 2))

    assert "spanner-lro emulator --time-scale 60 --port 1 --rest-port 2" == emulator
    assert "export SPANNER_EMULATOR_HOST=localhost:1" == client


def test_a_taken_port_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody's emulator on the page's port is not asked for the page's operations."""
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setattr(getting_started, "GRPC_PORT", taken.getsockname()[1])
        ports = free_ports()

    assert getting_started.GRPC_PORT not in ports


@pytest.mark.parametrize(
    ("line", "output"),
    [
        (
            "Create backup orders-2026: 12 % after 3 s, …",
            "x Create backup orders-1: 7 % after 41 s, y",
        ),
        ("operations/_auto_op_629f…", "projects/p/operations/_auto_op_0a1b2c3d"),
        ("ID               WHAT", "\x1b[1mID\x1b[0m   WHAT"),
        (
            "_auto_op_629f6fbe  Create backup  DONE  08:55:05 UTC",
            "_auto_op_11  Create backup     DONE   10:00:59 UTC",
        ),
    ],
)
def test_numbers_and_operations_may_differ(line: str, output: str) -> None:
    """What the page shows is an example of what is printed."""
    assert is_shown(line, output)


@pytest.mark.parametrize("output", ["", "Create backup: 7 %", "Create backup: failed after 25 min"])
def test_words_may_not_differ(output: str) -> None:
    """Another word than the page's is another ending."""
    assert not is_shown("Create backup: succeeded after 25 min", output)


def test_a_line_that_was_not_printed_is_named() -> None:
    """Who repairs the page is told which line of it is old, and what is printed instead."""
    commands = read_page(SAMPLE)
    printed = "Create backup orders: 12 % after 3 s, soon\nOPERATION_ID\n"

    check_shown(commands, ["", printed])
    check_shown(commands, [printed, ""])
    with pytest.raises(PageError, match="not printed: Create backup orders: 12 %"):
        check_shown(commands, ["", printed.replace(" after", " since")])
