# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The page on a phone, in the dark, by keyboard alone, and by the rules of axe; its pictures."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.web.browser.pages import (
    choose_state,
    open_operations,
    open_panel,
    query,
    row,
    rows,
    serious_findings,
    sideways,
)
from tests.web.browser.stage import OPERATOR, VIEWER
from tests.web.browser.windows import PHONE

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.web.browser.windows import Windows

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

MOVES = re.compile(r"\d+ %")
SCHEMES = ("light", "dark")


def lightness(page: Page, selector: str, what: str) -> float:
    """Return how light a colour is that something has, 0 to 1, as the screen shows it."""
    script = """([selector, what]) => {
        const canvas = new OffscreenCanvas(1, 1).getContext('2d');
        canvas.fillStyle = getComputedStyle(document.querySelector(selector))[what];
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
    }"""
    red, green, blue, _ = page.evaluate(script, [selector, what])
    return float(red + green + blue) / 765


@pytest.mark.parametrize("scheme", SCHEMES)
def test_axe_has_no_serious_findings(windows: Windows, scheme: str) -> None:
    """Neither on the page, nor in details, questions and the panel; light and dark."""
    page = windows.open(OPERATOR, color_scheme=scheme)
    open_operations(page, state="all")
    expect(row(page, "orders-nightly")).to_contain_text(MOVES)
    found = {"page": serious_findings(page)}
    row(page, "catalog").get_by_role("button", name="catalog").click()
    expect(page.get_by_role("dialog")).to_contain_text("Statements")
    found["details"] = serious_findings(page, within="dialog")
    page.get_by_role("dialog").get_by_role("button", name="Cancel…").click()
    expect(page.get_by_label(re.compile("^Type"))).to_be_visible()
    found["question"] = serious_findings(page, within="dialog")
    panel = open_panel(page, "nightly_backups", "orders")
    expect(panel).to_contain_text("Clearing this task")
    found["panel"] = serious_findings(page)

    assert {} == {where: each for where, each in found.items() if each}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_phone_needs_no_scrolling_sideways(windows: Windows, scheme: str) -> None:
    """Rows become cards, 390 pixels wide, and all that a row says is there."""
    page = windows.open(OPERATOR, viewport=PHONE, color_scheme=scheme, has_touch=True)
    open_operations(page, state="all")
    expect(row(page, "orders-nightly")).to_contain_text("Create backup on main")
    expect(row(page, "orders-nightly")).to_be_visible()
    wide = {"page": sideways(page)}
    row(page, "catalog").get_by_role("button", name="catalog").click()
    expect(page.get_by_role("dialog")).to_contain_text("Statements")
    wide["details"] = int(
        page.evaluate(
            "(() => { const each = document.querySelector('dialog .body');"
            " return each.scrollWidth - each.clientWidth; })()"
        )
    )

    assert {"page": 0, "details": 0} == wide
    assert [] == serious_findings(page, within="dialog")


def test_in_dark_mode_the_page_is_dark(windows: Windows) -> None:
    """It follows Airflow, which follows the system unless somebody has chosen."""
    seen = {}
    for scheme in SCHEMES:
        page = windows.open(VIEWER, color_scheme=scheme)
        open_operations(page)
        expect(row(page, "orders-nightly")).to_be_visible()
        seen[scheme] = (
            lightness(page, ".slro h1", "color"),
            lightness(page, ".slro .tile", "backgroundColor"),
        )

    assert seen["dark"][0] > 0.6
    assert seen["dark"][1] < 0.4
    assert seen["light"][0] < 0.4
    assert seen["light"][1] > 0.6


def test_everything_can_be_done_by_keyboard(windows: Windows) -> None:
    """From a filter to details and the question before a cancel, and back; the focus is seen."""
    page = windows.open(OPERATOR)
    open_operations(page)
    expect(row(page, "orders-nightly")).to_be_visible()
    tab_to(page, choose_state(page, "All").inner_text())
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    page.keyboard.press("Enter")
    expect(row(page, "reports-nightly")).to_be_visible()
    tab_to(page, "orders-nightly")
    page.keyboard.press("Enter")
    detail = page.get_by_role("dialog", name=re.compile("orders-nightly"))
    expect(detail.get_by_role("button", name="Cancel…")).to_be_visible()
    tab_to(page, "Cancel…")
    page.keyboard.press("Enter")
    field = page.get_by_label(re.compile("^Type"))
    expect(field).to_be_visible()
    page.keyboard.press("Escape")
    expect(field).to_be_hidden()
    page.keyboard.press("Escape")
    expect(detail).to_be_hidden()

    assert "none" != outline
    assert "orders-nightly" == page.evaluate("document.activeElement.innerText")
    assert {"state": "all"} == query(page)


def tab_to(page: Page, text: str, *, at_most: int = 120) -> None:
    """Press Tab until what has the focus bears a text."""
    for _ in range(at_most):
        page.keyboard.press("Tab")
        if text == page.evaluate("document.activeElement.innerText"):
            return
    pytest.fail(f"Tab does not lead to {text!r}")


def test_pictures_for_the_documentation(windows: Windows, pictures: Path) -> None:
    """What the documentation shows is this page; with --pictures its pictures are made anew."""
    page = windows.open(OPERATOR, viewport={"width": 1360, "height": 1120})
    open_operations(page, state="all", sort="dag")
    expect(rows(page)).to_have_count(11)
    expect(row(page, "orders-nightly")).to_contain_text(MOVES)
    page.screenshot(path=pictures / "operations-page.png")
    row(page, "catalog").get_by_role("button", name="catalog").click()
    detail = page.get_by_role("dialog")
    expect(detail).to_contain_text("Statements")
    page.screenshot(path=pictures / "operations-page-detail.png")
    detail.get_by_role("button", name="Cancel…").click()
    expect(page.get_by_label(re.compile("^Type"))).to_be_visible()
    page.screenshot(path=pictures / "operations-page-cancel.png")
    panel = open_panel(page, "nightly_backups", "orders")
    expect(panel).to_contain_text(MOVES)
    page.screenshot(path=pictures / "operations-page-panel.png")
    dark = windows.open(OPERATOR, color_scheme="dark")
    open_operations(dark)
    expect(row(dark, "orders-nightly")).to_contain_text(MOVES)
    dark.screenshot(path=pictures / "operations-page-dark.png")
    phone = windows.open(OPERATOR, viewport={**PHONE, "height": 1400})
    open_operations(phone, state="orphaned")
    expect(rows(phone)).to_have_count(2)
    phone.screenshot(path=pictures / "operations-page-phone.png")

    assert 6 == len(list(pictures.glob("operations-page*.png")))
    assert [] == windows.errors
