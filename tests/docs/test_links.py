# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Links of all pages lead to a file that is there, and to a heading or anchor within it.

By the rules that a forge and Sphinx have in common; links to this repository's own address are
followed in the working tree.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.docs.conftest import DOCS, PAGES, REPOSITORY, title, tool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OUR_OWN = re.compile(
    r"https://(?:raw\.githubusercontent\.com/airflow-spanner-lro/airflow-spanner-lro/main"
    r"|github\.com/airflow-spanner-lro/airflow-spanner-lro/(?:blob|tree|raw)/main)/"
)
FENCED = re.compile(r"^ *(```+).*?^ *\1", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"\]\(([^)\s]+)\)|(?:href|src)=\"([^\"]+)\"")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
ANCHOR = re.compile(r'<a id="([^"]+)"></a>')
ABSOLUTE = re.compile(r"[a-z]+:")


@pytest.mark.parametrize("page", PAGES, ids=title)
def test_links_lead_somewhere(page: Path) -> None:
    """Each link within this repository names a file that is there, and a place within it."""
    links = [link for link in _links(page) if not ABSOLUTE.match(link) or OUR_OWN.match(link)]

    assert [] == [link for link in links if not _leads_somewhere(page, link)]


@pytest.mark.parametrize("page", PAGES, ids=title)
def test_anchors_are_told_apart(page: Path) -> None:
    """No anchor of a page's own is that of a heading elsewhere on it, or there twice."""
    anchors = ANCHOR.findall(page.read_text())
    headings = list(_headings(page))

    assert len(anchors) == len(set(anchors))
    assert set() == set(anchors) & set(headings)


def test_readme_links_wherever_it_is_shown() -> None:
    """A package index shows the README without its repository: its links are absolute."""
    relative = [
        link
        for link in _links(REPOSITORY / "README.md")
        if not ABSOLUTE.match(link) and not link.startswith("#")
    ]

    assert [] == relative


def test_every_page_can_be_reached() -> None:
    """The index leads to each page, and Sphinx makes its tree of these links, each page once."""
    index = DOCS / "index.md"
    linked = {(DOCS / link.partition("#")[0]).resolve() for link in _links(index)}
    tree = re.findall(r"^([\w/-]+)$", tool("spanner_docs").tree_of(index.read_text()), re.MULTILINE)

    assert {page for page in PAGES if DOCS in page.parents} - {index} == linked
    assert sorted(linked) == sorted(DOCS / f"{page}.md" for page in tree)


def _links(page: Path) -> Iterator[str]:
    prose = CODE.sub("code", FENCED.sub("", page.read_text()))
    for markdown, html in LINK.findall(prose):
        yield markdown or html


def _leads_somewhere(page: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    if ours := OUR_OWN.match(path):
        target = REPOSITORY / path[ours.end() :]
    else:
        target = (page.parent / path).resolve() if path else page
    if not target.exists():
        return False
    return not anchor or anchor in {*_headings(target), *ANCHOR.findall(target.read_text())}


def _headings(page: Path) -> Iterator[str]:
    """Return the anchors of a page's headings, as forges make them: a second one is numbered."""
    seen: dict[str, int] = {}
    for heading in HEADING.findall(FENCED.sub("", page.read_text())):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        count = seen[slug] = seen.get(slug, -1) + 1
        yield f"{slug}-{count}" if count else slug
