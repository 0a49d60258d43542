# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Shares of one rate: never more than the cap together, fair after two renewals, none for ever."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import partial

import pytest
from hypothesis import given, strategies as st

from airflow_spanner_lro.core.polling.lease import (
    LEASE,
    MOST_SHARES,
    RENEW_EVERY,
    RESERVED,
    VERSION,
    Grant,
    LeaseRecord,
    NewerLeaseFormatError,
    leave,
    parse_record,
    renew,
    write_record,
)

KEY = "projects/orders"
HAIR = 1e-5
near = partial(pytest.approx, abs=HAIR)
"""Rates are rounded down."""
CAPS = st.floats(0.05, 20)
WANTS = st.floats(0, 30)


@dataclass(slots=True)
class Installation:
    """Triggerers and their record, on the axis of true time; the database's clock may differ.

    :param held: what each has been granted, and until when in true time
    """

    cap: float = 3.0
    base: float = 1.0
    text: str = '{"v":1,"began":0,"replaced":false,"shares":{}}'
    at: float = 1_000.0
    clock: float = 0.0
    held: dict[str, tuple[float, float]] = field(default_factory=dict)

    def renew(self, holder: str, wanted: float) -> Grant | None:
        """Let a triggerer renew its share, as its process does: through text."""
        now = self.at + self.clock
        rate, until = self.held.get(holder, (0.0, 0.0))
        record, grant = renew(
            parse_record(self.text, now=now),
            key=KEY,
            holder=holder,
            wanted=wanted,
            now=now,
            cap=self.cap,
            base=self.base,
            held=rate if until > self.at else None,
        )
        self.text = write_record(record)
        if grant is not None:
            self.held[holder] = (grant.rate, self.at + grant.until - now)
        return grant

    def rates(self) -> dict[str, float]:
        """Return what each may send now."""
        return {name: rate for name, (rate, until) in self.held.items() if until > self.at}

    def round(self, wants: dict[str, float], *, times: int = 2) -> dict[str, float]:
        """Let all renew in turn, some times, within as many intervals."""
        for _ in range(times):
            for holder, wanted in wants.items():
                self.at += RENEW_EVERY / len(wants)
                self.renew(holder, wanted)
        return self.rates()


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["renew", "renew", "renew", "back", "damage", "leave"]),
        st.floats(0, 8),
        st.sampled_from("abcdef"),
        WANTS,
    ),
    max_size=40,
)


@given(cap=CAPS, base=CAPS, steps=STEPS)
def test_never_more_than_the_cap(
    cap: float, base: float, steps: list[tuple[str, float, str, float]]
) -> None:
    """Whoever comes, leaves, is lost or wants what: what may be sent at once is within the cap.

    So it is when the database's clock is set back, and when somebody writes junk into the record.
    """
    installation = Installation(cap=cap, base=min(base, cap), text="")
    for what, pause, holder, amount in steps:
        installation.at += pause
        if what == "renew":
            # one who never renews again is lost
            installation.renew(holder, amount)
        elif what == "back":
            installation.clock -= amount
        elif what == "damage":
            installation.text = '{"v":1,"shares":[]}'
        else:
            # its process has ended before it says so
            installation.held.pop(holder, None)
            record = parse_record(installation.text, now=installation.at + installation.clock)
            installation.text = write_record(leave(record, holder=holder))
        assert sum(installation.rates().values()) <= cap + HAIR


@given(cap=CAPS, base=CAPS, steps=STEPS, wants=st.lists(WANTS, min_size=1, max_size=6))
def test_fair_after_two_renewals(
    cap: float, base: float, steps: list[tuple[str, float, str, float]], wants: list[float]
) -> None:
    """Whatever was before: each has its part or all that it wants, and what is left others have."""
    installation = Installation(cap=cap, base=min(base, cap))
    installation.renew("a", 0.0)
    for _, pause, holder, amount in steps:
        installation.at += pause
        installation.renew(holder, amount)
    # those who are lost hold theirs for one lease, and a new record is not complete before
    installation.at += LEASE
    by_holder = dict(zip("abcdef", wants, strict=False))

    rates = installation.round(by_holder)

    usual = min(installation.base, cap / len(wants))
    least = max(usual, (1 - RESERVED) * cap / len(wants))
    for holder, wanted in by_holder.items():
        assert rates[holder] >= min(wanted, least) - HAIR
        assert rates[holder] <= wanted
    assert sum(rates.values()) >= min(sum(wants), (1 - RESERVED) * cap) - HAIR


def test_one_alone_has_nearly_all() -> None:
    """The only triggerer rises to the cap, save what is left for another one."""
    assert {"a": 2.85} == near(Installation().round({"a": 9.0}, times=1))


def test_one_alone_keeps_the_usual_rate_where_the_cap_is_no_higher() -> None:
    """Nothing is left for others at the expense of the usual rate."""
    assert {"a": 1.0} == near(Installation(cap=1.0, base=1.0).round({"a": 9.0}, times=1))


def test_newcomer_may_send_at_once_and_its_part_after_the_others_have_renewed() -> None:
    """It has what was left for it, and when the other one has shrunk, half."""
    installation = Installation()
    installation.round({"a": 9.0}, times=1)

    first = installation.renew("b", 9.0)
    rates = installation.round({"a": 9.0, "b": 9.0}, times=1)

    assert first is not None
    assert near(RESERVED * 3) == first.rate
    assert {"a": 1.425, "b": 1.425} == near(rates)


def test_what_one_does_not_want_others_have() -> None:
    """An idle triggerer leaves its part to the busy one."""
    assert {"a": 0.2, "b": 2.65} == near(Installation().round({"a": 0.2, "b": 9.0}))


def test_share_of_one_who_is_lost_returns_when_it_has_expired() -> None:
    """It may be sending until then, and not for a moment longer."""
    installation = Installation()
    installation.round({"a": 9.0, "b": 9.0})
    lost_at = installation.at
    seen = {}
    while installation.at < lost_at + 2 * LEASE:
        installation.at += 1.0
        installation.renew("a", 9.0)
        seen[installation.at - lost_at] = installation.rates()["a"]

    assert max(rate for at, rate in seen.items() if at < LEASE - RENEW_EVERY) <= 1.5
    assert near(2.85) == seen[LEASE]


def test_share_of_one_who_leaves_returns_at_once() -> None:
    """A triggerer that ends in order makes room for the one that takes its place."""
    installation = Installation()
    installation.round({"a": 9.0})
    record = parse_record(installation.text, now=installation.at)
    installation.text = write_record(leave(record, holder="a"))

    grant = installation.renew("b", 9.0)

    assert grant is not None
    assert near(2.85) == grant.rate


def test_parts_shrink_where_the_usual_rates_exceed_the_cap() -> None:
    """Five triggerers with a usual rate of one share three; each knows its part for bad times."""
    installation = Installation()
    rates = installation.round(dict.fromkeys("abcde", 1.0))
    grant = installation.renew("a", 1.0)

    assert dict.fromkeys("abcde", 0.6) == near(rates)
    assert grant is not None
    assert 0.6 == grant.alone


def test_keys_do_not_share() -> None:
    """Another identity or project has a cap of its own."""
    record = LeaseRecord(began=0.0)
    for key in ("one", "other"):
        record, grant = renew(record, key=key, holder="a", wanted=2.0, now=50.0, cap=2.0, base=2.0)
        assert grant is not None
        assert 2.0 == grant.rate


def test_what_has_expired_leaves_the_record() -> None:
    """Holders and keys that nobody renews are gone with the next renewal of anything."""
    record, _ = renew(
        LeaseRecord(began=0.0), key="old", holder="a", wanted=1.0, now=50.0, cap=3.0, base=1.0
    )

    record, _ = renew(record, key=KEY, holder="b", wanted=1, now=50 + LEASE, cap=3.0, base=1.0)

    assert [KEY] == list(record.shares)


@pytest.mark.slow
def test_record_does_not_grow_beyond_its_bound() -> None:
    """Whoever comes to a full record has no share, and those who hold one go on."""
    record = LeaseRecord(began=0.0)
    for number in range(MOST_SHARES):
        record, grant = renew(
            record, key=f"k{number}", holder="a", wanted=1.0, now=50.0, cap=3.0, base=1.0
        )
        assert grant is not None

    record, late = renew(record, key="late", holder="a", wanted=1.0, now=51.0, cap=3.0, base=1.0)
    record, mine = renew(record, key="k0", holder="a", wanted=2.0, now=51.0, cap=3.0, base=1.0)

    assert late is None
    assert mine is not None
    assert 2.0 == mine.rate
    assert MOST_SHARES == sum(map(len, record.shares.values()))


@pytest.mark.parametrize(
    "text",
    [
        "no json",
        "[]",
        "{}",
        "null",
        '{"v":"1","began":0,"replaced":false,"shares":{}}',
        '{"v":0,"began":0,"replaced":false,"shares":{}}',
        '{"v":1,"began":"yesterday","replaced":false,"shares":{}}',
        '{"v":1,"began":1,"replaced":false,"shares":{"k":{"a":[1,2]}}}',
        '{"v":1,"began":1,"replaced":false,"shares":{"k":{"a":[NaN,1,2]}}}',
        '{"v":1,"began":1,"replaced":false,"shares":{"k":{"a":[-1,1,2]}}}',
        '{"v":1,"began":1,"replaced":false,"shares":{"k":{"a":[1' + "0" * 400 + ",1,2]}}}",
        '{"v":1,"began":1,"replaced":false,"shares":{"k":null}}',
        "[" * 100_000,
        " " * 300_000,
    ],
)
def test_what_is_no_record_is_replaced_and_shares_nothing_out_for_a_lease(text: str) -> None:
    """Junk is never an error; whoever holds a share keeps it, and others wait for its expiry."""
    record = parse_record(text, now=100.0)
    written, held = renew(
        record, key=KEY, holder="a", wanted=9.0, now=100.0, cap=3.0, base=1.0, held=1.2
    )
    written, none = renew(written, key=KEY, holder="b", wanted=9.0, now=101, cap=3.0, base=1.0)
    _, later = renew(written, key=KEY, holder="b", wanted=9.0, now=100 + LEASE, cap=3.0, base=1.0)

    assert LeaseRecord(began=100.0, replaced=True) == record
    assert held is not None
    assert 1.2 == held.rate
    assert none is not None
    assert 0.0 == none.rate
    assert later is not None
    assert later.rate > 0


@pytest.mark.slow
@given(st.text() | st.recursive(st.none() | st.floats() | st.text(), st.lists).map(json.dumps))
def test_no_text_is_an_error(text: str) -> None:
    """Whatever somebody writes there, a renewal goes on."""
    record, grant = renew(
        parse_record(text, now=9.0), key=KEY, holder="a", wanted=1, now=9, cap=3, base=1
    )

    assert record == parse_record(write_record(record), now=9.0)
    assert grant is not None


def test_share_that_was_forged_for_ever_expires() -> None:
    """A moment that no lease reaches counts for one lease, and takes nobody's part for longer."""
    forged = {"v": 1, "began": 0, "replaced": False, "shares": {KEY: {"x": [1e9, 1e9, 1e12]}}}
    installation = Installation(text=json.dumps(forged))
    blocked = installation.round({"a": 9.0}, times=1)
    installation.at += LEASE - RENEW_EVERY
    installation.renew("a", 9.0)
    installation.at += RENEW_EVERY

    freed = installation.round({"a": 9.0}, times=1)

    assert {"a": 0.0} == blocked
    assert {"a": 2.85} == near(freed)


def test_record_that_was_deleted_gives_nobody_more_than_he_holds() -> None:
    """For one lease: others hold shares that the new record does not show yet."""
    installation = Installation()
    before = installation.round({"a": 9.0, "b": 9.0})
    installation.text = ""

    after = installation.round({"a": 9.0, "b": 9.0}, times=1)

    assert before == after


def test_record_of_a_later_release_is_left_alone() -> None:
    """It is not replaced: that release would do the same with ours."""
    with pytest.raises(NewerLeaseFormatError, match="by a later release"):
        parse_record(json.dumps({"v": VERSION + 1}), now=1.0)
