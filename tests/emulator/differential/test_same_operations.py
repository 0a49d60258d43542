# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Operations that are done: Google's emulator and ours answer alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_spanner_lro.core.status import Code
from tests.emulator.differential.sides import codes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.emulator.differential.conftest import Agreed, RunBoth
    from tests.emulator.differential.sides import Answer, Side

ITEMS = "CREATE TABLE Items (Id INT64) PRIMARY KEY (Id)"


def test_operations_that_do_not_exist_are_not_found(agreed: Agreed) -> None:
    """It makes no difference whether there is a resource that could have them."""

    def script(side: Side) -> Iterator[Answer]:
        yield side.get_operation(f"{side.instance}/operations/nothing")
        yield side.get_operation(f"{side.database}/operations/nothing")
        yield side.get_operation(f"{side.instance}/databases/nowhere/operations/nothing")
        yield side.get_operation(f"{side.project}/instances/nowhere/operations/nothing")

    assert [Code.NOT_FOUND] * 4 == codes(agreed(script))


@pytest.mark.parametrize(
    "name", ["", "nothing", "operations/nothing", "projects/test/operations/o"]
)
def test_names_of_operations_are_parsed(agreed: Agreed, name: str) -> None:
    """What is no operation's name is INVALID_ARGUMENT."""

    def script(side: Side) -> Iterator[Answer]:
        yield side.get_operation(name)
        yield side.list_operations(name)

    assert [Code.INVALID_ARGUMENT] * 2 == codes(agreed(script))


def test_operations_are_listed_where_they_belong(agreed: Agreed) -> None:
    """Creations are operations of what they create, and are not listed above that."""

    def script(side: Side) -> Iterator[Answer]:
        side.change(ITEMS, operation_id="chosen")
        yield side.list_operations(f"{side.instance}/operations")
        yield side.list_operations(f"{side.database}/operations")

    of_instance, of_database = (answer.items for answer in agreed(script))

    assert [1, 2] == [len(of_instance), len(of_database)]
    assert of_database[-1].endswith("/databases/shop/operations/chosen")


def test_operations_outlive_what_they_worked_on(agreed: Agreed) -> None:
    """They can be read when the database is gone, when it is there again, and without instance."""

    def script(side: Side) -> Iterator[Answer]:
        name = f"{side.database}/operations/chosen"
        yield side.change(ITEMS, operation_id="chosen")
        side.call(side.databases.drop_database, database=side.database)
        yield side.get_operation(name)
        side.create_database("shop")
        yield side.get_operation(name)
        side.call(side.instances.delete_instance, name=side.instance)
        yield side.get_operation(name)

    answers = agreed(script)

    assert [Code.OK] * 4 == codes(answers)
    assert [answers[0].body] * 4 == [answer.body for answer in answers]


def test_operations_of_databases_cannot_be_deleted(agreed: Agreed) -> None:
    """DeleteOperation is UNIMPLEMENTED for them, and they stay."""

    def script(side: Side) -> Iterator[Answer]:
        name = f"{side.database}/operations/chosen"
        side.change(ITEMS, operation_id="chosen")
        yield side.call(side.databases.delete_operation, {"name": name})
        yield side.get_operation(name)

    assert [Code.UNIMPLEMENTED, Code.OK] == codes(agreed(script))


def test_errors_say_what_is_missing(run_both: RunBoth) -> None:
    """Where Google's emulator names a resource in the details of an error, ours names the same."""

    def script(side: Side) -> Iterator[Answer]:
        nowhere = f"{side.project}/instances/nowhere"
        yield side.call(side.instances.get_instance, name=nowhere)
        yield side.call(side.databases.list_databases, parent=nowhere)
        yield side.create_database("new", parent=nowhere)
        yield side.call(side.databases.get_database, name=f"{nowhere}/databases/shop")
        yield side.schema(f"{nowhere}/databases/shop")
        yield side.change(ITEMS, database=f"{nowhere}/databases/shop")
        yield side.call(side.databases.get_database, name=f"{side.instance}/databases/nowhere")
        yield side.schema(f"{side.instance}/databases/nowhere")
        yield side.change(ITEMS, database=f"{side.instance}/databases/nowhere")

    google, ours = run_both(script)

    assert all(answer.about for answer in google)
    assert [answer.about for answer in google] == [answer.about for answer in ours]
