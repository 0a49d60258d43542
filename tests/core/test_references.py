# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""How resources and operations are named by people and by XComs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from airflow_spanner_lro.core.arguments.references import refer, refer_operations
from airflow_spanner_lro.core.errors import InvalidNameError
from airflow_spanner_lro.core.names import BackupName, InstanceName

from .builders import BACKUP, NAME, OTHER

A, B = str(NAME), str(OTHER)


class Lazy(Sequence[str]):
    """A sequence that is no list, as the results of a mapped task are."""

    def __getitem__(self, index: Any) -> Any:
        """Return an item."""
        return [A, B][index]

    def __len__(self) -> int:
        """Return how many there are."""
        return 2


def test_an_id_is_completed() -> None:
    """An id alone is one in the same instance."""
    within = InstanceName(project="test", instance="main")

    assert refer(BackupName, "nightly", within=within) == BACKUP
    assert refer(BackupName, str(BACKUP), within=within) == BACKUP


@pytest.mark.parametrize(
    "value",
    [None, "", "None", [], [None], ["", "None", None], [[], [None, ""]], ()],
    ids=repr,
)
def test_there_may_be_no_operation(value: object) -> None:
    """The XCom of a task that did not run is None, and a template makes text of it."""
    assert () == refer_operations(value)


@pytest.mark.parametrize(
    "value",
    [
        A,
        [A],
        (A, A),
        [None, A, ""],
        [[A], None],
        ["None", [None, A]],
        iter([A]),
    ],
    ids=["text", "list", "twice", "among-nothing", "nested", "template", "iterator"],
)
def test_one_operation(value: object) -> None:
    """One is found wherever it is, and is one however often it is named."""
    assert (NAME,) == refer_operations(value)


@pytest.mark.parametrize(
    "value",
    [[A, B], [[A], B], [A, [A, B]], Lazy(), [Lazy(), None]],
    ids=["list", "nested", "twice", "lazy", "lazy-among-nothing"],
)
def test_many_operations(value: object) -> None:
    """Many come in the order they are named in."""
    assert (NAME, OTHER) == refer_operations(value)


@pytest.mark.parametrize(
    "value",
    ["some", [A, "some"], 1, [A, 0], {"name": A}, [[[A]]], "['a', 'b']", b"x", False],
    ids=str,
)
def test_anything_else_is_refused(value: object) -> None:
    """What is no name, and not nothing either, is an error that shows it."""
    with pytest.raises(InvalidNameError, match="expected <resource>/operations/<operation>"):
        refer_operations(value)
