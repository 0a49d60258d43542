# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What users do on the page: cancel, be refused, and let the reaper make a round.

These come last, see conftest.py: afterwards the stage is not what it was.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from airflow_spanner_lro.core.operations.snapshot import OperationState
from tests.cluster.rest_api import TaskState
from tests.web.browser.pages import open_operations, open_panel, row
from tests.web.browser.stage import OPERATOR, VIEWER

if TYPE_CHECKING:
    from tests.web.browser.stage import Stage
    from tests.web.browser.windows import Windows

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


def test_a_viewer_is_offered_no_action_and_refused_each(windows: Windows, stage: Stage) -> None:
    """Neither page nor panel has a button, and the routes behind them refuse as well."""
    page = windows.open(VIEWER)
    open_operations(page)
    row(page, "events-nightly").get_by_role("button", name="events-nightly").click()
    detail = page.get_by_role("dialog")
    expect(detail).to_contain_text("The same by command")
    expect(detail.get_by_role("button", name="Cancel…")).to_have_count(0)
    expect(page.get_by_role("button", name="Reap…")).to_have_count(0)
    number = row(page, "events-nightly").get_attribute("data-operation")
    script = """async ([path, body]) => (await fetch(path, {method: "POST", body,
        headers: {"Content-Type": "application/json"}})).status"""
    cancel = f"/spanner-lro/api/operations/{number}/cancel"
    statuses = [
        page.evaluate(script, [cancel, '{"confirm": "events-nightly"}']),
        page.evaluate(script, ["/spanner-lro/api/reap", '{"dry_run": true}']),
    ]

    assert [403, 403] == statuses
    assert OperationState.RUNNING is stage.operation("events-nightly").state


def test_nobody_is_shown_anything_without_a_login(windows: Windows) -> None:
    """Airflow sends whoever comes to its login page, and our routes say nothing."""
    page = windows.open()
    page.goto("/plugin/spanner-operations")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    script = "path => fetch(path).then(answer => answer.status)"

    assert 401 == page.evaluate(script, "/spanner-lro/api/operations")
    assert 401 == page.evaluate(script, "/spanner-lro/api/status")


def test_an_operator_cancels_by_typing_the_id(windows: Windows, stage: Stage) -> None:
    """Whose it is and what its task will do is told before; task and panel tell of it after."""
    page = windows.open(OPERATOR)
    open_operations(page)
    row(page, "events-nightly").get_by_role("button", name="events-nightly").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel…").click()
    question = page.get_by_role("dialog", name="Cancel events-nightly")
    expect(question).to_contain_text("too_long")
    confirm = question.get_by_role("button", name="Cancel the operation")
    expect(confirm).to_be_disabled()
    question.get_by_label(re.compile("^Type")).fill("something-else")
    expect(confirm).to_be_disabled()
    assert OperationState.RUNNING is stage.operation("events-nightly").state
    question.get_by_label(re.compile("^Type")).fill("events-nightly")
    confirm.click()
    expect(question.locator("[data-outcome]")).to_have_attribute("data-outcome", "cancelled")
    stage.wait_for_state("events-nightly", OperationState.CANCELLED)
    stage.api.wait_for_task(stage.run("too_long"), "backup", TaskState.FAILED)
    panel = open_panel(page, "too_long", "backup")

    expect(panel).to_contain_text("CANCELLED")
    expect(panel).to_contain_text(OPERATOR.username)
    assert OPERATOR.username in stage.api.task_log(stage.task("too_long", "backup"))
    assert [] == windows.errors


def test_the_reaper_shows_what_it_would_do_before_it_does(windows: Windows, stage: Stage) -> None:
    """The dry run changes nothing; then exactly that is done, and nobody waits for nothing."""
    page = windows.open(OPERATOR)
    open_operations(page)
    page.get_by_role("button", name="Reap…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("would be cancelled")
    for each in ("invoices", "payments"):
        assert OperationState.RUNNING is stage.operation(f"{each}-before-migration").state
    dialog.get_by_role("button", name="Do this now").click()
    expect(dialog).to_contain_text("This is what was done.")
    for each in ("invoices", "payments"):
        stage.wait_for_state(f"{each}-before-migration", OperationState.CANCELLED)
    dialog.get_by_role("button", name="Close", exact=True).last.click()

    expect(page.get_by_role("region", name="Status")).to_contain_text("None of")
    assert OperationState.RUNNING is stage.operation("orders-nightly").state
    assert [] == windows.errors
