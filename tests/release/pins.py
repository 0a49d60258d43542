# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Read files of pinned requirements: a package, its version and its hashes in each block.

As a command it passes on, of what it reads, the packages that ``requirements.txt`` has not, or not
for each platform::

    uv pip compile … | python -m tests.release.pins > tests/benchmarks/requirements.txt
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PINNED = ROOT / "requirements.txt"


def blocks(text: str) -> list[str]:
    """Return what is pinned, with its hashes; a package has several where platforms differ."""
    return [block for block in re.split(r"\n(?=\S)", text.strip()) if block]


def pin_of(block: str) -> tuple[str, str]:
    """Return which package a block pins, and to which version.

    :raises ValueError: if it does not pin one
    """
    found = re.match(r"([a-z0-9-]+)==([^\s;]+)", block)
    if found is None:
        message = f"not pinned: {block[:99]}"
        raise ValueError(message)
    return found[1], found[2]


def hashes(block: str) -> list[str]:
    """Return the SHA-256 digests of a block, in their order."""
    return re.findall(r"--hash=sha256:([0-9a-f]{64})\b", block)


def beside(compiled: str, *, pinned: str) -> str:
    """Return what was compiled without what is pinned already, under the same conditions."""
    there = {_headline(block) for block in blocks(pinned)}
    missing = [block for block in blocks(compiled) if _headline(block) not in there]
    return "\n".join(missing)


def _headline(block: str) -> str:
    return block.partition("\n")[0]


def main() -> None:
    """Print what of the standard input is not pinned yet."""
    print(beside(sys.stdin.read(), pinned=PINNED.read_text()))


if __name__ == "__main__":
    main()
