# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""RPCs about databases: create, restore, get, list, update, drop, change the quorum."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

from google.cloud import spanner_admin_database_v1 as database_v1
from google.protobuf import empty_pb2

from airflow_spanner_lro.core.ddl.lexer import Dialect
from airflow_spanner_lro.core.kinds import (
    CREATE_DATABASE,
    RESTORE_DATABASE,
    UPDATE_DATABASE,
    Service,
)
from airflow_spanner_lro.core.names import BackupName, DatabaseName, InstanceName
from airflow_spanner_lro.emulator import errors, protos
from airflow_spanner_lro.emulator.backups.model import require_backups
from airflow_spanner_lro.emulator.configs.base_configs import ConfigTopology
from airflow_spanner_lro.emulator.databases.encryption import (
    checked_encryption,
    named_keys,
    restored_encryption,
)
from airflow_spanner_lro.emulator.databases.model import (
    Database,
    DatabaseState,
    Origin,
    database_message,
)
from airflow_spanner_lro.emulator.databases.operations import (
    CHANGE_QUORUM,
    CreationDetails,
    QuorumDetails,
    RestoreDetails,
    UpdateDetails,
    drop_database,
)
from airflow_spanner_lro.emulator.instances.capacity import SMALL_STEP, UNITS_PER_NODE, units_of
from airflow_spanner_lro.emulator.instances.model import is_free
from airflow_spanner_lro.emulator.operations.registry import operation_message
from airflow_spanner_lro.emulator.pagination import page_for
from airflow_spanner_lro.emulator.rpc import Servicer, rpc
from airflow_spanner_lro.emulator.schemas.model import Schema
from airflow_spanner_lro.emulator.schemas.service import check_database_options, checked_descriptors
from airflow_spanner_lro.emulator.schemas.statements import DdlStatement, database_id_of

if TYPE_CHECKING:
    from datetime import datetime

    from google.longrunning import operations_pb2

    from airflow_spanner_lro.emulator.world import World

_PER_SMALL_STEP = 10
"""How many databases there can be for every hundred processing units, below a node."""
_DROP_PROTECTION = "enable_drop_protection"
_ENCRYPTION = frozenset(
    {"encryption_config", "encryption_config.kms_key_name", "encryption_config.kms_key_names"}
)
_USUAL = (timedelta(minutes=2),)


class DatabaseService(Servicer):
    """Create, restore, get, list, update and drop databases, and change their quorum."""

    service: ClassVar[str] = Service.DATABASE_ADMIN

    @rpc
    def CreateDatabase(
        self, request: database_v1.CreateDatabaseRequest, now: datetime
    ) -> operations_pb2.Operation:
        """Create a database; a statement that cannot be applied means no database."""
        instance = InstanceName.parse(request.parent)
        resources = self.world.resources
        if not request.create_statement:
            raise errors.missing_field("create_statement")
        dialect = _dialect_of(request)
        encryption = None
        if "encryption_config" in request:
            encryption = checked_encryption(request.encryption_config)
        descriptors = checked_descriptors(request.proto_descriptors)
        # before the statements are read, as in Google's own emulator
        resources.instances.get(instance)
        name = DatabaseName(
            project=instance.project,
            instance=instance.instance,
            database=database_id_of(request.create_statement, dialect=dialect),
        )
        statements = _first_statements(request, dialect)
        resources.ready_instance(instance)
        resources.databases.require_new(name)
        resources.require_usable_keys(instance, _keys_of(encryption))
        schema = Schema()
        for statement in statements:
            check_database_options(statement, name, resources)
            schema = schema.apply(statement, proto_descriptors=descriptors)
        self.world.operations.require_no_move(instance)
        require_room(self.world, name)
        database = Database(
            name=name,
            serial=self.world.next_serial(),
            state=DatabaseState.CREATING,
            create_time=now,
            dialect=dialect.number,
            history=((now, Schema()),),
            encryption=encryption,
        )
        resources.databases.put(name, database)
        operation = self.world.start(
            kind=CREATE_DATABASE,
            target=name,
            details=CreationDetails(schema=schema),
            now=now,
        )
        return operation_message(operation, now=now)

    @rpc
    def GetDatabase(
        self, request: database_v1.GetDatabaseRequest, now: datetime
    ) -> database_v1.Database:
        """Get a database in whatever state it is."""
        database = self.world.resources.database(DatabaseName.parse(request.name))
        return database_message(database, now=now)

    @rpc
    def ListDatabases(
        self, request: database_v1.ListDatabasesRequest, now: datetime
    ) -> database_v1.ListDatabasesResponse:
        """List the databases of an instance, by name."""
        instance = InstanceName.parse(request.parent)
        self.world.resources.instances.get(instance)
        page, token = page_for(
            request,
            self.world.resources.databases.of_instance(instance),
            key=lambda row: (row.name.database,),
        )
        return database_v1.ListDatabasesResponse(
            databases=[database_message(row, now=now) for row in page],
            next_page_token=token,
        )

    @rpc
    def DropDatabase(
        self, request: database_v1.DropDatabaseRequest, now: datetime
    ) -> empty_pb2.Empty:
        """Drop a database; dropping one that is not there is fine, as in production."""
        name = DatabaseName.parse(request.database)
        resources = self.world.resources
        resources.instances.get(name.instance_name)
        database = resources.databases.find(name)
        if database is None:
            return empty_pb2.Empty()
        resources.usable_database(name)
        if database.drop_protection:
            raise errors.drop_protected(name, deleting=name)
        if pending := resources.backups.pending_of(name):
            raise errors.backup_pending(name, backup=pending[0].name)
        drop_database(self.world, name, now=now)
        return empty_pb2.Empty()

    @rpc
    def RestoreDatabase(
        self, request: database_v1.RestoreDatabaseRequest, now: datetime
    ) -> operations_pb2.Operation:
        """Start a restore; when it succeeds, the service goes on by optimizing the database."""
        parent = InstanceName.parse(request.parent)
        resources = self.world.resources
        name = DatabaseName(
            project=parent.project, instance=parent.instance, database=request.database_id
        )
        if not request.backup:
            raise errors.missing_field("backup")
        backup_name = BackupName.parse(request.backup)
        if backup_name.project != parent.project:
            raise errors.other_project(backup_name, instance=parent)
        instance = resources.ready_instance(parent)
        require_backups(instance)
        resources.databases.require_new(name)
        backup = resources.backup(backup_name)
        if not backup.ready:
            raise errors.not_ready(backup_name)
        if backup.expired:
            raise errors.restored_source_expired(backup_name)
        if resources.instances.get(backup_name.instance_name).config != instance.config:
            raise errors.other_config(backup_name, instance=parent)
        encryption = restored_encryption(request, inherited=backup.kms_keys)
        resources.require_usable_keys(parent, _keys_of(encryption))
        self.world.operations.require_no_move(parent)
        require_room(self.world, name)
        self._check_limit(name)
        origin = Origin(
            backup=backup_name,
            backup_serial=backup.serial,
            version_time=backup.version_time,
            create_time=backup.create_time,
            source_database=backup.database,
        )
        database = Database(
            name=name,
            serial=self.world.next_serial(),
            state=DatabaseState.CREATING,
            create_time=now,
            dialect=backup.dialect,
            history=((now, backup.schema.for_database(name.database)),),
            size_bytes=backup.data_bytes,
            origin=origin,
            encryption=encryption,
        )
        resources.databases.put(name, database)
        details = RestoreDetails(origin=origin, optimize=self.world.operations.new_name(name))
        operation = self.world.start(
            kind=RESTORE_DATABASE,
            target=name,
            details=details,
            now=now,
            size_bytes=backup.data_bytes,
        )
        return operation_message(operation, now=now)

    @rpc
    def UpdateDatabase(
        self, request: database_v1.UpdateDatabaseRequest, now: datetime
    ) -> operations_pb2.Operation:
        """Start to update a database; until the operation ends, it has its old values."""
        name = DatabaseName.parse(request.database.name)
        details = _details(request)
        database = self.world.resources.usable_database(name)
        if details.encryption is not None and database.encryption is None:
            raise errors.not_customer_managed(name)
        self.world.resources.require_usable_keys(name.instance_name, _keys_of(details.encryption))
        if database.reconciling:
            raise errors.second_update(name)
        self.world.resources.databases.put(name, replace(database, reconciling=True))
        operation = self.world.start(kind=UPDATE_DATABASE, target=name, details=details, now=now)
        return operation_message(operation, now=now)

    @rpc
    def ChangeQuorum(
        self, request: protos.ChangeQuorumRequest, now: datetime
    ) -> operations_pb2.Operation:
        """Start to change the quorum of a database from two regions to one, or back."""
        name = DatabaseName.parse(request.name)
        if not request.quorum_type.WhichOneof("type"):
            raise errors.missing_field("quorum_type")
        database = self.world.resources.usable_database(name)
        location = self._location(request, database)
        if request.etag and request.etag != database.quorum_etag:
            raise errors.wrong_quorum_etag(name)
        if self.world.operations.pending(kind=CHANGE_QUORUM, target=name):
            raise errors.quorum_in_change(name)
        if location == database.quorum.serving_location:
            raise errors.same_quorum(name)
        operation = self.world.start(
            kind=CHANGE_QUORUM,
            target=name,
            details=QuorumDetails(request=request, serving_location=location),
            now=now,
            usual=_USUAL,
        )
        return operation_message(operation, now=now)

    def _check_limit(self, name: DatabaseName) -> None:
        instance = name.instance_name
        pending = [
            operation
            for operation in self.world.operations.pending(kind=RESTORE_DATABASE)
            if isinstance(operation.target, DatabaseName)
            and operation.target.instance_name == instance
        ]
        limit = self.world.limits.pending_restores
        if len(pending) >= limit:
            raise errors.too_many_restores(name, instance=instance, limit=limit)

    def _location(self, request: protos.ChangeQuorumRequest, database: Database) -> str:
        """Return the one region that is to decide; empty for both."""
        instance = self.world.resources.instances.get(database.name.instance_name)
        base = self.world.resources.configs.base_of(instance.config)
        if base is None or base.topology is not ConfigTopology.DUAL_REGION:
            raise errors.not_dual_region(database.name)
        if request.quorum_type.WhichOneof("type") == "dual_region":
            return ""
        location = request.quorum_type.single_region.serving_location
        if location not in base.writers:
            raise errors.bad_serving_location(location)
        return location


def _first_statements(
    request: database_v1.CreateDatabaseRequest, dialect: Dialect
) -> list[DdlStatement]:
    """Return the statements that a database begins with."""
    if request.extra_statements and dialect is Dialect.POSTGRESQL:
        raise errors.no_extra_statements()
    return [DdlStatement.parse(text, dialect=dialect) for text in request.extra_statements]


def _keys_of(encryption: database_v1.EncryptionConfig | None) -> tuple[str, ...]:
    return () if encryption is None else named_keys(encryption)


def _dialect_of(request: database_v1.CreateDatabaseRequest) -> Dialect:
    # read from the plain message, as proto-plus warns of numbers that it does not know;
    # unset is 0, and means the first of the two
    plain = database_v1.CreateDatabaseRequest.pb(request)
    number = plain.database_dialect or Dialect.GOOGLE_STANDARD_SQL.number
    try:
        return Dialect.of_number(number)
    except ValueError:
        raise errors.bad_dialect(number) from None


def require_room(world: World, name: DatabaseName) -> None:
    """Make sure that an instance can hold one more database.

    :raises RpcError: RESOURCE_EXHAUSTED if it cannot.
    """
    limit = world.limits.databases
    message = world.resources.instances.get(name.instance_name).message
    units = units_of(message)
    if is_free(message):
        limit = min(limit, world.limits.free_databases)
    if 0 < units < UNITS_PER_NODE:
        limit = min(limit, units // SMALL_STEP * _PER_SMALL_STEP)
    if len(world.resources.databases.of_instance(name.instance_name)) >= limit:
        raise errors.too_many_databases(name, limit=limit)


def _details(request: database_v1.UpdateDatabaseRequest) -> UpdateDetails:
    """Return what a request sets.

    :raises RpcError: if it sets nothing, or what cannot be set.
    """
    paths = list(request.update_mask.paths)
    if not paths:
        raise errors.no_mask("update_mask")
    for path in paths:
        if path != _DROP_PROTECTION and path not in _ENCRYPTION:
            raise errors.immutable_database_field(path)
    details = UpdateDetails(request=database_v1.UpdateDatabaseRequest(request))
    if _DROP_PROTECTION in paths:
        details = replace(details, drop_protection=request.database.enable_drop_protection)
    if not _ENCRYPTION.isdisjoint(paths):
        encryption = checked_encryption(request.database.encryption_config)
        if encryption is None:
            raise errors.missing_field("database.encryption_config.kms_key_names")
        details = replace(details, encryption=encryption)
    return details
