# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A restore drill as one thing: back up, restore, check, and leave nothing behind.

A backup that was never restored is a hope. The drill shows that one can be restored, and that it
holds the data.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import TaskGroup

from airflow_spanner_lro.core.drill.backups import NewBackup, NewestBackup
from airflow_spanner_lro.core.drill.checks import RowCountCheck, SchemaCheck, SqlCheck
from airflow_spanner_lro.core.ledger.entry import OPERATION_NAME_KEY, RECORD_KEY
from airflow_spanner_lro.operators.backups import SpannerCreateBackupOperator
from airflow_spanner_lro.operators.databases import SpannerRestoreDatabaseOperator
from airflow_spanner_lro.operators.drill_checks import DrillChecks, DrillSourceCounts
from airflow_spanner_lro.operators.drill_tasks import (
    DrillDeleteBackup,
    DrillDropScratch,
    DrillPlan,
    DrillResult,
)

if TYPE_CHECKING:
    from airflow.sdk import Asset, XComArg

    from airflow_spanner_lro.core.drill.checks import Check

__all__ = [
    "NewBackup",
    "NewestBackup",
    "RowCountCheck",
    "SchemaCheck",
    "SqlCheck",
    "spanner_restore_drill",
]


def spanner_restore_drill(
    *,
    checks: Sequence[Check] = (RowCountCheck(),),
    backup: NewBackup | NewestBackup | str | XComArg | None = None,
    group_id: str = "restore_drill",
    instance_id: str | None = None,
    database_id: str | None = None,
    scratch_instance_id: str | None = None,
    scratch_database_id: str | None = None,
    wait_for_optimize: bool = False,
    query_timeout: float = 3600.0,
    project_id: str | None = None,
    gcp_conn_id: str | None = None,
    impersonation_chain: str | Sequence[str] | None = None,
    deferrable: bool | None = None,
    outlets: Sequence[Asset] | None = None,
    **task_arguments: Any,
) -> TaskGroup:
    """Restore a backup of a database into a scratch database, check it, and clean up.

    Call it within a Dag, once for each database. The last task, ``result``, returns the report:
    ``passed``, ``verdict``, ``tables``, ``rows``, ``seconds``, ``restore_seconds``, ``size_bytes``,
    ``checks`` and names. If a check fails, the task ``check`` pushes it as the XCom ``report``.

    The scratch database is dropped and a new backup deleted whatever happens, and only if this run
    has made them.

    :param checks: what to check: :class:`SqlCheck`, :class:`RowCountCheck`, :class:`SchemaCheck`,
        or functions, which get a reader of the restored database and return False or raise if
        something is wrong; by default the row counts of all tables
    :param backup: a :class:`NewBackup`, which is the default; the :class:`NewestBackup`; or an id
        or full name of a backup, also as a template or the output of another task
    :param group_id: id of the task group; another one for each drill of a Dag
    :param instance_id: instance that holds the database and its backup
    :param database_id: database whose backup is restored
    :param scratch_instance_id: instance for the scratch database, of the same configuration; by
        default the same
    :param scratch_database_id: id of the scratch database; by default one is drawn for each run
    :param wait_for_optimize: check when Spanner has optimised the restored database, hours later
    :param query_timeout: how long one query may take, in seconds
    :param project_id: Google Cloud project; by default the connection's
    :param gcp_conn_id: connection of type ``google_cloud_platform``
    :param impersonation_chain: service account to impersonate, or a chain of them
    :param deferrable: wait in the triggerer instead of on a worker; the checks run on one anyway
    :param outlets: assets of which a drill that has passed is an event, with the report
    :param task_arguments: for all tasks, such as ``retries``, ``queue`` or ``pool``
    """
    shared = _given(
        project_id=project_id,
        gcp_conn_id=gcp_conn_id,
        impersonation_chain=impersonation_chain,
        **task_arguments,
    )
    waits = shared | _given(deferrable=deferrable)
    # what is not given may come from the Dag's default_args
    where = _given(instance_id=instance_id, database_id=database_id)
    reads: dict[str, Any] = {"checks": checks, "query_timeout": query_timeout}
    chosen = NewBackup() if backup is None else backup
    with TaskGroup(group_id=group_id) as group:
        plan = DrillPlan(
            task_id="plan",
            scratch_instance_id=scratch_instance_id,
            scratch_database_id=scratch_database_id,
            **_choice(chosen),
            **where,
            **reads,
            **shared,
        )
        # outputs stand for what they will be: an XComArg has no type of its own
        decided: Any = plan.output
        restore = SpannerRestoreDatabaseOperator(
            task_id="restore",
            database_id=decided["scratch_id"],
            source_backup=decided["backup"],
            wait_for_optimize=wait_for_optimize,
            clean_up=True,
            **(waits | {"instance_id": decided["scratch_instance"]}),
        )
        made: Any = restore.output
        check: Any = DrillChecks(
            task_id="check",
            source=decided["source"],
            backup=decided["backup"],
            restored=made,
            restore_operation=made[OPERATION_NAME_KEY],
            schema=decided["schema"],
            began=decided["began"],
            **reads,
            **shared,
        )
        if _compares_rows(checks):
            counts = DrillSourceCounts(
                task_id="count_source",
                source=decided["source"],
                moment=decided["version_time"],
                **reads,
                **shared,
            )
            check.counts = counts.output
            counts >> check
        drop = DrillDropScratch(
            task_id="drop_scratch",
            record=made[RECORD_KEY],
            drawn=decided["drawn"],
            **waits,
        )
        result = DrillResult(
            task_id="result", report=check.output, **_given(outlets=outlets), **task_arguments
        )
        check >> drop.as_teardown(setups=[plan, restore])
        # all of it is upstream of the result: a teardown that fails, fails the drill
        [check, drop] >> result
        if isinstance(chosen, NewBackup):
            taken: Any = SpannerCreateBackupOperator(
                task_id="backup",
                backup_id=decided["backup_id"],
                expire_time=chosen.expire_time,
                version_time=decided["version_time"],
                kms_key_names=chosen.kms_key_names,
                **where,
                **waits,
            )
            taken >> restore
            if not chosen.keep:
                delete = DrillDeleteBackup(
                    task_id="delete_backup",
                    record=taken.output[RECORD_KEY],
                    drawn=decided["drawn"],
                    **waits,
                )
                drop >> delete.as_teardown(setups=[plan, taken]) >> result
    return group


def _given(**arguments: Any) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if value is not None}


def _choice(backup: Any) -> dict[str, Any]:
    """Return the arguments of the plan; whatever is wrong with them is told when it runs."""
    if isinstance(backup, NewBackup):
        return {"backup_id": backup.backup_id}
    if isinstance(backup, NewestBackup):
        return {"newest_matching": backup.filter_, "max_age": backup.max_age}
    return {"source_backup": backup}


def _compares_rows(checks: object) -> bool:
    listed = isinstance(checks, Sequence) and not isinstance(checks, str)
    return listed and any(isinstance(check, RowCountCheck) for check in checks)  # type: ignore[attr-defined]  # is listed
