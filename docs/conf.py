# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""How Sphinx builds the documentation: `make docs`, with warnings as errors."""

# ruff: noqa: INP001  # Sphinx reads this file by its path

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))

from airflow_spanner_lro import __version__  # noqa: E402  # after the path is set

REPOSITORY = "https://github.com/airflow-spanner-lro/airflow-spanner-lro"
project = "airflow-spanner-lro"
project_copyright = "The airflow-spanner-lro authors"
release = __version__
version = __version__

extensions = [
    "myst_parser",
    "sphinx_copybutton",
    "spanner_docs",
]
exclude_patterns = ["_build", "_ext"]

# a forge knows SQL, and no SQL with templates in it
suppress_warnings = ["misc.highlighting_failure"]

html_theme = "furo"
html_title = f"airflow-spanner-lro {__version__}"
html_copy_source = False
html_static_path = ["_static"]
html_css_files = ["pages.css"]
html_theme_options = {
    # a link from each page to its source, to read it there and to edit it
    "source_repository": REPOSITORY,
    "source_branch": "main",
    "source_directory": "docs/",
}

# headings have the same anchors here as on a forge, so links work in both
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]

# prompts and output are not what one wants to paste
copybutton_prompt_text = r"\$ |>>> |\.\.\. "
copybutton_prompt_is_regexp = True
copybutton_line_continuation_character = "\\"
