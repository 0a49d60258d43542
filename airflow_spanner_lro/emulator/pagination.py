# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Pages of a list: a token remembers the last item, so that new ones do not shift the pages.

Items come in order and no further than needed, so that a page of a long list costs what is on it.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from airflow_spanner_lro.emulator import errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

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
                raise errors.bad_page_token()
            if current <= last:
                continue
            last = None
        if len(page) == length:
            return page, _encode(key(page[-1]), method=method, scope=scope)
        page.append(item)
    return page, ""


def page_for(
    request: Any,
    items: Iterable[_Item],
    *,
    key: Callable[[_Item], SortKey],
    in_order: bool = False,
) -> tuple[list[_Item], str]:
    """Return the page of items that a request of a list RPC asks for, and the next page's token.

    :param in_order: whether the items come in the order of their keys; then no more of them are
        looked at than needed
    """
    return page_of(
        items if in_order else sorted(items, key=key),
        key=key,
        size=request.page_size,
        token=request.page_token,
        method=type(request).__name__.removesuffix("Request"),
        scope=(request.parent, getattr(request, "filter", "")),
    )


def last_key(token: str, *, method: str, scope: tuple[str, str]) -> SortKey | None:
    """Return the key of the last item before a page, None for the first page.

    For callers who can begin to iterate behind it, which :func:`page_of` allows.

    :raises RpcError: if the token belongs to another scope, or is none of ours.
    """
    if not token:
        return None
    if len(token) > _MAX_TOKEN_LENGTH:
        raise errors.bad_page_token()
    try:
        payload = base64.urlsafe_b64decode(token)[_DIGEST_LENGTH:]
        found = json.loads(payload)
    except (ValueError, RecursionError) as exc:  # deep nesting exhausts the stack
        raise errors.bad_page_token() from exc
    if not isinstance(found, list) or not set(_shape(found)) <= {int, str}:
        raise errors.bad_page_token()
    key = tuple(found)
    if token != _encode(key, method=method, scope=scope):
        raise errors.bad_page_token()
    return key


def _encode(key: SortKey, *, method: str, scope: tuple[str, str]) -> str:
    """Make a token; its digest ties it to its call, and shows when somebody changed it."""
    digest = hashlib.sha256(repr((method, *scope, key)).encode()).hexdigest()[:_DIGEST_LENGTH]
    return base64.urlsafe_b64encode(f"{digest}{json.dumps(key)}".encode()).decode()


def _shape(key: Iterable[object]) -> list[type]:
    return [type(part) for part in key]
