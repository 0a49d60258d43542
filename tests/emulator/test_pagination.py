# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Pages: together they are the list, and their tokens cannot be made up."""

from __future__ import annotations

import base64
import json
from itertools import count
from typing import TYPE_CHECKING

import pytest
from google.cloud import spanner_admin_database_v1 as database_v1
from hypothesis import given, strategies as st

from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import pagination
from airflow_spanner_lro.emulator.errors import RpcError

if TYPE_CHECKING:
    from collections.abc import Iterable

SCOPE = ("projects/p", "done:true")

numbers = st.sets(st.integers(-50, 50), max_size=30)


def key(item: int) -> tuple[int, str]:
    """Return a key with a number and a text in it."""
    return item, f"n{item}"


def page(
    items: Iterable[int],
    *,
    size: int = 2,
    token: str = "",
    method: str = "List",
    scope: tuple[str, str] = SCOPE,
) -> tuple[list[int], str]:
    """Return a page of numbers."""
    return pagination.page_of(items, key=key, size=size, token=token, method=method, scope=scope)


def forged(last: object, *, method: str = "List") -> str:
    """Make a token with a digest that is right, as somebody could who reads the code."""
    return pagination._encode(last, method=method, scope=SCOPE)  # type: ignore[arg-type]


@given(items=numbers, size=st.integers(-3, 40))
def test_pages_concatenate_to_the_list(items: set[int], size: int) -> None:
    """For any length of pages, and only the last one has no token."""
    found, token = page(sorted(items), size=size)
    while token:
        assert 0 == len(found) % size
        more, token = page(sorted(items), size=size, token=token)
        assert more
        found += more

    assert found == sorted(items)


@given(items=numbers, changes=st.lists(st.tuples(numbers, numbers), max_size=8))
def test_what_stays_is_seen_once_whatever_comes_and_goes(
    items: set[int], changes: list[tuple[set[int], set[int]]]
) -> None:
    """Items added or removed between two pages neither repeat nor hide others."""
    always = set(items)
    now = set(items)
    found, token = page(sorted(now), size=3)
    upcoming = iter(changes)
    while token:
        added, removed = next(upcoming, (set(), set()))
        now = (now | added) - removed
        always -= removed
        more, token = page(sorted(now), size=3, token=token)
        found += more

    assert len(set(found)) == len(found)
    assert always <= set(found)


@given(items=st.lists(st.integers(), unique=True), size=st.integers(1, 5))
def test_items_in_any_order_can_be_sorted_first(items: list[int], size: int) -> None:
    """The helper for lists of resources does what the plain one does."""
    request = database_v1.ListDatabasesRequest(parent="projects/p/instances/i", page_size=size)
    found, token = pagination.page_for(request, items, key=key)

    assert (sorted(items)[:size], len(items) > size) == (found, token != "")


def test_a_page_takes_one_item_more_than_it_shows() -> None:
    """A list without an end has pages."""
    items = count()

    assert [0, 1, 2] == page(items, size=3)[0]
    assert 4 == next(items)


@pytest.mark.parametrize("size", [0, -1, 1000, 1001, 2**31 - 1])
def test_no_page_is_longer_than_the_maximum(size: int) -> None:
    """Those who do not say how long, or ask for more, get the server's maximum."""
    assert 1000 == len(page(count(), size=size)[0])


@pytest.mark.parametrize(
    "other",
    [
        {"method": "ListOther"},
        {"scope": ("projects/q", "done:true")},
        {"scope": ("projects/p", "")},
    ],
)
def test_a_token_belongs_to_its_call_parent_and_filter(other: dict[str, object]) -> None:
    """With another one of these it is refused."""
    token = page(range(9))[1]

    with pytest.raises(RpcError, match="page_token"):
        page(range(9), token=token, **other)  # type: ignore[arg-type]


def _wrapped(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode()


def _packed(value: object) -> str:
    return _wrapped(json.dumps(value).encode())


@pytest.mark.parametrize(
    "token",
    [
        "made up",
        "ключ",
        "\ud800",
        "\x00",
        "=",
        "a" * 5_000_000,
        _packed(None),
        _packed(["0" * 16, 1, "n1"]),
        _packed({"a": 1}),
        _wrapped(b"0" * 16 + b"[" * 3000),
        _wrapped(b"0" * 16 + b"9" * 3000),
        _wrapped(b"0" * 16 + b"\xff\xfe"),
        forged(None),
        forged(()),
        forged((1,)),
        forged(("n1", 1)),
        forged((1, "n1", 1)),
        forged((1, None)),
        forged((True, "n1")),
        forged((1.0, "n1")),
        forged(([[]], {})),
        forged({"a": 1}),
        forged("text"),
        forged(7),
    ],
    ids=lambda token: ascii(token)[:30],
)
def test_a_token_that_was_made_up_is_refused(token: str) -> None:
    """Whatever it is, the answer is INVALID_ARGUMENT."""
    with pytest.raises(RpcError, match="page_token") as caught:
        page(range(9), token=token)

    assert caught.value.code is Code.INVALID_ARGUMENT


@given(token=st.text(min_size=1) | st.binary(min_size=1).map(_wrapped))
def test_garbage_is_refused(token: str) -> None:
    """Any text, and any bytes in the right wrapping."""
    with pytest.raises(RpcError, match="page_token"):
        page(range(9), token=token)


@given(data=st.data())
def test_a_token_with_a_change_is_refused(data: st.DataObject) -> None:
    """One other character is enough, also one that base64 would not notice."""
    token = page(range(9))[1]
    place = data.draw(st.integers(0, len(token)))
    cut = data.draw(st.integers(0, 1))
    changed = token[:place] + data.draw(st.text(max_size=1)) + token[place + cut :]
    if changed in (token, ""):
        return

    with pytest.raises(RpcError, match="page_token"):
        page(range(9), token=changed)


def test_the_place_in_a_token_can_be_read() -> None:
    """So that a table can begin behind it instead of stepping over everything before."""
    token = page(range(9))[1]

    assert pagination.last_key(token, method="List", scope=SCOPE) == key(1)
    assert pagination.last_key("", method="List", scope=SCOPE) is None
    assert [2, 3] == page(range(2, 9), token=token)[0]
