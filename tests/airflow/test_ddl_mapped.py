# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Schema changes that are mapped: over what the author wrote, and over what others bring."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from airflow.providers.standard.operators.empty import EmptyOperator

from airflow_spanner_lro.operators.schemas import SpannerUpdateDatabaseDdlOperator
from tests.airflow.ddl_rendering import ATTACK, COLUMN, MANY, dag_in, refused, statements
from tests.airflow.operator_builders import TABLE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.airflow.fakes import FakeTask, Stage


@pytest.fixture(autouse=True)
def dag(tmp_path: Path) -> Iterator[None]:
    """Make a Dag around a test, whose file is in a folder."""
    with dag_in(tmp_path):
        yield


def unmapped(mapped: Any) -> Any:
    """Return the first instance of a mapped task, rendered as Airflow does."""
    context = {
        "dag": mapped.dag,
        "dag_run": SimpleNamespace(conf={}),
        "ti": SimpleNamespace(map_index=0, run_id="run", task=None),
    }
    mapped.render_template_fields(context)
    return cast("Any", context)["task"]


def mapped_schema_change(task_id: str = "ddl", **parameters: Any) -> Any:
    """Return a schema change that only lacks what it is mapped over."""
    return SpannerUpdateDatabaseDdlOperator.partial(
        task_id=task_id, project_id="test", instance_id="main", database_id="orders", **parameters
    )


@pytest.mark.parametrize("given", [COLUMN, [COLUMN]], ids=["text", "list"])
def test_mapped_parameter(stage: Stage, task: FakeTask, given: Any) -> None:
    """What a task is mapped over is a value, too, where a template puts it in."""
    mapped = mapped_schema_change(ddl_statements=given)

    operator = unmapped(mapped.expand(params=[{"value": ATTACK}]))

    assert "its semicolon would end a statement" in refused(operator, task)
    assert not stage.starts


def test_mapped_text_of_the_author(stage: Stage, tmp_path: Path) -> None:
    """Texts and files that are mapped over in the Dag's file are the author's, like any other."""
    del stage
    (tmp_path / "many.sql").write_text(MANY)
    texts = ("DROP TABLE {{ params.value }}; DROP TABLE B", "many.sql")

    text, file = (
        unmapped(
            mapped_schema_change(f"ddl{index}", params={"value": "C"}).expand(ddl_statements=[each])
        )
        for index, each in enumerate(texts)
    )

    assert ["DROP TABLE C", "DROP TABLE B"] == statements(text)
    assert ["DROP TABLE A", "DROP TABLE B"] == statements(file)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (
            MANY,
            "ddl_statements='DROP TABLE A;\\nDROP TABLE B;' is not usable: it holds 2 statemen",
        ),
        (
            [TABLE, MANY],
            "ddl_statements[1]='DROP TABLE A;\\nDROP TABLE B;' is not usable: it holds",
        ),
        ("many.sql", "ddl_statements='many.sql' is not usable: Airflow reads a file whose name is"),
        (["many.sql"], "ddl_statements[0]='many.sql' is not usable: Airflow reads a file whose na"),
    ],
    ids=["text", "list", "file", "file-in-a-list"],
)
def test_mapped_over_another_task(
    stage: Stage,
    task: FakeTask,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    made: Any,
    words: str,
) -> None:
    """What another task returns is not the author's when a task is mapped over it, either."""
    (tmp_path / "many.sql").write_text(MANY)
    source = EmptyOperator(task_id="source")
    mapped = mapped_schema_change().expand(ddl_statements=source.output)
    monkeypatch.setattr(type(source.output), "resolve", lambda *_: [made])

    operator = unmapped(mapped)

    assert refused(operator, task).startswith(words)
    assert not stage.starts
