# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What can be told of a request in plain words, and in which fields of the messages it stands.

A facet is one thing that a request asks for and that Spanner shows again: in the operation that
runs it, in what that makes, or in both. Which facets a kind has is in its entry in ``kinds``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

Paths = str | tuple[str, ...]
"""One dotted path below a message, or several that say one thing together."""


class Label(StrEnum):
    """What each facet is called.

    Ledgers hold these texts, and those below: a later release that spelled one of them differently
    could not read what an earlier one wrote.
    """

    SOURCE_DATABASE = "source database"
    SOURCE_BACKUP = "source backup"
    VERSION_TIME = "version time"
    EXPIRY = "expiry"
    ENCRYPTION = "encryption"
    DIALECT = "dialect"
    SCHEMA = "schema"
    STATEMENTS = "statements"
    DROP_PROTECTION = "drop protection"
    CONFIGURATION = "instance configuration"
    BASE_CONFIGURATION = "base configuration"
    REPLICAS = "replicas"
    CAPACITY = "compute capacity"
    AUTOSCALING = "autoscaling"
    EDITION = "edition"
    INSTANCE_TYPE = "instance type"
    BACKUP_SCHEDULE = "default backup schedule"
    DISPLAY_NAME = "display name"
    LABELS = "labels"


GOOGLES_KEYS = "Google's keys"
AUTOSCALED = "autoscaled"
NONE = "none"
FALSE = "false"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facet:
    """One thing that is compared, and where it stands in the messages of a kind.

    :param request: fields of the request message
    :param metadata: fields of the operation's metadata; none where it does not tell
    :param resource: fields of what the operation works on; none where that does not show
    :param fixed: whether it can never be changed once it is made
    :param absent: what it means that there is nothing in a field that is sure to be told, be it
        one that an update names or one of a resource that is ready; empty if it means nothing
    """

    label: Label
    request: tuple[str, ...]
    metadata: tuple[str, ...] = ()
    resource: tuple[str, ...] = ()
    fixed: bool = False
    absent: str = ""


def facet(
    label: Label,
    *,
    request: Paths,
    metadata: Paths = (),
    resource: Paths = (),
    fixed: bool = False,
    absent: str = "",
) -> Facet:
    """Return a facet; see there."""
    return Facet(
        label=label,
        request=_several(request),
        metadata=_several(metadata),
        resource=_several(resource),
        fixed=fixed,
        absent=absent,
    )


def facet_of(
    field: str, label: Label, *fields: str, fixed: bool = False, absent: str = ""
) -> Facet:
    """Return a facet of a resource that request and metadata hold as it is to be.

    :param field: in which field they hold it
    :param fields: of the resource
    """
    held = below(field, *fields)
    return facet(label, request=held, metadata=held, resource=fields, fixed=fixed, absent=absent)


def below(path: str, *fields: str) -> tuple[str, ...]:
    """Return the paths of fields below a path."""
    return tuple(f"{path}.{field}" for field in fields)


def _several(paths: Paths) -> tuple[str, ...]:
    return (paths,) if isinstance(paths, str) else paths
