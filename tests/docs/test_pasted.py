# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What readers paste runs: each Python block is executed, its Dags are read as Airflow reads them.

Then each task that waits for no other asks an emulator for what it is there for. ``<!-- continued
-->`` before a block says that it goes on from those above it; ``<!-- fragment -->`` that it is a
part of something, and is only parsed.
"""

from __future__ import annotations

import ast
import inspect
import json
import os
import re
import shutil
import sys
import textwrap
import types
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from airflow.sdk.definitions._internal.contextmanager import DagContext
from airflow.serialization.serialized_objects import DagSerialization

from airflow_spanner_lro.core.flows import operation
from airflow_spanner_lro.core.polling import policy, schedule
from airflow_spanner_lro.emulator import Plan, SpannerAdminEmulator
from airflow_spanner_lro.operators.base import SpannerAdminOperator
from tests.airflow.fakes import FakeTask, FakeTaskInstance
from tests.docs.conftest import DOCS, REPOSITORY, title

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow.sdk import DAG

PAGES = [
    page
    for page in (
        REPOSITORY / "README.md",
        *sorted(DOCS.glob("*.md")),
        *sorted((DOCS / "explanation").glob("*.md")),
        *sorted((DOCS / "how-to").glob("*.md")),
        *sorted((DOCS / "platforms").glob("*.md")),
        *sorted((DOCS / "recipes").glob("*.md")),
    )
    if "```python" in page.read_text()
]
BLOCK = re.compile(
    r"(?:^`(?P<file>[\w./]+\.py)`[^\n]*\n\s*)?"
    r"(?:^<!-- (?P<how>continued|fragment) -->\n\s*)?^```python\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
IS_DAG = re.compile(r"^with DAG\(|^@dag\(", re.MULTILINE)
DATABASES = (
    "projects/demo-project/instances/demo-instance/databases/orders",
    "projects/my-project/instances/main/databases/orders",
    "projects/test/instances/main/databases/orders",
)
SCHEMA = ["CREATE TABLE Orders (Id STRING(36) NOT NULL, Placed TIMESTAMP) PRIMARY KEY (Id)"]


NOW = datetime(2026, 11, 21, 3, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A Python block of a page, and the file that the text before it says it is."""

    page: Path
    line: int
    code: str
    how: str | None
    file: str | None

    def __str__(self) -> str:
        return f"{title(self.page)}:{self.line}"


def blocks(page: Path) -> list[Block]:
    """Return the Python blocks of a page, with the lines on which they begin."""
    text = page.read_text()
    return [
        Block(
            page=page,
            line=text[: found.start("code")].count("\n"),
            code=found["code"],
            how=found["how"],
            file=found["file"],
        )
        for found in BLOCK.finditer(text)
    ]


@pytest.fixture(autouse=True)
def process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Put back what blocks change of the process."""
    from airflow.sdk.bases.operator import ExecutorSafeguard  # noqa: PLC0415  # after AIRFLOW_HOME

    monkeypatch.setattr(ExecutorSafeguard, "test_mode", True)
    monkeypatch.setattr(policy, "MINIMUM_INTERVAL", 0.02)
    for module in (operation, schedule):
        monkeypatch.setattr(module, "PRICE", 0.00004)
    monkeypatch.chdir(tmp_path)
    shutil.copytree(REPOSITORY / "example_dags" / "sql", tmp_path / "sql")
    environment, path, modules = dict(os.environ), [*sys.path], set(sys.modules)
    yield
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        # what a block has written and imported; everything else may stay
        if getattr(sys.modules[name], "__file__", None) and str(tmp_path) in str(
            sys.modules[name].__file__
        ):
            del sys.modules[name]


@pytest.fixture
def emulator(process: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[SpannerAdminEmulator]:
    """Run an emulator that has what the pages speak of."""
    del process
    with SpannerAdminEmulator() as emulator:
        for database in DATABASES:
            emulator.create_instance(database.partition("/databases/")[0], config="nam6")
            emulator.create_database(database, statements=SCHEMA)
        emulator.plan(Plan(duration=timedelta(seconds=0.05)))
        # in the place of a Spanner Omni, of which all projects and instances have this name
        emulator.create_instance("projects/default/instances/default")
        named = {"conn_type": "google_cloud_platform", "extra": {"project": "default"}}
        monkeypatch.setenv("AIRFLOW_CONN_OMNI", json.dumps(named))
        monkeypatch.setenv("SPANNER_EMULATOR_HOST", emulator.endpoint)
        yield emulator


@pytest.mark.parametrize("page", PAGES, ids=title)
async def test_blocks_can_be_pasted(page: Path, emulator: SpannerAdminEmulator) -> None:
    """Each block runs by itself, or after those that it goes on from; each Dag keeps the rules."""
    del emulator
    module = types.ModuleType("pasted")
    executed: set[tuple[str, str]] = set()
    for block in blocks(page):
        if block.how == "fragment":
            ast.parse(textwrap.dedent(block.code))
            continue
        if block.how is None:
            module = types.ModuleType("pasted")
        await _run(block, module)
        dags = _dags(module)
        assert dags or not IS_DAG.search(block.code), f"no Dag comes of {block}"
        for dag in dags:
            _read(dag, block)
            for task in _first_tasks(dag):
                # another block may show the same task again, for another one to go on from
                if (dag.dag_id, task.task_id) not in executed:
                    executed.add((dag.dag_id, task.task_id))
                    _execute(task, dag, block)


def _written(block: Block) -> str:
    """Return the path of the file that a reader makes of a block."""
    path = Path(block.file or "pasted.py").resolve()
    path.parent.mkdir(exist_ok=True)
    path.write_text(block.code)
    sys.path.insert(0, str(path.parent))
    return str(path)


async def _run(block: Block, module: types.ModuleType) -> None:
    """Execute a block as a module."""
    module.__file__ = _written(block)
    DagContext.current_autoregister_module_name = module.__name__
    sys.modules[module.__name__] = module
    code = compile(block.code, module.__file__, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    try:
        waiting = eval(code, vars(module))  # noqa: S307  # our own page
        if inspect.isawaitable(waiting):
            await waiting
    except Exception as exc:
        exc.add_note(f"this is the block at {block}")
        raise


def _dags(module: types.ModuleType) -> list[DAG]:
    """Return the Dags of a module, also of those that were only called there."""
    made = [dag for dag, of in DagContext.autoregistered_dags if of is module]
    DagContext.autoregistered_dags.clear()
    DagContext.current_autoregister_module_name = None
    return made


def _read(dag: DAG, block: Block) -> None:
    """Do with a Dag what Airflow's Dag processor does."""
    try:
        dag.validate()
        dag.check_cycle()
        DagSerialization.from_dict(json.loads(json.dumps(DagSerialization.to_dict(dag))))
    except Exception as exc:
        exc.add_note(f"a Dag of {block}")
        raise


def _first_tasks(dag: DAG) -> list[SpannerAdminOperator]:
    return [
        task
        for task in dag.tasks
        if isinstance(task, SpannerAdminOperator)
        and not task.upstream_task_ids
        and task.get_closest_mapped_task_group() is None
    ]


def _execute(task: SpannerAdminOperator, dag: DAG, block: Block) -> None:
    """Execute a task on a worker: what others have to make first need not be there."""
    fake = FakeTask(ti=FakeTaskInstance(dag_id=dag.dag_id, task_id=task.task_id))
    context = fake.context | {
        "dag": dag,
        "dag_run": SimpleNamespace(run_after=NOW, run_id="manual__1", conf={}),
        "ds": f"{NOW:%Y-%m-%d}",
        "ds_nodash": f"{NOW:%Y%m%d}",
        "params": dict(dag.params) | dict(task.params),
        "run_id": "manual__1",
        "task": task,
    }
    task.deferrable = False
    try:
        task.render_template_fields(context)
        task.execute(context)
    except Exception as exc:
        if "NOT_FOUND" in str(exc):
            return
        exc.add_note(f"task {task.task_id} of {block}")
        raise
