# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The rows that were selected are played in one world; the table comes at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from .acting import NEVER
from .looking import INSTANCES
from .playing import Runner
from .reporting import table
from .rows import ALLOWANCE

if TYPE_CHECKING:
    from tests.e2e.conftest import World

    from .rows import Row

RUNNER = pytest.StashKey[Runner]()


@pytest.fixture(scope="session")
def runner(world: World, request: pytest.FixtureRequest) -> Runner:
    """Return who plays the rows that were selected."""
    world.emulator.plan(NEVER, target=f"{INSTANCES}*/backups/*")
    rows = [
        cast("Row", item.callspec.params["row"])
        for item in request.session.items
        if isinstance(item, pytest.Function) and {"row", "runner"} <= set(item.fixturenames)
    ]
    request.config.stash[RUNNER] = Runner(world=world, rows=rows)
    return request.config.stash[RUNNER]


@pytest.fixture(scope="session")
def allowance(pytestconfig: pytest.Config) -> float:
    """Return how many times the seconds of the design are good enough here."""
    return float(pytestconfig.getoption("allowance", ALLOWANCE))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the table, if any row was played."""
    runner = config.stash.get(RUNNER, None)
    if runner is None:
        return
    allowance = float(config.getoption("allowance", ALLOWANCE))
    terminalreporter.section(f"guarantees (seconds times {allowance:g})")
    for line in table(runner.outcomes, allowance=allowance):
        terminalreporter.write_line(line)
