# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What Sphinx needs to read pages that are written for a forge as well.

Anchors of their own stand in the pages as ``<a id="name"></a>``, which a forge understands; for
Sphinx each becomes a target that links can be checked against. All else is in the pages already,
see ``fill.py``.
"""

# ruff: noqa: INP001  # this folder is on the path, and no package

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ANCHOR = re.compile(r'^<a id="([\w-]+)"></a>$', re.MULTILINE)


def setup(app: Sphinx) -> dict[str, Any]:
    """Tell Sphinx what this extension does."""
    app.connect("source-read", _make_targets)
    return {"version": "2", "parallel_read_safe": True, "parallel_write_safe": True}


def _make_targets(app: Sphinx, docname: str, source: list[str]) -> None:
    del app, docname
    source[0] = ANCHOR.sub(r"(\1)=", source[0])
