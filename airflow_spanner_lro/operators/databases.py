# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Operators that create, restore, update and drop databases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.arguments.choices import field_mask, parse_bool
from airflow_spanner_lro.core.arguments.encryption import (
    DerivedEncryption,
    database_encryption_config,
    encryption_config,
)
from airflow_spanner_lro.core.ddl.lexer import Dialect
from airflow_spanner_lro.core.errors import InvalidArgumentError
from airflow_spanner_lro.core.kinds import CREATE_DATABASE, RESTORE_DATABASE, UPDATE_DATABASE
from airflow_spanner_lro.core.names import BackupName, DatabaseName, resolve_name
from airflow_spanner_lro.core.operations.snapshot import FollowUp
from airflow_spanner_lro.core.status import ErrorClass, classify
from airflow_spanner_lro.operators.base import SpannerDeleteResourceOperator
from airflow_spanner_lro.operators.operation import SpannerOperationOperator
from airflow_spanner_lro.operators.schemas import TakesDdl, proto_descriptors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_spanner_lro.admin.client import SpannerAdminClient
    from airflow_spanner_lro.core.arguments.choices import BoolLike
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot


_UPDATABLE = ("enable_drop_protection", "kms_key_names")
"""The arguments that stand for what of a database can be updated."""


def update_request(target: DatabaseName, **changes: Any) -> Any:
    """Return the request that changes these fields of a database, and no other.

    :raises InvalidArgumentError: if there are none
    """
    mask = field_mask(changes, arguments=_UPDATABLE)
    return UPDATE_DATABASE.request_type()(
        database={"name": str(target), **changes}, update_mask=mask
    )


def protect_database(target: DatabaseName, *, client: SpannerAdminClient) -> FollowUp | None:
    """Return the operation to wait for until a database is protected; None if it is.

    An update that is pending comes first, whoever started it: Spanner does one at a time, and it
    may be this very one, of an earlier try.
    """
    if client.get_resource(name=target).enable_drop_protection:
        return None
    for operation in client.list(resource=target):
        if operation.kind is UPDATE_DATABASE and not operation.done:
            return FollowUp(name=operation.name)
    request = update_request(target, enable_drop_protection=True)
    return FollowUp(name=client.start(kind=UPDATE_DATABASE, request=request).name, ours=True)


class SpannerCreateDatabaseOperator(TakesDdl, SpannerOperationOperator):
    """Create a database.

    Returns the database as a dictionary. Whether Spanner removes a database whose creation is
    cancelled, on kill or on timeout, is not documented; ``clean_up=True`` drops one that was
    finished before the cancel took hold. If an extra statement fails, there is no database either.

    Drop protection is set by an operation of its own as soon as the database is there. The task
    waits for both, and a retry sets what an earlier try did not get to.

    :param instance_id: instance for the new database
    :param database_id: id of the new database
    :param dialect: ``GOOGLE_STANDARD_SQL`` or ``POSTGRESQL``
    :param extra_statements: DDL statements or ``.sql`` files that make the schema, in one step with
        the database; none for PostgreSQL, where a schema change has to follow. As for
        ``SpannerUpdateDatabaseDdlOperator``, an item of a list is one statement or one file, and
        what a template puts in adds no statement
    :param enable_drop_protection: refuse to drop the database, or its instance, from then on
    :param kms_key_names: Cloud KMS keys to encrypt it with: one, or those that together cover all
        regions of the instance; by default Google's
    :param proto_descriptors_file: file on the worker with the ``FileDescriptorSet`` for extra
        statements that create a proto bundle; absolute, or as seen from the Dag's file

    Also accepts the parameters of
    :class:`~airflow_spanner_lro.operators.operation.SpannerOperationOperator`.
    """

    kind = CREATE_DATABASE
    template_fields = (
        *SpannerOperationOperator.template_fields,
        "instance_id",
        "database_id",
        "dialect",
        "extra_statements",
        "enable_drop_protection",
        "kms_key_names",
        "proto_descriptors_file",
    )
    ddl_field = "extra_statements"
    template_fields_renderers = {"extra_statements": "sql"}  # noqa: RUF012  # as Airflow declares it

    def __init__(
        self,
        *,
        instance_id: str,
        database_id: str,
        dialect: str = Dialect.GOOGLE_STANDARD_SQL.value,
        extra_statements: str | Sequence[str] | None = None,
        enable_drop_protection: BoolLike = False,
        kms_key_names: str | Sequence[str] | None = None,
        proto_descriptors_file: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.instance_id = instance_id
        self.database_id = database_id
        self.dialect = dialect
        self.extra_statements = extra_statements
        self._note_origin(extra_statements)
        self.enable_drop_protection = enable_drop_protection
        self.kms_key_names = kms_key_names
        self.proto_descriptors_file = proto_descriptors_file

    @property
    def target(self) -> DatabaseName:
        """The database to make."""
        return DatabaseName(
            project=self.project, instance=self.instance_id, database=self.database_id
        )

    def build_request(self) -> Any:
        """Return the CreateDatabaseRequest."""
        dialect = Dialect.of(self.dialect, field="dialect")
        if self._protects and not self.wait_for_completion:
            raise InvalidArgumentError(
                field="enable_drop_protection",
                value=self.enable_drop_protection,
                rule="protection comes after the creation, so wait_for_completion must be True",
            )
        return self.kind.request_type()(
            parent=str(self.target.instance_name),
            create_statement=f"CREATE DATABASE {dialect.quoted(self.target.database)}",
            extra_statements=self._extra_statements(dialect),
            encryption_config=database_encryption_config(keys=self.kms_key_names),
            database_dialect=dialect.value,
            proto_descriptors=proto_descriptors(self.proto_descriptors_file, operator=self),
        )

    def follow_up(self, snapshot: OperationSnapshot) -> FollowUp | None:  # noqa: ARG002  # asks what is true now
        """Return the operation that protects the database, if it is to be and is not yet."""
        if not self._protects:
            return None
        client, target = self.hook.client, self.target
        if self._run is None:
            return protect_database(target, client=client)

        def attempt() -> FollowUp | Exception | None:
            try:
                return protect_database(target, client=client)
            except Exception as exc:
                # an update whose answer was lost is the next try's to find
                if classify(exc) is ErrorClass.QUOTA:
                    raise
                return exc

        found = self._run.wait.retry_transient(attempt)
        if isinstance(found, Exception):
            raise found
        return found

    @property
    def _protects(self) -> bool:
        return parse_bool(self.enable_drop_protection, field="enable_drop_protection")

    def _extra_statements(self, dialect: Dialect) -> list[str]:
        given = self.extra_statements
        if given is None or given in ([], ()):
            return []
        if dialect is Dialect.POSTGRESQL:
            raise InvalidArgumentError(
                field="extra_statements",
                value=given,
                rule="Spanner creates PostgreSQL databases without a schema; "
                "add a SpannerUpdateDatabaseDdlOperator after it",
            )
        return self._ddl(dialect=lambda: dialect)


class SpannerRestoreDatabaseOperator(SpannerOperationOperator):
    """Restore a backup into a new database.

    Returns the database as a dictionary. A restore that is cancelled, on kill or on timeout, leaves
    no database; one that was finished before the cancel took hold stays, unless ``clean_up=True``.
    After the restore Spanner optimises the database for hours, while it can be used already; that
    follow-up cannot be cancelled.

    :param instance_id: instance for the new database, of the same configuration as the backup's
    :param database_id: id of the new database
    :param source_backup: backup to restore: an id in the same instance, or a full name
    :param wait_for_optimize: also wait until the restored database is optimised and READY
    :param encryption_type: ``USE_CONFIG_DEFAULT_OR_BACKUP_ENCRYPTION``, which is the default,
        ``GOOGLE_DEFAULT_ENCRYPTION`` or ``CUSTOMER_MANAGED_ENCRYPTION``
    :param kms_key_names: Cloud KMS keys to encrypt it with: one, or those that together cover all
        regions of the instance

    Also accepts the parameters of
    :class:`~airflow_spanner_lro.operators.operation.SpannerOperationOperator`.
    """

    kind = RESTORE_DATABASE
    template_fields = (
        *SpannerOperationOperator.template_fields,
        "instance_id",
        "database_id",
        "source_backup",
        "encryption_type",
        "kms_key_names",
    )

    def __init__(
        self,
        *,
        instance_id: str,
        database_id: str,
        source_backup: str,
        wait_for_optimize: bool = False,
        encryption_type: str | None = None,
        kms_key_names: str | Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.instance_id = instance_id
        self.database_id = database_id
        self.source_backup = source_backup
        self.wait_for_optimize = wait_for_optimize
        self.encryption_type = encryption_type
        self.kms_key_names = kms_key_names

    @property
    def target(self) -> DatabaseName:
        """The database to make."""
        return DatabaseName(
            project=self.project, instance=self.instance_id, database=self.database_id
        )

    def build_request(self) -> Any:
        """Return the RestoreDatabaseRequest."""
        return self.kind.request_type()(
            parent=str(self.target.instance_name),
            database_id=self.target.database,
            backup=str(resolve_name(BackupName, self.source_backup, within=self.target)),
            encryption_config=encryption_config(
                type_=self.encryption_type, keys=self.kms_key_names, allowed=DerivedEncryption
            ),
        )

    def follow_up(self, snapshot: OperationSnapshot) -> FollowUp | None:
        """Return the operation that optimises the database, if it is to be waited for."""
        name = snapshot.follow_up if self.wait_for_optimize else None
        return FollowUp(name=name) if name else None


class SpannerUpdateDatabaseOperator(SpannerOperationOperator):
    """Change what of a database is not in its schema; what is not given stays as it is.

    Returns the database as a dictionary. An update that is cancelled, on kill or on timeout, is
    undone by Spanner. Spanner does one update of a database at a time.

    :param instance_id: instance that holds the database
    :param database_id: database to update
    :param enable_drop_protection: whether to refuse to drop the database, or its instance
    :param kms_key_names: Cloud KMS keys to encrypt it with from now on, one or several; for
        databases that have keys of yours already

    Also accepts the parameters of
    :class:`~airflow_spanner_lro.operators.operation.SpannerOperationOperator`.
    """

    kind = UPDATE_DATABASE
    template_fields = (
        *SpannerOperationOperator.template_fields,
        "instance_id",
        "database_id",
        "enable_drop_protection",
        "kms_key_names",
    )

    def __init__(
        self,
        *,
        instance_id: str,
        database_id: str,
        enable_drop_protection: BoolLike | None = None,
        kms_key_names: str | Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.instance_id = instance_id
        self.database_id = database_id
        self.enable_drop_protection = enable_drop_protection
        self.kms_key_names = kms_key_names

    @property
    def target(self) -> DatabaseName:
        """The database to update."""
        return DatabaseName(
            project=self.project, instance=self.instance_id, database=self.database_id
        )

    def build_request(self) -> Any:
        """Return the UpdateDatabaseRequest, whose mask has what was given."""
        changes: dict[str, Any] = {}
        if self.enable_drop_protection is not None:
            changes["enable_drop_protection"] = parse_bool(
                self.enable_drop_protection, field="enable_drop_protection"
            )
        if self.kms_key_names is not None:
            changes["encryption_config"] = database_encryption_config(keys=self.kms_key_names)
        return update_request(self.target, **changes)


class SpannerDropDatabaseOperator(SpannerDeleteResourceOperator):
    """Drop a database. Succeeds if there is none, so it can be repeated and used as a teardown.

    Its backups stay. Spanner refuses to drop a database that is protected or being backed up.

    :param instance_id: instance that holds the database
    :param database_id: database to drop

    Also accepts the parameters of
    :class:`~airflow_spanner_lro.operators.base.SpannerDeleteResourceOperator`.
    """

    template_fields = (*SpannerDeleteResourceOperator.template_fields, "instance_id", "database_id")

    def __init__(self, *, instance_id: str, database_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.instance_id = instance_id
        self.database_id = database_id

    @property
    def target(self) -> DatabaseName:
        """The database to drop."""
        return DatabaseName(
            project=self.project, instance=self.instance_id, database=self.database_id
        )
