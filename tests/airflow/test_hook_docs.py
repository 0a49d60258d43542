# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Every snippet of the hook's pages runs, one after the other, as a reader would run them."""

from __future__ import annotations

import ast
import inspect
import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from airflow_spanner_lro.core.kinds import UPDATE_DATABASE_DDL
from airflow_spanner_lro.emulator import Plan, SpannerAdminEmulator
from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DOCS = Path(__file__).parents[2] / "docs"
SNIPPET = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
INSTANCE = "projects/my-project/instances/main"
DATABASE = f"{INSTANCE}/databases/orders"
VERBS = [
    name
    for name, member in vars(SpannerAdminHook).items()
    if inspect.isfunction(member) and not name.startswith("_")
]


@pytest.fixture
def emulator(quick_polls: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[SpannerAdminEmulator]:
    """Run an emulator with what the pages speak of; a schema change takes long there."""
    del quick_polls
    with SpannerAdminEmulator() as emulator:
        emulator.create_instance(INSTANCE)
        emulator.create_database(
            DATABASE,
            statements=[
                "CREATE TABLE Orders (Id STRING(36) NOT NULL, Placed TIMESTAMP) PRIMARY KEY (Id)"
            ],
        )
        emulator.plan(Plan(duration=timedelta(seconds=0.1)))
        emulator.plan(Plan(duration=timedelta(hours=1)), kind=UPDATE_DATABASE_DDL)
        monkeypatch.setenv("SPANNER_EMULATOR_HOST", emulator.endpoint)
        yield emulator


@pytest.fixture
def run_page(emulator: SpannerAdminEmulator) -> Callable[[str], Any]:
    """Return a function that runs the snippets of a page, and returns the names they have made."""

    async def run(page: str) -> dict[str, Any]:
        made: dict[str, Any] = {"now": emulator.clock.now()}
        for snippet in SNIPPET.findall((DOCS / page).read_text()):
            code = compile(snippet, page, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
            waiting = eval(code, made)  # noqa: S307  # our own page
            if waiting is not None:
                await waiting
        return made

    return run


async def test_reference(emulator: SpannerAdminEmulator, run_page: Callable[[str], Any]) -> None:
    """The examples of the reference run, and do what they say."""
    made = await run_page("reference/hook.md")

    assert made["done"].succeeded
    assert "READY" == made["backup"]["state"]
    assert [made["done"].name] == [each.name for each in made["running"]]
    assert [] == made["backups"]
    assert "cancelled" == made["settlement"].ending
    assert all(each.done for each in emulator.operations())
    assert str(made["update"]) not in {each.name for each in emulator.operations()}
    assert all(each.done for each in made["ended"])


async def test_how_to(emulator: SpannerAdminEmulator, run_page: Callable[[str], Any]) -> None:
    """The examples of the guide run: a backup is made, and what takes too long is cancelled."""
    made = await run_page("how-to/use-the-hook.md")

    assert f"{INSTANCE}/backups/nightly" == made["backup"]["name"]
    assert "cancelled" == made["settlement"].ending
    assert all(each.done for each in emulator.operations())


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_has_an_example(verb: str) -> None:
    """The reference shows how each verb is called."""
    snippets = SNIPPET.findall((DOCS / "reference/hook.md").read_text())

    assert any(f"hook.{verb}(" in snippet for snippet in snippets)
