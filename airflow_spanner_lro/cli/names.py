# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""From what a person types to full names: flags, ids, beginnings of ids, ids of resources.

A full name needs nobody. Whatever is shorter is looked for among the operations of the place that
the flags name: by its whole id, by what it works on (``nightly``, ``backups/nightly``), by the
beginning of its id. What could be several is refused with all of them, and nothing is guessed: the
same words may stand after ``cancel``.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.cli.exit_codes import NothingFoundError
from airflow_spanner_lro.core.errors import InvalidArgumentError, InvalidNameError, SpannerLroError
from airflow_spanner_lro.core.lists.queries import (
    LIST_CALLS,
    ListCall,
    OperationQuery,
    query_for_resource,
)
from airflow_spanner_lro.core.names import (
    BackupName,
    DatabaseName,
    InstanceConfigName,
    InstanceName,
    InstancePartitionName,
    OperationName,
    ProjectName,
    ResourceName,
    parse_resource,
)
from airflow_spanner_lro.core.omni import can_list
from airflow_spanner_lro.core.status import Code, code_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from airflow_spanner_lro.admin.client import SpannerAdminClient
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot

_FULL = "projects/"
_OPERATIONS = "/operations/"
_MADE_BY_SPANNER = re.compile("_auto_(op_)?")
"""How an id begins that Spanner has chosen: the second form is that of instances."""
_NAMED_BY: dict[str, type[ResourceName]] = {
    "project": ProjectName,
    "instance": InstanceName,
    "database": DatabaseName,
    "backup": BackupName,
    "instance_partition": InstancePartitionName,
    "instance_config": InstanceConfigName,
}
_FLAG_OF = {"partition": "instance_partition", "config": "instance_config"}
"""Where a flag is called otherwise than the part of a name that it gives."""
_MOST_CANDIDATES = 20
_PROJECT_VARIABLES = ("GOOGLE_CLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT")
"""Where Google's libraries and gcloud look for a project."""


class AmbiguousNameError(SpannerLroError):
    """A short name may stand for several operations; the message lists them."""

    def __init__(self, text: str, candidates: Sequence[OperationSnapshot]) -> None:
        shown = [f"  {each.state.value:<9}  {each.name}" for each in candidates[:_MOST_CANDIDATES]]
        if len(candidates) > len(shown):
            shown.append(f"  and {len(candidates) - len(shown)} more")
        lines = "\n".join(shown)
        super().__init__(f"{text!r} may be any of {len(candidates)} operations:\n{lines}")


class NoProjectError(SpannerLroError):
    """A short name came without a project, and nothing else tells one."""

    def __init__(self) -> None:
        super().__init__(
            f"There is no project: say which, with --project or in {_PROJECT_VARIABLES[0]}, or "
            "give a full name."
        )


@dataclass(frozen=True, slots=True)
class Access:
    """How a command reaches Spanner.

    :param connect: makes the client
    :param default_project: returns the project of short names that come without one, if any
    """

    connect: Callable[[], SpannerAdminClient]
    default_project: Callable[[], str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What the flags say of where to look; each an id, or None."""

    project: str | None = None
    instance: str | None = None
    database: str | None = None
    backup: str | None = None
    instance_partition: str | None = None
    instance_config: str | None = None

    @classmethod
    def of(cls, args: Any) -> Place:
        """Return the place that parsed arguments name; any of them may be a full name.

        :raises InvalidArgumentError: if a full name is none, or two flags name different places
        """
        given = {name: getattr(args, name, None) for name in cls.__slots__}
        full = {flag: text for flag, text in given.items() if text and text.startswith(_FULL)}
        ids = given | dict.fromkeys(full)
        for flag, text in full.items():
            for name, id_ in _ids_of(text, flag=flag).items():
                if ids[name] not in (None, id_):
                    rule = f"{_option(name)} names another one"
                    raise InvalidArgumentError(field=_option(flag), value=text, rule=rule)
                ids[name] = id_
        return cls(**ids)

    @property
    def empty(self) -> bool:
        """Whether no flag says where."""
        return not (self.instance or self.instance_config or self._inner)

    @property
    def _inner(self) -> dict[str, str]:
        flags = {
            "--database": self.database,
            "--backup": self.backup,
            "--instance-partition": self.instance_partition,
        }
        return {flag: value for flag, value in flags.items() if value is not None}

    def resource(self, access: Access) -> ResourceName:
        """Return the resource that the flags name.

        :raises InvalidArgumentError: if they name none, or do not go together
        """
        inner = self._inner
        if len(inner) > 1:
            (first, _), (second, value), *_ = inner.items()
            raise InvalidArgumentError(
                field=second, value=value, rule=f"{first} is given too; give one of them"
            )
        if self.instance_config is not None:
            if given := ["--instance"] if self.instance else [*inner]:
                raise InvalidArgumentError(
                    field="--instance-config",
                    value=self.instance_config,
                    rule=f"it is in no instance, and {given[0]} is given too",
                )
            return InstanceConfigName(project=self.project_of(access), config=self.instance_config)
        if self.instance is None:
            flag, given_id = next(iter(inner.items()), ("--instance", None))
            rule = "say in which instance, with --instance, or give a full name"
            raise InvalidArgumentError(field=flag, value=given_id, rule=rule)
        ids = {"project": self.project_of(access), "instance": self.instance}
        if self.database is not None:
            return DatabaseName(**ids, database=self.database)
        if self.backup is not None:
            return BackupName(**ids, backup=self.backup)
        if self.instance_partition is not None:
            return InstancePartitionName(**ids, partition=self.instance_partition)
        return InstanceName(**ids)

    def project_of(self, access: Access) -> str:
        """Return the project of short names.

        :raises NoProjectError: if nothing tells it
        """
        named = (os.environ.get(each) for each in _PROJECT_VARIABLES)
        project = self.project or next(filter(None, named), None) or access.default_project()
        if not project:
            raise NoProjectError
        return project


def _ids_of(text: str, *, flag: str) -> dict[str, str]:
    """Return the ids in the full name that a flag was given, by the flags that take them.

    :raises InvalidNameError: if it is no name of what the flag names
    """
    resource = _NAMED_BY[flag].parse(text)
    ids = {each.name: getattr(resource, each.name) for each in fields(resource)}
    return {_FLAG_OF.get(name, name): id_ for name, id_ in ids.items()}


def _option(flag: str) -> str:
    return f"--{flag.replace('_', '-')}"


def resolve_resource(text: str | None, *, place: Place, access: Access) -> ResourceName:
    """Return the resource that an argument and flags name.

    :param text: a full name, or the id of an instance; None where flags say it all
    """
    if text is None:
        return place.resource(access)
    if not place.empty:
        raise InvalidArgumentError(
            field="resource", value=text, rule="flags name a resource too; give one of them"
        )
    if "/" in text:
        return parse_resource(text)
    return InstanceName(project=place.project_of(access), instance=text)


def queries_within(
    resource: ResourceName, *, filter_: str = "", pending: bool = False
) -> tuple[OperationQuery, ...]:
    """Return the queries for the operations of a resource, and of what is in it."""
    if type(resource) is not InstanceName:
        return (query_for_resource(resource, filter_=filter_, pending=pending),)
    return tuple(
        OperationQuery(call=call, parent=resource, filter_=filter_, pending=pending)
        for call in LIST_CALLS.values()
    )


def queries_for_type(
    list_type: str, *, text: str | None, place: Place, access: Access, filter_: str, pending: bool
) -> tuple[OperationQuery, ...]:
    """Return the query for a type as gcloud has it; those of configurations need no place."""
    if list_type.startswith("INSTANCE_CONFIG") and text is None and place.empty:
        project = ProjectName(project=place.project_of(access))
        found = query_for_resource(project, list_type=list_type, filter_=filter_, pending=pending)
    else:
        found = query_for_resource(
            resolve_resource(text, place=place, access=access),
            list_type=list_type,
            filter_=filter_,
            pending=pending,
        )
    return (found,)


def resolve_operations(
    texts: Iterable[str], *, place: Place, access: Access, client: Callable[[], SpannerAdminClient]
) -> list[OperationName]:
    """Return the operations that a person names, each once.

    :param client: is only asked where a name is short
    :raises AmbiguousNameError: if one may stand for several
    :raises NothingFoundError: if one stands for none
    """
    resolver = _Resolver(place=place, access=access, client=client)
    return list(dict.fromkeys(resolver.resolve(text) for text in texts))


class _Resolver:
    """Looks short names up; what was listed once serves all of them."""

    def __init__(
        self, *, place: Place, access: Access, client: Callable[[], SpannerAdminClient]
    ) -> None:
        self._place = place
        self._access = access
        self._client = client
        self._listed: dict[ResourceName, tuple[OperationSnapshot, ...]] = {}

    def resolve(self, text: str) -> OperationName:
        """Return the operation that one word stands for."""
        if _OPERATIONS in text:
            if text.startswith(_FULL):
                return OperationName.parse(text)
            return OperationName.parse(f"{self._instance(text)}/{text}")
        if text.startswith(_FULL):
            resource = parse_resource(text)
            return self._only(text, self._running_first(self._list(resource), on=resource))
        resource = self._resource(text)
        if type(resource) is not InstanceName and (known := self._by_id(resource, text)):
            return known
        return self._search(text, resource)

    def _resource(self, text: str) -> ResourceName:
        if self._place.empty:
            # what a full name looks like, as everywhere else
            raise InvalidNameError(
                field="operation name",
                value=text,
                rule="expected <resource>/operations/<operation>, such as "
                f"{DatabaseName.template()}/operations/<operation>; or say with --instance where "
                "to look for a short one",
            )
        return self._place.resource(self._access)

    def _instance(self, text: str) -> InstanceName:
        resource = self._resource(text)
        if not isinstance(resource, InstanceName):
            rule = "a name without its beginning goes with --instance"
            raise InvalidArgumentError(field="operation", value=text, rule=rule)
        return resource.instance_name

    def _by_id(self, resource: ResourceName, text: str) -> OperationName | None:
        """Return the operation of a resource that has just this id, if there is one."""
        try:
            name = OperationName(resource=resource, operation=text)
            self._client().get(name=name)
        except InvalidNameError:
            return None
        except Exception as exc:
            if code_of(exc) is Code.NOT_FOUND:
                return None
            raise
        return name

    def _search(self, text: str, resource: ResourceName) -> OperationName:
        listed = self._list(resource)
        ways: tuple[Callable[[OperationSnapshot], bool], ...] = (
            lambda each: each.name.operation == text,
            lambda each: text in _names_of(each.name.resource),
            lambda each: each.name.operation.startswith(text) or _own(each).startswith(text),
        )
        for accepts in ways:
            if found := [each for each in listed if accepts(each)]:
                return self._only(text, _running_or_all(found))
        message = (
            f"{text!r} is not found: no operation of {resource} has such an id, or works on such "
            "a resource. `list` shows them all."
        )
        raise NothingFoundError(message)

    def _running_first(
        self, listed: Sequence[OperationSnapshot], *, on: ResourceName
    ) -> list[OperationSnapshot]:
        return _running_or_all([each for each in listed if each.name.resource == on])

    def _only(self, text: str, found: Sequence[OperationSnapshot]) -> OperationName:
        if len(found) > 1:
            raise AmbiguousNameError(text, found)
        if not found:
            message = f"{text!r} is not found: there is no operation on it."
            raise NothingFoundError(message)
        return found[0].name

    def _list(self, resource: ResourceName) -> tuple[OperationSnapshot, ...]:
        if resource not in self._listed:
            self._listed[resource] = list_all(self._client(), queries_within(resource))
        return self._listed[resource]


def list_all(
    client: SpannerAdminClient, queries: Iterable[OperationQuery]
) -> tuple[OperationSnapshot, ...]:
    """List what several queries ask for, each operation once.

    Partitions came late, and not everybody may list them: that their list is refused says nothing
    about the others. Of Spanner Omni only databases have any.
    """
    found: dict[OperationName, OperationSnapshot] = {}
    asked = list(queries)
    if client.omni:
        # what was asked for by itself is refused, with the reason
        asked = [each for each in asked if can_list(each)] or asked
    for query in asked:
        try:
            listed = client.query_operations(query=query)
        except Exception as exc:
            optional = query.call is ListCall.OF_PARTITIONS
            if not (optional and code_of(exc) in {Code.PERMISSION_DENIED, Code.UNIMPLEMENTED}):
                raise
            continue
        found |= {each.name: each for each in listed}
    return tuple(found.values())


def _own(snapshot: OperationSnapshot) -> str:
    """Return an operation's id without what all ids begin with."""
    return _MADE_BY_SPANNER.sub("", snapshot.name.operation, count=1)


def _names_of(resource: ResourceName) -> tuple[str, str]:
    """Return what a person may call a resource within its instance."""
    return resource.resource_id, f"{resource.collections[-1]}/{resource.resource_id}"


def _running_or_all(found: list[OperationSnapshot]) -> list[OperationSnapshot]:
    """Return those that run, if any do: whoever names a backup means what happens to it now."""
    return [each for each in found if not each.done] or found
