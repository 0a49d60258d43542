# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A machine without a browser: tests fail with what to install."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.browsers import BROWSERS, find_browser

if TYPE_CHECKING:
    from pathlib import Path


def test_without_a_browser_a_test_fails_with_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not skipped, since nobody would see what is no longer tried."""
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(pytest.fail.Exception, match=r"apt-get install .*chromium-headless-shell"):
        find_browser()


@pytest.mark.parametrize("name", BROWSERS)
def test_a_browser_is_found_by_each_of_its_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Distributions call it differently."""
    program = tmp_path / name
    program.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert str(program) == find_browser()
