# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The tools of the documentation show what can be pasted, and name a mark that is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.docs.conftest import tool

if TYPE_CHECKING:
    from pathlib import Path

snippets, fill, classes = (tool(name) for name in ("snippets", "fill", "classes"))

EXAMPLE = '''\
# SPDX-License-Identifier: Apache-2.0
"""An example."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

from airflow.sdk import dag, task

from airflow_spanner_lro.operators.backups import SpannerCreateBackupOperator

INSTANCE_ID = os.environ.get("SPANNER_INSTANCE_ID", "demo-instance")
UNUSED = os.environ.get("UNUSED", "unused")


@task
def name() -> str:
    """Return a name."""
    return "nightly"


@dag(
    schedule=None,
    # [START arguments]
    fail_fast=True,
    # [END arguments]
    default_args={"instance_id": INSTANCE_ID},
)
def example() -> None:
    """Back up."""
    named = name()
    # [START backup]
    SpannerCreateBackupOperator(
        task_id="backup",
        backup_id=named,
        expire_time=timedelta(days=30),  # noqa: X123  # for linters
    )
    # [END backup]


example()
'''


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """Write an example."""
    path = tmp_path / "example.py"
    path.write_text(EXAMPLE)
    return path


def test_part_comes_with_all_that_it_uses(example: Path) -> None:
    """Imports, constants, functions, earlier tasks and default arguments are there, no others."""
    expected = '''\
```python
from datetime import timedelta

from airflow.sdk import DAG, task

from airflow_spanner_lro.operators.backups import SpannerCreateBackupOperator

INSTANCE_ID = "demo-instance"


@task
def name() -> str:
    """Return a name."""
    return "nightly"


with DAG("example", default_args={"instance_id": INSTANCE_ID}):
    named = name()
    SpannerCreateBackupOperator(
        task_id="backup",
        backup_id=named,
        expire_time=timedelta(days=30),
    )
```'''

    assert expected == snippets.snippet(example, "backup")


def test_arguments_of_a_dag_stand_in_a_dag(example: Path) -> None:
    """A part of a decorator is shown as arguments of the Dag."""
    expected = """\
```python
from airflow.sdk import DAG

with DAG(
    "example",
    fail_fast=True,
):
    ...
```"""

    assert expected == snippets.snippet(example, "arguments")


def test_bare_part_is_only_itself(example: Path) -> None:
    """Where a page asks for it, nothing is put before a part."""
    shown = snippets.snippet(example, "backup", bare=True)

    assert shown.startswith("```python\nSpannerCreateBackupOperator(\n")


def test_whole_file_is_shown_without_marks_and_licence(example: Path) -> None:
    """A whole file is shown as it is, save for what only tools read."""
    shown = snippets.snippet(example)

    assert shown.startswith('```python\n"""An example."""')
    assert "[START" not in shown


@pytest.mark.parametrize(
    ("mark", "told"),
    [
        ("snippet: example_dags/none.py part", "there is no file"),
        ("snippet: example_dags/example_spanner_backup.py none", "no part is marked"),
        ("snippet: LICENSE", "in what language"),
        ("snippet: a.py one two", "one file, and one name"),
        ("generated: nonsense", "nothing of that name"),
        ("generated:  ", "nothing of that name"),
        ("generated: class airflow_spanner_lro.Nothing", "Nothing"),
        ("generated: kinds of too many", "argument"),
    ],
)
def test_wrong_mark_is_named_with_its_line(mark: str, told: str) -> None:
    """An error names page, line and mark, and says what is wrong."""
    page = f"# Page\n\n<!-- {mark} -->\n<!-- end -->\n"

    with pytest.raises(fill.PageError, match=rf"page\.md:3: .*{told}"):
        fill.filled(page, title="page.md")


@pytest.mark.parametrize(
    ("rest", "told"),
    [
        ("text without an end\n", "after this mark"),
        ("<!-- generated: kinds -->\n<!-- end -->\n", "before the next mark"),
    ],
)
def test_mark_without_an_end_is_told(rest: str, told: str) -> None:
    """Nothing of a page is swallowed where the end of a mark was forgotten."""
    with pytest.raises(fill.PageError, match=told):
        fill.filled(f"<!-- generated: stages -->\n{rest}", title="page.md")


def test_marks_within_code_are_code() -> None:
    """A page may show what a mark looks like."""
    page = "```text\n<!-- generated: kinds -->\n```\n"

    assert page == fill.filled(page, title="page.md")


def test_filling_in_twice_changes_nothing() -> None:
    """What stands between the comments is replaced, however old it is."""
    once = fill.filled("<!-- generated: stages -->\nold\n<!-- end -->\n", title="page.md")

    assert "old" not in once.splitlines()
    assert once == fill.filled(once, title="page.md")


def test_old_page_fails_the_check_and_is_filled_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`make docs` says which page is out of date and what to do; `make format` does it."""
    monkeypatch.setattr(fill, "REPOSITORY", tmp_path)
    page = tmp_path / "page.md"
    page.write_text("<!-- generated: stages -->\n<!-- end -->\n")

    assert 1 == fill.main(["--check", str(page)])
    assert "`make format` fills them in" in capsys.readouterr().err
    assert 0 == fill.main([str(page)])
    assert 0 == fill.main(["--check", str(page)])


def test_page_with_a_wrong_mark_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An error is one line, and the page stays as it was."""
    monkeypatch.setattr(fill, "REPOSITORY", tmp_path)
    page = tmp_path / "page.md"
    page.write_text("<!-- generated: nonsense -->\n<!-- end -->\n")

    assert 2 == fill.main([str(page)])
    assert "page.md:1: " in capsys.readouterr().err
    assert "<!-- generated: nonsense -->\n<!-- end -->\n" == page.read_text()


def test_docstring_becomes_markdown() -> None:
    """Roles, literals and fields of a docstring are shown as Markdown has them."""
    doc = classes.Docstring.parse(
        "Do it, see :class:`~a.b.Thing`. Then ``rest``.\n\n"
        "* one\n* two\n  lines\n\n"
        ":param name: what to call\n    it\n:raises ValueError: if it is\n:returns: a thing"
    )

    assert "Do it, see `Thing`.\nThen `rest`.\n\n- one\n- two lines" == doc.text
    assert {"name": "what to call it"} == doc.params
    assert (("ValueError", "if it is"),) == doc.raises
    assert "a thing" == doc.returns
