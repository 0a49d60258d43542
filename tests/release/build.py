# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Build wheel and source distribution so that whoever builds them again gets the same bytes.

The time in them is that of the last commit, or ``SOURCE_DATE_EPOCH``; hatchling puts files into an
order and gives them modes of its own. Its version is pinned, because it writes itself into wheels.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from tests.release.pins import ROOT

if TYPE_CHECKING:
    from pathlib import Path

_WITHOUT_GIT = 1_767_225_600
"""2026-01-01: a source distribution outside of git, for tests of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Distributions:
    """The two files of a release."""

    wheel: Path
    sdist: Path

    @property
    def digests(self) -> dict[str, str]:
        """SHA-256 of each, by its name."""
        return {each.name: digest_of(each) for each in (self.wheel, self.sdist)}


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return sha256(path.read_bytes()).hexdigest()


def commit_time(root: Path = ROOT) -> int:
    """Return when the last commit was made, in seconds; what the environment says goes first."""
    if given := os.environ.get("SOURCE_DATE_EPOCH"):
        return int(given)
    run = subprocess.run(
        ["git", "log", "-1", "--format=%ct"],
        cwd=root,
        check=False,
        capture_output=True,
        text=True,
    )
    return int(run.stdout) if run.returncode == 0 and run.stdout.strip() else _WITHOUT_GIT


def uncommitted(root: Path = ROOT) -> list[str]:
    """Return what of the working tree the last commit has not; one line outside of git."""
    run = subprocess.run(
        ["git", "status", "--porcelain"], cwd=root, check=False, capture_output=True, text=True
    )
    return ["all of it: this is no checkout"] if run.returncode else run.stdout.splitlines()


def build(source: Path, *, into: Path, epoch: int) -> Distributions:
    """Build both from a folder, with the tools of this environment."""
    command = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--sdist"]
    environment = os.environ | {"SOURCE_DATE_EPOCH": str(epoch)}
    subprocess.run(
        [*command, "--outdir", str(into)],
        cwd=source,
        env=environment,
        check=True,
        capture_output=True,
    )
    return Distributions(wheel=next(into.glob("*.whl")), sdist=next(into.glob("*.tar.gz")))


def unpack(sdist: Path, *, into: Path) -> Path:
    """Return the folder that a source distribution unpacks to."""
    with tarfile.open(sdist) as archive:
        archive.extractall(into, filter="data")
    return next(into.iterdir())
