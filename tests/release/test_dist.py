# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Whoever builds a release again gets the same bytes; and PyPI takes what it says of itself."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from email.parser import Parser
from typing import TYPE_CHECKING
from zipfile import ZipFile

import pytest
from trove_classifiers import classifiers

from airflow_spanner_lro import __version__
from tests.release.build import Distributions, build, commit_time, uncommitted, unpack
from tests.release.pins import ROOT

if TYPE_CHECKING:
    from email.message import Message
    from pathlib import Path

# as in a commit: others may be writing in the working tree meanwhile
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("wheel")]

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
EPOCH = 1_767_225_600
RELATIVE = re.compile(r"""\]\((?!https?://|#)|(?:src|href)=["'](?!https?://|#)""")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return what the source distribution of this checkout unpacks to."""
    folder = tmp_path_factory.mktemp("source")
    made = build(ROOT, into=folder / "made", epoch=EPOCH)
    return unpack(made.sdist, into=folder / "unpacked")


@pytest.fixture(scope="module")
def made(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Distributions:
    """Return what is built from the source distribution."""
    return build(source, into=tmp_path_factory.mktemp("made"), epoch=EPOCH)


@pytest.fixture(scope="module")
def metadata(made: Distributions) -> Message:
    """Return what the wheel says of itself."""
    with ZipFile(made.wheel) as wheel:
        path = next(name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
        return Parser().parsestr(wheel.read(path).decode())


def test_the_same_bytes_twice(made: Distributions, source: Path, tmp_path: Path) -> None:
    """Another folder, another user's mask, other times of the files: nothing of it is inside."""
    elsewhere = source.rename(source.with_name("elsewhere"))
    for path in elsewhere.rglob("*"):
        os.utime(path, (0, 0))
    before = os.umask(0o077)
    try:
        again = build(elsewhere, into=tmp_path, epoch=EPOCH)
    finally:
        os.umask(before)
        elsewhere.rename(source)

    assert made.digests == again.digests


def test_twine_finds_nothing_to_complain_of(made: Distributions) -> None:
    """PyPI takes the metadata, and can show the README."""
    run = subprocess.run(
        [sys.executable, "-m", "twine", "check", "--strict", made.wheel, made.sdist],
        check=False,
        capture_output=True,
        text=True,
    )

    assert 0 == run.returncode, run.stdout


def test_everything_bears_the_version(made: Distributions, metadata: Message) -> None:
    """It is written in one place."""
    assert __version__ == metadata["Version"]
    assert f"-{__version__}-" in made.wheel.name
    assert made.sdist.name.endswith(f"-{__version__}.tar.gz")
    heading = f"## {__version__}"
    assert heading in (ROOT / "docs" / "changelog.md").read_text()


def test_classifiers_exist(metadata: Message) -> None:
    """PyPI refuses a distribution with one that it does not know."""
    declared = metadata.get_all("Classifier") or []

    assert [] == [each for each in declared if each not in classifiers]
    assert sorted(declared) == declared
    assert "Framework :: Apache Airflow :: Provider" in declared


def test_readme_leads_somewhere_from_everywhere(metadata: Message) -> None:
    """PyPI shows it without the repository: each link and picture has its whole address."""
    shown = str(metadata.get_payload())

    assert [] == [line for line in shown.splitlines() if RELATIVE.search(line)]


def test_project_urls_are_of_this_project() -> None:
    """Each begins with the repository's address."""
    urls = PYPROJECT["project"]["urls"]

    assert {"Changelog", "Documentation", "Issues", "Releases", "Security", "Source"} == set(urls)
    assert [] == [url for url in urls.values() if not url.startswith(urls["Source"])]


def test_build_backend_is_the_pinned_one(made: Distributions) -> None:
    """It writes itself into each wheel, so a release is built with one version only.

    Who installs from the sources is held to a range: Airflow's constraints may name another one.
    """
    (pinned,) = (each for each in PYPROJECT["dependency-groups"]["release"] if "hatchling" in each)
    with ZipFile(made.wheel) as wheel:
        path = next(name for name in wheel.namelist() if name.endswith(".dist-info/WHEEL"))
        generator = Parser().parsestr(wheel.read(path).decode())["Generator"]

    assert pinned == generator.replace(" ", "==")
    assert ["hatchling>=1.27,<2"] == PYPROJECT["build-system"]["requires"]


def test_time_is_that_of_the_commit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Or the one that the environment names; outside of git always the same."""
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    assert commit_time() > EPOCH
    assert EPOCH == commit_time(tmp_path)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "7")
    assert 7 == commit_time()


def test_what_is_not_committed_is_seen(tmp_path: Path) -> None:
    """A release is what a commit holds, and nothing beside it."""
    assert 1 == len(uncommitted(tmp_path)), "no checkout at all"
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    (tmp_path / "forgotten.py").touch()

    assert ["?? forgotten.py"] == uncommitted(tmp_path)
