# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""How Sphinx builds the documentation: `make docs`, with warnings as errors."""

# ruff: noqa: INP001  # Sphinx reads this file by its path

from __future__ import annotations

import logging
import os
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))

# before anything imports Airflow, which makes this folder and its configuration, and tells so
os.environ.setdefault("AIRFLOW_HOME", str(Path(tempfile.gettempdir()) / "airflow-home-of-docs"))
logging.getLogger("airflow").setLevel(logging.WARNING)

from airflow_spanner_lro import __version__  # noqa: E402  # after the environment is set

project = "airflow-spanner-lro"
project_copyright = "The airflow-spanner-lro authors"
release = __version__
version = __version__

extensions = [
    "sphinx.ext.autodoc",
    "myst_parser",
    "sphinx_copybutton",
    "spanner_docs",
]
exclude_patterns = ["_build", "_ext"]

html_theme = "furo"
html_title = f"airflow-spanner-lro {__version__}"
html_copy_source = False

# headings have the same anchors here as on a forge, so links work in both
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented_params"
autodoc_class_signature = "mixed"
autodoc_preserve_defaults = True

# prompts and output are not what one wants to paste
copybutton_prompt_text = r"\$ |>>> |\.\.\. "
copybutton_prompt_is_regexp = True
copybutton_line_continuation_character = "\\"
