# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""One Airflow and one browser for all tests here; each test has a window of its own.

The browser is the machine's, see ``tests/support/browsers.py``; nothing is downloaded.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.support.browsers import find_browser
from tests.web.browser.stage import running_stage
from tests.web.browser.windows import PATIENCE, Windows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from tests.web.browser.stage import Stage

LAST = Path(__file__).parent / "test_actions.py"
PICTURES = Path(__file__).parents[3] / "docs" / "_static"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option with which a run makes the documentation's pictures anew."""
    parser.addoption(
        "--pictures",
        action="store_true",
        help="write the pictures of the Operations page that the documentation shows",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let what changes the stage come last; everybody else's tests stay where they are."""
    items.sort(key=lambda item: item.path == LAST)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Run the machine's browser, without a screen."""
    program = find_browser()
    # the page asks every few seconds, and a busy machine takes its time
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        # its sandbox needs what containers do not have, and the pages are our own
        running = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture(scope="session")
def stage(browser: Browser) -> Iterator[Stage]:
    """Run Airflow with everything on the page; the browser is asked for first, since it may fail.

    The folder is not one of pytest's own: PostgreSQL runs as another user where we are root, and
    each start of a pytest anywhere on the machine closes pytest's folders to other users.
    """
    del browser
    with TemporaryDirectory(prefix="spanner-lro-browser-") as name, running_stage(Path(name)) as it:
        yield it


@pytest.fixture
def windows(browser: Browser, stage: Stage) -> Iterator[Windows]:
    """Return what opens windows for users; they are closed after the test."""
    with Windows(browser=browser, airflow=stage.airflow) as opened:
        yield opened


@pytest.fixture
def pictures(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return where pictures go: into the documentation if that was asked for, else away."""
    return PICTURES if request.config.getoption("pictures", default=False) else tmp_path
