# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What requests of several families carry: names, labels, field masks, enums, times, pages.

The token of a page remembers the last item, so that new ones do not shift the pages. Items come in
order and no further than needed, so that a page of a long list costs what is on it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from google.protobuf import field_mask_pb2
from google.protobuf.message import Message

from airflow_spanner_lro.emulator import errors

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

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
            rule = "a key has 1 to 63 characters that match [a-z][a-z0-9_-]*"
            raise errors.bad_value("labels", value=key, rule=rule)
        if not _LABEL_VALUE.fullmatch(value):
            rule = "a value has up to 63 characters that match [a-z0-9_-]*"
            raise errors.bad_value("labels", value=value, rule=rule)


def check_display_name(display_name: str) -> None:
    """Refuse a display name that is too short or too long; several may have the same."""
    if not display_name:
        raise errors.missing_field("display_name")
    if len(display_name) not in _DISPLAY_NAME:
        rule = "expected 4 to 30 characters"
        raise errors.bad_value("display_name", value=display_name, rule=rule)


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
        raise errors.missing_field(field)
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


MAX_PAGE_SIZE = 1000
"""The longest page, and that of callers who do not say how long it should be."""

SortKey: TypeAlias = tuple[int | str, ...]

_Item = TypeVar("_Item")
_DIGEST_LENGTH = 16
_MAX_TOKEN_LENGTH = 4096
"""Far more than a token of ours has; what is longer is not worth a look."""


def page_of(
    items: Iterable[_Item],
    *,
    key: Callable[[_Item], SortKey],
    size: int,
    token: str,
    method: str,
    scope: tuple[str, str],
) -> tuple[list[_Item], str]:
    """Return one page of items, and the token of the next page; empty if there is none.

    :param items: in the order of their keys; one more is taken than fits on the page
    :param key: gives each item a different key, all with the same types
    :param size: the longest page wanted; 0 or less for the server's maximum
    :param token: what the call before returned, empty for the first page
    :param scope: parent and filter, to which tokens belong
    :raises RpcError: if the token belongs to another scope, or is none of ours.
    """
    last = last_key(token, method=method, scope=scope)
    length = min(size, MAX_PAGE_SIZE) if size > 0 else MAX_PAGE_SIZE
    page: list[_Item] = []
    for item in items:
        if last is not None:
            current = key(item)
            if _shape(current) != _shape(last):
                raise errors.bad_page_token(method=method)
            if current <= last:
                continue
            last = None
        if len(page) == length:
            return page, _encode(key(page[-1]), method=method, scope=scope)
        page.append(item)
    return page, ""


def sorted_page_of(
    items: Iterable[_Item],
    *,
    key: Callable[[_Item], SortKey],
    size: int,
    token: str,
    method: str,
    scope: tuple[str, str],
) -> tuple[list[_Item], str]:
    """Return one page of items that come in any order; otherwise like :func:`page_of`."""
    ordered = sorted(items, key=key)
    return page_of(ordered, key=key, size=size, token=token, method=method, scope=scope)


def last_key(token: str, *, method: str, scope: tuple[str, str]) -> SortKey | None:
    """Return the key of the last item before a page, None for the first page.

    For callers who can begin to iterate behind it, which :func:`page_of` allows.

    :raises RpcError: if the token belongs to another scope, or is none of ours.
    """
    if not token:
        return None
    if len(token) > _MAX_TOKEN_LENGTH:
        raise errors.bad_page_token(method=method)
    try:
        payload = base64.urlsafe_b64decode(token)[_DIGEST_LENGTH:]
        found = json.loads(payload)
    except (ValueError, RecursionError) as exc:  # deep nesting exhausts the stack
        raise errors.bad_page_token(method=method) from exc
    if not isinstance(found, list) or not set(_shape(found)) <= {int, str}:
        raise errors.bad_page_token(method=method)
    key = tuple(found)
    if token != _encode(key, method=method, scope=scope):
        raise errors.bad_page_token(method=method)
    return key


def _encode(key: SortKey, *, method: str, scope: tuple[str, str]) -> str:
    """Make a token; its digest ties it to its call, and shows when somebody changed it."""
    digest = hashlib.sha256(repr((method, *scope, key)).encode()).hexdigest()[:_DIGEST_LENGTH]
    return base64.urlsafe_b64encode(f"{digest}{json.dumps(key)}".encode()).decode()


def _shape(key: Iterable[object]) -> list[type]:
    return [type(part) for part in key]
