# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Which RPC answers which HTTP request, as the service's own annotations say it.

One table, so that it can be compared with the clients' tables line by line. Each RPC in it has a
handler; other paths are not found.
"""

from __future__ import annotations

from dataclasses import dataclass

from airflow_spanner_lro.core.kinds import Service

WHOLE_BODY = "*"
"""The body is the whole request, not one field of it."""

_PROJECT = "projects/*"
_CONFIG = "projects/*/instanceConfigs/*"
_INSTANCE = "projects/*/instances/*"
_PARTITION = f"{_INSTANCE}/instancePartitions/*"
_DATABASE = f"{_INSTANCE}/databases/*"
_BACKUP = f"{_INSTANCE}/backups/*"
_SCHEDULE = f"{_DATABASE}/backupSchedules/*"
_ROLE = f"{_DATABASE}/databaseRoles/*"

# no RPC here deals with SSD caches, yet the clients know the operations of them
_PARENTS_OF_OPERATIONS = (
    _DATABASE,
    _INSTANCE,
    _BACKUP,
    _PARTITION,
    _CONFIG,
    f"{_CONFIG}/ssdCaches/*",
)


@dataclass(frozen=True, slots=True)
class Route:
    """One HTTP request that means an RPC.

    :param rpc: the RPC's path on the wire of gRPC
    :param verb: the HTTP verb
    :param uri: the template of the path, with the fields that it fills in
    :param body: the field that the body is, ``*`` for the whole request, or None for no body
    """

    rpc: str
    verb: str
    uri: str
    body: str | None = None


def _database(name: str, verb: str, uri: str, body: str | None = None) -> Route:
    return Route(f"/{Service.DATABASE_ADMIN}/{name}", verb, f"/v1/{uri}", body)


def _instance(name: str, verb: str, uri: str, body: str | None = None) -> Route:
    return Route(f"/{Service.INSTANCE_ADMIN}/{name}", verb, f"/v1/{uri}", body)


def _operations() -> tuple[Route, ...]:
    prefix = "/google.longrunning.Operations"
    routes: list[Route] = []
    for parent in _PARENTS_OF_OPERATIONS:
        one, every = f"/v1/{{name={parent}/operations/*}}", f"/v1/{{name={parent}/operations}}"
        routes += [
            Route(f"{prefix}/ListOperations", "GET", every),
            Route(f"{prefix}/GetOperation", "GET", one),
            Route(f"{prefix}/CancelOperation", "POST", f"{one}:cancel"),
            Route(f"{prefix}/DeleteOperation", "DELETE", one),
        ]
    return tuple(routes)


def _access(service: str, verb: str, name: str, *resources: str) -> tuple[Route, ...]:
    return tuple(
        Route(f"/{service}/{name}", "POST", f"/v1/{{resource={each}}}:{verb}", WHOLE_BODY)
        for each in resources
    )


_DATABASES = (
    _database("ListDatabases", "GET", f"{{parent={_INSTANCE}}}/databases"),
    _database("CreateDatabase", "POST", f"{{parent={_INSTANCE}}}/databases", WHOLE_BODY),
    _database("GetDatabase", "GET", f"{{name={_DATABASE}}}"),
    _database("UpdateDatabase", "PATCH", f"{{database.name={_DATABASE}}}", "database"),
    _database("DropDatabase", "DELETE", f"{{database={_DATABASE}}}"),
    _database("GetDatabaseDdl", "GET", f"{{database={_DATABASE}}}/ddl"),
    _database("UpdateDatabaseDdl", "PATCH", f"{{database={_DATABASE}}}/ddl", WHOLE_BODY),
    _database("RestoreDatabase", "POST", f"{{parent={_INSTANCE}}}/databases:restore", WHOLE_BODY),
    # in the service's reference and in gcloud, not in the Python client
    _database("ChangeQuorum", "POST", f"{{name={_DATABASE}}}:changequorum", WHOLE_BODY),
    _database("AddSplitPoints", "POST", f"{{database={_DATABASE}}}:addSplitPoints", WHOLE_BODY),
    _database("ListDatabaseRoles", "GET", f"{{parent={_DATABASE}}}/databaseRoles"),
    _database("ListDatabaseOperations", "GET", f"{{parent={_INSTANCE}}}/databaseOperations"),
)

_BACKUPS = (
    _database("ListBackups", "GET", f"{{parent={_INSTANCE}}}/backups"),
    _database("CreateBackup", "POST", f"{{parent={_INSTANCE}}}/backups", "backup"),
    _database("CopyBackup", "POST", f"{{parent={_INSTANCE}}}/backups:copy", WHOLE_BODY),
    _database("GetBackup", "GET", f"{{name={_BACKUP}}}"),
    _database("UpdateBackup", "PATCH", f"{{backup.name={_BACKUP}}}", "backup"),
    _database("DeleteBackup", "DELETE", f"{{name={_BACKUP}}}"),
    _database("ListBackupOperations", "GET", f"{{parent={_INSTANCE}}}/backupOperations"),
)

_SCHEDULES = (
    _database("ListBackupSchedules", "GET", f"{{parent={_DATABASE}}}/backupSchedules"),
    _database(
        "CreateBackupSchedule", "POST", f"{{parent={_DATABASE}}}/backupSchedules", "backup_schedule"
    ),
    _database("GetBackupSchedule", "GET", f"{{name={_SCHEDULE}}}"),
    _database(
        "UpdateBackupSchedule", "PATCH", f"{{backup_schedule.name={_SCHEDULE}}}", "backup_schedule"
    ),
    _database("DeleteBackupSchedule", "DELETE", f"{{name={_SCHEDULE}}}"),
)

_INSTANCES = (
    _instance("ListInstances", "GET", f"{{parent={_PROJECT}}}/instances"),
    _instance("CreateInstance", "POST", f"{{parent={_PROJECT}}}/instances", WHOLE_BODY),
    _instance("GetInstance", "GET", f"{{name={_INSTANCE}}}"),
    _instance("UpdateInstance", "PATCH", f"{{instance.name={_INSTANCE}}}", WHOLE_BODY),
    _instance("DeleteInstance", "DELETE", f"{{name={_INSTANCE}}}"),
    _instance("MoveInstance", "POST", f"{{name={_INSTANCE}}}:move", WHOLE_BODY),
)

_CONFIGS = (
    _instance("ListInstanceConfigs", "GET", f"{{parent={_PROJECT}}}/instanceConfigs"),
    _instance("CreateInstanceConfig", "POST", f"{{parent={_PROJECT}}}/instanceConfigs", WHOLE_BODY),
    _instance("GetInstanceConfig", "GET", f"{{name={_CONFIG}}}"),
    _instance("UpdateInstanceConfig", "PATCH", f"{{instance_config.name={_CONFIG}}}", WHOLE_BODY),
    _instance("DeleteInstanceConfig", "DELETE", f"{{name={_CONFIG}}}"),
    _instance(
        "ListInstanceConfigOperations", "GET", f"{{parent={_PROJECT}}}/instanceConfigOperations"
    ),
)

_PARTITIONS = (
    _instance("ListInstancePartitions", "GET", f"{{parent={_INSTANCE}}}/instancePartitions"),
    _instance(
        "CreateInstancePartition",
        "POST",
        f"{{parent={_INSTANCE}}}/instancePartitions",
        WHOLE_BODY,
    ),
    _instance("GetInstancePartition", "GET", f"{{name={_PARTITION}}}"),
    _instance(
        "UpdateInstancePartition",
        "PATCH",
        f"{{instance_partition.name={_PARTITION}}}",
        WHOLE_BODY,
    ),
    _instance("DeleteInstancePartition", "DELETE", f"{{name={_PARTITION}}}"),
    _instance(
        "ListInstancePartitionOperations",
        "GET",
        f"{{parent={_INSTANCE}}}/instancePartitionOperations",
    ),
)

_GUARDED = (_DATABASE, _BACKUP, _SCHEDULE)
_D, _I = Service.DATABASE_ADMIN, Service.INSTANCE_ADMIN
_PERMISSIONS = (
    *_access(_D, "getIamPolicy", "GetIamPolicy", *_GUARDED),
    *_access(_D, "setIamPolicy", "SetIamPolicy", *_GUARDED),
    *_access(_D, "testIamPermissions", "TestIamPermissions", *_GUARDED, _ROLE),
    *_access(_I, "getIamPolicy", "GetIamPolicy", _INSTANCE),
    *_access(_I, "setIamPolicy", "SetIamPolicy", _INSTANCE),
    *_access(_I, "testIamPermissions", "TestIamPermissions", _INSTANCE),
)

ROUTES: tuple[Route, ...] = (
    *_DATABASES,
    *_BACKUPS,
    *_SCHEDULES,
    *_INSTANCES,
    *_CONFIGS,
    *_PARTITIONS,
    *_PERMISSIONS,
    *_operations(),
)
"""All of them; no two match the same request."""
