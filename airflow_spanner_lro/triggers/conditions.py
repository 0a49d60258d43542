# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The triggers of the sensors: each waits for a condition, and cancels nothing ever.

A sensor makes its trigger in all of its modes, and pokes by that trigger's condition, so all modes
check the same rules and judge alike. Such a trigger may begin without a worker: Airflow then makes
it from what a Dag's author wrote, and has it render the parameters whose names are template fields
of the sensor. So it finds out by itself what a worker would have: the endpoint, the project, and
whether the parameters make sense.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import field, fields
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowFailException
from airflow.triggers.base import TriggerEvent

from airflow_spanner_lro.airflow_internals.xcom_classes import allow_values
from airflow_spanner_lro.core.arguments.choices import parse_enum
from airflow_spanner_lro.core.arguments.times import (
    is_duration_text,
    parse_duration,
    parse_timestamp,
)
from airflow_spanner_lro.core.errors import InvalidArgumentError
from airflow_spanner_lro.core.flows.conditions import (
    BackupReady,
    Condition,
    ConditionLog,
    DatabaseInState,
    NothingInProgress,
    OperationsSucceeded,
    wait_until_met,
)
from airflow_spanner_lro.core.kinds import Service
from airflow_spanner_lro.core.lists.backups import BackupQuery
from airflow_spanner_lro.core.lists.queries import parse_kind, pending_queries
from airflow_spanner_lro.core.names import (
    BackupName,
    BackupScheduleName,
    DatabaseName,
    InstanceName,
    operation_name,
)
from airflow_spanner_lro.core.operations.errors import OperationFailedError
from airflow_spanner_lro.core.polling.policy import PollPolicy
from airflow_spanner_lro.error_mapping import map_errors
from airflow_spanner_lro.triggers.base import SpannerTrigger, trigger
from airflow_spanner_lro.triggers.pollers import (
    LONGEST_PAUSE,
    NotConnectedError,
    is_temporary,
    retry_until_connected,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    import jinja2
    from airflow.sdk import Context

    from airflow_spanner_lro.core.flows.conditions import Verdict
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot


XCOM = "xcom"
"""In a parameter of a trigger: the only key of a mapping that stands for another task's XCom."""


@contextmanager
def map_sensor_errors() -> Iterator[None]:
    """Turn errors that no retry can cure into ``AirflowFailException``; let others pass.

    An operation that ended badly is such an error here: a retry starts no other.
    """
    try:
        with map_errors():
            yield
    except OperationFailedError as exc:
        raise AirflowFailException(str(exc)) from exc


@trigger
class SpannerConditionTrigger(SpannerTrigger):
    """Ask until a condition is met or cannot be met any more, and fire once.

    :param silent_fail: log an error that a retry may cure, and go on asking

    Also has the fields of :class:`~airflow_spanner_lro.triggers.base.SpannerTrigger`.
    """

    silent_fail: bool = False

    @classmethod
    def parameters(cls) -> tuple[str, ...]:
        """Return the names of the fields that say what to wait for."""
        base = {each.name for each in fields(SpannerTrigger)}
        return tuple(each.name for each in fields(cls) if each.name not in base)

    @abstractmethod
    def condition(self) -> Condition:
        """Return the condition that the parameters describe.

        :raises InvalidArgumentError: if a parameter breaks a rule
        """

    def prepare(self) -> Condition:
        """Return the condition, after finding out what no worker has. May block for seconds."""
        return self.condition()

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, then yield one event: ``facts``, or the ``error`` that no retry can cure.

        Other errors propagate: Airflow then resumes the task with the traceback, and its retries
        apply; unless they are to be silent, as with a sensor that pokes.
        """
        event: dict[str, Any] = {"facts": None, "error": None}
        while True:
            try:
                event["facts"] = await self._after_worker(self._wait())
            except AirflowFailException as exc:
                # where a soft sensor is skipped, Airflow does not say why
                self.log.error("The wait cannot go on: %s", exc)  # noqa: TRY400  # no traceback
                event["error"] = str(exc)
            except Exception:
                if not self.silent_fail:
                    raise
                self.log.exception("The poll failed; polling again in %g s", self.poll_interval)
                await asyncio.sleep(self.poll_interval)
                continue
            break
        # nothing is awaited after this: Airflow may take the task's new state for a kill
        yield TriggerEvent(event)

    async def _wait(self) -> Any:
        progress = ConditionLog()

        def log(polled: OperationSnapshot | Exception | Verdict) -> None:
            for line in progress.lines(polled, now=datetime.now(tz=UTC)):
                self.log.info(line)

        with map_sensor_errors():
            condition = await retry_until_connected(self._prepared, log=self.log.warning)
            policy = PollPolicy(maximum=self.poll_interval)
            return await self._perform(
                wait_until_met(condition, policy=policy, on_verdict=log), on_snapshot=log
            )

    async def _prepared(self) -> Condition:
        try:
            return await asyncio.to_thread(self.prepare)
        except Exception as exc:
            if not is_temporary(exc):
                raise
            raise NotConnectedError(self._connection_spec, exc, again_in=LONGEST_PAUSE) from exc

    def render_template(
        self,
        content: Any,
        context: Context,
        jinja_env: jinja2.Environment | None = None,
        seen_oids: set[int] | None = None,
    ) -> Any:
        """Render as Airflow does, and fetch the XComs that stand for themselves.

        An XCom keeps its type, as on a worker. The index is given because without one Airflow asks
        for a whole sequence, to which a triggerer gets no answer ever (Airflow 3.3.2).
        """
        if isinstance(content, Mapping) and XCOM in content:
            task_id, key = content[XCOM]
            allow_values()
            return context["ti"].xcom_pull(task_ids=task_id, key=key, map_indexes=None)
        return super().render_template(content, context, jinja_env, seen_oids)


_LONGEST = timedelta(days=3660)
"""Older backups than of ten years there are none; a calendar ends somewhere."""


class WaitFor(StrEnum):
    """How many of several operations have to succeed."""

    ALL = "all"
    ANY = "any"


@trigger
class SpannerOperationsTrigger(SpannerConditionTrigger):
    """Wait until all operations of some have succeeded, or any.

    :param operation_name: full name of one, or a list of them
    :param wait_for: ``all`` or ``any``

    Also has the fields of :class:`~airflow_spanner_lro.triggers.base.SpannerTrigger`.
    """

    operation_name: str | list[str]
    wait_for: str = WaitFor.ALL.value

    def condition(self) -> Condition:
        """Return the condition; a single name is met with itself, not with a list."""
        wait_for = parse_enum(self.wait_for, field="wait_for", enum=WaitFor)
        single = not isinstance(self.operation_name, list)
        names = [self.operation_name] if single else self.operation_name
        if not names:
            raise InvalidArgumentError(
                field="operation_name", value=names, rule="give at least one operation"
            )
        return OperationsSucceeded(
            # each is asked for once
            names=tuple(dict.fromkeys(map(operation_name, names))),
            any_=single or wait_for is WaitFor.ANY,
        )


@trigger
class _InstanceTrigger(SpannerConditionTrigger):
    """Wait for something in an instance.

    :param project_id: by default the connection's
    """

    instance_id: str
    project_id: str | None = None

    def prepare(self) -> Condition:
        """Find the project out as well."""
        if not self.project_id:
            from airflow_spanner_lro.hooks.spanner_admin import (  # noqa: PLC0415  # loads gRPC
                SpannerAdminHook,
            )

            self.project_id = SpannerAdminHook.from_connection(self._connection_spec).project_id
        return super().prepare()

    @property
    def _instance(self) -> InstanceName:
        return InstanceName(project=str(self.project_id), instance=self.instance_id)

    def _database(self, database_id: str) -> DatabaseName:
        instance = self._instance
        return DatabaseName(
            project=instance.project, instance=instance.instance, database=database_id
        )

    def _backup(self, backup_id: str) -> BackupName:
        instance = self._instance
        return BackupName(project=instance.project, instance=instance.instance, backup=backup_id)


@trigger
class SpannerNoOperationInProgressTrigger(_InstanceTrigger):
    """Wait until no operation is in progress on a database, a backup or a whole instance.

    :param instance_id: the instance
    :param project_id: Google Cloud project; by default the connection's
    :param database_id: the database, or None
    :param backup_id: the backup, or None
    :param operation_types: only these types

    Also has the fields of :class:`~airflow_spanner_lro.triggers.base.SpannerTrigger`.
    """

    database_id: str | None = None
    backup_id: str | None = None
    operation_types: list[str] | None = None

    def condition(self) -> Condition:
        """Return the condition."""
        on: InstanceName = self._instance
        if self.database_id is not None and self.backup_id is not None:
            rule = f"give at most one of database_id and backup_id; {self.database_id!r} is given"
            raise InvalidArgumentError(field="backup_id", value=self.backup_id, rule=rule)
        if self.database_id is not None:
            on = self._database(self.database_id)
        elif self.backup_id is not None:
            on = self._backup(self.backup_id)
        kinds = [
            parse_kind(text, field="operation_types")
            for text in _texts(self.operation_types, field="operation_types")
        ]
        return NothingInProgress(
            on=on, queries=pending_queries(on, kinds=kinds, field="operation_types")
        )


@trigger
class SpannerBackupTrigger(_InstanceTrigger):
    """Wait for a READY backup: one by its id, or the newest of a database.

    :param instance_id: the instance
    :param project_id: Google Cloud project; by default the connection's
    :param backup_id: this one
    :param database_id: any of this database
    :param schedule_id: made by this schedule of the database
    :param newer_than: created after this moment, or at most this long before ``counted_from``
    :param counted_from: a moment as ISO 8601 text

    Also has the fields of :class:`~airflow_spanner_lro.triggers.base.SpannerTrigger`.
    """

    backup_id: str | None = None
    database_id: str | None = None
    schedule_id: str | None = None
    newer_than: str | None = None
    counted_from: str | None = None

    def render_template_fields(
        self, context: Context, jinja_env: jinja2.Environment | None = None
    ) -> None:
        """Render, and count from the same moment as a worker would."""
        super().render_template_fields(context, jinja_env)
        self.counted_from = context["dag_run"].run_after.isoformat()

    def condition(self) -> Condition:
        """Return the condition."""
        if (self.backup_id is None) == (self.database_id is None):
            rule = f"give exactly one of backup_id and database_id={self.database_id!r}"
            raise InvalidArgumentError(field="backup_id", value=self.backup_id, rule=rule)
        if self.database_id is None:
            return self._by_id(str(self.backup_id))
        database, after = self._database(self.database_id), self._after()
        terms = "" if after is None else f'create_time > "{after:%Y-%m-%dT%H:%M:%S.%fZ}"'
        schedule = None
        if self.schedule_id is not None:
            schedule = BackupScheduleName(
                project=database.project,
                instance=database.instance,
                database=database.database,
                schedule=self.schedule_id,
            )
        return BackupReady(
            query=BackupQuery(instance=database.instance_name, database=database, filter_=terms),
            newer_than=after,
            schedule=schedule,
        )

    def _by_id(self, backup_id: str) -> Condition:
        for name in ("schedule_id", "newer_than"):
            if (value := getattr(self, name)) is not None:
                rule = f"it goes with database_id, not with backup_id={backup_id!r}"
                raise InvalidArgumentError(field=name, value=value, rule=rule)
        backup = self._backup(backup_id)
        query = BackupQuery(instance=backup.instance_name, filter_=f'name="{backup}"')
        return BackupReady(query=query, name=backup)

    def _after(self) -> datetime | None:
        if self.newer_than is None:
            return None
        if not is_duration_text(self.newer_than):
            moment = parse_timestamp(self.newer_than, field="newer_than")
            try:
                return moment.astimezone(UTC)
            except OverflowError:
                rule = "no calendar goes that far"
                raise InvalidArgumentError(
                    field="newer_than", value=self.newer_than, rule=rule
                ) from None
        back = parse_duration(self.newer_than, field="newer_than")
        anchor = self.counted_from
        start = datetime.fromisoformat(anchor) if anchor else datetime.now(tz=UTC)
        return start.astimezone(UTC) - min(back, _LONGEST)


@trigger
class SpannerDatabaseTrigger(_InstanceTrigger):
    """Wait until a database is in one of some states.

    :param instance_id: the instance
    :param project_id: Google Cloud project; by default the connection's
    :param database_id: the database
    :param state: name of a state, or a list of them

    Also has the fields of :class:`~airflow_spanner_lro.triggers.base.SpannerTrigger`.
    """

    database_id: str
    state: str | list[str] = field(default="READY")

    def condition(self) -> Condition:
        """Return the condition."""
        texts = _texts(self.state, field="state")
        if not texts:
            raise InvalidArgumentError(field="state", value=texts, rule="give at least one state")
        states = Service.DATABASE_ADMIN.message("Database").State
        return DatabaseInState(
            name=self._database(self.database_id),
            states=tuple(parse_enum(text, field="state", enum=states).name for text in texts),
        )


def _texts(given: str | Sequence[str] | None, *, field: str) -> Sequence[str]:
    """Return what was given as a sequence, if it was one text or several."""
    if given is None:
        return ()
    if isinstance(given, str):
        return (given,)
    if not isinstance(given, Sequence):
        raise InvalidArgumentError(field=field, value=given, rule="expected one text or a list")
    return given
