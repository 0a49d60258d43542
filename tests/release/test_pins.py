# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What is installed for developers and in CI is the very file that was pinned."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.release.pins import PINNED, ROOT, beside, blocks, hashes, main, pin_of

if TYPE_CHECKING:
    from pathlib import Path

FILES = [
    PINNED,
    ROOT / "tests" / "benchmarks" / "requirements.txt",
    ROOT / "tests" / "web" / "fab" / "requirements.txt",
]
FIRST = "alpha==1.0 \\\n    --hash=sha256:" + "a" * 64
SECOND = "beta==2.0 ; sys_platform == 'win32' \\\n    --hash=sha256:" + "b" * 64
SECOND_ANYWHERE = "beta==2.0 \\\n    --hash=sha256:" + "b" * 64


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_everything_is_pinned_with_hashes(path: Path) -> None:
    """Each requirement is one version, by the digests of its files, and names no registry."""
    text = path.read_text()

    assert [] == [pin_of(block) for block in blocks(text) if not hashes(block)]
    assert "://" not in text
    assert "--index" not in text


def test_what_installs_the_pins_is_pinned() -> None:
    """One of them is uv, and the Makefile takes both installers' word for nothing."""
    makefile = (ROOT / "Makefile").read_text()

    assert "uv" in {pin_of(block)[0] for block in blocks(PINNED.read_text())}
    installs = [line for line in makefile.splitlines() if "pip install" in line]
    loose = [line for line in installs if "--require-hashes" not in line and " -e ." not in line]
    assert [] == loose


def test_other_files_hold_what_the_first_has_not() -> None:
    """A package is left out if it is pinned under the same conditions, and else is not."""
    compiled = f"{FIRST}\n{SECOND_ANYWHERE}\n"

    assert SECOND_ANYWHERE == beside(compiled, pinned=f"{FIRST}\n{SECOND}\n")


def test_command_reads_what_was_compiled(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The standard input is held against requirements.txt."""
    there = blocks(PINNED.read_text())[0]
    monkeypatch.setattr("sys.stdin.read", lambda: f"{there}\n{FIRST}\n", raising=False)

    main()

    assert f"{FIRST}\n" == capsys.readouterr().out


@pytest.mark.parametrize("block", ["alpha>=1", "alpha", "git+https://example.org/alpha"])
def test_loose_requirement_is_named(block: str) -> None:
    """What is not one version is an error that shows it."""
    with pytest.raises(ValueError, match="not pinned"):
        pin_of(block)
