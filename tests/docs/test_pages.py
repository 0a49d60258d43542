# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Pages hold what their sources say, in a form that a forge shows as well as Sphinx."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.contract.required import REQUIRED
from tests.docs.conftest import DOCS, PAGES, title, tool

if TYPE_CHECKING:
    from pathlib import Path

HOW_TO = sorted((DOCS / "how-to").glob("*.md"))
FENCED = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`[^`\n]*`")
DIRECTIVE = re.compile(r"^ *```\{[\w-]+\}.*|^:::.*", re.MULTILINE)
ROLE = re.compile(
    r"^\([\w:/-]+\)=$|\{(?:py:)?(?:class|doc|func|meth|ref)\}"
    r"|:(?:class|data|func|meth|mod):|^:param ",
    re.MULTILINE,
)


@pytest.mark.parametrize("page", PAGES, ids=title)
def test_page_is_what_its_sources_say(page: Path) -> None:
    """Filling a page in changes nothing: its snippets and tables are those of the code."""
    text = page.read_text()

    assert text == tool("fill").filled(text, title=title(page)), "run: make format"


@pytest.mark.parametrize("page", PAGES, ids=title)
def test_page_has_nothing_that_only_sphinx_understands(page: Path) -> None:
    """A forge would show roles, directives and labels as they are written."""
    text = page.read_text()
    prose = INLINE.sub("", FENCED.sub("", text))

    assert [] == [*DIRECTIVE.findall(text), *ROLE.findall(prose)]


@pytest.mark.parametrize("name", sorted(class_.__name__ for class_ in REQUIRED))
def test_how_to_shows_the_import(name: str) -> None:
    """Whoever looks for an operator or sensor finds a how-to page that imports it."""
    imported = re.compile(
        rf"^from airflow_spanner_lro\S* import [^\n]*\b{name}\b|^    {name},$", re.MULTILINE
    )

    assert any(imported.search(page.read_text()) for page in HOW_TO)
