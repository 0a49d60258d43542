# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Parse, check and format resource names, as values.

Every id is checked when a name is made, so a name that exists is a name Spanner could have given.
Patterns are those of the admin API's reference (``database_id``, ``backup_id``, ``instance_id``).
A name is always full; only people abbreviate, and ``resolve_name`` reads what they write.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, ClassVar, Self, TypeVar

from airflow_spanner_lro.core.errors import InvalidNameError

if TYPE_CHECKING:
    from collections.abc import Collection


@dataclass(frozen=True, slots=True)
class _IdRule:
    """What one id must look like: the pattern, and the pattern in words."""

    pattern: re.Pattern[str]
    description: str

    def check(self, *, field: str, value: object) -> None:
        if not isinstance(value, str) or not self.pattern.fullmatch(value):
            raise InvalidNameError(field=f"{field} id", value=value, rule=self.description)


def _rule(pattern: str, description: str) -> _IdRule:
    return _IdRule(re.compile(pattern, re.ASCII), description)


_ID_RULES = {
    # also domain-scoped ids ("example.com:project") and project numbers
    "project": _rule(
        r"[a-z0-9][a-z0-9.:_-]*",
        "a project id has lower-case letters, digits and hyphens, such as 'my-project'",
    ),
    "instance": _rule(
        r"[a-z][-a-z0-9]{0,62}[a-z0-9]",
        "an instance id has 2 to 64 lower-case letters, digits and hyphens, starts with a letter "
        "and does not end with a hyphen",
    ),
    "database": _rule(
        r"[a-z][a-z0-9_-]{0,28}[a-z0-9]",
        "a database id has 2 to 30 lower-case letters, digits, hyphens and underscores, starts "
        "with a letter and ends with a letter or digit",
    ),
    "backup": _rule(
        r"[a-z][a-z0-9_-]{0,58}[a-z0-9]",
        "a backup id has 2 to 60 lower-case letters, digits, hyphens and underscores, starts "
        "with a letter and ends with a letter or digit",
    ),
    "config": _rule(
        r"[a-z][-a-z0-9]{0,62}[a-z0-9]",
        "an instance configuration id has 2 to 64 lower-case letters, digits and hyphens, such "
        "as 'regional-europe-west1' or 'custom-mine'",
    ),
    "partition": _rule(
        r"[a-z][-a-z0-9]{0,62}[a-z0-9]",
        "an instance partition id has 2 to 64 lower-case letters, digits and hyphens, and starts "
        "with a letter",
    ),
    "schedule": _rule(
        r"[a-z][a-z0-9_-]{0,58}[a-z0-9]",
        "a backup schedule id has 2 to 60 lower-case letters, digits, hyphens and underscores, "
        "starts with a letter and ends with a letter or digit",
    ),
    "ssd_cache": _rule(r"[a-z0-9][a-z0-9_-]*", "an SSD cache id has letters, digits and hyphens"),
    # made by the server ("_auto_op_…") or, for schema changes only, chosen by the caller
    "operation": _rule(
        r"[A-Za-z0-9_][A-Za-z0-9_.-]*",
        "an operation id has letters, digits and underscores, such as '_auto_op_0123456789abcdef'",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceName:
    """A name of fixed collections, one field for each: ``projects/…/instances/…``."""

    collections: ClassVar[tuple[str, ...]] = ("projects",)
    noun: ClassVar[str] = "project"

    project: str

    def __post_init__(self) -> None:
        for name in _ids_of(type(self)):
            _ID_RULES[name].check(field=name, value=getattr(self, name))

    def __str__(self) -> str:
        ids = (getattr(self, name) for name in _ids_of(type(self)))
        return "/".join(
            f"{collection}/{id_}" for collection, id_ in zip(self.collections, ids, strict=True)
        )

    @classmethod
    def template(cls) -> str:
        """Return the pattern of the name in words for people: ``projects/<project>``, and so on."""
        pairs = zip(cls.collections, _ids_of(cls), strict=True)
        return "/".join(f"{collection}/<{name}>" for collection, name in pairs)

    @classmethod
    def parse(cls, text: object) -> Self:
        """Parse a full name.

        :raises InvalidNameError: if the collections are others, or an id breaks its rule.
        """
        parts = text.split("/") if isinstance(text, str) else []
        if tuple(parts[::2]) != cls.collections or len(parts) % 2:
            raise InvalidNameError(
                field=f"{cls.noun} name", value=text, rule=f"expected {cls.template()}"
            )
        return cls(**dict(zip(_ids_of(cls), parts[1::2], strict=True)))

    @property
    def resource_id(self) -> str:
        """The last id of the name."""
        return str(getattr(self, _ids_of(type(self))[-1]))

    @property
    def label(self) -> str:
        """The name for people, as a sentence begins with it: ``Backup nightly``."""
        return f"{self.noun[0].upper()}{self.noun[1:]} {self.resource_id}"


_ids: dict[type[ResourceName], tuple[str, ...]] = {}


def _ids_of(cls: type[ResourceName]) -> tuple[str, ...]:
    # looked up for every name that is made or written, and dataclasses do not remember them
    if cls not in _ids:
        _ids[cls] = tuple(field.name for field in fields(cls))
    return _ids[cls]


ProjectName = ResourceName


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceName(ResourceName):
    """``projects/<project>/instances/<instance>``."""

    collections: ClassVar[tuple[str, ...]] = ("projects", "instances")
    noun: ClassVar[str] = "instance"

    instance: str

    @property
    def instance_name(self) -> InstanceName:
        """The instance itself, also of what is in it."""
        return InstanceName(project=self.project, instance=self.instance)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseName(InstanceName):
    """``projects/<project>/instances/<instance>/databases/<database>``."""

    collections: ClassVar[tuple[str, ...]] = ("projects", "instances", "databases")
    noun: ClassVar[str] = "database"

    database: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupName(InstanceName):
    """``projects/<project>/instances/<instance>/backups/<backup>``."""

    collections: ClassVar[tuple[str, ...]] = ("projects", "instances", "backups")
    noun: ClassVar[str] = "backup"

    backup: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupScheduleName(InstanceName):
    """``projects/<project>/instances/<instance>/databases/<database>/backupSchedules/<id>``."""

    collections: ClassVar[tuple[str, ...]] = (
        "projects",
        "instances",
        "databases",
        "backupSchedules",
    )
    noun: ClassVar[str] = "backup schedule"

    database: str
    schedule: str

    @property
    def database_name(self) -> DatabaseName:
        """The database that it makes backups of."""
        return DatabaseName(project=self.project, instance=self.instance, database=self.database)


@dataclass(frozen=True, slots=True, kw_only=True)
class InstancePartitionName(InstanceName):
    """``projects/<project>/instances/<instance>/instancePartitions/<partition>``."""

    collections: ClassVar[tuple[str, ...]] = ("projects", "instances", "instancePartitions")
    noun: ClassVar[str] = "instance partition"

    partition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceConfigName(ResourceName):
    """``projects/<project>/instanceConfigs/<config>``."""

    collections: ClassVar[tuple[str, ...]] = ("projects", "instanceConfigs")
    noun: ClassVar[str] = "instance configuration"

    config: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SsdCacheName(InstanceConfigName):
    """``projects/<project>/instanceConfigs/<config>/ssdCaches/<ssd_cache>``."""

    collections: ClassVar[tuple[str, ...]] = ("projects", "instanceConfigs", "ssdCaches")
    noun: ClassVar[str] = "SSD cache"

    ssd_cache: str


def same_project(one: str, other: str) -> bool:
    """Tell whether two may name one project: it has an id, and a number as well."""
    return one == other or one.isdigit() != other.isdigit()


def same_resource(one: ResourceName, other: ResourceName) -> bool:
    """Tell whether two names may be of one resource, by the project's id or its number."""
    if type(one) is not type(other) or not same_project(one.project, other.project):
        return False
    return one == replace(other, project=one.project)


OPERATION_PARENTS: tuple[type[ResourceName], ...] = (
    InstanceName,
    DatabaseName,
    BackupName,
    InstancePartitionName,
    InstanceConfigName,
    SsdCacheName,
)
"""The six kinds of resource that have an ``operations`` collection."""


def parse_one_of(text: object, types: Collection[type[ResourceName]]) -> ResourceName:
    """Parse the name of a resource that is of one of some types.

    :raises InvalidNameError: if it is of none of them
    """
    collections = tuple(text.split("/")[::2]) if isinstance(text, str) else ()
    for type_ in types:
        if type_.collections == collections:
            return type_.parse(text)
    raise InvalidNameError(
        field="resource name",
        value=text,
        rule="expected one of " + ", ".join(type_.template() for type_ in types),
    )


def parse_resource(text: object) -> ResourceName:
    """Parse the name of any resource that can have operations.

    :raises InvalidNameError: if it is none of them.
    """
    return parse_one_of(text, OPERATION_PARENTS)


MANAGED_RESOURCES: tuple[type[ResourceName], ...] = (
    BackupName,
    BackupScheduleName,
    DatabaseName,
    InstanceName,
    InstanceConfigName,
    InstancePartitionName,
)
"""The kinds of resource that the client library can get and delete."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationName:
    """``<resource>/operations/<operation>``: the operation id alone never identifies anything."""

    resource: ResourceName
    operation: str

    def __post_init__(self) -> None:
        _ID_RULES["operation"].check(field="operation", value=self.operation)

    def __str__(self) -> str:
        return f"{self.resource}/operations/{self.operation}"

    @property
    def label(self) -> str:
        """The name for people, as a sentence begins with it: ``Operation on backup nightly``."""
        return f"Operation on {self.resource.noun} {self.resource.resource_id}"

    @classmethod
    def parse(cls, text: object) -> Self:
        """Parse a full operation name.

        :raises InvalidNameError: if the resource or the operation id cannot be parsed.
        """
        resource, separator, operation = (
            text.rpartition("/operations/") if isinstance(text, str) else ("", "", "")
        )
        if not separator:
            raise InvalidNameError(
                field="operation name",
                value=text,
                rule="expected <resource>/operations/<operation>, such as "
                f"{DatabaseName.template()}/operations/<operation>",
            )
        return cls(resource=parse_resource(resource), operation=operation)

    def serialize(self) -> str:
        """Return this name for an Airflow XCom."""
        return str(self)

    @staticmethod
    def deserialize(data: object, version: int) -> OperationName:
        """Return the name that an Airflow XCom holds.

        :raises InvalidNameError: if it holds something else
        """
        del version
        return OperationName.parse(data)


NameT = TypeVar("NameT", bound=ResourceName)

_NOTHING = (None, "", "None")
"""What an XCom that is not there is, and what a template makes of it."""


def resolve_name(type_: type[NameT], text: object, *, within: ResourceName) -> NameT:
    """Return the name that a text stands for.

    :param type_: the type of name
    :param text: the full name, or the last id of it
    :param within: gives the ids before the last one, where only that one is given
    :raises InvalidNameError: if it is neither
    """
    if isinstance(text, str) and "/" in text:
        return type_.parse(text)
    *outer, last = (field.name for field in fields(type_))
    return type_(**{field: getattr(within, field) for field in outer} | {last: text})


def operation_name(value: object) -> OperationName:
    """Return the name of the operation that a value is about; nothing else of it is believed.

    The value is a full name; whatever has one as its ``name``, such as a snapshot, a settlement,
    Google's ``Operation`` or such a message as a mapping; or the future of an operation, as the
    client library returns it, whose ``operation`` is such a message.

    :raises InvalidNameError: if it is about no operation
    """
    if isinstance(value, OperationName):
        return value
    held = getattr(value, "operation", value)
    name = held.get("name") if isinstance(held, Mapping) else getattr(held, "name", held)
    if isinstance(name, OperationName):
        return name
    if isinstance(name, str) or value is None:
        return OperationName.parse(name)
    raise InvalidNameError(field="operation name", value=value, rule=_why_no_name(value))


def _why_no_name(value: object) -> str:
    if inspect.isawaitable(value):
        return "this has to be awaited first, and its result be given"
    if isinstance(value, Iterable) and not isinstance(value, Mapping | str | bytes):
        return "give one operation, and make a call for each where there are several"
    return (
        "give a full name (projects/…/operations/…), or what a verb of the hook or Google's client "
        "library has returned"
    )


def parse_operation_names(value: object) -> tuple[OperationName, ...]:
    """Return the operations that a value is about, each once: one, many, or none.

    The value is what XComs hold: what ``operation_name`` takes; nothing, where a task did not
    start one; or a list of these, in which the results of a mapped task may be a list again.

    :raises InvalidNameError: if there is something else among them
    """
    found = (each for each in _flat(value) if each not in _NOTHING)
    return tuple(dict.fromkeys(map(operation_name, found)))


def _flat(value: object, *, depth: int = 2) -> Iterator[object]:
    if depth and isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping):
        for each in value:
            yield from _flat(each, depth=depth - 1)
    else:
        yield value
