# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The Operations page in a browser: what is on it, and that it moves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.cluster.waiting import wait_until
from tests.web.browser.pages import EMULATOR, open_operations, percent, row, rows
from tests.web.browser.stage import OPERATOR, VIEWER

if TYPE_CHECKING:
    from tests.web.browser.windows import Windows

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


def test_who_logs_in_finds_the_page_in_the_menu(windows: Windows) -> None:
    """The login page leads to Airflow's home, and its menu Browse leads to the operations."""
    page = windows.open()
    page.goto("/")
    page.locator("input[name=username]").fill(OPERATOR.username)
    page.locator("input[name=password]").fill(OPERATOR.password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Browse").click()
    page.get_by_role("menuitem", name="Spanner operations").click()

    expect(page.get_by_role("heading", name="Spanner operations", exact=True)).to_be_visible()
    assert [] == windows.errors


def test_each_operation_that_runs_has_a_row_and_its_bar_moves(windows: Windows) -> None:
    """Nobody reloads: the page asks again by itself, and the bar is longer."""
    page = windows.open(VIEWER)
    open_operations(page)
    bar = row(page, "orders-nightly").get_by_role("progressbar")
    before = wait_until(
        lambda: percent(bar), accept=lambda seen: seen >= 0, timeout=60, what="a first percentage"
    )
    after = wait_until(
        lambda: percent(bar), accept=lambda seen: seen > before, timeout=60, what="the bar to move"
    )

    assert before < after <= 100
    assert [] == windows.errors


def test_a_row_says_what_runs_for_whom_and_until_when(windows: Windows) -> None:
    """Kind, instance, Dag, task, run, try, the task's state, the deadline and the evidence."""
    page = windows.open(VIEWER)
    open_operations(page)
    found = row(page, "orders-nightly")

    expect(found).to_contain_text("RUNNING")
    expect(found).to_contain_text("Create backup on main")
    expect(found).to_contain_text(re.compile(r"cancels in \d+ min"))
    expect(found).to_contain_text("deferred")
    expect(found).to_contain_text("Its start call answered with its name")
    expect(found.get_by_role("link", name="nightly_backups")).to_have_attribute(
        "href", "/dags/nightly_backups"
    )
    expect(found.get_by_role("link", name="orders", exact=True)).to_have_attribute(
        "href", "/dags/nightly_backups/runs/night/tasks/orders"
    )
    expect(found.get_by_role("link", name="try 1")).to_be_visible()


def test_what_nobody_waits_for_is_told_on_top(windows: Windows) -> None:
    """The number is in red, and leads to those operations."""
    page = windows.open(VIEWER)
    open_operations(page)
    page.get_by_role("button", name="2 operations run that nobody waits for").click()

    expect(rows(page)).to_have_count(2)
    for each in ("invoices-before-migration", "payments-before-migration"):
        expect(row(page, each)).to_contain_text("nobody waits")
        # the operation runs, and its task has failed
        expect(row(page, each)).to_contain_text("failed")


def test_the_emulator_is_said_loudly(windows: Windows) -> None:
    """Whoever looks at emulated operations cannot take them for Spanner's."""
    page = windows.open(VIEWER)
    open_operations(page)

    expect(row(page, "orders-nightly")).to_contain_text(EMULATOR)
    expect(page.get_by_role("note")).to_contain_text(EMULATOR)


def test_an_entry_that_cannot_be_read_is_a_row_like_others(windows: Windows) -> None:
    """It says what is wrong with it and whose it is; the others are there as well."""
    page = windows.open(VIEWER)
    open_operations(page, state="all")
    found = row(page, "UNREADABLE")

    expect(found).to_have_count(1)
    expect(found).to_contain_text("this is no ledger entry: try_number is 'one'")
    expect(found).to_contain_text("damaged_entry")
    expect(row(page, "orders-nightly")).to_have_count(1)
    expect(page.get_by_text("1 entry cannot be read")).to_be_visible()
    assert [] == windows.errors
