# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Facets: what a request asks for and Spanner shows again, in which fields, as which short text.

A facet stands in the request, in the operation that runs it, in what that makes, or in several of
them. Which facets a kind has is in its entry in ``kinds``. Spanner shows again what it was asked
for in words of its own: nodes as processing units, a key with its version, a project by its number,
a schema in its own hand. So each facet has a canonical text, the same for the same meaning. The
texts are kept in ledgers, which have little room, and outlive the process and the release that
wrote them.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.protobuf import enum_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    Values = Mapping[str, Sequence[Any]]
    """What stands in fields, by the last part of their paths; nothing for what is not set."""


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
    :param absent: what it means that there is nothing in a field that is sure to be filled, be it
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


def resource_facet(
    field: str, label: Label, *fields: str, fixed: bool = False, absent: str = ""
) -> Facet:
    """Return a facet of a resource that request and metadata hold as it is to be.

    :param field: in which field they hold it
    :param fields: of the resource
    """
    held = subfields(field, *fields)
    return facet(label, request=held, metadata=held, resource=fields, fixed=fixed, absent=absent)


def subfields(path: str, *fields: str) -> tuple[str, ...]:
    """Return the paths of fields below a path."""
    return tuple(f"{path}.{field}" for field in fields)


def _several(paths: Paths) -> tuple[str, ...]:
    return (paths,) if isinstance(paths, str) else paths


MAX_LENGTH = 400
"""So many characters has a text at most that is kept."""

_BEGINNING = 60
_DIGITS = 16
_SEPARATOR = ", "
_UNITS_PER_NODE = 1000


def canonical_text(label: Label, values: Values) -> str:
    """Return what the values of a facet's fields say; empty if they say nothing.

    All of it, where it is a list of which a part may be asked for; see ``fit_for_ledger``.
    """
    return _FORMS.get(label, _single)(values)


def fit_for_ledger(label: Label, text: str) -> str:
    """Return a text that can be kept: of a long list the beginning, and how many are left out."""
    # no digest: it would not tell whether all of these are among others
    return _beginning(_items(text)) if label in _PARTS else text


# --- how each facet reads ---


def _single(values: Values) -> str:
    for found in values.values():
        for value in found:
            return "true" if value is True else _short(str(value))
    return ""


def _encryption(values: Values) -> str:
    fields = ("kms_key_name", "kms_key_names", "kms_key_version")
    named = (key for field in fields for key in values.get(field, ()))
    # which version of a key is used is Spanner's choice
    keys = {key.partition("/cryptoKeyVersions/")[0] for key in named}
    if keys:
        return _short(_SEPARATOR.join(sorted(keys)))
    # any other type means: as something else is, and the request does not say as what
    types = values.get("encryption_type", ())
    return GOOGLES_KEYS if "GOOGLE_DEFAULT_ENCRYPTION" in types else ""


def _capacity(values: Values) -> str:
    if values.get("autoscaling_config"):
        return AUTOSCALED
    # Spanner shows both, and neither for what is not ready
    nodes = sum(values.get("node_count", ()))
    units = sum(values.get("processing_units", ())) or nodes * _UNITS_PER_NODE
    if not units:
        return ""
    if units % _UNITS_PER_NODE:
        return f"{units} processing units"
    return _counted(units // _UNITS_PER_NODE, "node")


def _autoscaling(values: Values) -> str:
    settings = set[str]()
    for config in values.get("autoscaling_config", ()):
        settings |= _settings(config)
    return _list(settings)


def _settings(message: Any, place: str = "") -> set[str]:
    """Return each setting on its own: Spanner may add some that nobody asked for."""
    found = set[str]()
    for field, value in message.ListFields():
        if field.name == "asymmetric_autoscaling_options":
            for option in value:
                found |= _settings(option.overrides, f"{option.replica_selection.location} ")
        elif field.message_type is not None:
            found |= _settings(value, place)
        elif field.name.endswith("_nodes"):
            name = field.name.replace("nodes", "processing_units")
            found.add(f"{place}{name}={value * _UNITS_PER_NODE}")
        else:
            found.add(f"{place}{field.name}={str(value).lower()}")
    return found


def _labels(values: Values) -> str:
    labels = {key: value for found in values.get("labels", ()) for key, value in found.items()}
    return _short(_SEPARATOR.join(f"{key}={labels[key]}" for key in sorted(labels)))


def _replicas(values: Values) -> str:
    replicas = values.get("replicas", ())
    if not all(replica.type_ for replica in replicas):
        # Spanner decides on their types
        return ""
    counted = Counter(f"{replica.location} {enum_name(replica, 'type_')}" for replica in replicas)
    return _short(_SEPARATOR.join(f"{counted[each]} x {each}" for each in sorted(counted)))


def _statements(values: Values) -> str:
    statements = [_one_line(text) for text in values.get("statements", ())]
    if not statements:
        return ""
    return f"{_counted(len(statements), 'statement')}, digest {_digest('; '.join(statements))}"


def _schema(values: Values) -> str:
    statements = [_without_comments(text) for text in values.get("extra_statements", ())]
    # what one makes and another drops or renames is not shown
    unmade = any(_UNMAKES.match(statement) for statement in statements)
    return "" if unmade else _list(_made_by(statements))


def canonical_schema(ddl: Iterable[str]) -> str:
    """Return what there is in a database, such as ``INDEX ByTime, TABLE Orders``.

    :param ddl: the statements of its schema, as Spanner shows them
    """
    return _list(_made_by(_without_comments(text) for text in ddl)) or NONE


def _made_by(statements: Iterable[str]) -> set[str]:
    """Return what statements create, as far as Spanner is sure to show it."""
    heads = filter(None, map(_HEAD.match, statements))
    return {
        f"{' '.join(head['kind'].upper().split())} {_QUOTES.sub('', head['name'])}"
        for head in heads
    }


def _without_comments(text: str) -> str:
    return _one_line(_COMMENTS.sub("", text))


_COMMENTS = re.compile(r"^(?:\s+|--[^\n]*(?:\n|$)|#[^\n]*(?:\n|$)|/\*.*?\*/)+", re.DOTALL)
"""Before a statement; those within it are left alone, as they may be part of a string."""
_UNMAKES = re.compile(r"DROP\b|RENAME\b|ALTER\s.*\bRENAME\b", re.IGNORECASE)
_HEAD = re.compile(
    r"CREATE\s+(?:OR\s+REPLACE\s+)?(?:(?:UNIQUE|NULL_FILTERED)\s+)*"
    r"(?P<kind>TABLE|(?:SEARCH\s+|VECTOR\s+)?INDEX|VIEW|SEQUENCE|CHANGE\s+STREAM|SCHEMA|ROLE|MODEL"
    r"|PROPERTY\s+GRAPH)\s+(?:IF\s+NOT\s+EXISTS\s+)?"
    r"(?P<name>(?:`[^`]+`|\"[^\"]+\"|\w+)(?:\.(?:`[^`]+`|\"[^\"]+\"|\w+))*)",
    re.IGNORECASE,
)
_QUOTES = re.compile(r"[`\"]")

_FORMS: Mapping[Label, Callable[[Values], str]] = {
    Label.ENCRYPTION: _encryption,
    Label.CAPACITY: _capacity,
    Label.AUTOSCALING: _autoscaling,
    Label.LABELS: _labels,
    Label.REPLICAS: _replicas,
    Label.STATEMENTS: _statements,
    Label.SCHEMA: _schema,
}
"""How the facets are read that are more than one value."""


# --- short texts ---


def _one_line(text: str) -> str:
    return " ".join(text.split()).removesuffix(";").rstrip()


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


def _short(text: str) -> str:
    """Return a text, or its beginning and a digest of all of it."""
    if len(text) <= MAX_LENGTH:
        return text
    return f"{text[:_BEGINNING]}… (digest {_digest(text)})"


def _list(items: Iterable[str]) -> str:
    return _SEPARATOR.join(sorted(items, key=lambda each: (each.casefold(), each)))


def _items(text: str) -> list[str]:
    return [each for each in text.split(_SEPARATOR) if not _LEFT_OUT.fullmatch(each)]


def _beginning(items: list[str]) -> str:
    """Return as many items as there is room for, and how many are left out; empty if none fits."""
    for kept in range(len(items), 0, -1):
        left_out = [f"and {len(items) - kept} more"] if kept < len(items) else []
        text = _SEPARATOR.join([*items[:kept], *left_out])
        if len(text) <= MAX_LENGTH:
            return text
    return ""


_LEFT_OUT = re.compile(r"and \d+ more")
_PARTS = frozenset({Label.SCHEMA, Label.AUTOSCALING})
"""The lists of which a part may be asked for: Spanner may show more."""
_NAMES = frozenset(
    {
        Label.SOURCE_DATABASE,
        Label.SOURCE_BACKUP,
        Label.CONFIGURATION,
        Label.BASE_CONFIGURATION,
        Label.ENCRYPTION,
    }
)
"""What are names, one or several."""


# --- whether two texts mean the same ---


def missing_part(label: Label, *, asked: str, found: str) -> str:
    """Return what of the text that was asked for is not in the one that was found; empty if none.

    Usually that is all of it, or nothing; where Spanner may show more than was asked for, it is
    what is missing.
    """
    if label in _PARTS:
        there = set(_items(found.casefold()))
        return _SEPARATOR.join(each for each in _items(asked) if each.casefold() not in there)
    one, other = _items(asked), _items(found)
    same = asked == found or (
        label in _NAMES
        and len(one) == len(other)
        and all(any(_same_name(each, there) for there in other) for each in one)
    )
    return "" if same else asked


def _same_name(one: str, other: str) -> bool:
    """Tell whether two names are of one resource: a project has an id, and a number as well."""
    if one == other:
        return True
    (project, rest), (other_project, other_rest) = map(_split_name, (one, other))
    numbered = project.isdigit() != other_project.isdigit()
    return bool(rest) and rest == other_rest and numbered


def _split_name(text: str) -> tuple[str, str]:
    """Return the project and the rest of a name; no rest of what is no name."""
    collection, _, path = text.partition("/")
    project, _, rest = path.partition("/")
    return (project, rest) if collection == "projects" else ("", "")
