# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Checks of what requests of several families carry: names, labels, field masks, enums, times.

What is too large for a calendar, or is no member of an enum, is the client's mistake.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from google.protobuf import field_mask_pb2
from google.protobuf.message import Message

from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.filters import Filter, FilterError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    import proto

    from airflow_spanner_lro.core.names import ResourceName


_LABEL_KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}", re.ASCII)
_LABEL_VALUE = re.compile(r"[a-z0-9_-]{0,63}", re.ASCII)
_MAX_LABELS = 64
_DISPLAY_NAME = range(4, 31)


def check_name(given: str, *, field: str, expected: ResourceName) -> None:
    """Refuse a name in a message that is not the name in the request."""
    if given and given != str(expected):
        raise errors.other_name(field=field, given=given, expected=expected)


def check_labels(labels: Mapping[str, str]) -> None:
    """Refuse labels that break the rules."""
    if len(labels) > _MAX_LABELS:
        raise errors.bad_value("labels", value=len(labels), rule="no more than 64 are possible")
    for key, value in sorted(labels.items()):
        if not _LABEL_KEY.fullmatch(key):
            raise errors.bad_label_key(key)
        if not _LABEL_VALUE.fullmatch(value):
            raise errors.bad_label_value(value)


def check_display_name(display_name: str) -> None:
    """Refuse a display name that is too short or too long; several may have the same."""
    if len(display_name) not in _DISPLAY_NAME:
        raise errors.bad_display_name(display_name)


def number_in(message: proto.Message, path: str) -> int:
    """Return the number of an enum.

    Read from the plain message: proto-plus warns of numbers that it does not know, and who makes
    errors of warnings would get INTERNAL instead of a refusal.
    """
    value: Any = type(message).pb(message)
    for part in path.split("."):
        value = getattr(value, part)
    return int(value)


def check_choice(message: proto.Message, path: str, *, allowed: Sequence[int]) -> None:
    """Refuse a value of an enum that does not exist, or is not allowed here; 0 always is."""
    value = number_in(message, path)
    if value and value not in allowed:
        rule = f"expected one of {[int(each) for each in allowed]}"
        raise errors.bad_value(path, value=value, rule=rule)


def masked(message: proto.Message, mask: field_mask_pb2.FieldMask, *, field: str) -> Any:
    """Return the fields of a message that a mask names; all of them without a mask.

    :raises RpcError: if it names a field that there is not.
    """
    if not mask.paths:
        return message
    raw = type(message).pb(message)
    part = type(raw)()
    for path in mask.paths:
        _check_path(raw, path, field=field)
    mask.MergeMessage(raw, part)
    return type(message).wrap(part)


def checked_paths(
    message: proto.Message,
    mask: field_mask_pb2.FieldMask,
    *,
    field: str,
    updatable: Collection[str],
) -> frozenset[str]:
    """Return the paths of an update mask.

    :param updatable: the fields that can be updated, with all that is within
    :raises RpcError: if there are none, or one names what there is not or cannot be updated.
    """
    if not mask.paths:
        raise errors.no_mask(field)
    for path in mask.paths:
        _check_path(type(message).pb(message), path, field=field)
        if not any(path == each or path.startswith(f"{each}.") for each in updatable):
            raise errors.bad_mask_path(field, path=path, reason="cannot be updated")
    return frozenset(mask.paths)


def copy_paths(source: proto.Message, target: proto.Message, paths: Iterable[str]) -> None:
    """Set fields of a message as another one has them; what that has not is cleared."""
    # a field comes after the message that holds it, so that both can be named
    for path in sorted(paths):
        _copy(type(source).pb(source), type(target).pb(target), path.split("."))


def _check_path(raw: Any, path: str, *, field: str) -> None:
    if not field_mask_pb2.FieldMask(paths=[path]).IsValidForDescriptor(raw.DESCRIPTOR):
        raise errors.bad_mask_path(field, path=path, reason="is not a field")


def _copy(source: Any, target: Any, path: Sequence[str]) -> None:
    *parents, last = path
    for part in parents:
        source, target = getattr(source, part), getattr(target, part)
    field = source.DESCRIPTOR.fields_by_name[last]
    if field.is_repeated:
        target.ClearField(last)
        getattr(target, last).MergeFrom(getattr(source, last))
    elif field.has_presence and not source.HasField(last):
        target.ClearField(last)
    elif isinstance(getattr(source, last), Message):
        getattr(target, last).CopyFrom(getattr(source, last))
    else:
        setattr(target, last, getattr(source, last))


def checked_filter(method: str, text: str, *, roots: frozenset[str], typed: bool = False) -> Filter:
    """Return the filter of a list.

    :param roots: the fields that it may use
    :param typed: whether it may ask for the type of a message
    :raises RpcError: INVALID_ARGUMENT if it is not understood.
    """
    try:
        return Filter.parse(text, roots=roots, typed=typed)
    except FilterError as exc:
        raise errors.bad_filter(method=method, text=text, reason=str(exc)) from exc


def time_in(message: proto.Message, field: str) -> datetime | None:
    """Return a timestamp of a message; None if it is not set.

    :raises RpcError: INVALID_ARGUMENT if there is no such time.
    """
    raw = type(message).pb(message)
    if not raw.HasField(field):
        return None
    try:
        moment: datetime = getattr(raw, field).ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError) as exc:
        raise errors.bad_time(field, reason=str(exc)) from exc
    return moment


def duration_in(message: proto.Message, field: str) -> timedelta | None:
    """Return a duration of a message; None if it is not set.

    :raises RpcError: INVALID_ARGUMENT if there is no such duration.
    """
    raw = type(message).pb(message)
    if not raw.HasField(field):
        return None
    try:
        duration: timedelta = getattr(raw, field).ToTimedelta()
    except (ValueError, OverflowError) as exc:
        raise errors.bad_time(field, reason=str(exc)) from exc
    return duration
