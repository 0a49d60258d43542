# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Which RPC answers which HTTP request, as the service's own annotations (google.api.http) say it.

One table of rules, so that it can be compared with the clients' tables line by line. Each RPC in it
has a handler; other paths are not found. A rule's path is a template whose segments are words or
``*``, with names for runs of them, and perhaps a custom verb after a colon at the end:
``/v1/{name=projects/*/instances/*}:move``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from airflow_spanner_lro.core.kinds import Service

if TYPE_CHECKING:
    from collections.abc import Iterable


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
class HttpRule:
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


def _database(name: str, verb: str, uri: str, body: str | None = None) -> HttpRule:
    return HttpRule(f"/{Service.DATABASE_ADMIN}/{name}", verb, f"/v1/{uri}", body)


def _instance(name: str, verb: str, uri: str, body: str | None = None) -> HttpRule:
    return HttpRule(f"/{Service.INSTANCE_ADMIN}/{name}", verb, f"/v1/{uri}", body)


def _operations() -> tuple[HttpRule, ...]:
    prefix = "/google.longrunning.Operations"
    routes: list[HttpRule] = []
    for parent in _PARENTS_OF_OPERATIONS:
        one, every = f"/v1/{{name={parent}/operations/*}}", f"/v1/{{name={parent}/operations}}"
        routes += [
            HttpRule(f"{prefix}/ListOperations", "GET", every),
            HttpRule(f"{prefix}/GetOperation", "GET", one),
            HttpRule(f"{prefix}/CancelOperation", "POST", f"{one}:cancel"),
            HttpRule(f"{prefix}/DeleteOperation", "DELETE", one),
        ]
    return tuple(routes)


def _access(service: str, verb: str, name: str, *resources: str) -> tuple[HttpRule, ...]:
    return tuple(
        HttpRule(f"/{service}/{name}", "POST", f"/v1/{{resource={each}}}:{verb}", WHOLE_BODY)
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

HTTP_RULES: tuple[HttpRule, ...] = (
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


_VARIABLE = re.compile(r"\{([\w.]+)=([^}]+)\}")
# a slash within a name stays as it was sent, because decoded it would be a separator
_SLASH = re.compile("(%2[Ff])")
_ANY = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class PathTemplate:
    """A compiled URI template.

    :param segments: words, or ``*`` for any that is not empty
    :param verb: the custom verb, if there is one
    :param variables: a field path each, with the first segment of it and the one after the last
    """

    segments: tuple[str, ...]
    verb: str
    variables: tuple[tuple[str, int, int], ...]

    @classmethod
    def parse(cls, uri: str) -> PathTemplate:
        """Compile a template."""
        variables = []
        for found in _VARIABLE.finditer(uri):
            start = _VARIABLE.sub(r"\2", uri[: found.start()]).count("/") - 1
            length = found[2].count("/") + 1
            variables.append((found[1], start, start + length))
        path, _, verb = _VARIABLE.sub(r"\2", uri).partition(":")
        return cls(segments=tuple(path[1:].split("/")), verb=verb, variables=tuple(variables))

    def match(self, segments: tuple[str, ...]) -> dict[str, str] | None:
        """Return the variables that a path of as many segments fills in, or None."""
        pairs = zip(self.segments, segments, strict=True)
        if not all(sent if wanted == _ANY else sent == wanted for wanted, sent in pairs):
            return None
        return {
            field: "/".join(map(_decode, segments[start:stop]))
            for field, start, stop in self.variables
        }


@dataclass(frozen=True, slots=True)
class RouteMatch:
    """A route, and what the path says about the request."""

    route: HttpRule
    variables: dict[str, str]


class Router:
    """Finds the route of a request."""

    def __init__(self, routes: Iterable[HttpRule]) -> None:
        self._routes: dict[tuple[str, str, int], list[tuple[PathTemplate, HttpRule]]] = {}
        for route in routes:
            template = PathTemplate.parse(route.uri)
            key = (route.verb, template.verb, len(template.segments))
            self._routes.setdefault(key, []).append((template, route))
        self._verbs = {verb for _, verb, _ in self._routes if verb}

    def find(self, verb: str, path: str) -> RouteMatch | None:
        """Return the route of a request, or None.

        :param verb: the HTTP verb
        :param path: as it was sent, percent-encoded
        """
        path, custom = self._split(path)
        segments = tuple(path[1:].split("/"))
        for template, route in self._routes.get((verb, custom, len(segments)), ()):
            variables = template.match(segments)
            if variables is not None:
                return RouteMatch(route, variables)
        return None

    def _split(self, path: str) -> tuple[str, str]:
        """Take a custom verb off; other colons are part of a name, as in ``example.com:one``."""
        rest, _, verb = path.rpartition(":")
        return (rest, verb) if verb in self._verbs else (path, "")


def _decode(segment: str) -> str:
    parts = _SLASH.split(segment)
    return "".join(part if _SLASH.fullmatch(part) else unquote(part) for part in parts)
