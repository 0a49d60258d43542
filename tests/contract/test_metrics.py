# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The page on metrics has what the code sends, and the code can be imported at no cost."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from airflow_spanner_lro.core.operations.settlement import Ending
from airflow_spanner_lro.core.operations.snapshot import OperationState
from airflow_spanner_lro.core.polling.budget import Urgency
from airflow_spanner_lro.core.polling.wake_ups import IgnoredBecause
from airflow_spanner_lro.metrics import METRICS, Cause, WakeUpEffect
from tests.contract.conftest import REPOSITORY

PAGE = (REPOSITORY / "docs" / "reference" / "metrics.md").read_text()

_METRIC = re.compile(r"^\| `(spanner_lro\.\w+)` \| (\w+) \| ([^|]+) \|", re.MULTILINE)
_ROW = re.compile(r"^\| `(\w+)` \| (.+) \|$", re.MULTILINE)
_CODE = re.compile(r"`(\w+)`")


def test_every_metric_is_told() -> None:
    """Each has a row with its type and tags, in the order of the dotted names; no other has."""
    rows = [
        (name, type_, tuple(_CODE.findall(tags))) for name, type_, tags in _METRIC.findall(PAGE)
    ]

    assert [(each.name, each.type.value, each.tags) for each in METRICS] == rows


def test_every_tag_is_told() -> None:
    """Each tag, and each cause, has a row."""
    tags = {tag for metric in METRICS for tag in metric.tags}

    assert tags | {cause.value for cause in Cause} == set(dict(_ROW.findall(PAGE)))


@pytest.mark.parametrize(
    ("tag", "values"),
    [
        ("ending", {each.tag for each in Ending}),
        ("outcome", {each.lower() for each in OperationState if each != "RUNNING"}),
        ("urgency", {each.name.lower() for each in Urgency}),
        ("effect", {each.value for each in (*WakeUpEffect, *IgnoredBecause)}),
    ],
)
def test_every_value_is_told(tag: str, values: set[str]) -> None:
    """A tag with few values names them all."""
    assert values == set(_CODE.findall(dict(_ROW.findall(PAGE))[tag]))


def test_the_module_is_light() -> None:
    """Dag files import it with the operators: stats are loaded by what is sent first."""
    program = "import sys, airflow_spanner_lro.metrics; print(*sys.modules)"
    run = subprocess.run(  # noqa: S603  # our own interpreter
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert {"airflow", "google.api_core", "grpc"}.isdisjoint(run.stdout.split())
