# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The list filters that Spanner documents and that gcloud and the client libraries send."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from airflow_spanner_lro.emulator.filters import Filter

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator.filter_expressions import Value

OPERATIONS = frozenset({"name", "done", "error", "metadata", "response"})
DATABASE_TYPE = "type.googleapis.com/google.spanner.admin.database.v1."
INSTANCE_TYPE = "type.googleapis.com/google.spanner.admin.instance.v1."
BACKUP = f"{DATABASE_TYPE}CreateBackupMetadata"
COPY = f"{DATABASE_TYPE}CopyBackupMetadata"
RESTORE = f"{DATABASE_TYPE}RestoreDatabaseMetadata"
CONFIG = f"{INSTANCE_TYPE}CreateInstanceConfigMetadata"
PARTITION = f"{INSTANCE_TYPE}CreateInstancePartitionMetadata"
EARLY = datetime(2018, 3, 28, 14, 49, tzinfo=UTC)

DOCUMENTED = [
    ("done:true", {"done": True}),
    (
        f"(metadata.@type={BACKUP}) AND metadata.database:prod",
        {"metadata.@type": BACKUP, "metadata.database": "projects/p/instances/i/databases/PROD"},
    ),
    (
        (
            f"(metadata.@type={BACKUP}) AND (metadata.name:howl) AND "
            '(metadata.progress.start_time < "2018-03-28T14:50:00Z") AND (error:*)'
        ),
        {
            "metadata.@type": BACKUP,
            "metadata.name": "a_howling_backup",
            "metadata.progress.start_time": EARLY,
            "error": "cancelled",
        },
    ),
    (
        (
            f"(metadata.@type={COPY}) AND (metadata.source_backup:test) AND "
            '(metadata.progress.start_time < "2018-03-28T14:50:00Z") AND (error:*)'
        ),
        {
            "metadata.@type": COPY,
            "metadata.source_backup": "a/test/backup",
            "metadata.progress.start_time": EARLY,
            "error": True,
        },
    ),
    (
        (
            f"(metadata.@type={RESTORE}) AND (metadata.source_type:BACKUP) AND "
            "(metadata.backup_info.backup:backup_howl) AND (metadata.name:restored_howl) AND "
            '(metadata.progress.start_time < "2018-03-28T14:50:00Z") AND (error:*)'
        ),
        {
            "metadata.@type": RESTORE,
            "metadata.source_type": "BACKUP",
            "metadata.backup_info.backup": "x/backup_howl",
            "metadata.name": "x/restored_howl",
            "metadata.progress.start_time": EARLY,
            "error": "no",
        },
    ),
    (
        (
            f"(metadata.@type={CONFIG}) AND (metadata.instance_config.name:custom-config) AND "
            '(metadata.progress.start_time < "2021-03-28T14:50:00Z") AND (error:*)'
        ),
        {
            "metadata.@type": CONFIG,
            "metadata.instance_config.name": "projects/p/instanceConfigs/custom-config",
            "metadata.progress.start_time": EARLY,
            "error": "no",
        },
    ),
    (
        (
            f"(metadata.@type={PARTITION}) AND "
            "(metadata.instance_partition.name:custom-instance-partition) AND "
            '(metadata.start_time < "2021-03-28T14:50:00Z") AND (error:*)'
        ),
        {
            "metadata.@type": PARTITION,
            "metadata.instance_partition.name": "x/custom-instance-partition",
            "metadata.start_time": EARLY,
            "error": "no",
        },
    ),
    *(
        (f"metadata.@type:{DATABASE_TYPE}{kind}Metadata", {"metadata.@type": f"{url}Metadata"})
        for kind, url in [
            (kind, DATABASE_TYPE + kind)
            for kind in ("CreateDatabase", "UpdateDatabaseDdl", "ChangeQuorum")
        ]
    ),
    *(
        (f"metadata.@type:{INSTANCE_TYPE}{kind}Metadata", {"metadata.@type": f"{url}Metadata"})
        for kind, url in [
            (kind, INSTANCE_TYPE + kind)
            for kind in ("CreateInstanceConfig", "UpdateInstanceConfig")
        ]
    ),
    (
        (
            f"(metadata.@type:{DATABASE_TYPE}OptimizeRestoredDatabaseMetadata) OR "
            f"(metadata.@type:{RESTORE})"
        ),
        {"metadata.@type": RESTORE},
    ),
    (
        'metadata.database:"projects/P/instances/I/databases/D"',
        {"metadata.database": "projects/P/instances/I/databases/D"},
    ),
    (
        (
            f"(metadata.@type:{DATABASE_TYPE}CreateDatabaseMetadata) AND "
            "(name:projects/P/instances/I/databases/D/operations/)"
        ),
        {
            "metadata.@type": f"{DATABASE_TYPE}CreateDatabaseMetadata",
            "name": "projects/P/instances/I/databases/D/operations/_auto_op_1",
        },
    ),
    (
        f"(metadata.@type={BACKUP}) (metadata.name:howl)",
        {"metadata.@type": BACKUP, "metadata.name": "howl"},
    ),
    ("NOT done:true", {"done": False}),
    ("-done:true", {"done": False}),
]


@pytest.mark.parametrize(("text", "operation"), DOCUMENTED)
def test_what_is_documented_and_what_clients_send_is_understood(
    text: str, operation: dict[str, Value]
) -> None:
    """Each form lets an operation through that it is meant for, and not one with nothing set."""
    wanted = Filter.parse(text, roots=OPERATIONS, typed=True)

    assert wanted.matches(operation.get)
    assert wanted.matches(lambda _: None) == text.startswith(("NOT", "-"))


@pytest.mark.parametrize("kind", [BACKUP, COPY])
@pytest.mark.parametrize("error", [None, "cancelled"])
def test_the_third_documented_example_means_first_or_second_and_error(
    kind: str, error: str | None
) -> None:
    """OR binds tighter than AND, as the explanation of that example says."""
    wanted = Filter.parse(
        (
            f"((metadata.@type={BACKUP}) AND (metadata.database:test_db)) OR "
            f"((metadata.@type={COPY}) AND (metadata.source_backup:test_bkp)) AND (error:*)"
        ),
        roots=OPERATIONS,
        typed=True,
    )
    operation: dict[str, Value] = {
        "metadata.@type": kind,
        "metadata.database": "a/test_db",
        "metadata.source_backup": "a/test_bkp",
        "error": error,
    }

    assert wanted.matches(operation.get) == (error is not None)
