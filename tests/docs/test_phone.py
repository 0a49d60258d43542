# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The site on a phone: no page is wider than 390 pixels, and no table of it loses a column."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import sync_playwright

from tests.docs.conftest import DOCS
from tests.support.browsers import find_browser

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WIDTH = 390
# two pixels are the borders
CUT = """() => [
    ...(document.documentElement.scrollWidth > innerWidth + 2 ? ["the page itself"] : []),
    ...[...document.querySelectorAll(".table-wrapper")]
        .filter(wrapper => wrapper.scrollWidth > wrapper.clientWidth + 2)
        .map(wrapper => wrapper.querySelector("thead").innerText),
]"""
STACKED = """() => {
    const cell = document.querySelector("table.stacked tbody td:nth-child(2)");
    const first = cell.parentElement.querySelector("td");
    return [
        getComputedStyle(cell, "::before").content,
        cell.getBoundingClientRect().top >= first.getBoundingClientRect().bottom,
    ];
}"""

# one site for all of them, whoever else tests beside them
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("site")]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site; a warning is an error."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-W", "-q", "-b", "html", str(DOCS), str(folder)]
    # what a page imports is no test of it
    unmeasured = {name: value for name, value in os.environ.items() if "COVERAGE" not in name}
    done = subprocess.run(  # noqa: S603
        command, env=unmeasured, capture_output=True, text=True, check=False
    )

    assert 0 == done.returncode, done.stderr
    return folder


@pytest.fixture(scope="module")
def phone() -> Iterator[Any]:
    """Open a page of a browser that is as wide as a phone."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"])
        yield browser.new_page(viewport={"width": WIDTH, "height": 800})
        browser.close()


@pytest.mark.timeout(300)
def test_no_column_is_cut(site: Path, phone: Any) -> None:
    """Whoever reads on a phone sees all columns of all tables without pushing them about."""
    cut = {}
    for page in sorted(site.rglob("*.html")):
        phone.goto(page.as_uri())
        if found := phone.evaluate(CUT):
            cut[str(page.relative_to(site))] = found

    assert {} == cut


def test_stacked_cell_has_the_name_of_its_column(site: Path, phone: Any) -> None:
    """Where cells stand below each other, each says what it is."""
    phone.goto((site / "explanation" / "what-happens-when.html").as_uri())

    name, below = phone.evaluate(STACKED)

    assert '"The operation: "' == name
    assert below


def test_page_leads_to_its_source(site: Path, phone: Any) -> None:
    """A reader who finds a mistake is one click from editing the page."""
    phone.goto((site / "how-to" / "back-up.html").as_uri())

    link = phone.locator(".edit-this-page a").first.get_attribute("href")

    assert link.endswith("/edit/main/docs/how-to/back-up.md")
