# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Names and ids that cannot be any, told as Spanner tells it: what was expected, what came, why.

The rules are checked when a name is parsed, by the core, which says what is wrong in words of its
own and knows no request. So the field is found afterwards: it is the one that holds the value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_spanner_lro.emulator.errors.base import RpcError, invalid, shortened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.message import Message

    from airflow_spanner_lro.core.errors import InvalidArgumentError

_IDS = {
    "projects": "{project ID}",
    "instances": "{instance ID}",
    "databases": "{database name}",
    "backups": "{backup ID}",
    "backupSchedules": "{backup schedule ID}",
    "instanceConfigs": "{instance config ID}",
    "instancePartitions": "{instance partition ID}",
    "operations": "{operation ID}",
}
"""What stands for an id behind the name of its collection."""


@dataclass(frozen=True, slots=True)
class _IdRule:
    """A rule of ids in the words of the service, what it calls one, and what is between the two."""

    called: str
    words: str
    gap: str = "  "


_RULES = {
    "project id": _IdRule(
        "project ID",
        "Project ID must be 1-64 characters long, and contain only lower case letters a-z, upper "
        "case letters A-Z, numbers, underscores, hyphens, full colons, equal signs, or periods",
        gap=" ",
    ),
    "instance id": _IdRule(
        "instance ID",
        "Instance ID must start with a lowercase letter, be 2-64 characters long, contain only "
        "lowercase letters, numbers, or hyphens, and not end with a hyphen.",
    ),
    "database id": _IdRule(
        "database name",
        "Database name must start with a lowercase letter, be 2-30 characters long, contain only "
        "lowercase letters, numbers, underscores or hyphens, and not end with an underscore or "
        "hyphen.",
    ),
}
_LONGEST = 200


def bad_name_in(request: Message, exc: InvalidArgumentError) -> RpcError:
    """Say that a name or an id in a request cannot be one.

    :param request: in which it is
    :param exc: what the core has found
    """
    given = exc.value if isinstance(exc.value, str) else str(exc.value)
    shown = shortened(given, _LONGEST)
    rule = _rule_of(exc)
    whole = exc.field.endswith("name")
    for field, text in _texts(request):
        if text == given and not whole:
            return invalid(f"{rule.words} Got: {shown}", field=field)
        if text == given:
            expected = _template(exc.rule)
            return invalid(
                _three_lines(expected, text, reason=_reason(expected, text)), field=field
            )
        if not whole and (given in text.split("/") or text.endswith(f"/{given}")):
            reason = f"Invalid {rule.called}: `{shown}`.{rule.gap}{rule.words}"
            return invalid(_three_lines(_template_of(text), text, reason=reason), field=field)
    # it is in a statement, which is no part of the request that has a name
    return invalid(f"Invalid {rule.called}. {rule.words} Got: {shown}")


def _three_lines(expected: str, text: str, *, reason: str) -> str:
    return f"Expected {expected}\nGot: {shortened(text, _LONGEST)}\nError: {reason}"


def _rule_of(exc: InvalidArgumentError) -> _IdRule:
    known = _RULES.get(exc.field)
    return known or _IdRule(exc.field, f"{exc.rule[0].upper()}{exc.rule[1:]}.")


def _template(rule: str) -> str:
    """Return a pattern of the core's as the service writes it; other rules as they are."""
    rule = rule.removeprefix("expected ")
    if " " in rule:
        return rule
    return _template_of(rule)


def _template_of(text: str) -> str:
    """Return the pattern of a name, by its collections."""
    parts = text.split("/")
    pairs = zip(["", *parts], parts, strict=False)
    return "/".join(_IDS.get(before, part) for before, part in pairs)


def _reason(expected: str, text: str) -> str:
    """Say where a name stops to be one."""
    wanted, parts = expected.split("/"), text.split("/")
    if len(parts) > len(wanted) and parts[: len(wanted) : 2] == wanted[::2]:
        rest = "/".join(["", *parts[len(wanted) :]])
        return f"Unrecognized characters at end of uri: `{shortened(rest, _LONGEST)}`."
    return f"Invalid uri: `{shortened(text, _LONGEST)}`."


def _texts(message: Message, prefix: str = "", *, depth: int = 2) -> Iterator[tuple[str, str]]:
    """Return the texts in a message, with the paths of their fields; ids before names."""
    found = [
        (f"{prefix}{field.name}", getattr(message, field.name))
        for field in message.DESCRIPTOR.fields
        if field.cpp_type == field.CPPTYPE_STRING and not field.is_repeated
        and field.type == field.TYPE_STRING
    ]  # fmt: skip
    yield from sorted(found, key=lambda each: not each[0].endswith("_id"))
    for field in message.DESCRIPTOR.fields if depth else ():
        inner = field.message_type
        if inner is not None and not field.is_repeated and message.HasField(field.name):
            yield from _texts(
                getattr(message, field.name), f"{prefix}{field.name}.", depth=depth - 1
            )
