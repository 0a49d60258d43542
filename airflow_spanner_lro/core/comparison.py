# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Tell whether what Spanner shows of an operation or a resource is what a request asked for.

What was asked for and what was found are both facets: texts by label, such as ``source database:
projects/p/instances/i/databases/orders``. One side alone says nothing: what was not asked for is
Spanner's to choose, and what is not shown may be as it was asked for. So two that do not differ are
not therefore the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.facets import (
    Label,
    canonical_schema,
    canonical_text,
    fit_for_ledger,
    missing_part,
)
from airflow_spanner_lro.core.protobuf import field_values, protobuf_message
from airflow_spanner_lro.core.text import escape_unprintable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from airflow_spanner_lro.core.kinds import OperationKind

Facets = Mapping[str, str]
"""Labels in plain words, and a text for each; fit for JSON."""

_SOURCES = frozenset({Label.SOURCE_DATABASE, Label.SOURCE_BACKUP})


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that was found to be other than it was asked for.

    :param label: what it is, in plain words
    :param asked: what was asked for, or that part of it which was not found
    :param found: what Spanner shows
    :param fixed: whether it can never be changed once it is made, as a source cannot; a display
        name, say, may have been changed since by anybody
    """

    label: str
    asked: str
    found: str
    fixed: bool

    @property
    def sentence(self) -> str:
        """The difference in words, names without what both have in common."""
        asked, found = _without_common_parents(self.asked, self.found)
        has = "is made from" if self.label in _SOURCES else "has"
        # what was asked for may come from a ledger, which may hold anything
        return escape_unprintable(f"{self.label}: asked for {asked}, but it {has} {found}")


def requested_facets(kind: OperationKind, request: Any) -> dict[str, str]:
    """Return what a request asks for; of an update, what it names in its mask.

    :param request: a message of the kind's request type
    """
    found = _facets_in(
        kind,
        request,
        {facet.label: facet.request for facet in kind.compared},
        mask=kind.mask,
        all_shown=bool(kind.mask),
    )
    kept = ((label, fit_for_ledger(Label(label), text)) for label, text in found.items())
    return {label: text for label, text in kept if text}


def operation_facets(kind: OperationKind, metadata: Any) -> dict[str, str]:
    """Return what an operation tells of the request that it runs.

    :param metadata: a message of the kind's metadata type, of the client library or beneath it
    """
    return _facets_in(
        kind,
        metadata,
        {facet.label: facet.metadata for facet in kind.compared},
        mask=kind.metadata_mask,
        all_shown=bool(kind.metadata_mask),
    )


def resource_facets(
    kind: OperationKind, resource: Any, *, ddl: Sequence[str] | None = None
) -> dict[str, str]:
    """Return what a resource shows of the request that made it, or that changed it.

    A new one shows most of it from the first moment on. One that is updated or moved shows its old
    values until the operation has succeeded: ask before, and every update seems to be another's.

    :param resource: the message that a get call answers for the kind's target
    :param ddl: the statements of a database's schema, none if it has none; None if nobody asked
    """
    plain = protobuf_message(resource)
    if not kind.creates and getattr(plain, "reconciling", False):
        return {}
    ready = _is_ready(plain)
    found = _facets_in(
        kind,
        plain,
        {facet.label: facet.resource for facet in kind.compared},
        all_shown=ready,
    )
    shows_schema = any(facet.label is Label.SCHEMA for facet in kind.compared)
    if shows_schema and ready and ddl is not None:
        found[Label.SCHEMA.value] = canonical_schema(ddl)
    return found


def differences(kind: OperationKind, asked: Facets, found: Facets) -> tuple[Difference, ...]:
    """Return in what the facets differ that both sides have.

    :param asked: also as a ledger kept it; what this release does not know is left aside
    """
    different = []
    for facet in kind.compared:
        label = facet.label.value
        if label not in asked or label not in found:
            continue
        missing = missing_part(facet.label, asked=asked[label], found=found[label])
        if missing:
            different.append(
                Difference(
                    label=label,
                    asked=missing,
                    found=fit_for_ledger(facet.label, found[label]),
                    fixed=facet.fixed,
                )
            )
    return tuple(different)


def _facets_in(
    kind: OperationKind,
    message: Any,
    paths: Mapping[Label, tuple[str, ...]],
    *,
    mask: str = "",
    all_shown: bool = False,
) -> dict[str, str]:
    """Return what a message says.

    :param paths: where each facet stands in it
    :param mask: the field that names those of its fields that count; empty if all do
    :param all_shown: whether a field with nothing in it says something
    """
    plain = protobuf_message(message)
    found = {}
    for facet in kind.compared:
        counting = _masked(plain, paths[facet.label], mask=mask) if mask else paths[facet.label]
        if not counting:
            continue
        values: dict[str, list[Any]] = {}
        for path in counting:
            values.setdefault(path.rpartition(".")[2], []).extend(field_values(plain, path))
        text = canonical_text(facet.label, values) or (facet.absent if all_shown else "")
        if text:
            found[facet.label.value] = text
    return found


def _masked(message: Any, paths: Iterable[str], *, mask: str) -> list[str]:
    """Return those of the paths that a mask covers; it counts from the resource in the request."""
    holder = mask.rpartition(".")[0]
    named = [name for found in field_values(message, mask) for name in found.paths]

    def covered(path: str) -> bool:
        field = path.removeprefix(f"{holder}.").partition(".")[2]
        return any(
            field == name or field.startswith(f"{name}.") or name.startswith(f"{field}.")
            for name in named
        )

    return [path for path in paths if covered(path)]


def _is_ready(resource: Any) -> bool:
    """Tell whether a resource shows all of itself."""
    return any(state not in _UNREADY for state in field_values(resource, "state"))


_UNREADY = frozenset({"CREATING", "STATE_UNSPECIFIED"})


def _without_common_parents(one: str, other: str) -> tuple[str, str]:
    """Return two names from the first part on in which they differ; other texts as they are."""
    parts, other_parts = one.split("/"), other.split("/")
    common = 0
    # names are made of pairs: a collection and an id
    while common < len(parts) and parts[common : common + 2] == other_parts[common : common + 2]:
        common += 2
    rests = "/".join(parts[common:]), "/".join(other_parts[common:])
    if parts[0] != "projects" or not (common and all(rests)):
        return one, other
    return f"…/{rests[0]}", f"…/{rests[1]}"
