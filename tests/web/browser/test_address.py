# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The address of the Operations page: it holds what is shown, and what is wrong in it is told."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.web.browser.pages import choose_state, open_operations, query, row, rows
from tests.web.browser.stage import VIEWER

if TYPE_CHECKING:
    from tests.web.browser.windows import Windows

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

BROKEN = (
    ({"state": "nonsense"}, "state may be running, orphaned, waiting, failed, all"),
    ({"sort": "up"}, "sort"),
    ({"limit": "many"}, "limit"),
    ({"offset": "-1"}, "offset"),
)
"""Filters of an address that are none, and what the page says of each."""
UNKNOWN = ("4711", "no-number", "../../etc/passwd", "9" * 40)
"""Ids of operations that are not there, or none."""


def test_filters_are_in_the_address_and_survive_reload_and_back(windows: Windows) -> None:
    """So that a page can be sent on, and the browser's buttons do what they do elsewhere."""
    page = windows.open(VIEWER)
    open_operations(page)
    choose_state(page, "All").click()
    page.get_by_label("Dag", exact=True).select_option("nightly_backups")
    expect(rows(page)).to_have_count(2)
    page.reload()
    expect(rows(page)).to_have_count(2)
    filtered = query(page)
    page.go_back()
    expect(row(page, "reports-nightly")).to_be_visible()

    assert {"state": "all", "dag_id": "nightly_backups"} == filtered
    assert {"state": "all"} == query(page)
    expect(choose_state(page, "All")).to_have_attribute("aria-pressed", "true")
    assert [] == windows.errors


@pytest.mark.parametrize(
    ("button", "state", "shows"),
    [
        ("Nobody waits", "orphaned", "invoices-before-migration"),
        ("Waiting for a turn", "waiting", "orders-by-hand"),
        ("Failed in 24 h", "failed", "reports-nightly"),
    ],
)
def test_each_state_has_a_button(windows: Windows, button: str, state: str, shows: str) -> None:
    """The button says how many there are, and shows these."""
    page = windows.open(VIEWER)
    open_operations(page)
    choose_state(page, button).click()
    expect(row(page, shows)).to_be_visible()

    assert state == query(page)["state"]
    count = re.search(r"\d+$", choose_state(page, button).inner_text())
    assert count
    expect(rows(page)).to_have_count(int(count[0]))


def test_what_is_searched_is_in_the_address(windows: Windows) -> None:
    """A part of a name is enough."""
    page = windows.open(VIEWER)
    open_operations(page, state="all")
    page.get_by_label("Search").fill("archive")
    expect(rows(page)).to_have_count(1)

    expect(row(page, "archive-restored")).to_be_visible()
    assert "archive" == query(page)["search"]


def test_the_server_sorts_by_the_columns_head(windows: Windows) -> None:
    """The head says which way, for eyes and for screen readers."""
    page = windows.open(VIEWER)
    open_operations(page, state="all")
    page.get_by_role("columnheader", name="Operation").get_by_role("button").click()
    expect(page.get_by_role("columnheader", name="Operation")).to_have_attribute(
        "aria-sort", "ascending"
    )
    expect(rows(page).first).to_contain_text("customers-nightly")
    buttons = rows(page).locator("button.name").all()
    names = [name for name in (each.get_attribute("title") for each in buttons) if name]

    assert "resource" == query(page)["sort"]
    assert 10 == len(names)
    assert sorted(names) == names


def test_pages_are_turned_in_the_address(windows: Windows) -> None:
    """Two rows a page: the second page has others, and one comes back."""
    page = windows.open(VIEWER)
    open_operations(page, state="all", limit="2", sort="resource")
    expect(rows(page)).to_have_count(2)
    first = rows(page).first.inner_text().splitlines()[0:3]
    page.get_by_role("navigation", name="Pages").get_by_role("button", name="Next").click()
    expect(page.get_by_role("navigation", name="Pages")).to_contain_text("3 to 4 of 11")
    second = rows(page).first.inner_text().splitlines()[0:3]
    offset = query(page)["offset"]
    page.go_back()
    expect(page.get_by_role("navigation", name="Pages")).to_contain_text("1 to 2 of 11")

    assert first != second
    assert "2" == offset


def test_a_broken_filter_is_told_in_its_place(windows: Windows, subtests: pytest.Subtests) -> None:
    """The page says what is allowed, the rest of it works, and one click leads out of it."""
    page = windows.open(VIEWER)
    for broken, says in BROKEN:
        with subtests.test(**broken):
            open_operations(page, **broken)
            expect(page.get_by_role("alert")).to_contain_text(says)
            expect(page.get_by_role("region", name="Status")).to_be_visible()
            page.get_by_role("button", name="Show what runs").click()
            expect(row(page, "orders-nightly")).to_be_visible()

    assert [] == windows.errors


def test_a_filter_that_matches_nothing_says_so(windows: Windows) -> None:
    """A Dag that is gone is shown as the filter that it is."""
    page = windows.open(VIEWER)
    open_operations(page, dag_id="gone")

    expect(page.get_by_text("Nothing matches these filters.")).to_be_visible()
    expect(page.get_by_label("Dag", exact=True)).to_have_value("gone")


def test_an_unknown_id_is_told_and_the_page_stays(
    windows: Windows, subtests: pytest.Subtests
) -> None:
    """A link to what was deleted, or was never there, leads to a sentence."""
    page = windows.open(VIEWER)
    for unknown in UNKNOWN:
        with subtests.test(unknown=unknown):
            open_operations(page, operation=unknown)
            detail = page.get_by_role("dialog")
            expect(detail.get_by_role("alert")).to_be_visible()
            detail.get_by_role("button", name="Close").click()
            expect(row(page, "orders-nightly")).to_be_visible()
            assert {} == query(page)

    assert [] == windows.errors
