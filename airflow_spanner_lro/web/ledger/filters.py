# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Which lines of the list to show, and in which order: pure.

What the page's address says is read into a value, or refused with what is allowed. What somebody
may not see is left out before anything is counted.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from airflow_spanner_lro.core.errors import InvalidNameError, SpannerLroError
from airflow_spanner_lro.core.names import InstanceName
from airflow_spanner_lro.core.text import escape_unprintable, shorten
from airflow_spanner_lro.web.ledger.listed import KIND_TITLES
from airflow_spanner_lro.web.ledger.states import State

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from airflow_spanner_lro.web.ledger.listed import ListedOperation

FAILED_WITHIN = timedelta(hours=24)
MOST_ROWS = 200
"""How many lines one page may have."""
_FARTHEST = 1_000_000
_LONGEST_TEXT = 500
_LONGEST_ID = 250


class Show(StrEnum):
    """Which lines the page shows, by what becomes of them."""

    RUNNING = "running"
    """What goes on, or may: nobody has written down its end."""
    ORPHANED = "orphaned"
    WAITING = "waiting"
    FAILED = "failed"
    """In the last 24 hours."""
    ALL = "all"


class SortBy(StrEnum):
    """What the lines are ordered by."""

    STARTED = "started"
    PROGRESS = "progress"
    ENDS = "ends"
    DEADLINE = "deadline"
    DAG = "dag"
    KIND = "kind"
    RESOURCE = "resource"


class BadFilterError(SpannerLroError, ValueError):
    """The address asks for something that there is not.

    :param what_to_do: what it may ask for, as a sentence
    """

    def __init__(self, *, name: str, value: str, allowed: str) -> None:
        super().__init__(
            f"{name}={shorten(escape_unprintable(value))!r} is no filter of this page."
        )
        self.what_to_do = f"{name} may be {allowed}."


@dataclass(frozen=True, slots=True, kw_only=True)
class ListQuery:
    """What a page shows."""

    show: Show = Show.RUNNING
    dag_id: str = ""
    instance: str = ""
    kind: str = ""
    search: str = ""
    sort: SortBy = SortBy.STARTED
    descending: bool = True
    offset: int = 0
    limit: int = 50

    @classmethod
    def parse(cls, given: Mapping[str, str]) -> ListQuery:
        """Return what an address says; what it does not say is as usual, and so is what is empty.

        :raises BadFilterError: if it says what there is not
        """
        sort = given.get("sort", "") or "-started"
        return cls(
            show=_member(Show, "state", given.get("state", "") or Show.RUNNING),
            dag_id=_text("dag_id", given, longest=_LONGEST_ID),
            instance=_instance(_text("instance", given)),
            kind=_kind(given.get("kind", "")),
            search=_text("search", given).strip().lower(),
            sort=_member(SortBy, "sort", sort.removeprefix("-"), also=" or the same after a minus"),
            descending=sort.startswith("-"),
            offset=_number("offset", given, usual=0, least=0, most=_FARTHEST),
            limit=_number("limit", given, usual=50, least=1, most=MOST_ROWS),
        )

    def matches(self, listed: ListedOperation) -> bool:
        """Tell whether a line fits the filters, whatever has become of it."""
        return (
            (not self.dag_id or listed.dag_id == self.dag_id)
            and (not self.instance or listed.instance == self.instance)
            and (not self.kind or (listed.kind is not None and listed.kind.name == self.kind))
            and (not self.search or self.search in listed.words)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FilteredList:
    """What a page shows, and how much there is.

    :param total: how many lines fit the filters
    :param page: those of this page
    :param counts: how many lines each choice of what to show has, by the other filters
    """

    total: int
    page: tuple[ListedOperation, ...]
    counts: Mapping[Show, int]
    dag_ids: tuple[str, ...]
    instances: tuple[str, ...]
    kinds: tuple[str, ...]


def choices_of(listed: ListedOperation, *, now: datetime) -> tuple[Show, ...]:
    """Return all choices of what to show that a line belongs to.

    ======== ==================================================================================
    choice   belongs to it
    ======== ==================================================================================
    running  STARTING, RUNNING, CANCELLING, UNREADABLE, and UNKNOWN of an entry that is not over
    orphaned what the reaper is to end
    waiting  WAITING
    failed   FAILED in the last 24 hours, or nobody knows when
    all      everything
    ======== ==================================================================================
    """
    state = listed.shown.state
    choice = _BY_STATE.get(state)
    if state is State.UNKNOWN and listed.ended is None:
        choice = Show.RUNNING
    elif state is State.FAILED and listed.ended and now - listed.ended > FAILED_WITHIN:
        choice = None
    found = (Show.ALL,) if choice is None else (choice, Show.ALL)
    return (Show.ORPHANED, *found) if listed.orphaned else found


_BY_STATE = {
    State.STARTING: Show.RUNNING,
    State.RUNNING: Show.RUNNING,
    State.CANCELLING: Show.RUNNING,
    State.UNREADABLE: Show.RUNNING,
    State.WAITING: Show.WAITING,
    State.FAILED: Show.FAILED,
}


def filtered(
    everything: Iterable[ListedOperation],
    *,
    query: ListQuery,
    readable: Collection[str],
    now: datetime,
) -> FilteredList:
    """Return what a page shows of all that there is.

    :param readable: the Dags that whoever asks may see
    """
    counts: Counter[Show] = Counter()
    dag_ids: set[str] = set()
    instances: set[str] = set()
    kinds: set[str] = set()
    chosen = []
    for listed in everything:
        if listed.dag_id not in readable:
            continue
        dag_ids.add(listed.dag_id)
        if listed.instance:
            instances.add(listed.instance)
        if listed.kind:
            kinds.add(listed.kind.name)
        if not query.matches(listed):
            continue
        choices = choices_of(listed, now=now)
        for show in choices:
            counts[show] += 1
        if query.show in choices:
            chosen.append(listed)
    ordered = in_order(chosen, by=query.sort, descending=query.descending)
    return FilteredList(
        total=len(ordered),
        page=tuple(ordered[query.offset : query.offset + query.limit]),
        counts={show: counts[show] for show in _COUNTED},
        dag_ids=tuple(sorted(dag_ids)),
        instances=tuple(sorted(instances)),
        kinds=tuple(sorted(kinds, key=KIND_TITLES.__getitem__)),
    )


_COUNTED = (Show.RUNNING, Show.ORPHANED, Show.WAITING, Show.FAILED)


def in_order(
    lines: Iterable[ListedOperation], *, by: SortBy, descending: bool
) -> list[ListedOperation]:
    """Return lines in order; those of which that is not known stand last, whichever way it goes.

    Where two are equal, the one that was written first stands first.
    """
    value = _VALUES[by]
    # sorting is stable, so that pages do not show a line twice
    by_age = sorted(lines, key=_age)
    known = [each for each in by_age if value(each) is not None]
    unknown = [each for each in by_age if value(each) is None]
    return [*sorted(known, key=value, reverse=descending), *unknown]


def _age(listed: ListedOperation) -> tuple[bool, int]:
    return listed.known is None, int(listed.id.lstrip("w"))


_VALUES: Mapping[SortBy, Callable[[ListedOperation], Any]] = {
    SortBy.STARTED: lambda listed: listed.started,
    SortBy.PROGRESS: lambda listed: listed.percent,
    SortBy.ENDS: lambda listed: listed.ended or listed.expected_end,
    SortBy.DEADLINE: lambda listed: listed.deadline,
    SortBy.DAG: lambda listed: (listed.dag_id, listed.task_id, listed.run_id, listed.map_index),
    SortBy.KIND: lambda listed: listed.kind.title if listed.kind else None,
    SortBy.RESOURCE: lambda listed: listed.target,
}

MemberT = TypeVar("MemberT", bound=StrEnum)


def _member(choices: type[MemberT], name: str, value: str, *, also: str = "") -> MemberT:
    try:
        return choices(value)
    except ValueError:
        allowed = f"{', '.join(choices)}{also}"
        raise BadFilterError(name=name, value=value, allowed=allowed) from None


def _text(name: str, given: Mapping[str, str], *, longest: int = _LONGEST_TEXT) -> str:
    value = given.get(name, "")
    if len(value) > longest:
        raise BadFilterError(name=name, value=value, allowed=f"at most {longest} characters")
    return value


def _kind(value: str) -> str:
    if value and value not in KIND_TITLES:
        raise BadFilterError(name="kind", value=value, allowed=", ".join(sorted(KIND_TITLES)))
    return value


def _instance(value: str) -> str:
    try:
        return str(InstanceName.parse(value)) if value else ""
    except InvalidNameError:
        allowed = f"a full name: {InstanceName.template()}"
        raise BadFilterError(name="instance", value=value, allowed=allowed) from None


def _number(name: str, given: Mapping[str, str], *, usual: int, least: int, most: int) -> int:
    text = given.get(name, "")
    if not text:
        return usual
    # what ``int`` takes besides, such as blanks and other scripts' digits, nobody has written
    short = text.isascii() and text.isdecimal() and len(text) <= len(str(most))
    if not short or not least <= int(text) <= most:
        raise BadFilterError(name=name, value=text, allowed=f"a number from {least} to {most}")
    return int(text)
