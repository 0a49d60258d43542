# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What to ask next about the operations of one family, with as few requests as possible.

A few are asked about one by one. From three on a list is cheaper: of those that are named, or of
all that are pending, if these are fewer pages.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.polling.urgency import Urgency
from airflow_spanner_lro.core.polling.watched import PollMethod, WatchedOperation

if TYPE_CHECKING:
    from collections.abc import Iterable

WORTH_A_LIST = 3
"""From so many operations on a list is asked for: it costs one request, but a bigger answer."""
NAMED_AT_ONCE = 50
"""A filter with so many names has some 5,000 characters; how long one may be is not documented."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """One question about operations.

    :param way: by a get, a list of some by name, or the list of all that are pending
    :param names: those that it is asked for
    :param urgency: that of the most urgent of them
    """

    way: PollMethod
    names: tuple[str, ...]
    urgency: Urgency


def next_poll(
    watched: Iterable[WatchedOperation],
    *,
    at: float,
    fair: bool,
    pages: int,
    lists: bool,
    by_name: bool,
) -> Poll | None:
    """Return what to ask; None if nothing is due.

    :param watched: the operations of a family
    :param fair: it is the turn of the one who has waited longest
    :param pages: how many pages the list of all that are pending has
    :param lists: whether lists can be asked for
    :param by_name: whether they can be filtered by name
    """
    ripe = sorted(
        (each for each in watched if each.ripe(at)), key=lambda each: each.rank(fair=fair)
    )
    first = next((each for each in ripe if each.due <= at), None)
    if first is None:
        return None
    alone = Poll(way=PollMethod.GET, names=(first.name,), urgency=first.urgency)
    if not lists or first.way is PollMethod.GET:
        return alone
    # whoever cancels wants an answer about that one, and being absent from a list is none
    named = first.way is PollMethod.LIST_NAMED or first.urgency is Urgency.DECIDING
    if named:
        some = [each for each in ripe if each.way is not PollMethod.GET and _strays(each)]
    else:
        some = [each for each in ripe if each.way is PollMethod.LIST_PENDING and not _strays(each)]
    if len(some) < WORTH_A_LIST:
        return alone
    if by_name and (named or -(-len(some) // NAMED_AT_ONCE) < pages):
        names = tuple(each.name for each in some[:NAMED_AT_ONCE])
        return Poll(way=PollMethod.LIST_NAMED, names=names, urgency=first.urgency)
    if named:
        return alone
    # it tells about those as well that are not due yet
    all_ = tuple(each.name for each in watched if not each.asked and not _strays(each))
    return Poll(way=PollMethod.LIST_PENDING, names=all_, urgency=first.urgency)


def _strays(each: WatchedOperation) -> bool:
    """Tell whether the list of all that are pending is of no use for it."""
    return each.way is not PollMethod.LIST_PENDING or each.urgency is Urgency.DECIDING
