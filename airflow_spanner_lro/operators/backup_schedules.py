# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Operators that make, update and delete backup schedules: Spanner itself then makes the backups.

Spanner does each of these at once, so no operation is started here; the backups of a schedule come
later, and through no task.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.arguments.backup_schedules import (
    ScheduleSpec,
    parse_crontab,
    parse_retention,
)
from airflow_spanner_lro.core.arguments.choices import field_mask
from airflow_spanner_lro.core.arguments.encryption import BackupEncryption, encryption_config
from airflow_spanner_lro.core.kinds import Service
from airflow_spanner_lro.core.names import BackupScheduleName
from airflow_spanner_lro.core.operations.errors import ResourceDiffersError
from airflow_spanner_lro.core.protobuf import message_to_dict
from airflow_spanner_lro.core.status import Code, code_of
from airflow_spanner_lro.links import SpannerDatabaseLink, SpannerInstanceLink
from airflow_spanner_lro.operators.base import (
    SpannerDeleteResourceOperator,
    SpannerImmediateOperator,
)

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_spanner_lro.core.arguments.encryption import KmsKeys
    from airflow_spanner_lro.core.arguments.times import DurationLike


class SpannerCreateBackupScheduleOperator(SpannerImmediateOperator):
    """Create a schedule by which Spanner itself backs a database up.

    Returns the schedule as a dictionary. Succeeds if it is there already, just as asked for, so it
    can be repeated, also after a call whose answer was lost; one that differs fails the task, which
    says in what. Spanner does it at once, so there is nothing to wait for or to cancel.

    :param instance_id: instance that holds the database
    :param database_id: database to back up
    :param schedule_id: id of the new schedule
    :param cron: when to make backups, in UTC: five fields, such as ``0 2 * * *``
    :param retention: how long to keep each backup: a duration, seconds, or either as text, such as
        ``P30D``; 6 hours to 366 days
    :param incremental: make chains of incremental backups instead of full ones; Spanner's Standard
        edition has none
    :param encryption_type: ``USE_DATABASE_ENCRYPTION``, ``GOOGLE_DEFAULT_ENCRYPTION`` or
        ``CUSTOMER_MANAGED_ENCRYPTION``; by default the last if there are keys, else the first
    :param kms_key_names: full names of the Cloud KMS keys to encrypt them with, or of the only one

    Also accepts the parameters of
    :class:`~airflow_spanner_lro.operators.base.SpannerImmediateOperator`.
    """

    operator_extra_links = (SpannerDatabaseLink(), SpannerInstanceLink())
    template_fields = (
        *SpannerImmediateOperator.template_fields,
        "instance_id",
        "database_id",
        "schedule_id",
        "cron",
        "retention",
        "encryption_type",
        "kms_key_names",
    )

    def __init__(
        self,
        *,
        instance_id: str,
        database_id: str,
        schedule_id: str,
        cron: str,
        retention: DurationLike,
        incremental: bool = False,
        encryption_type: str | None = None,
        kms_key_names: KmsKeys | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.instance_id = instance_id
        self.database_id = database_id
        self.schedule_id = schedule_id
        self.cron = cron
        self.retention = retention
        self.incremental = incremental
        self.encryption_type = encryption_type
        self.kms_key_names = kms_key_names

    @property
    def target(self) -> BackupScheduleName:
        """The schedule to make."""
        return BackupScheduleName(
            project=self.project,
            instance=self.instance_id,
            database=self.database_id,
            schedule=self.schedule_id,
        )

    @property
    def order(self) -> ScheduleSpec:
        """What the schedule is to do, from the rendered parameters."""
        return ScheduleSpec(
            cron=parse_crontab(self.cron),
            retention=parse_retention(self.retention),
            incremental=self.incremental,
            encryption=encryption_config(
                type_=self.encryption_type, keys=self.kms_key_names, allowed=BackupEncryption
            ),
        )

    def build_request(self) -> Any:
        """Return the CreateBackupScheduleRequest."""
        target = self.target
        return Service.DATABASE_ADMIN.message("CreateBackupScheduleRequest")(
            parent=str(target.database_name),
            backup_schedule_id=target.schedule,
            backup_schedule=self.order.fields(),
        )

    verb = "created"

    def act(self, context: Context) -> dict[str, Any]:  # noqa: ARG002  # needs none
        """Create the schedule, or find it there."""
        request = self.build_request()
        try:
            schedule = self.hook.client.change(rpc="create_backup_schedule", request=request)
        except Exception as exc:
            if code_of(exc) is not Code.ALREADY_EXISTS:
                raise
            schedule = self._existing()
            self.log.info("%s exists already, as asked for. %s", self.target.label, self.target)
        else:
            self.log.info("%s was created. %s", self.target.label, self.target)
        return message_to_dict(schedule)

    def _existing(self) -> Any:
        """Return the schedule that is there.

        :raises ResourceDiffersError: if it is not what was asked for
        """
        schedule = self.hook.client.get_resource(name=self.target)
        if differences := self.order.differences(schedule):
            raise ResourceDiffersError(
                self.target,
                differences=differences,
                advice="Choose another schedule_id, or change or delete the existing one.",
            )
        return schedule


class SpannerUpdateBackupScheduleOperator(SpannerImmediateOperator):
    """Change a backup schedule; what is not given stays as it is.

    Returns the schedule as a dictionary. Backups that it made already stay as they are. Whether it
    makes full or incremental backups cannot be changed. Spanner does it at once, so there is
    nothing to wait for or to cancel, and it can be repeated.

    :param instance_id: instance that holds the database
    :param database_id: database that is backed up
    :param schedule_id: schedule to update
    :param cron: when to make backups, in UTC: five fields, such as ``0 2 * * *``
    :param retention: how long to keep each backup: a duration, seconds, or either as text, such as
        ``P30D``; 6 hours to 366 days
    :param encryption_type: ``USE_DATABASE_ENCRYPTION``, ``GOOGLE_DEFAULT_ENCRYPTION`` or
        ``CUSTOMER_MANAGED_ENCRYPTION``; by default the last if there are keys
    :param kms_key_names: full names of the Cloud KMS keys to encrypt them with, or of the only one

    Also accepts the parameters of
    :class:`~airflow_spanner_lro.operators.base.SpannerImmediateOperator`.
    """

    operator_extra_links = (SpannerDatabaseLink(), SpannerInstanceLink())
    template_fields = (
        *SpannerImmediateOperator.template_fields,
        "instance_id",
        "database_id",
        "schedule_id",
        "cron",
        "retention",
        "encryption_type",
        "kms_key_names",
    )

    def __init__(
        self,
        *,
        instance_id: str,
        database_id: str,
        schedule_id: str,
        cron: str | None = None,
        retention: DurationLike | None = None,
        encryption_type: str | None = None,
        kms_key_names: KmsKeys | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.instance_id = instance_id
        self.database_id = database_id
        self.schedule_id = schedule_id
        self.cron = cron
        self.retention = retention
        self.encryption_type = encryption_type
        self.kms_key_names = kms_key_names

    @property
    def target(self) -> BackupScheduleName:
        """The schedule to update."""
        return BackupScheduleName(
            project=self.project,
            instance=self.instance_id,
            database=self.database_id,
            schedule=self.schedule_id,
        )

    def build_request(self) -> Any:
        """Return the UpdateBackupScheduleRequest."""
        schedule: dict[str, Any] = {"name": str(self.target)}
        paths = []
        if self.cron is not None:
            schedule["spec"] = {"cron_spec": {"text": parse_crontab(self.cron)}}
            paths.append("spec.cron_spec.text")
        if self.retention is not None:
            schedule["retention_duration"] = parse_retention(self.retention)
            paths.append("retention_duration")
        encryption = encryption_config(
            type_=self.encryption_type, keys=self.kms_key_names, allowed=BackupEncryption
        )
        if encryption is not None:
            schedule["encryption_config"] = encryption
            paths.append("encryption_config")
        mask = field_mask(
            paths, arguments=("cron", "retention", "encryption_type", "kms_key_names")
        )
        return Service.DATABASE_ADMIN.message("UpdateBackupScheduleRequest")(
            backup_schedule=schedule, update_mask=mask
        )

    verb = "updated"

    def act(self, context: Context) -> dict[str, Any]:  # noqa: ARG002  # needs none
        """Update the schedule."""
        request = self.build_request()
        schedule = self.hook.client.change(rpc="update_backup_schedule", request=request)
        paths = ", ".join(request.update_mask.paths)
        self.log.info("%s was updated: %s. %s", self.target.label, paths, self.target)
        return message_to_dict(schedule)


class SpannerDeleteBackupScheduleOperator(SpannerDeleteResourceOperator):
    """Delete a backup schedule. Succeeds if there is none, so it can be repeated.

    The backups that it made stay until they expire.

    :param instance_id: instance that holds the database
    :param database_id: database that is backed up
    :param schedule_id: schedule to delete

    Also accepts the parameters of
    :class:`~airflow_spanner_lro.operators.base.SpannerDeleteResourceOperator`.
    """

    template_fields = (
        *SpannerDeleteResourceOperator.template_fields,
        "instance_id",
        "database_id",
        "schedule_id",
    )

    def __init__(
        self, *, instance_id: str, database_id: str, schedule_id: str, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.instance_id = instance_id
        self.database_id = database_id
        self.schedule_id = schedule_id

    @property
    def target(self) -> BackupScheduleName:
        """The schedule to delete."""
        return BackupScheduleName(
            project=self.project,
            instance=self.instance_id,
            database=self.database_id,
            schedule=self.schedule_id,
        )
