# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Where pages are, and the tool that fills them in."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]
DOCS = REPOSITORY / "docs"
PAGES = sorted(
    page for page in (*REPOSITORY.glob("*.md"), *DOCS.rglob("*.md")) if "_build" not in page.parts
)


def tool(name: str) -> Any:
    """Return a module of the documentation's tools, which are on no path but Sphinx's."""
    folder = str(DOCS / "_ext")
    if folder not in sys.path:
        sys.path.append(folder)
    return importlib.import_module(name)


def title(page: Path) -> str:
    """Return what to call a page."""
    return str(page.relative_to(REPOSITORY))
