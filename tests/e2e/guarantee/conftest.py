# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The rows that were selected are played in one world; the table comes at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from tests.e2e.conftest import executor_of
from tests.e2e.guarantee.result_table import result_table
from tests.e2e.guarantee.row_actions import INSTANCES, NEVER
from tests.e2e.guarantee.row_runner import Runner
from tests.e2e.guarantee.rows import ALLOWANCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.conftest import World
    from tests.e2e.guarantee.rows import Row

RUNNER = pytest.StashKey[Runner]()
CAUSES = 3
"""How many causes may happen at a time, where rows are played beside others."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the rows that are not played with this executor, or not in this session."""
    executor = executor_of(config)
    core = bool(config.getoption("core", default=False))
    calm = {"calm": True, "others": False}.get(config.getoption("groups", default=None))
    left_out = [
        item
        for item in items
        if (row := _row(item)) and not row.selected(executor=executor, core=core, calm=calm)
    ]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def _row(item: pytest.Item) -> Row | None:
    """Return the row of a test, if it is the test of one."""
    if isinstance(item, pytest.Function) and {"row", "runner"} <= set(item.fixturenames):
        return cast("Row", item.callspec.params["row"])
    return None


@pytest.fixture(scope="session")
def runner(world: World, request: pytest.FixtureRequest) -> Iterator[Runner]:
    """Return who plays the rows that were selected."""
    world.emulator.plan(NEVER, target=f"{INSTANCES}*/backups/*")
    rows = [row for item in request.session.items if (row := _row(item))]
    beside = int(request.config.getoption("beside", default=0))
    runner = Runner(world=world, rows=rows, beside=beside, causes=CAUSES if beside else 1)
    request.config.stash[RUNNER] = runner
    yield runner
    runner.close()


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
    executor = executor_of(config)
    terminalreporter.section(f"guarantees, {executor} (seconds times {allowance:g})")
    for line in result_table(runner.outcomes, allowance=allowance):
        terminalreporter.write_line(line)
    terminalreporter.section("where the time went")
    for line in runner.stopwatch.lines():
        terminalreporter.write_line(line)
