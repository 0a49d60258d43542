# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Operators that make, copy, update and delete backups."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro import settings
from airflow_spanner_lro.core.arguments.encryption import (
    BackupEncryption,
    DerivedEncryption,
    encryption_config,
)
from airflow_spanner_lro.core.arguments.times import (
    is_relative,
    parse_expire_time,
    parse_time,
    parse_timestamp,
    sign_expire_time,
)
from airflow_spanner_lro.core.flows.limits import deletion_limit
from airflow_spanner_lro.core.kinds import COPY_BACKUP, CREATE_BACKUP, Service
from airflow_spanner_lro.core.names import BackupName, DatabaseName, resolve_name
from airflow_spanner_lro.core.operations.errors import RefusedForNowError
from airflow_spanner_lro.core.protobuf import message_to_dict
from airflow_spanner_lro.core.status import Code, code_of, error_message
from airflow_spanner_lro.execution.lookup import limit_reached
from airflow_spanner_lro.links import SpannerBackupLink, SpannerInstanceLink
from airflow_spanner_lro.operators.base import (
    SpannerDeleteResourceOperator,
    SpannerImmediateOperator,
)
from airflow_spanner_lro.operators.operation import SpannerOperationOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_spanner_lro.core.arguments.encryption import KmsKeys
    from airflow_spanner_lro.core.arguments.times import TimeLike
    from airflow_spanner_lro.core.errors import SpannerLroError


class SpannerCreateBackupOperator(SpannerOperationOperator):
    """Create a backup of a database.

    Returns the backup as a dictionary. A backup that is cancelled, on kill or on timeout, is
    removed by Spanner; one that was finished before the cancel took hold is deleted, unless
    ``clean_up=False``.

    :param instance_id: instance that holds the database and will hold the backup
    :param database_id: database to back up
    :param backup_id: id of the new backup
    :param expire_time: when Spanner deletes it: a moment, a time from the start of each try, or
        either as ISO 8601 text, such as ``P30D``; 6 hours to 366 days ahead
    :param version_time: back up the database as it was then; by default as it is now. A moment up
        to ten minutes ahead is waited for
    :param encryption_type: ``USE_DATABASE_ENCRYPTION``, ``GOOGLE_DEFAULT_ENCRYPTION`` or
        ``CUSTOMER_MANAGED_ENCRYPTION``; by default the last if there are keys, else the first
    :param kms_key_names: full names of the Cloud KMS keys to encrypt it with, or of the only one

    Also accepts the parameters of
    :class:`~airflow_spanner_lro.operators.operation.SpannerOperationOperator`.
    """

    kind = CREATE_BACKUP
    template_fields = (
        *SpannerOperationOperator.template_fields,
        "instance_id",
        "database_id",
        "backup_id",
        "expire_time",
        "version_time",
        "encryption_type",
        "kms_key_names",
    )

    def __init__(
        self,
        *,
        instance_id: str,
        database_id: str,
        backup_id: str,
        expire_time: TimeLike,
        version_time: datetime | str | None = None,
        encryption_type: str | None = None,
        kms_key_names: KmsKeys | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.instance_id = instance_id
        self.database_id = database_id
        self.backup_id = backup_id
        self.expire_time = expire_time
        self.version_time = version_time
        self.encryption_type = encryption_type
        self.kms_key_names = kms_key_names

    @property
    def target(self) -> BackupName:
        """The backup to make."""
        return BackupName(project=self.project, instance=self.instance_id, backup=self.backup_id)

    @property
    def signed(self) -> bool:
        """Whether the expiry has digits of our own, by which the backup is known as this try's."""
        return is_signed(self.expire_time)

    @property
    def _expires(self) -> datetime:
        now = datetime.now(tz=UTC)
        moment = parse_expire_time(self.expire_time, now=now)
        return sign_expire_time(moment, now=now) if self.signed else moment

    def build_request(self) -> Any:
        """Return the CreateBackupRequest."""
        database = DatabaseName(
            project=self.project, instance=self.instance_id, database=self.database_id
        )
        backup: dict[str, Any] = {
            "database": str(database),
            "expire_time": self._expires,
        }
        if self.version_time:
            backup["version_time"] = parse_timestamp(self.version_time, field="version_time")
        return self.kind.request_type()(
            parent=str(database.instance_name),
            backup_id=self.target.backup,
            backup=backup,
            encryption_config=encryption_config(
                type_=self.encryption_type, keys=self.kms_key_names, allowed=BackupEncryption
            ),
        )


class SpannerCopyBackupOperator(SpannerOperationOperator):
    """Copy a backup, to any instance of any project.

    Returns the copy as a dictionary. A copy that is cancelled, on kill or on timeout, is removed by
    Spanner; one that was finished before the cancel took hold is deleted, unless
    ``clean_up=False``. The source stays as it is; Spanner does not delete it while it is copied.

    :param instance_id: instance that will hold the copy, in the project ``project_id``
    :param backup_id: id of the copy
    :param source_backup: backup to copy: an id in the same instance, or a full name
    :param expire_time: when Spanner deletes the copy: a moment, a time from the start of each try,
        or either as ISO 8601 text, such as ``P30D``; at most 366 days after the source was made
    :param encryption_type: ``USE_CONFIG_DEFAULT_OR_BACKUP_ENCRYPTION``,
        ``GOOGLE_DEFAULT_ENCRYPTION`` or ``CUSTOMER_MANAGED_ENCRYPTION``; by default the last if
        there are keys, else the first
    :param kms_key_names: full names of the Cloud KMS keys to encrypt it with, or of the only one

    Also accepts the parameters of
    :class:`~airflow_spanner_lro.operators.operation.SpannerOperationOperator`.
    """

    kind = COPY_BACKUP
    template_fields = (
        *SpannerOperationOperator.template_fields,
        "instance_id",
        "backup_id",
        "source_backup",
        "expire_time",
        "encryption_type",
        "kms_key_names",
    )

    def __init__(
        self,
        *,
        instance_id: str,
        backup_id: str,
        source_backup: str,
        expire_time: TimeLike,
        encryption_type: str | None = None,
        kms_key_names: KmsKeys | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.instance_id = instance_id
        self.backup_id = backup_id
        self.source_backup = source_backup
        self.expire_time = expire_time
        self.encryption_type = encryption_type
        self.kms_key_names = kms_key_names

    @property
    def target(self) -> BackupName:
        """The copy to make."""
        return BackupName(project=self.project, instance=self.instance_id, backup=self.backup_id)

    @property
    def sources(self) -> tuple[BackupName, ...]:
        """The backup to copy."""
        return (resolve_name(BackupName, self.source_backup, within=self.target),)

    @property
    def signed(self) -> bool:
        """Whether the expiry has digits of our own, by which the copy is known as this try's."""
        return is_signed(self.expire_time)

    @property
    def _expires(self) -> datetime:
        now = datetime.now(tz=UTC)
        moment = parse_time(self.expire_time, now=now, field="expire_time")
        return sign_expire_time(moment, now=now) if self.signed else moment

    def build_request(self) -> Any:
        """Return the CopyBackupRequest."""
        target = self.target
        return self.kind.request_type()(
            parent=str(target.instance_name),
            backup_id=target.backup,
            source_backup=str(self.sources[0]),
            expire_time=self._expires,
            encryption_config=encryption_config(
                type_=self.encryption_type, keys=self.kms_key_names, allowed=DerivedEncryption
            ),
        )


class SpannerUpdateBackupOperator(SpannerImmediateOperator):
    """Change when a backup expires, the one thing of a backup that can be changed.

    Returns the backup as a dictionary. Spanner does it at once, so there is nothing to wait for or
    to cancel, and it can be repeated.

    :param instance_id: instance that holds the backup
    :param backup_id: backup to update
    :param expire_time: when Spanner deletes it: a moment, a time from the start of each try, or
        either as ISO 8601 text, such as ``P30D``; 6 hours to 366 days after it was made

    Also accepts the parameters of
    :class:`~airflow_spanner_lro.operators.base.SpannerImmediateOperator`.
    """

    operator_extra_links = (SpannerBackupLink(), SpannerInstanceLink())
    template_fields = (
        *SpannerImmediateOperator.template_fields,
        "instance_id",
        "backup_id",
        "expire_time",
    )
    verb = "updated"

    def __init__(
        self, *, instance_id: str, backup_id: str, expire_time: TimeLike, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.instance_id = instance_id
        self.backup_id = backup_id
        self.expire_time = expire_time

    @property
    def target(self) -> BackupName:
        """The backup to update."""
        return BackupName(project=self.project, instance=self.instance_id, backup=self.backup_id)

    def build_request(self) -> Any:
        """Return the UpdateBackupRequest."""
        expires = _expire_time_of_existing(self.expire_time)
        return Service.DATABASE_ADMIN.message("UpdateBackupRequest")(
            backup={"name": str(self.target), "expire_time": expires},
            update_mask={"paths": ["expire_time"]},
        )

    def act(self, context: Context) -> dict[str, Any]:  # noqa: ARG002  # needs none
        """Update the backup."""
        request = self.build_request()
        backup = self.hook.client.change(rpc="update_backup", request=request)
        self.log.info("%s expires at %s. %s", self.target.label, backup.expire_time, backup.name)
        return message_to_dict(backup)


class SpannerDeleteBackupOperator(SpannerDeleteResourceOperator):
    """Delete a backup. Succeeds if there is none, so it can be repeated and used as a teardown.

    Deleting a backup that is still being created also cancels its operation. Spanner keeps a backup
    while a copy is made of it, and until a database that was restored from it is optimised.

    :param instance_id: instance that holds the backup
    :param backup_id: backup to delete
    :param wait_for_slot: wait until nothing reads from the backup any more, as ``deferrable`` says
        where; otherwise fail with Spanner's refusal

    Also accepts the parameters of
    :class:`~airflow_spanner_lro.operators.base.SpannerDeleteResourceOperator`.
    """

    template_fields = (*SpannerDeleteResourceOperator.template_fields, "instance_id", "backup_id")

    def __init__(
        self, *, instance_id: str, backup_id: str, wait_for_slot: bool = True, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.instance_id = instance_id
        self.backup_id = backup_id
        self.wait_for_slot = wait_for_slot

    @property
    def target(self) -> BackupName:
        """The backup to delete."""
        return BackupName(project=self.project, instance=self.instance_id, backup=self.backup_id)

    def act(self, context: Context) -> None:
        """Delete the backup.

        :raises LimitReachedError: if something reads from it
        :raises RefusedForNowError: if something reads from it, and what that is cannot be seen
        """
        try:
            super().act(context)
        except Exception as exc:
            if code_of(exc) is not Code.FAILED_PRECONDITION:
                raise
            raise self._in_use(exc) or exc from None

    def _in_use(self, refusal: Exception) -> SpannerLroError | None:
        """Return what to wait for, if the backup is refused to be deleted while it is read."""
        client, target = self.hook.client, self.target
        limit = deletion_limit(client.get_resource(name=target))
        if (
            limit is None
            or (taken := limit_reached(client, limit, refusal, target=target, again=False)) is None
        ):
            return None
        if taken.holders or not self.wait_for_slot:
            return taken
        # such as a reader in an instance that this account may not see into
        return RefusedForNowError(
            target, limit=limit.rule, server_text=error_message(refusal), verb=limit.verb
        )


def is_signed(expires: TimeLike) -> bool:
    """Tell whether an expiry gets digits of our own: a moment that its author wrote never does."""
    return is_relative(expires) and settings.sign_expire_time()


def _expire_time_of_existing(value: TimeLike) -> datetime:
    """Return a moment whose limits count from when an existing backup was made, as Spanner knows.

    :raises InvalidArgumentError: if it is no moment, or has no time zone
    """
    return parse_time(value, now=datetime.now(tz=UTC), field="expire_time")
