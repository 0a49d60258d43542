# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Find this machine's own browser; where there is none, tests say what to install, and fail."""

from __future__ import annotations

import shutil

import pytest

BROWSERS = (
    *("chromium-headless-shell", "chromium", "chromium-browser", "chrome-headless-shell"),
    *("google-chrome", "google-chrome-stable"),
)
WHAT_TO_INSTALL = (
    "These tests need a browser, and none is on this machine: none of "
    f"{', '.join(BROWSERS)}. Install one, on Debian and Ubuntu: "
    "apt-get install --no-install-recommends chromium-headless-shell"
)


def find_browser() -> str:
    """Return the path of a browser; without one the test fails, since nothing is left out in quiet.

    Nothing is installed here: what a machine has is its owner's decision.
    """
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.fail(WHAT_TO_INSTALL, pytrace=False)
    return found
