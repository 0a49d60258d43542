# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The file that browsers load is the one of the sources beside it; their pure parts are tried.

Without packages from npm the digest in its first line is compared all the same.
"""

from __future__ import annotations

import json
import re
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from tests.support.node import BUNDLE, SOURCES, build, install, node

if TYPE_CHECKING:
    from pathlib import Path

LARGEST = 60_000
"""Bytes: it is loaded with the page, also over a telephone."""
OWN = ("build.mjs", "package-lock.json", "package.json", "tsconfig.json")


@pytest.fixture(scope="module")
def packages() -> None:
    """Have the packages of the lock file installed, or leave the test out."""
    trouble = install()
    if trouble is not None:
        pytest.skip(
            "npm cannot be reached for what the lock file names, so the file is only held against "
            f"the digest of its sources: {trouble[-300:]}"
        )


def test_the_bundle_is_that_of_its_sources() -> None:
    """Its first line has their digest; if it does not, somebody forgot ``make ui``."""
    paths = sorted([*OWN, *(f"src/{path.name}" for path in (SOURCES / "src").iterdir())])
    digest = sha256()
    for path in paths:
        content = (SOURCES / path).read_bytes()
        digest.update(f"{path}\n{len(content)}\n".encode() + content)

    first = BUNDLE.read_text().splitlines()[0]
    assert f"sources sha256:{digest.hexdigest()} " in first, "run `make ui`, and commit the file"


@pytest.mark.slow
@pytest.mark.xdist_group("node")
@pytest.mark.usefixtures("packages")
def test_the_sources_make_the_same_bytes_again(tmp_path: Path) -> None:
    """Types agree, and whoever builds gets the file that is in the wheel."""
    again = tmp_path / "operations.js"
    build(again)

    assert BUNDLE.read_bytes() == again.read_bytes(), "run `make ui`, and commit the file"


@pytest.mark.slow
@pytest.mark.xdist_group("node")
def test_the_pure_parts_of_the_page_do_what_they_say() -> None:
    """Formatting, the state in the address, and what a refusal means: by node's own tests."""
    tests = sorted(str(path.relative_to(SOURCES)) for path in (SOURCES / "tests").glob("*.test.ts"))
    said = node("--test", "--test-reporter=tap", *tests, env={"NODE_OPTIONS": "", "TZ": "UTC"})

    passed = re.search(r"^# pass (\d+)$", said, re.MULTILINE)
    assert passed is not None
    assert 35 <= int(passed[1])


def test_the_bundle_is_small_and_brings_no_react() -> None:
    """It takes React from Airflow: another one would not work, and weigh ten times as much."""
    text = BUNDLE.read_text()

    assert LARGEST > len(text.encode())
    assert "react.transitional.element" not in text


@pytest.mark.parametrize(
    "way",
    [r"\beval\(", r"new Function\b", "innerHTML", "dangerouslySetInnerHTML", r"document\.write"],
)
def test_text_never_becomes_code(way: str) -> None:
    """What a record says is shown as text: the bundle has no way to make markup or code of it."""
    assert None is re.search(way, BUNDLE.read_text())


def test_the_bundle_talks_to_nobody_else() -> None:
    """There is no address of another site in it, and so nothing to load from one."""
    assert [] == re.findall(r"(?:https?:)?//[\w.-]+\.\w+", BUNDLE.read_text())


def test_the_lock_file_names_no_registry() -> None:
    """Each package is held by its digest; where it comes from is the builder's own affair."""
    lock = json.loads((SOURCES / "package-lock.json").read_text())
    packages = {name: each for name, each in lock["packages"].items() if name}

    assert [] == [name for name, each in packages.items() if "resolved" in each]
    assert [] == [name for name, each in packages.items() if "integrity" not in each]


def test_every_source_names_its_licence_and_is_read_in_one_go() -> None:
    """The page's sources keep to what holds for the rest of the package."""
    paths = [path for path in SOURCES.rglob("*.*") if "node_modules" not in path.parts]
    lines = {
        path.name: path.read_text().splitlines()
        for path in paths
        if path.suffix in {".ts", ".tsx", ".css", ".mjs"}
    }

    assert [] == [name for name, each in lines.items() if "SPDX" not in each[0] + each[1]]
    assert [] == [name for name, each in lines.items() if len(each) > 450]
