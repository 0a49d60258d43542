# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Tasks of a restore drill that read: the source's row counts, and the checks.

Counting may take minutes and holds a worker meanwhile. A kill ends the query that is under way.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowFailException

from airflow_spanner_lro import metrics
from airflow_spanner_lro.core.arguments.times import parse_timestamp, require_seconds
from airflow_spanner_lro.core.ddl.lexer import Dialect
from airflow_spanner_lro.core.drill.checks import (
    RowCountCheck,
    SchemaCheck,
    SqlCheck,
    counted_tables,
    difference,
    rendered,
    require_checks,
    title_of,
)
from airflow_spanner_lro.core.drill.report import (
    CheckOutcome,
    DrillReport,
    RestoreDrillFailedError,
)
from airflow_spanner_lro.core.drill.tables import (
    LIST_TABLES,
    SourceCounts,
    TableName,
    count_differences,
    joined,
    named_tables,
    schema_differences,
)
from airflow_spanner_lro.core.names import BackupName, DatabaseName, OperationName
from airflow_spanner_lro.core.protobuf import plain_datetime
from airflow_spanner_lro.core.status import Code, code_of, error_text, is_transient
from airflow_spanner_lro.core.text import count_of
from airflow_spanner_lro.error_mapping import map_errors
from airflow_spanner_lro.links import SpannerDatabaseLink, SpannerInstanceLink, written_once
from airflow_spanner_lro.operators.base import SpannerAdminOperator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from airflow.sdk import Context

    from airflow_spanner_lro.admin.rows import RowReader
    from airflow_spanner_lro.core.drill.checks import Check


class DrillReadingTask(SpannerAdminOperator):
    """A task that reads rows for a drill.

    :param source: full name of the database that was backed up
    :param checks: what the drill checks
    :param query_timeout: how long one query may take, in seconds
    """

    operator_extra_links = (SpannerDatabaseLink(), SpannerInstanceLink())
    template_fields = (*SpannerAdminOperator.template_fields, "source")

    _reader: RowReader | None = None
    _killed: bool = False

    def __init__(
        self, *, source: str, checks: Sequence[Check], query_timeout: float, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.source = source
        self.checks = checks
        self.query_timeout = query_timeout

    @property
    def target(self) -> DatabaseName:
        """The database that was backed up, for links."""
        return DatabaseName.parse(self.source)

    def rendered_checks(self, context: Context) -> list[Check]:
        """Return the checks with their templates filled in.

        :raises InvalidArgumentError: if there is none, or one of them is none
        """
        require_seconds(self.query_timeout, field="query_timeout")
        checks = [
            rendered(check, lambda value: self.render_template(value, context))
            for check in require_checks(self.checks)
        ]
        return require_checks(checks)

    @contextmanager
    def reading(self, database: DatabaseName, *, moment: datetime | None) -> Iterator[RowReader]:
        """Read rows of a database, until the context ends or the task is killed."""
        self._reader = reader = self.hook.row_reader(
            database=database, moment=moment, query_timeout=self.query_timeout
        )
        if self._killed:
            reader.stop()
        with reader:
            yield reader

    def on_kill(self) -> None:
        """End the query that is under way; nothing was begun that goes on by itself."""
        self._killed = True
        if self._reader is not None:
            self._reader.stop()

    def dialect_of(self, database: Any) -> Dialect:
        """Return the dialect of a database message; one that tells none has the default."""
        postgresql = database.database_dialect.name == Dialect.POSTGRESQL
        return Dialect.POSTGRESQL if postgresql else Dialect.GOOGLE_STANDARD_SQL


class DrillSourceCounts(DrillReadingTask):
    """Count the rows of the source as it was at the backup's version time.

    A version is kept for an hour by default, and a restore may take longer: so this runs beside the
    backup. Where the source does not show that time any more, the counts say so.

    :param moment: the version time, as ISO 8601 text

    Also accepts the parameters of ``DrillReadingTask``.
    """

    template_fields = (*DrillReadingTask.template_fields, "moment")

    def __init__(self, *, moment: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.moment = moment

    def execute(self, context: Context) -> dict[str, Any]:
        """Count, and return the counts as a record."""
        with written_once(self), map_errors():
            names = counted_tables(self.rendered_checks(context))
            moment = parse_timestamp(self.moment, field="version_time")
            counts = self._counts(names, moment)
            if counts.unreadable:
                self.log.warning("Source not counted: %s. %s", counts.unreadable, self.source)
            else:
                told = count_of(sum(counts.rows.values()), "row")
                tables = count_of(len(counts.rows), "table")
                self.log.info("%s: %s in %s at %s", counts.database, told, tables, counts.moment)
            return counts.to_record()

    def _counts(self, names: Sequence[str] | None, moment: datetime) -> SourceCounts:
        target = self.target
        shown = moment.astimezone(UTC).isoformat(timespec="seconds")
        try:
            database = self.hook.client.get_resource(name=target)
            if why := self._too_old(database, moment):
                return self._unreadable(why, shown)
            with self.reading(target, moment=moment) as reader:
                tables = [TableName(*row) for row in reader.query(LIST_TABLES)]
                wanted, missing = named_tables(names, tables)
                dialect = self.dialect_of(database)
                rows = {
                    table: int(reader.value(table.count_statement(dialect))) for table in wanted
                }
        except Exception as exc:
            if code_of(exc) is Code.NOT_FOUND:
                return self._unreadable(f"{target.database} does not exist any more", shown)
            if code_of(exc) is not Code.FAILED_PRECONDITION:
                raise
            # the time may have come to pass while it was counted
            why = self._too_old(self.hook.client.get_resource(name=target), moment)
            if not why:
                raise
            return self._unreadable(why, shown)
        return SourceCounts(
            database=target.database, moment=shown, rows=rows, missing=tuple(missing)
        )

    def _too_old(self, database: Any, moment: datetime) -> str:
        """Return why a database does not show a moment any more; empty if it does."""
        earliest = plain_datetime(database.earliest_version_time)
        if earliest is None or moment >= earliest:
            return ""
        shown = (each.astimezone(UTC).isoformat(timespec="seconds") for each in (moment, earliest))
        asked, kept = shown
        retention = database.version_retention_period or "1h"
        return (
            f"the backup shows {self.target.database} as of {asked}, and its rows can be read as "
            f"of {kept} at the earliest (version_retention_period {retention}): take the backup "
            "within the drill, or let the database keep versions longer"
        )

    def _unreadable(self, why: str, moment: str) -> SourceCounts:
        return SourceCounts(database=self.target.database, moment=moment, rows={}, unreadable=why)


class DrillChecks(DrillReadingTask):
    """Check the restored database; all checks are made, and all are reported.

    :param backup: full name of the backup that was restored
    :param restored: the restored database, as the restore has returned it
    :param restore_operation: name of the operation that restored it
    :param counts: the source's row counts; None if no check wants them
    :param schema: digests of the statements of the source's schema before the backup
    :param began: when the drill did, as ISO 8601 text

    Also accepts the parameters of ``DrillReadingTask``.
    """

    template_fields = (
        *DrillReadingTask.template_fields,
        "backup",
        "restored",
        "restore_operation",
        "counts",
        "schema",
        "began",
    )

    def __init__(
        self,
        *,
        backup: str,
        restored: Mapping[str, Any],
        restore_operation: str,
        schema: Sequence[str],
        began: str,
        counts: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.backup = backup
        self.restored = restored
        self.restore_operation = restore_operation
        self.schema = schema
        self.began = began
        self.counts = counts

    def execute(self, context: Context) -> dict[str, Any]:
        """Check, report, and return the report as a record."""
        with written_once(self), map_errors():
            checks = self.rendered_checks(context)
            database = DatabaseName.parse(self.restored["name"])
            outcomes = self._origin(), *self._outcomes(checks, database)
            report = self._report(tuple(each for each in outcomes if each), database)
            for outcome in report.outcomes:
                self.log.log(20 if outcome.passed else 30, outcome.sentence)
            metrics.show_drill(report)
            record = report.to_record()
            if report.passed:
                return record
            # a task that fails returns nothing, and an alert wants to know
            context["ti"].xcom_push(key="report", value=record)
            failure = RestoreDrillFailedError(report)
            if failure.permanent:
                raise AirflowFailException(str(failure)) from failure
            raise failure

    def _origin(self) -> CheckOutcome | None:
        """Return what is wrong with the restored database, were it another one; None if nothing."""
        info = self.restored.get("restore_info") or {}
        source = (info.get("backup_info") or {}).get("backup", "")
        if source == self.backup:
            return None
        found = f"it was restored from {source}" if source else "it was not restored from a backup"
        return CheckOutcome(title="origin", problem=f"{found}, and not from {self.backup}")

    def _outcomes(self, checks: Sequence[Check], database: DatabaseName) -> list[CheckOutcome]:
        counts = SourceCounts.from_record(self.counts) if self.counts else None
        with self.reading(database, moment=None) as reader:
            run = _Checks(
                reader=reader,
                counts=counts,
                restored=self.hook.client.get_resource(name=database),
                ddl_of=lambda name: self.hook.client.get_ddl(name=name),
                source=self.target,
                schema=self.schema,
                dialect_of=self.dialect_of,
            )
            return [self._outcome(run, check) for check in checks]

    def _outcome(self, run: _Checks, check: Check) -> CheckOutcome:
        from airflow_spanner_lro.admin.rows import ReadStoppedError  # noqa: PLC0415  # loads gRPC

        try:
            return run.outcome(check)
        except ReadStoppedError:
            raise
        except Exception as exc:  # noqa: BLE001  # one check's trouble is no other's: all report
            told = error_text(exc) if code_of(exc) else f"{type(exc).__name__}: {exc}"
            return CheckOutcome(
                title=title_of(check),
                problem=f"{title_of(check)} could not be done: {told.rstrip('.')}",
                transient=code_of(exc) is not None and is_transient(exc),
            )

    def _report(self, outcomes: tuple[CheckOutcome, ...], database: DatabaseName) -> DrillReport:
        version_time, size = self._facts()
        began = parse_timestamp(self.began, field="began")
        return DrillReport(
            source=self.source,
            restored=str(database),
            backup=self.backup,
            version_time=version_time,
            outcomes=outcomes,
            seconds=(datetime.now(tz=UTC) - began).total_seconds(),
            restore_seconds=self._restore_seconds(),
            size_bytes=size,
        )

    def _facts(self) -> tuple[str, int]:
        """Return version time and size of the backup; nothing of one that has expired since."""
        try:
            backup = self.hook.client.get_resource(name=BackupName.parse(self.backup))
        except Exception as exc:
            if code_of(exc) not in (Code.NOT_FOUND, Code.PERMISSION_DENIED):
                raise
            return "", 0
        moment = plain_datetime(backup.version_time)
        return moment.isoformat() if moment else "", int(backup.size_bytes)

    def _restore_seconds(self) -> float | None:
        if not self.restore_operation:
            return None
        try:
            snapshot = self.hook.client.get(name=OperationName.parse(self.restore_operation))
        except Exception as exc:
            if code_of(exc) not in (Code.NOT_FOUND, Code.PERMISSION_DENIED):
                raise
            return None
        if snapshot.start_time is None or snapshot.end_time is None:
            return None
        return (snapshot.end_time - snapshot.start_time).total_seconds()


class _Checks:
    """Makes checks of one restored database; its tables are counted once."""

    def __init__(
        self,
        *,
        reader: RowReader,
        counts: SourceCounts | None,
        restored: Any,
        ddl_of: Callable[[DatabaseName], Sequence[str]],
        source: DatabaseName,
        schema: Sequence[str],
        dialect_of: Callable[[Any], Dialect],
    ) -> None:
        self._reader = reader
        self._counts = counts
        self._dialect = dialect_of(restored)
        self._ddl_of = ddl_of
        self._source = source
        self._schema = schema
        self._tables: list[TableName] | None = None
        self._rows: dict[TableName, int] = {}

    def outcome(self, check: Check) -> CheckOutcome:
        """Make a check; whatever keeps it from being made is raised."""
        title = title_of(check)
        match check:
            case SqlCheck():
                found = difference(check.expected, self._reader.query(check.sql))
                return CheckOutcome(title=title, problem=f"{title}: {found}" if found else "")
            case RowCountCheck():
                return self._compare_rows(check)
            case SchemaCheck():
                found = joined(
                    list(
                        schema_differences(
                            self._ddl_of(self._source),
                            self._ddl_of(self._reader.database),
                            before=self._schema,
                            database=self._source.database,
                        )
                    )
                )
                return CheckOutcome(title=title, problem=found)
            case _:
                return self._call(check)

    def _compare_rows(self, check: RowCountCheck) -> CheckOutcome:
        title, counts = title_of(check), self._counts
        if counts is None:
            return CheckOutcome(title=title, problem="the source was not counted")
        if counts.unreadable:
            if check.optional:
                return CheckOutcome(title=title, left_out=counts.unreadable)
            return CheckOutcome(
                title=title, problem=f"rows cannot be compared: {counts.unreadable}"
            )
        restored = self._count(check.tables)
        problems = list(count_differences(counts, restored, names=check.tables))
        compared, _ = named_tables(check.tables, counts.rows)
        rows = {table.label: restored[table] for table in compared if table in restored}
        if not problems and not compared:
            problems = [f"{counts.database} had no table at {counts.moment}"]
        if not problems and sum(rows.values()) < check.min_rows:
            told = count_of(sum(rows.values()), "row")
            problems = [
                (
                    f"{counts.database} had only {told} at {counts.moment}, and min_rows is "
                    f"{check.min_rows:,}"
                )
            ]
        return CheckOutcome(title=title, problem=joined(problems), rows=rows)

    def _count(self, names: Sequence[str] | None) -> dict[TableName, int]:
        if self._tables is None:
            self._tables = [TableName(*row) for row in self._reader.query(LIST_TABLES)]
        wanted, _ = named_tables(names, self._tables)
        for table in wanted:
            if table not in self._rows:
                statement = table.count_statement(self._dialect)
                self._rows[table] = int(self._reader.value(statement))
        return {table: self._rows[table] for table in wanted}

    def _call(self, check: Any) -> CheckOutcome:
        title, answer = title_of(check), check(self._reader)
        if answer is None or answer is True:
            return CheckOutcome(title=title)
        if answer is False:
            return CheckOutcome(title=title, problem=f"{title} returned False")
        found = f"{title} returned {answer!r}, and a check returns True, False or None"
        return CheckOutcome(title=title, problem=found)
