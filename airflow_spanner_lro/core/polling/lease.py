# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Divide one rate of requests among several triggerers by leases that expire.

Spanner counts the requests of an account in a project, whichever triggerer sends them. So the
triggerers keep one record in Airflow's database, and each renews its *share* there every few
seconds: a rate, and until when it is granted. Whoever renews is given no more than the others'
unexpired shares leave of the cap, so the shares that count at any moment never exceed it.

Who gets how much: all get what they want up to one *level*, the highest at which there is enough.
A share above the level shrinks when its holder renews, and one below it grows as far as others have
shrunk; so everybody is at the level after two renewals. A twentieth of the cap is left to nobody,
for one who comes, unless a holder would fall below the usual rate by that.

A holder that is lost keeps its share until it expires: it may still be sending. Times are those of
the database, in seconds. If its clock is set back, a share expires no later than a whole lease from
then; if it is set forward, shares may overlap for one lease.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.errors import SpannerLroError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

LEASE = 15.0
"""Seconds for which a share is granted."""
RENEW_EVERY = 5.0
"""Seconds between two renewals: two may fail."""
RESERVED = 0.05
"""The part of the cap that is left for one who comes."""
VERSION = 1
MOST_SHARES = 500
"""Shares in a record: many triggerers, of many projects. Whoever comes after them has none."""
_LONGEST = 200_000
"""Characters of a record that is read."""
_PARTS = 1e6
"""Rates are rounded down to millionths."""


class NewerLeaseFormatError(SpannerLroError):
    """The record is one of a later release, which alone may change it."""

    def __init__(self) -> None:
        super().__init__("The record of shares was written by a later release")


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one holder was granted.

    :param rate: requests a second; 0 if nothing was left
    :param wanted: how many it had asked for
    :param until: when the grant expires
    """

    rate: float
    wanted: float
    until: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseRecord:
    """All shares, by what is divided and by who holds them.

    :param began: when the record was made; shares of one before it may still count for one lease
    :param replaced: there was something else in its place, so there were shares before it
    """

    began: float
    replaced: bool = False
    shares: Mapping[str, Mapping[str, Share]] = field(default_factory=dict)

    def of(self, key: str) -> Mapping[str, Share]:
        """Return the shares of one key, by holder."""
        return self.shares.get(key, {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a holder may send.

    :param rate: requests a second
    :param until: when that ends
    :param alone: what it may send afterwards if it cannot renew: its part among those there were
    """

    rate: float
    until: float
    alone: float


def parse_record(text: str, *, now: float) -> LeaseRecord:
    """Return the record that a text is; a new one if it is anything else.

    :raises NewerLeaseFormatError: if it is that of a later release
    """
    if not text:
        return LeaseRecord(began=now)
    try:
        if len(text) > _LONGEST:
            raise ValueError(len(text))  # noqa: TRY301  # as any other that is none
        found = json.loads(text)
        version = found["v"]
        if type(version) is int and version > VERSION:
            raise NewerLeaseFormatError
        if version != VERSION:
            raise ValueError(version)  # noqa: TRY301  # the same
        return LeaseRecord(
            # what lies in the future is from a clock that was set back
            began=min(_finite(found["began"]), now),
            replaced=bool(found["replaced"]),
            shares={
                str(key): {str(holder): _share(values) for holder, values in holders.items()}
                for key, holders in found["shares"].items()
            },
        )
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        return LeaseRecord(began=now, replaced=True)


def write_record(record: LeaseRecord) -> str:
    """Return a record as text."""
    shares = {
        key: {holder: [each.rate, each.wanted, each.until] for holder, each in holders.items()}
        for key, holders in record.shares.items()
    }
    whole = {"v": VERSION, "began": record.began, "replaced": record.replaced, "shares": shares}
    return json.dumps(whole, separators=(",", ":"))


def renew(
    record: LeaseRecord,
    *,
    key: str,
    holder: str,
    wanted: float,
    now: float,
    cap: float,
    base: float,
    held: float | None = None,
) -> tuple[LeaseRecord, Grant | None]:
    """Grant a holder its share anew; return the record then, and None if it gets none.

    :param key: what is divided: the requests to one project
    :param wanted: the rate it would use
    :param cap: the rate of all together
    :param base: the usual rate of one, which it is not kept below for the sake of those to come
    :param held: the rate it holds to its own knowledge; None if that has expired
    """
    record = _unexpired(record, now=now)
    others = {name: share for name, share in record.of(key).items() if name != holder}
    number = sum(map(len, record.shares.values()))
    if holder not in record.of(key) and number >= MOST_SHARES:
        return record, None
    wanted = max(wanted, 0.0)
    part = min(base, cap / (len(others) + 1))
    level = max(
        _level((wanted, *(share.wanted for share in others.values())), cap * (1 - RESERVED)), part
    )
    left = cap - math.fsum(share.rate for share in others.values())
    rate = min(wanted, level, left)
    if now < record.began + LEASE:
        # others may hold shares that the record does not show
        if held is not None:
            rate = min(rate, held)
        elif record.replaced:
            rate = 0.0
    rate = math.floor(max(rate, 0.0) * _PARTS) / _PARTS
    until = now + LEASE
    mine = Share(rate=rate, wanted=wanted, until=until)
    shares = {**record.shares, key: {**others, holder: mine}}
    return replace(record, shares=shares), Grant(rate=rate, until=until, alone=part)


def leave(record: LeaseRecord, *, holder: str) -> LeaseRecord:
    """Give back all shares of one who sends nothing any more."""
    return _kept(
        record, lambda holders: {name: one for name, one in holders.items() if name != holder}
    )


def _unexpired(record: LeaseRecord, *, now: float) -> LeaseRecord:
    return _kept(
        record,
        lambda holders: {
            name: replace(one, until=min(one.until, now + LEASE))
            for name, one in holders.items()
            if one.until > now
        },
    )


def _kept(
    record: LeaseRecord, choose: Callable[[Mapping[str, Share]], dict[str, Share]]
) -> LeaseRecord:
    shares = {key: choose(holders) for key, holders in record.shares.items()}
    return replace(record, shares={key: holders for key, holders in shares.items() if holders})


def _level(wants: Iterable[float], total: float) -> float:
    """Return the highest level at which there is enough for all, who take what they want of it."""
    ordered = sorted(wants)
    for place, want in enumerate(ordered):
        level = total / (len(ordered) - place)
        if want > level:
            return level
        total -= want
    return math.inf


def _share(values: Any) -> Share:
    rate, wanted, until = map(_finite, values)
    return Share(rate=rate, wanted=wanted, until=until)


def _finite(value: Any) -> float:
    if type(value) not in (int, float) or not math.isfinite(value) or value < 0:
        raise ValueError(value)
    return float(value)
