# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What Google's emulator does not have at all, and ours does.

When one of these tests fails, Google's emulator has got more (or ours less). Seen with the emulator
that Google Cloud CLI 528.0.0 brings along (June 2025).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_spanner_lro.core.status import Code

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.emulator.differential.conftest import RunBoth
    from tests.emulator.differential.sides import Answer, Side

_MISSING: dict[str, tuple[Callable[[Side], Answer], Code]] = {
    "ListDatabaseOperations": (
        lambda side: side.call(side.databases.list_database_operations, parent=side.instance),
        Code.OK,
    ),
    "ListBackupOperations": (
        lambda side: side.call(side.databases.list_backup_operations, parent=side.instance),
        Code.OK,
    ),
    "CreateBackup": (
        lambda side: side.call(
            side.databases.create_backup,
            parent=side.instance,
            backup_id="nightly",
            backup={"database": side.database, "expire_time": {"seconds": 1767312000}},
        ),
        Code.OK,
    ),
    "CopyBackup": (
        lambda side: side.call(
            side.databases.copy_backup,
            parent=side.instance,
            backup_id="copy",
            source_backup=f"{side.instance}/backups/nowhere",
            expire_time={"seconds": 1767312000},
        ),
        Code.NOT_FOUND,
    ),
    "ListBackups": (
        lambda side: side.call(side.databases.list_backups, parent=side.instance),
        Code.OK,
    ),
    "GetBackup": (
        lambda side: side.call(side.databases.get_backup, name=f"{side.instance}/backups/nowhere"),
        Code.NOT_FOUND,
    ),
    "DeleteBackup": (
        lambda side: side.call(
            side.databases.delete_backup, name=f"{side.instance}/backups/nowhere"
        ),
        Code.OK,
    ),
    "RestoreDatabase": (
        lambda side: side.call(
            side.databases.restore_database,
            {
                "parent": side.instance,
                "database_id": "restored",
                "backup": f"{side.instance}/backups/nowhere",
            },
        ),
        Code.NOT_FOUND,
    ),
    "ListBackupSchedules": (
        lambda side: side.call(side.databases.list_backup_schedules, parent=side.database),
        Code.OK,
    ),
    "UpdateDatabase": (
        lambda side: side.call(
            side.databases.update_database,
            database={"name": side.database, "enable_drop_protection": True},
            update_mask={"paths": ["enable_drop_protection"]},
        ),
        Code.OK,
    ),
    "ListDatabaseRoles": (
        lambda side: side.call(side.databases.list_database_roles, parent=side.database),
        Code.OK,
    ),
    "AddSplitPoints": (
        lambda side: side.call(
            side.databases.add_split_points,
            database=side.database,
            split_points=[{"table": "Orders", "keys": [{"key_parts": ["1"]}]}],
        ),
        Code.OK,
    ),
    "GetIamPolicy": (
        lambda side: side.call(side.databases.get_iam_policy, {"resource": side.database}),
        Code.OK,
    ),
    "TestIamPermissions": (
        lambda side: side.call(
            side.databases.test_iam_permissions,
            {"resource": side.database, "permissions": ["spanner.databases.read"]},
        ),
        Code.OK,
    ),
    "UpdateInstance": (
        lambda side: side.call(
            side.instances.update_instance,
            instance={"name": side.instance, "node_count": 2},
            field_mask={"paths": ["node_count"]},
        ),
        Code.OK,
    ),
    "MoveInstance": (
        lambda side: side.call(
            side.instances.move_instance,
            {
                "name": side.instance,
                "target_config": f"{side.project}/instanceConfigs/nowhere",
            },
        ),
        Code.NOT_FOUND,
    ),
    "ListInstancePartitions": (
        lambda side: side.call(side.instances.list_instance_partitions, parent=side.instance),
        Code.OK,
    ),
    "ListInstanceConfigOperations": (
        lambda side: side.call(side.instances.list_instance_config_operations, parent=side.project),
        Code.OK,
    ),
    "DeleteInstanceConfig": (
        lambda side: side.call(
            side.instances.delete_instance_config,
            name=f"{side.project}/instanceConfigs/custom-mine",
        ),
        Code.OK,
    ),
}


@pytest.mark.parametrize(("call", "code"), _MISSING.values(), ids=list(_MISSING))
def test_there_most_calls_are_unimplemented(
    run_both: RunBoth, call: Callable[[Side], Answer], code: Code
) -> None:
    """There is nothing about backups, restores, schedules, moves, partitions, roles or IAM."""

    def script(side: Side) -> Iterator[Answer]:
        yield call(side)

    (google,), (ours,) = run_both(script)

    assert (Code.UNIMPLEMENTED, code) == (google.code, ours.code), ours
