# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Snippets and tables are written into the pages, so that a forge shows them as well.

A page says what belongs where by comments, which nobody sees:

    <!-- snippet: example_dags/example_spanner_backup.py howto_operator_create_backup -->
    <!-- end -->

    <!-- generated: kinds -->
    <!-- end -->

``make format`` fills all pages in; ``make docs`` and a test tell which of them are out of date.
"""

# ruff: noqa: INP001, T201  # this folder is on the path, and no package; it prints

from __future__ import annotations

import argparse
import difflib
import logging
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

DOCS = Path(__file__).parent.parent
REPOSITORY = DOCS.parent
sys.path.insert(0, str(DOCS / "_ext"))
# before anything imports Airflow, which makes this folder and its configuration, and tells so
os.environ.setdefault("AIRFLOW_HOME", str(Path(tempfile.gettempdir()) / "airflow-home-of-docs"))
logging.getLogger("airflow").setLevel(logging.WARNING)

from makers import MAKERS, MakerError  # noqa: E402  # after the environment is set
from snippets import SnippetError, snippet  # noqa: E402

BEGIN = re.compile(r"^( *)<!-- (snippet|generated): ([^>]*?) -->$")
END = re.compile(r"^ *<!-- end -->$")
FENCE = re.compile(r"^ *(```+|~~~+)")
HEADING = re.compile(r"^(#+) ")
OTHERS = re.compile(r"(?<= of )`(\w+)`")


class PageError(Exception):
    """A page whose marks cannot be filled in."""


def pages() -> list[Path]:
    """Return all pages that may hold marks."""
    found = [REPOSITORY / "README.md", *DOCS.rglob("*.md")]
    return sorted(page for page in found if "_build" not in page.parts)


def filled(text: str, *, title: str) -> str:
    """Return a page with everything in its place.

    :param title: what to call the page in an error
    """
    lines: list[str] = []
    level = 1
    fence = ""
    given = iter(enumerate(text.split("\n"), start=1))
    for number, line in given:
        lines.append(line)
        if found := FENCE.match(line):
            fence = "" if line.strip() == fence else fence or found[1]
        if fence:
            continue
        if heading := HEADING.match(line):
            level = len(heading[1])
        if not (mark := BEGIN.match(line)):
            continue
        indent, what, told = mark.groups()
        try:
            made = _made(what, told.split(), level=level + 1)
        except (SnippetError, MakerError, TypeError, AttributeError, ImportError) as exc:
            raise PageError(f"{title}:{number}: {line.strip()}: {exc}") from exc
        for _, old in given:
            if BEGIN.match(old):
                raise PageError(f"{title}:{number}: no <!-- end --> before the next mark")
            if END.match(old):
                shown = "".join(f"{indent}{each}".rstrip() + "\n" for each in made.split("\n"))
                lines += ["", *shown.removesuffix("\n").split("\n"), "", old]
                break
        else:
            raise PageError(f"{title}:{number}: no <!-- end --> after this mark")
    return "\n".join(lines)


def _made(what: str, told: list[str], *, level: int) -> str:
    if what == "snippet":
        path, *rest = told
        bare = "bare" in rest
        names = [each for each in rest if each != "bare"]
        if len(names) > 1:
            raise SnippetError("one file, and one name, please")
        return snippet(REPOSITORY / path, names[0] if names else None, bare=bare)
    if not told or (maker := MAKERS.get(told[0])) is None:
        raise MakerError(f"nothing of that name can be made; there is: {', '.join(MAKERS)}")
    made = maker(level, *told[1:])
    here = set(re.findall(r"^#+ (\w+)$", made, re.MULTILINE)) | _bases_of(told)
    return OTHERS.sub(
        lambda found: f"[`{found[1]}`](#{found[1].lower()})" if found[1] in here else found[0], made
    )


def _bases_of(told: list[str]) -> set[str]:
    """Return the classes that a page has in another place than this one."""
    if told[0] != "classes":
        return set()
    return set(re.findall(r"^#+ (\w+)$", MAKERS["bases"](1, *told[1:]), re.MULTILINE))


def main(arguments: Iterable[str] | None = None) -> int:
    """Fill pages in, or tell which of them are out of date."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("pages", nargs="*", type=Path, help="by default all of them")
    parser.add_argument("--check", action="store_true", help="change nothing, and fail instead")
    options = parser.parse_args(arguments if arguments is None else list(arguments))
    changed = 0
    for page in options.pages or pages():
        old = page.read_text(encoding="utf-8")
        try:
            new = filled(old, title=str(page.resolve().relative_to(REPOSITORY)))
        except PageError as exc:
            print(exc, file=sys.stderr)
            return 2
        if new == old:
            continue
        changed += 1
        if options.check:
            diff = difflib.unified_diff(old.split("\n"), new.split("\n"), lineterm="", n=1)
            print(f"{page} is out of date:", *list(diff)[2:12], sep="\n", file=sys.stderr)
        else:
            page.write_text(new, encoding="utf-8")
            print(f"filled in {page}")
    if options.check and changed:
        print(f"{changed} pages are out of date: `make format` fills them in.", file=sys.stderr)
    return 1 if options.check and changed else 0


if __name__ == "__main__":
    sys.exit(main())
