# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Pages of a list. A token remembers the last item, so that new ones do not shift the pages."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import TYPE_CHECKING, TypeVar

from airflow_spanner_lro.emulator import errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MAX_PAGE_SIZE = 1000

_Item = TypeVar("_Item")
_Key = tuple[int | str, ...]


def page_of(
    items: Iterable[_Item],
    *,
    key: Callable[[_Item], _Key],
    size: int,
    token: str,
    method: str,
    scope: tuple[str, str],
) -> tuple[list[_Item], str]:
    """Return one page of items in the order of their keys, and the token of the next, or empty.

    :param key: gives each item a different key
    :param size: the longest page wanted; 0 or less for the server's maximum
    :param token: what the call before returned, empty for the first page
    :param scope: parent and filter, to which tokens belong
    :raises RpcError: if the token belongs to another scope.
    """
    ordered = sorted(items, key=key)
    digest = hashlib.sha256(repr((method, *scope)).encode()).hexdigest()[:16]
    if token:
        last = _decode(token, digest, method)
        ordered = [item for item in ordered if key(item) > last]
    length = min(size, MAX_PAGE_SIZE) if size > 0 else MAX_PAGE_SIZE
    page = ordered[:length]
    more = len(ordered) > length
    return page, _encode(digest, key(page[-1])) if more else ""


def _encode(digest: str, key: _Key) -> str:
    return base64.urlsafe_b64encode(json.dumps([digest, *key]).encode()).decode()


def _decode(token: str, digest: str, method: str) -> _Key:
    try:
        found, *key = json.loads(base64.urlsafe_b64decode(token.encode()))
    except (binascii.Error, ValueError, TypeError) as exc:
        raise errors.bad_page_token(method=method) from exc
    if found != digest:
        raise errors.bad_page_token(method=method)
    return tuple(key)
