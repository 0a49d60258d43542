# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What Sphinx needs to read pages that are written for a forge as well.

Anchors of their own stand in the pages as ``<a id="name"></a>``, which a forge understands; for
Sphinx each becomes a target that links can be checked against. The tree of pages is that of the
links in the index, under the words in bold before them. On a phone a table that is too wide
would lose its last columns: ``pages.css`` then stacks its cells, each behind the name of its
column. All else is in the pages already, see ``fill.py``.
"""

# ruff: noqa: INP001  # this folder is on the path, and no package

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ANCHOR = re.compile(r'^<a id="([\w-]+)"></a>$', re.MULTILINE)
CAPTION = re.compile(r"^\*\*(.+)\*\*\n\n((?:[- ] .*\n)+)", re.MULTILINE)
PAGE = re.compile(r"\]\(([\w/-]+)\.md\)")
TABLE = re.compile(r"<table class=\"([^\"]*)\">(.*?)</table>", re.DOTALL)
HEAD = re.compile(r"<th[^>]*>(.*?)</th>", re.DOTALL)
ROW = re.compile(r"<tr[^>]*>.*?</tr>", re.DOTALL)
CELL = re.compile(r"<td(?: class=\"[^\"]*\")?>(.*?)</td>", re.DOTALL)
TAG = re.compile(r"<[^>]+>")
SHORT = 8
"""Cells of so many characters leave room for others on a phone."""

MANY = 8
"""More columns than so many do not fit side by side, however short their cells are."""


def setup(app: Sphinx) -> dict[str, Any]:
    """Tell Sphinx what this extension does."""
    app.connect("source-read", _make_targets)
    app.connect("html-page-context", _name_cells)
    return {"version": "2", "parallel_read_safe": True, "parallel_write_safe": True}


def _make_targets(app: Sphinx, docname: str, source: list[str]) -> None:
    source[0] = ANCHOR.sub(r"(\1)=", source[0])
    if docname == app.config.root_doc:
        source[0] += tree_of(source[0])


def tree_of(index: str) -> str:
    """Return the trees of pages, each page where the index links it first."""
    seen: set[str] = set()
    trees = []
    for caption, items in CAPTION.findall(index):
        pages = [page for page in dict.fromkeys(PAGE.findall(items)) if page not in seen]
        seen.update(pages)
        lines = [f":caption: {caption}", ":hidden:", "", *pages]
        trees.append("\n".join(["", "```{toctree}", *lines, "```", ""]))
    return "".join(trees)


def _name_cells(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object
) -> None:
    del app, page, template, doctree
    if body := context.get("body"):
        context["body"] = TABLE.sub(_with_names, body)


def _with_names(table: re.Match[str]) -> str:
    """Return a table whose cells know their columns, with the form that it has on a phone."""
    classes, content = table.groups()
    heads = [_text(head) for head in HEAD.findall(content)]
    rows = [CELL.findall(row) for row in ROW.findall(content)]
    wide = max((len(_text(cell)) for row in rows for cell in row[1:]), default=0) > SHORT
    form = "stacked" if wide or len(heads) > MANY else "compact"
    if len(heads) <= 2:  # noqa: PLR2004  # two fit as they are
        form = "paired"
    rest = ROW.sub(lambda row: _named(row[0], heads), content)
    return f'<table class="{classes} {form}">{rest}</table>'


def _named(row: str, heads: list[str]) -> str:
    names = iter(heads)

    def named(cell: re.Match[str]) -> str:
        return cell[0].replace("<td", f'<td data-column="{next(names, "")}"', 1)

    return CELL.sub(named, row)


def _text(html: str) -> str:
    return TAG.sub("", html).strip().replace('"', "&quot;")
