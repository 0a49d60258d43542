# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A first run against the real Spanner.

What this package promises was proved against an emulator, and an emulator is what its authors
believe of the service. This Dag asks the service itself: it makes a database, changes its schema,
cancels one backup, waits for another one, and compares what it sees with what was believed.
The task `report` has a line for each belief, and fails if the service answered otherwise.

Without the parameter `instance_id` it makes an instance of 100 processing units, the smallest
there is, and deletes it at the end.
With it, it works in an instance that is there.
It deletes what it has made, and nothing else: also when a step before failed.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import Param, dag, task

from airflow_spanner_lro.operators.backups import SpannerCreateBackupOperator
from airflow_spanner_lro.operators.databases import SpannerCreateDatabaseOperator
from airflow_spanner_lro.operators.instances import SpannerCreateInstanceOperator
from airflow_spanner_lro.operators.operations import SpannerCancelOperationOperator
from airflow_spanner_lro.operators.schemas import SpannerUpdateDatabaseDdlOperator

PROJECT_ID = os.environ.get("SPANNER_PROJECT_ID", "demo-project")
STAMP = "dag_run.run_after.strftime('%m%d-%H%M%S')"
OWN_INSTANCE_ID = DATABASE_ID = BACKUP_ID = "first-run-{{ " + STAMP + " }}"
INSTANCE_ID = "{{ params.instance_id or 'first-run-' ~ " + STAMP + " }}"
CANCELLED_ID, SECOND_ID = f"{BACKUP_ID}-cancelled", f"{BACKUP_ID}-second"
INSTANCE = f"projects/{PROJECT_ID}/instances/{INSTANCE_ID}"
TABLE = "CREATE TABLE Orders (Id STRING(36) NOT NULL, Placed TIMESTAMP) PRIMARY KEY (Id)"
STATEMENTS = (
    "ALTER TABLE Orders ADD COLUMN Note STRING(MAX)",
    "CREATE INDEX OrdersByPlaced ON Orders(Placed)",
)
LIFETIME = timedelta(days=1)
"""Of the backups, should they be left behind; six hours are the least that Spanner takes."""

Verdict = dict[str, Any]


def verdict(belief: str, *, seen: object, holds: bool | None) -> Verdict:
    """Return a line of the report; None where nothing was promised and the answer is of use."""
    return {"belief": belief, "seen": str(seen), "holds": holds}


@task.short_circuit(ignore_downstream_trigger_rules=False)
def make_an_instance(params: dict[str, Any]) -> bool:
    """Skip the next task if an instance is given."""
    return not params["instance_id"]


@task
def look_at_schema_change(operation: str, statements: list[str]) -> list[Verdict]:
    """Compare a schema change that has ended, and ask for it a second time."""
    from google.api_core.exceptions import AlreadyExists, GoogleAPICallError

    from airflow_spanner_lro.core.kinds import UPDATE_DATABASE_DDL
    from airflow_spanner_lro.core.names import OperationName
    from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook

    hook = SpannerAdminHook()
    name = OperationName.parse(operation)
    found = hook.get_operation(operation)
    request = {
        "database": str(name.resource),
        "statements": statements,
        "operation_id": name.operation,
    }
    try:
        again: object = hook.start_operation(kind=UPDATE_DATABASE_DDL, request=request)
    except GoogleAPICallError as exc:
        again = exc
    listed = hook.list_operations(
        resource="/".join(operation.split("/")[:4]), list_type="DATABASE_UPDATE_DDL"
    )
    return [
        verdict(
            "a schema change has the name that its task has chosen",
            seen=name.operation,
            holds=not name.operation.startswith("_"),
        ),
        verdict(
            "each statement has a time at which it was committed",
            seen=f"{found.committed} of {len(statements)}",
            holds=found.committed == len(statements),
        ),
        verdict(
            "a second start with the same operation id is refused with ALREADY_EXISTS",
            seen=repr(again),
            holds=isinstance(again, AlreadyExists),
        ),
        verdict(
            "the instance's list finds it, by the filter that the poller uses",
            seen=f"{len(listed)} listed",
            holds=operation in map(str, listed),
        ),
    ]


@task
def try_a_second_backup(database: str, backup_id: str, pending: str) -> list[Verdict]:
    """Start a backup while another one of the same database is pending."""
    from google.api_core.exceptions import FailedPrecondition, GoogleAPICallError

    from airflow_spanner_lro.core.kinds import CREATE_BACKUP
    from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook

    hook = SpannerAdminHook()
    instance = database.partition("/databases/")[0]
    listed = hook.list_operations(
        project_id=instance.split("/")[1],
        instance_id=instance.split("/")[3],
        database_id=database.rpartition("/")[2],
        list_type="BACKUP",
        pending_only=True,
    )
    backup = {"database": database, "expire_time": datetime.now(tz=UTC) + LIFETIME}
    request = {"parent": instance, "backup_id": backup_id, "backup": backup}
    try:
        accepted = hook.start_operation(kind=CREATE_BACKUP, request=request)
        answer: object = hook.cancel_operation(accepted)
    except GoogleAPICallError as exc:
        answer = exc
    # an empty database may be backed up before anybody can look
    runs = not hook.get_operation(pending).done
    return [
        verdict(
            "a backup that runs is listed with its database, pending ones only",
            seen=f"{len(listed)} listed",
            holds=pending in map(str, listed) if runs else None,
        ),
        verdict(
            "a second backup of a database is refused with FAILED_PRECONDITION",
            seen=repr(answer),
            holds=isinstance(answer, FailedPrecondition) if runs else None,
        ),
    ]


@task
def look_at_cancel(operation: str) -> list[Verdict]:
    """Compare a backup that was cancelled, and cancel it once more."""
    from google.api_core.exceptions import NotFound

    from airflow_spanner_lro.core.names import OperationName
    from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook

    hook = SpannerAdminHook()
    found = hook.get_operation(operation)
    try:
        left: object = hook.get_resource(str(OperationName.parse(operation).resource))["state"]
    except NotFound:
        left = "no backup"
    settlement = hook.cancel_operation(operation, settle_timeout=30)
    return [
        # a cancel that comes too late is no surprise: it is best effort
        verdict(
            "a cancelled backup ends with the code CANCELLED, and tells when",
            seen=f"{found.state}, {found.cancel_time}",
            holds=None if found.succeeded else found.cancelled and found.cancel_time is not None,
        ),
        verdict(
            "when it has ended, its backup is gone",
            seen=left,
            holds=left == "no backup" if found.cancelled else None,
        ),
        verdict(
            "to cancel what has ended does nothing, and is no error",
            seen=settlement.sentence,
            holds=settlement.settled,
        ),
    ]


@task
def look_at_backup(operation: str, facts: dict[str, Any]) -> list[Verdict]:
    """Compare a backup that was waited for."""
    from google.api_core.exceptions import GoogleAPICallError

    from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook

    hook = SpannerAdminHook()
    found = hook.get_operation(operation)
    expires = datetime.fromisoformat(facts["expire_time"])
    instance = "/".join(operation.split("/")[:4])
    try:
        # as gcloud sends it: without a type first, and the service's answer is not documented
        untyped: object = len(
            hook.list_operations(
                resource=instance,
                list_type="BACKUP",
                filter_=f'metadata.database:"{facts["database"]}"',
            )
        )
    except GoogleAPICallError as exc:
        untyped = exc
    return [
        verdict(
            "a task that has succeeded has a backup that is READY",
            seen=facts["state"],
            holds=facts["state"] == "READY",
        ),
        verdict(
            "operations of backups are named below their backup, with ids of the service",
            seen=operation,
            holds=f"{facts['name']}/operations/_auto_" in operation,
        ),
        verdict(
            "the microseconds of expire_time are kept: they sign the backup as the task's",
            seen=expires.isoformat(),
            holds=bool(expires.microsecond),
        ),
        verdict(
            "a backup's operation tells how far it is",
            seen=found.percent,
            holds=found.percent is not None,
        ),
        verdict("a list by database alone is answered", seen=repr(untyped), holds=None),
    ]


@task(trigger_rule="all_done")
def report(looks: list[Any]) -> list[Verdict]:
    """Log a line for each belief; fail if the service answered otherwise, or nobody could look."""
    verdicts = [each for look in looks for each in look or ()]
    marks = {True: "AS BELIEVED", False: "OTHERWISE", None: "FOR INFORMATION"}
    for each in verdicts:
        print(f"{marks[each['holds']]:<16} {each['belief']}: {each['seen']}")  # noqa: T201
    print(f"{looks.count(None)} of {len(looks)} looks could not be taken")  # noqa: T201
    otherwise = [each["belief"] for each in verdicts if each["holds"] is False]
    if otherwise or None in looks:
        message = (
            f"Spanner answered otherwise in {len(otherwise)} of {len(verdicts)} points, and "
            f"{looks.count(None)} looks could not be taken. Please report this log. {otherwise}"
        )
        raise RuntimeError(message)
    return verdicts


@task
def clean_up(instance: str, database_id: str, backup_ids: list[str], own: str) -> None:
    """Delete what this run has made, and nothing else; say it if something is left."""
    from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook

    hook = SpannerAdminHook()
    made = [f"{instance}/backups/{each}" for each in backup_ids]
    made += [f"{instance}/databases/{database_id}"]
    # an instance that was there before has another id than that of this run
    made += [instance] if instance.endswith(f"/{own}") else []
    problems = []
    for name in made:
        try:
            hook.delete_resource(name)
        except Exception as exc:  # noqa: BLE001  # the others are to be deleted all the same
            problems.append(f"{name}: {exc}")
    if problems:
        message = f"Left behind, and costs money: {'; '.join(problems)}"
        raise RuntimeError(message)


@dag(
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    doc_md=__doc__,
    tags=["example", "spanner"],
    params={
        "instance_id": Param(
            "", type="string", description="an instance that is there; else one is made"
        ),
        "config_id": Param("regional-europe-west1", type="string", description="where it is made"),
    },
    default_args={"project_id": PROJECT_ID, "instance_id": INSTANCE_ID, "deferrable": True},
)
def example_spanner_first_run() -> None:
    """Make, change, cancel, back up, compare, and delete all of it."""
    instance = SpannerCreateInstanceOperator(
        task_id="instance",
        config_id="{{ params.config_id }}",
        processing_units=100,
        edition="STANDARD",
        default_backup_schedule_type="NONE",
        execution_timeout=timedelta(hours=1),
    )
    database = SpannerCreateDatabaseOperator(
        task_id="database",
        database_id=DATABASE_ID,
        extra_statements=[TABLE],
        execution_timeout=timedelta(hours=1),
        # the instance may be skipped
        trigger_rule="none_failed",
    )
    schema = SpannerUpdateDatabaseDdlOperator(
        task_id="schema",
        database_id=DATABASE_ID,
        ddl_statements=list(STATEMENTS),
        execution_timeout=timedelta(hours=2),
    )
    pending = SpannerCreateBackupOperator(
        task_id="backup_to_cancel",
        database_id=DATABASE_ID,
        backup_id=CANCELLED_ID,
        expire_time=LIFETIME,
        wait_for_completion=False,
    )
    cancel = SpannerCancelOperationOperator(
        task_id="cancel",
        operation_name=pending.output,  # type: ignore[arg-type]  # filled in at run time
        settle_timeout=600,
        trigger_rule="all_done",
    )
    backup = SpannerCreateBackupOperator(
        task_id="backup",
        database_id=DATABASE_ID,
        backup_id=BACKUP_ID,
        expire_time=LIFETIME,
        execution_timeout=timedelta(hours=6),
    )
    database_name = f"{INSTANCE}/databases/{DATABASE_ID}"
    second = try_a_second_backup(database_name, SECOND_ID, pending.output)  # type: ignore[arg-type]
    of_schema = look_at_schema_change(schema.output["operation_name"], list(STATEMENTS))
    of_cancel = look_at_cancel(pending.output)  # type: ignore[arg-type]
    of_backup = look_at_backup(backup.output["operation_name"], backup.output)  # type: ignore[arg-type]
    everything = clean_up(
        INSTANCE, DATABASE_ID, [BACKUP_ID, CANCELLED_ID, SECOND_ID], OWN_INSTANCE_ID
    )
    make_an_instance() >> instance >> database >> schema >> [pending, of_schema]
    pending >> second >> cancel >> of_cancel >> backup
    looks = [of_schema, second, of_cancel, of_backup]
    report(looks)
    # beside the report: the run fails if either does
    looks >> everything.as_teardown(on_failure_fail_dagrun=True)


example_spanner_first_run()
