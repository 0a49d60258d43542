# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The tests that readers are shown pass, written into the files that the page names.

One of them runs whole Dags, so Airflow has a database of its own there.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.docs.conftest import DOCS
from tests.docs.test_pasted import blocks

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_tests_of_the_page_pass(tmp_path: Path) -> None:
    """All files of the page together are a folder in which pytest has nothing to complain of."""
    files = {block.file: block.code for block in blocks(DOCS / "how-to" / "test-your-dags.md")}
    for name, code in files.items():
        if name is not None:
            path = tmp_path / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(code)
    environment = {key: value for key, value in os.environ.items() if "AIRFLOW" not in key} | {
        "AIRFLOW_HOME": str(tmp_path / "airflow")
    }

    done = subprocess.run(  # noqa: S603  # our own page
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )

    assert {"conftest.py", "dags/nightly.py", "test_backups.py", "test_nightly.py"} <= set(files)
    assert 0 == done.returncode, done.stdout[-4000:]
    assert " passed" in done.stdout
    assert " failed" not in done.stdout
