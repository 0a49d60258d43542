# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Details of an operation, the panel on its task, and the instance beyond the ledger."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.web.browser.pages import EMULATOR, open_operations, open_panel, query, row
from tests.web.browser.stage import INSTANCE, OPERATOR, VIEWER

if TYPE_CHECKING:
    from tests.web.browser.stage import Stage
    from tests.web.browser.windows import Windows

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


def test_a_schema_change_has_a_bar_for_each_statement(windows: Windows) -> None:
    """Details have an address of their own, and close with Escape."""
    page = windows.open(VIEWER)
    open_operations(page)
    row(page, "catalog").get_by_role("button", name="catalog").click()
    detail = page.get_by_role("dialog", name="Schema change: catalog")
    statements = detail.get_by_role("progressbar", name=re.compile("statement"))
    expect(statements).to_have_count(3)
    expect(detail).to_contain_text("CREATE INDEX ProductsByName")
    assert "operation" in query(page)
    page.keyboard.press("Escape")

    expect(detail).to_be_hidden()
    assert "operation" not in query(page)
    assert [] == windows.errors


def test_details_have_the_command_that_does_the_same(windows: Windows, stage: Stage) -> None:
    """It can be copied, and names the operation in full."""
    page = windows.open(VIEWER, permissions=["clipboard-read", "clipboard-write"])
    open_operations(page)
    row(page, "orders-nightly").get_by_role("button", name="orders-nightly").click()
    detail = page.get_by_role("dialog")
    detail.get_by_role("button", name=re.compile("^Copy the command")).first.click()
    expect(detail.get_by_text("copied")).to_be_visible()

    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("airflow spanner-lro describe ")
    assert stage.operation("orders-nightly").name in copied


def test_an_emulated_operation_has_no_link_to_the_console(windows: Windows) -> None:
    """There is nothing to be seen there."""
    page = windows.open(VIEWER)
    open_operations(page)
    row(page, "orders-nightly").get_by_role("button", name="orders-nightly").click()
    detail = page.get_by_role("dialog")
    expect(detail).to_contain_text(EMULATOR)

    expect(page.locator("a[href*='console.cloud.google.com']")).to_have_count(0)


def test_the_panel_tells_of_the_tasks_operation(windows: Windows) -> None:
    """How far, until when, and what clearing the task would do."""
    page = windows.open(VIEWER)
    panel = open_panel(page, "nightly_backups", "orders")

    expect(panel).to_contain_text(re.compile(r"RUNNING \d+ %.*will be cancelled \d\d:\d\d"))
    expect(panel).to_contain_text("Clearing this task")
    expect(panel).to_contain_text(f"{INSTANCE}/backups/orders-nightly")
    expect(panel).to_contain_text("Try 1")
    assert [] == windows.errors


def test_the_panel_of_a_task_that_waits_says_who_holds_the_slot(windows: Windows) -> None:
    """Spanner makes one backup of a database at a time."""
    page = windows.open(VIEWER)
    panel = open_panel(page, "backup_by_hand", "backup")

    expect(panel).to_contain_text("Who holds the slot")
    expect(panel).to_contain_text("orders-nightly")


def test_the_panel_of_an_entry_that_cannot_be_read_says_so(windows: Windows) -> None:
    """The panel is there, with what is wrong."""
    page = windows.open(VIEWER)
    panel = open_panel(page, "damaged_entry", "backup")

    expect(panel).to_contain_text("cannot be read")
    assert [] == windows.errors


def test_without_the_tasks_connection_the_api_server_shows_what_was_seen(windows: Windows) -> None:
    """A poller has published how far it is; why it cannot be asked anew or cancelled is told."""
    page = windows.open(OPERATOR)
    panel = open_panel(page, "elsewhere", "backup")
    expect(panel).to_contain_text(re.compile(r"RUNNING \d+ %"))
    expect(panel).to_contain_text(re.compile(r"seen \d+ \w+ ago"))
    panel.get_by_role("button", name="Cancel…").click()
    question = page.get_by_role("dialog")
    question.get_by_label(re.compile("^Type")).fill("partners-nightly")
    question.get_by_role("button", name="Cancel the operation").click()

    expect(question.get_by_role("alert")).to_contain_text("partner_cloud")
    assert [] == windows.errors


def test_operations_of_others_are_listed_for_an_instance(windows: Windows) -> None:
    """What is not in the ledger can be looked at, and not be touched."""
    page = windows.open(OPERATOR)
    open_operations(page, outside=INSTANCE)
    table = page.get_by_role("table", name="Operations of the instance")

    expect(table.get_by_role("row").filter(has_text="orders-nightly")).to_contain_text(
        "in the ledger"
    )
    expect(table.get_by_role("button")).to_have_count(0)
