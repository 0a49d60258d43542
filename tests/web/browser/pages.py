# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Where things are on our pages, by what a person and a screen reader find them by."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode, urlsplit

from axe_playwright_python.sync_playwright import Axe

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

PAGE = "/plugin/spanner-operations"
PANEL = "plugin/spanner-operation"
EMULATOR = "EMULATOR \N{MULTIPLICATION SIGN}60"
"""How loudly it is said."""
SERIOUS = {"serious", "critical"}


def open_operations(page: Page, **query: str) -> None:
    """Open the Operations page, by its address."""
    page.goto(f"{PAGE}?{urlencode(query)}" if query else PAGE)
    page.get_by_role("heading", name="Spanner operations", exact=True).wait_for()


def open_panel(page: Page, dag_id: str, task_id: str, *, run_id: str = "night") -> Locator:
    """Open the panel on a task instance, by its address, and return it."""
    page.goto(f"/dags/{dag_id}/runs/{run_id}/tasks/{task_id}/{PANEL}")
    found = page.get_by_role("region", name="Spanner operation of this task")
    found.wait_for()
    return found


def rows(page: Page) -> Locator:
    """Return the rows of the table of operations, without its head."""
    return page.get_by_role("table", name="Operations", exact=True).locator("tbody tr")


def row(page: Page, text: str) -> Locator:
    """Return the row with a text in it."""
    return rows(page).filter(has_text=text)


def percent(bar: Locator) -> int:
    """Return how far a bar is, -1 where that is not known."""
    return int(bar.get_attribute("aria-valuenow") or -1)


def query(page: Page) -> dict[str, str]:
    """Return what the address says, by name."""
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def choose_state(page: Page, name: str) -> Locator:
    """Return the button of a filter by state."""
    return page.get_by_role("group", name="State").get_by_role("button", name=name)


def sideways(page: Page) -> int:
    """Return by how many pixels one could scroll sideways, in the window or in what holds ours."""
    script = """() => {
        const ours = document.querySelector('.slro');
        let most = 0;
        for (let each = ours; each; each = each.parentElement)
            most = Math.max(most, each.scrollWidth - each.clientWidth);
        return most;
    }"""
    return int(page.evaluate(script))


def serious_findings(page: Page, *, within: str = ".slro") -> list[str]:
    """Return what axe finds in our part of the page that is serious or worse."""
    found = Axe().run(page, context=within).response["violations"]
    return [
        f"{each['id']}: {each['help']}: {node['html']}"
        for each in found
        if each["impact"] in SERIOUS
        for node in each["nodes"]
    ]
