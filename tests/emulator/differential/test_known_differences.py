# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Where Google's emulator is not like Spanner, and ours is: operations.

Each difference is known and wanted. When one of these tests fails, Google's emulator has changed
(or ours has); if it has caught up, the script belongs to the tests of what is the same.
Seen with the emulator that Google Cloud CLI 528.0.0 brings along (June 2025).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from google.cloud import spanner_admin_database_v1 as database_v1

from airflow_spanner_lro.core.status import Code
from tests.emulator.differential.sides import codes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.emulator.differential.conftest import RunBoth
    from tests.emulator.differential.sides import Answer, Side

ITEMS = "CREATE TABLE Items (Id INT64) PRIMARY KEY (Id)"


def test_there_operations_are_never_pending(google: Side, ours: Side) -> None:
    """There a call that starts an operation answers when that is done; ours at once."""
    done = []
    for side in (google, ours):
        request = database_v1.UpdateDatabaseDdlRequest(database=side.database, statements=[ITEMS])
        done.append(side.databases.update_database_ddl(request).operation.done)

    assert [True, False] == done


def test_there_a_change_of_schema_has_no_progress(google: Side, ours: Side) -> None:
    """There its metadata has no progress and no actions, and one commit time for everything."""
    seen = []
    for side in (google, ours):
        statements = [ITEMS, "CREATE INDEX ById ON Items (Id)"]
        operation = side.databases.update_database_ddl(
            database=side.database, statements=statements
        )
        side.settle()
        operation.done()
        metadata = operation.metadata
        times = len(set(metadata.commit_timestamps))
        seen.append((times, len(metadata.progress), len(metadata.actions)))

    assert [(1, 0, 0), (2, 2, 2)] == seen


def test_there_nothing_can_be_cancelled(run_both: RunBoth) -> None:
    """There CancelOperation is UNIMPLEMENTED, whether there is such an operation or not."""

    def script(side: Side) -> Iterator[Answer]:
        side.change(ITEMS, operation_id="chosen")
        for name in ("chosen", "nothing"):
            operation = {"name": f"{side.database}/operations/{name}"}
            yield side.call(side.databases.cancel_operation, operation)

    google, ours = run_both(script)

    assert [Code.UNIMPLEMENTED] * 2 == codes(google)
    assert [Code.OK, Code.NOT_FOUND] == codes(ours)


def test_there_no_operation_can_be_deleted(run_both: RunBoth) -> None:
    """There DeleteOperation is UNIMPLEMENTED for operations of instances, too."""

    def script(side: Side) -> Iterator[Answer]:
        listed = side.databases.list_operations({"name": f"{side.instance}/operations"})
        operation = {"name": listed.operations[0].name}
        yield side.call(side.databases.delete_operation, operation)
        yield side.call(side.databases.get_operation, operation)

    google, ours = run_both(script)

    assert [Code.UNIMPLEMENTED, Code.OK] == codes(google)
    assert [Code.OK, Code.NOT_FOUND] == codes(ours)


@pytest.mark.parametrize(
    ("restriction", "code"),
    [
        ({"filter": "name:chosen"}, Code.OK),
        ({"filter": "((nonsense"}, Code.INVALID_ARGUMENT),
        ({"page_size": 1}, Code.OK),
        ({"page_token": "made-up"}, Code.INVALID_ARGUMENT),
    ],
)
def test_there_lists_of_operations_are_always_whole(
    run_both: RunBoth, restriction: dict[str, object], code: Code
) -> None:
    """There filters, sizes of pages and page tokens are not even looked at."""

    def script(side: Side) -> Iterator[Answer]:
        side.change(ITEMS, operation_id="chosen")
        yield side.list_operations(f"{side.database}/operations", **restriction)

    (google,), (ours,) = run_both(script)

    assert 2 == len(google.items)
    assert code is ours.code
    assert len(ours.items) == (code is Code.OK)


def test_there_a_missing_parent_has_no_operations(run_both: RunBoth) -> None:
    """There the list is empty where there is nothing that could have operations."""

    def script(side: Side) -> Iterator[Answer]:
        yield side.list_operations(f"{side.project}/instances/nowhere/operations")
        yield side.list_operations(f"{side.instance}/databases/nowhere/operations")

    google, ours = run_both(script)

    assert [(Code.OK, []), (Code.OK, [])] == [answer.comparable for answer in google]
    assert [Code.NOT_FOUND] * 2 == codes(ours)


def test_there_only_instances_and_databases_have_operations(run_both: RunBoth) -> None:
    """There names of operations of backups, partitions and configurations are malformed."""

    def script(side: Side) -> Iterator[Answer]:
        for parent in (
            f"{side.instance}/backups/nightly",
            f"{side.instance}/instancePartitions/part",
            f"{side.project}/instanceConfigs/custom-mine",
        ):
            yield side.get_operation(f"{parent}/operations/nothing")
            yield side.list_operations(f"{parent}/operations")

    google, ours = run_both(script)

    assert [Code.INVALID_ARGUMENT] * 6 == codes(google)
    assert [Code.NOT_FOUND] * 6 == codes(ours)


def test_there_names_of_operations_are_read_otherwise(run_both: RunBoth) -> None:
    """There an empty id is that of an operation which is missing; ours finds it malformed.

    And ours lists the operations of a resource that is named without ``/operations``.
    """

    def script(side: Side) -> Iterator[Answer]:
        yield side.get_operation(f"{side.database}/operations/")
        yield side.list_operations(side.database)

    google, ours = run_both(script)

    assert [Code.NOT_FOUND, Code.INVALID_ARGUMENT] == codes(google)
    assert [Code.INVALID_ARGUMENT, Code.OK] == codes(ours)


def test_there_a_new_database_inherits_operations(run_both: RunBoth) -> None:
    """There a database has the operations of its predecessors of the same name, and their ids.

    Ours begins anew with each: an operation id has to be unique within its database.
    """

    def script(side: Side) -> Iterator[Answer]:
        side.change(ITEMS, operation_id="chosen")
        side.call(side.databases.drop_database, database=side.database)
        yield side.list_operations(f"{side.database}/operations")
        side.create_database("shop")
        yield side.list_operations(f"{side.database}/operations")
        yield side.change(ITEMS, operation_id="chosen")

    google, ours = run_both(script)

    assert [Code.OK, Code.OK, Code.ALREADY_EXISTS] == codes(google)
    assert [Code.NOT_FOUND, Code.OK, Code.OK] == codes(ours)
    assert [3, 1] == [len(google[1].items), len(ours[1].items)]
