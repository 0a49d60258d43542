# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Tasks of a restore drill that begin and end it: choose the backup, and clean up.

Only what this run has made is dropped or deleted. What that is, the tasks that made it have written
into their ledgers; whatever else has such a name stays.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperator

from airflow_spanner_lro.core.comparison import differences, resource_facets
from airflow_spanner_lro.core.drill.backups import draw_id, newest
from airflow_spanner_lro.core.drill.checks import SchemaCheck, counted_tables
from airflow_spanner_lro.core.drill.tables import schema_digests
from airflow_spanner_lro.core.errors import InvalidArgumentError, SpannerLroError
from airflow_spanner_lro.core.ledger.entry import RECORD_KEY, LedgerEntry
from airflow_spanner_lro.core.ledger.evidence import CLOCK_ALLOWANCE, run_began
from airflow_spanner_lro.core.lists.backups import BackupQuery, decode_backup
from airflow_spanner_lro.core.names import BackupName, DatabaseName, InstanceName, resolve_name
from airflow_spanner_lro.core.protobuf import plain_datetime
from airflow_spanner_lro.core.status import Code, code_of
from airflow_spanner_lro.core.text import to_iso_text
from airflow_spanner_lro.error_mapping import map_errors
from airflow_spanner_lro.execution.optional_xcom import OptionalOperationXCom
from airflow_spanner_lro.links import written_once
from airflow_spanner_lro.operators.backups import SpannerDeleteBackupOperator
from airflow_spanner_lro.operators.databases import SpannerDropDatabaseOperator
from airflow_spanner_lro.operators.drill_checks import DrillReadingTask

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from airflow.sdk import Context

    from airflow_spanner_lro.core.lists.backups import BackupFacts


class NotOfThisRunError(SpannerLroError):
    """What was to be dropped or deleted is not provably what this run has made."""


class DrillPlan(DrillReadingTask):
    """Decide once what a drill works with: backup, version time, and names that nobody else has.

    Retries of the tasks that follow find it decided. Checks are looked at here as well, before
    anything costs time.

    :param instance_id: instance that holds the database and its backup
    :param database_id: database whose backup is restored
    :param source_backup: backup to restore: an id or a full name; None for another choice
    :param newest_matching: filter for the newest backup, may be empty; None for a new backup
    :param max_age: how old the newest may be
    :param backup_id: id of the new backup; by default one that is drawn
    :param scratch_instance_id: instance for the scratch database; by default the same
    :param scratch_database_id: id of the scratch database; by default one that is drawn

    Also accepts the parameters of ``DrillReadingTask``.
    """

    template_fields = (
        *DrillReadingTask.template_fields,
        "instance_id",
        "database_id",
        "source_backup",
        "newest_matching",
        "backup_id",
        "scratch_instance_id",
        "scratch_database_id",
    )

    def __init__(
        self,
        *,
        instance_id: str,
        database_id: str,
        source_backup: str | None = None,
        newest_matching: str | None = None,
        max_age: timedelta | None = None,
        backup_id: str | None = None,
        scratch_instance_id: str | None = None,
        scratch_database_id: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(source="", **kwargs)
        self.instance_id = instance_id
        self.database_id = database_id
        self.source_backup = source_backup
        self.newest_matching = newest_matching
        self.max_age = max_age
        self.backup_id = backup_id
        self.scratch_instance_id = scratch_instance_id
        self.scratch_database_id = scratch_database_id

    @property
    def target(self) -> DatabaseName:
        """The database whose backup is restored."""
        return DatabaseName(
            project=self.project, instance=self.instance_id, database=self.database_id
        )

    def execute(self, context: Context) -> dict[str, Any]:
        """Decide, and push each decision as an XCom of its own."""
        with written_once(self), map_errors():
            plan = self._plan(context)
            for key, value in plan.items():
                context["ti"].xcom_push(key=key, value=value)
            self.log.info("Restore drill of %s from %s", plan["source"], plan["backup"])
            return plan

    def _plan(self, context: Context) -> dict[str, Any]:
        now = datetime.now(tz=UTC)
        checks = self.rendered_checks(context)
        counts = counted_tables(checks) != []
        drawn = draw_id(now=now)
        target = self.target
        scratch = DatabaseName(
            project=target.project,
            instance=self.scratch_instance_id or target.instance,
            database=self.scratch_database_id or drawn,
        )
        source, version_time = target, ""
        if self.source_backup is None and self.newest_matching is None:
            backup = BackupName(
                project=target.project,
                instance=target.instance,
                backup=self.backup_id or drawn,
            )
            if counts:
                with self.reading(target, moment=None) as reader:
                    version_time = to_iso_text(plain_datetime(reader.now())) or ""
        else:
            facts = self._existing(target, now=now)
            source, backup = facts.database, facts.name
            version_time = to_iso_text(facts.version_time) or ""
        if scratch == source:
            rule = "it is the database that was backed up; a drill restores beside it"
            raise InvalidArgumentError(
                field="scratch_database_id", value=scratch.database, rule=rule
            )
        return {
            "began": now.isoformat(),
            "drawn": drawn,
            "source": str(source),
            "backup": str(backup),
            "backup_id": backup.backup,
            "scratch_instance": scratch.instance,
            "scratch_id": scratch.database,
            "version_time": version_time,
            "schema": self._schema(source) if SchemaCheck() in checks else [],
        }

    def _schema(self, source: DatabaseName) -> list[str]:
        """Return the source's schema before the backup; a source that is gone has none."""
        try:
            return schema_digests(self.hook.client.get_ddl(name=source))
        except Exception as exc:
            # of an existing backup; the check says so
            if code_of(exc) is not Code.NOT_FOUND or self.target == source:
                raise
            return []

    def _existing(self, target: DatabaseName, *, now: datetime) -> BackupFacts:
        """Return the backup to restore."""
        instance = InstanceName(project=target.project, instance=target.instance)
        if self.source_backup is None:
            query = BackupQuery(
                instance=instance, database=target, filter_=self.newest_matching or ""
            )
            found = self.hook.client.query_backups(query=query)
            return newest(found, query=query, max_age=self.max_age, now=now)
        name = resolve_name(BackupName, self.source_backup, within=target)
        facts = decode_backup(self.hook.client.get_resource(name=name))
        if facts.database.database != target.database:
            rule = f"it is a backup of {facts.database.database}, and not of {target.database}"
            raise InvalidArgumentError(field="backup", value=self.source_backup, rule=rule)
        return facts


class _OnlyOwn(OptionalOperationXCom):
    """Deletes what another task of the run has made, by the entry of that task's ledger.

    :param record: that entry; None if the task has not got that far
    :param drawn: the id that the drill has drawn: nothing of that name is anybody else's
    """

    optional_xcoms: ClassVar[frozenset[str]] = frozenset({RECORD_KEY})

    record: Mapping[str, Any] | None
    drawn: str

    @property
    def target(self) -> Any:
        """What the other task was about to make."""
        return LedgerEntry.from_record(self.record).target

    def execute(self, context: Context) -> Any:
        """Delete it, if this run has made it."""
        with written_once(self), map_errors():  # type: ignore[arg-type]  # an operator, with another base
            made = self._made(context)
        return super().execute(context) if made else None  # type: ignore[misc]  # the operator's, which comes after this

    def _made(self, context: Context) -> bool:
        """Tell whether there is something that this run has made.

        :raises NotOfThisRunError: if there is something, and it is not provably this run's
        """
        log, client = self.log, self.hook.client  # type: ignore[attr-defined]  # the operator's
        if self.record is None:
            log.info("Nothing to clean up: the task that would have made it had not begun.")
            return False
        entry = LedgerEntry.from_record(self.record)
        target = entry.target
        proven = entry.operation is not None and entry.evidence and entry.evidence.may_delete
        if not proven and target.resource_id != self.drawn:
            if entry.operation is None:
                log.info("Nothing to clean up: %s was not made by this run.", target.label)
                return False
            message = (
                f"{target.label} was left: it is only presumed that this run made it. Look at it, "
                f"and delete it by hand. {target}"
            )
            raise NotOfThisRunError(message)
        try:
            resource = client.get_resource(name=target)
        except Exception as exc:
            if code_of(exc) is not Code.NOT_FOUND:
                raise
            log.info("Nothing to clean up: %s does not exist. %s", target.label, target)
            return False
        self._require_own(entry, resource, began=run_began(context.get("dag_run")))
        return True

    def _require_own(self, entry: LedgerEntry, resource: Any, *, began: datetime | None) -> None:
        """Make sure of it by what is there, whatever an XCom says.

        :raises NotOfThisRunError: if it is something else
        """
        target = entry.target
        facets = resource_facets(entry.kind, resource)
        found = [each for each in differences(entry.kind, entry.asked, facets) if each.fixed]
        created = plain_datetime(resource.create_time)
        why = ""
        if found:
            why = found[0].sentence
        elif began and created and created < began - CLOCK_ALLOWANCE:
            why = f"it was made at {created.isoformat()}, before this run"
        if why:
            message = (
                f"{target.label} was left: it is not what this run has made ({why.rstrip('.')}). "
                f"Whoever made it may need it. {target}"
            )
            raise NotOfThisRunError(message)


class DrillDropScratch(_OnlyOwn, SpannerDropDatabaseOperator):
    """Drop the scratch database, if the restore of this run has made it.

    :param record: ledger entry of the restore
    :param drawn: the id that the drill has drawn

    Also accepts the parameters of
    :class:`~airflow_spanner_lro.operators.base.SpannerDeleteResourceOperator`.
    """

    template_fields = (*SpannerDropDatabaseOperator.template_fields, "record", "drawn")

    def __init__(self, *, record: Mapping[str, Any] | None, drawn: str, **kwargs: Any) -> None:
        super().__init__(instance_id="", database_id="", **kwargs)
        self.record = record
        self.drawn = drawn


class DrillDeleteBackup(_OnlyOwn, SpannerDeleteBackupOperator):
    """Delete the backup, if the drill of this run has taken it.

    :param record: ledger entry of the task that backs up
    :param drawn: the id that the drill has drawn

    Also accepts the parameters of
    :class:`~airflow_spanner_lro.operators.base.SpannerDeleteResourceOperator`.
    """

    template_fields = (*SpannerDeleteBackupOperator.template_fields, "record", "drawn")

    def __init__(self, *, record: Mapping[str, Any] | None, drawn: str, **kwargs: Any) -> None:
        super().__init__(instance_id="", backup_id="", **kwargs)
        self.record = record
        self.drawn = drawn


class DrillResult(BaseOperator):
    """The end of a drill: succeeds if nothing of it has failed, the cleaning up included.

    :param report: what the checks have reported
    """

    template_fields = ("report",)

    def __init__(self, *, report: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.report = report

    def execute(self, context: Context) -> dict[str, Any]:
        """Log the verdict, tell the outlets, and return the report."""
        self.log.info(self.report["verdict"])
        for outlet in self.outlets:
            context["outlet_events"][outlet].extra.update(self.report)
        return dict(self.report)
