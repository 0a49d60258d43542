# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The share of a triggerer, from the process that has the database to the one that sends."""

from __future__ import annotations

import json
import os
import time
from threading import Event
from typing import Any

import pytest

from airflow_spanner_lro.airflow_internals import AirflowDatabaseError
from airflow_spanner_lro.core.polling.lease import LEASE, RENEW_EVERY, RESERVED
from airflow_spanner_lro.triggers import lease_board, lease_keeper
from airflow_spanner_lro.triggers.lease_board import (
    SLOTS,
    WANTED_FOR,
    BoardGrant,
    digest_of,
)
from airflow_spanner_lro.triggers.lease_keeper import LeaseKeeper
from airflow_spanner_lro.triggers.rate_lease import FIRST_GRANT, RateLease
from tests.airflow.leasing_triggerers import BASE, CAP, Clock, Record, Triggerer, live
from tests.cluster.waiting import wait_until
from tests.support.log_lines import logged


@pytest.fixture
def record() -> Record:
    """Return what all share."""
    return Record()


@pytest.fixture
def clock(record: Record) -> Clock:
    """Return everybody's time."""
    return Clock(record)


@pytest.fixture
def one(record: Record, clock: Clock) -> Triggerer:
    """Return a triggerer."""
    return Triggerer("one", record, clock)


@pytest.fixture
def other(record: Record, clock: Clock) -> Triggerer:
    """Return another one."""
    return Triggerer("other", record, clock)


def near(rate: float) -> Any:
    """Return what a rate equals that is rounded down."""
    return pytest.approx(rate, abs=1e-5)


def test_share_comes_with_the_first_look(one: Triggerer) -> None:
    """Nothing is sent until the main process has seen the wish; then nearly all of the cap."""
    one.keeper.look()
    first = one.rate()
    one.keeper.look()

    assert 0.0 == first
    assert near((1 - RESERVED) * CAP) == one.rate()


def test_two_share(one: Triggerer, other: Triggerer, clock: Clock) -> None:
    """Two that both want all have half each, and at no moment more than all together."""
    live(clock, one, seconds=6)
    rates = []
    for _ in range(60):
        live(clock, one, other, seconds=0.25)
        rates.append((one.rate() or 0.0) + (other.rate() or 0.0))

    assert max(rates) <= CAP
    assert near((1 - RESERVED) * CAP / 2) == one.rate()
    assert near((1 - RESERVED) * CAP / 2) == other.rate()


def test_less_is_shown_before_the_transaction_ends_and_more_after_it(
    one: Triggerer, other: Triggerer, clock: Clock, record: Record
) -> None:
    """Who reads the record right after the commit finds nobody that believes in more than it."""
    live(clock, one, seconds=6)
    other.rate()
    seen = []
    record.before_commit = lambda: seen.append((one.rate(), other.rate()))
    other.keeper.look()
    clock.sleep(RENEW_EVERY)
    one.keeper.look()
    clock.sleep(RENEW_EVERY)
    other.keeper.look()

    half = (1 - RESERVED) * CAP / 2
    assert [(near(2 * half), 0.0), (near(half), near(0.15)), (near(half), near(0.15))] == seen
    assert near(half) == other.rate()


@pytest.mark.parametrize("fails_at_end", [False, True], ids=["at once", "at the commit"])
def test_without_the_database_the_usual_rate_is_back(
    one: Triggerer,
    clock: Clock,
    record: Record,
    caplog: pytest.LogCaptureFixture,
    *,
    fails_at_end: bool,
) -> None:
    """The share counts until it expires; then the usual rate does, and one warning says why."""
    caplog.set_level("WARNING")
    live(clock, one, seconds=6)
    record.failing, record.fails_at_end = AirflowDatabaseError("server gone"), fails_at_end
    live(clock, one, seconds=LEASE - RENEW_EVERY - 0.5)
    held, told_early = one.rate(), caplog.text
    live(clock, one, seconds=60)

    told = (
        "Request budget not shared: server gone. This triggerer keeps to "
        "max_admin_requests_per_second until it can be; tried again every second."
    )
    assert near((1 - RESERVED) * CAP) == held
    assert not told_early
    assert one.rate() is None
    assert [told] == [each.getMessage() for each in caplog.records]

    caplog.set_level("INFO")
    record.failing = None
    live(clock, one, seconds=2)

    assert near((1 - RESERVED) * CAP) == one.rate()
    assert "is shared again" in caplog.text


def test_without_the_database_many_keep_to_their_parts(record: Record, clock: Clock) -> None:
    """Where the usual rates of all exceed the cap, each remembers how many there were."""
    triggerers = [Triggerer(str(number), record, clock) for number in range(6)]
    live(clock, *triggerers, seconds=12, wanted=BASE)
    record.failing = AirflowDatabaseError("server gone")
    live(clock, *triggerers, seconds=2 * LEASE, wanted=BASE)

    assert [near(CAP / 6)] * 6 == [each.rate(BASE) for each in triggerers]


def test_without_a_main_process_the_usual_rate_is_back(one: Triggerer, clock: Clock) -> None:
    """A main process that is killed, or hangs, is missed when the share has expired."""
    live(clock, one, seconds=6)

    clock.sleep(LEASE)

    assert one.rate() is None


def test_main_process_that_never_began_is_not_waited_for(one: Triggerer, clock: Clock) -> None:
    """Where nobody renews anything, the usual rate counts from the first request on."""
    assert one.rate() is None
    clock.sleep(1)
    assert one.rate() is None


def test_database_that_fails_from_the_beginning_is_not_waited_for_long(
    one: Triggerer, clock: Clock, record: Record, caplog: pytest.LogCaptureFixture
) -> None:
    """The second failure ends the waiting for a first grant, and is told."""
    caplog.set_level("WARNING")
    record.failing = AirflowDatabaseError("no such table: variable")
    live(clock, one, seconds=1)
    first, told = one.rate(), caplog.text
    live(clock, one, seconds=1)

    assert 0.0 == first
    assert not told
    assert one.rate() is None
    assert "no such table" in caplog.text


def test_renewal_of_another_at_the_same_moment_is_no_failure(
    one: Triggerer, clock: Clock, record: Record, caplog: pytest.LogCaptureFixture
) -> None:
    """Who finds the record held tries again a second later, and the first grant is waited for."""
    caplog.set_level("WARNING")
    one.keeper.look()
    record.failing = AirflowDatabaseError("could not obtain lock on row")
    live(clock, one, seconds=0.5)
    waited = one.rate()
    record.failing = None
    live(clock, one, seconds=1)

    assert 0.0 == waited
    assert near((1 - RESERVED) * CAP) == one.rate()
    assert [] == logged(caplog, lease_keeper.__name__)


def test_database_that_hangs_is_not_waited_for_long(one: Triggerer, clock: Clock) -> None:
    """A transaction that does not come back is like none."""
    one.keeper.look()
    assert 0.0 == one.rate()

    clock.sleep(FIRST_GRANT + 0.1)

    assert one.rate() is None


def test_newer_record_is_not_touched(
    one: Triggerer, clock: Clock, record: Record, caplog: pytest.LogCaptureFixture
) -> None:
    """A record of a later release stays, and the usual rate counts."""
    record.text = newer = json.dumps({"v": 99})
    live(clock, one, seconds=3)

    assert one.rate() is None
    assert newer == record.text
    assert "by a later release" in caplog.text


def test_junk_in_the_record_is_replaced(one: Triggerer, record: Record, clock: Clock) -> None:
    """What somebody has written there hurts for one lease at most."""
    record.text = "junk"
    live(clock, one, seconds=LEASE + RENEW_EVERY + 1)

    assert near((1 - RESERVED) * CAP) == one.rate()
    assert "junk" not in record.text


def test_nothing_is_written_while_nothing_is_wanted(
    one: Triggerer, record: Record, clock: Clock
) -> None:
    """A triggerer without waits costs the database nothing; one whose waits have ended, soon."""
    for _ in range(100):
        one.keeper.look()
        clock.sleep(0.25)
    idle = record.written
    one.rate()
    one.keeper.look()
    while clock.at < 5_000 + WANTED_FOR + 60:
        one.keeper.look()
        clock.sleep(0.25)
    written = record.written
    for _ in range(1000):
        one.keeper.look()
        clock.sleep(0.25)

    assert 0 == idle
    assert 0 < written == record.written


def test_idle_triggerer_keeps_no_more_than_the_usual_rate(
    one: Triggerer, other: Triggerer, clock: Clock
) -> None:
    """What was wanted a while ago is no reason to keep it from others."""
    live(clock, one, seconds=6)
    end = clock.at + 40
    while clock.at < end:
        one.keeper.look()
        other.rate()
        other.keeper.look()
        clock.sleep(0.25)

    assert near((1 - RESERVED) * CAP - BASE) == other.rate()


def test_wish_that_grows_is_seen_within_a_second(one: Triggerer, clock: Clock) -> None:
    """A budget that rises does not wait for the next renewal."""
    live(clock, one, seconds=6, wanted=BASE)
    assert near(BASE) == one.rate(2.5)

    live(clock, one, seconds=1, wanted=2.5)

    assert near(2.5) == one.rate(2.5)


def test_who_leaves_makes_room_at_once(
    one: Triggerer, other: Triggerer, clock: Clock, record: Record
) -> None:
    """The shares of a triggerer that ends in order are in nobody's way."""
    live(clock, one, seconds=6)
    one.keeper.leave()
    left = json.loads(record.text)["shares"]
    other.rate()
    other.keeper.look()

    assert {} == left
    assert near((1 - RESERVED) * CAP) == other.rate()


def test_who_has_held_nothing_writes_nothing_when_it_leaves(one: Triggerer, record: Record) -> None:
    """A triggerer without waits ends without the database."""
    one.keeper.leave()

    assert 0 == record.written


def test_bug_ends_the_thread_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever the renewal fails with, the triggerer goes on, and its log has the traceback."""

    def look(_: LeaseKeeper) -> None:
        message = "a bug"
        raise ZeroDivisionError(message)

    monkeypatch.setattr(LeaseKeeper, "look", look)
    monkeypatch.setattr(lease_board._here, "board", None)
    thread = lease_keeper.thread_of_triggerer(hostname="here")
    assert thread is not None
    thread._forked()
    wait_until(lambda: "a bug" in caplog.text, timeout=30, what="the traceback")
    thread.stop()

    assert "not shared any more; nobody else is affected" in caplog.text


def test_budget_without_a_slot_has_the_usual_rate(one: Triggerer, clock: Clock) -> None:
    """More budgets than there are slots share nothing, until others are not wanted any more."""
    leases = [
        RateLease(board=one.board, digest=digest_of(str(number)), base=BASE)
        for number in range(SLOTS + 1)
    ]
    one.keeper.look()
    rates = [each.rate(wanted=1.0, at=clock.at) for each in leases]
    clock.sleep(2 * WANTED_FOR)
    one.keeper.look()
    late = leases[-1].rate(wanted=1.0, at=clock.at)
    one.keeper.look()

    assert [0.0] * SLOTS == rates[:SLOTS]
    assert rates[SLOTS] is None
    assert 0.0 == late
    assert near(1.0) == leases[-1].rate(wanted=1.0, at=clock.at)


def test_grant_for_another_budget_counts_for_nobody(one: Triggerer, clock: Clock) -> None:
    """A slot that has changed hands while the main process was busy shows no grant."""
    slot = one.board.want(digest_of("old"), rate=1.0, at=clock.at)
    (wish,) = one.board.wishes()
    one.board._slots.clear()
    one.board.want(digest_of("new"), rate=1.0, at=clock.at)

    one.board.grant(wish, BoardGrant(rate=2.0, until=clock.at + 9, alone=1.0))

    assert 0 == slot
    assert one.board.granted(slot) is None


def test_other_process_sees_it(monkeypatch: pytest.MonkeyPatch, record: Record) -> None:
    """A fork says what it wants, and sees what its parent got: through memory alone."""
    monkeypatch.setattr(lease_board._here, "board", None)
    assert RateLease.inherited("here", base=BASE) is None
    board = lease_board.open_board()
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            lease = RateLease.inherited("here", base=BASE)
            assert lease is not None
            rate: float | None = None
            until = time.monotonic() + 30
            while not rate and time.monotonic() < until:
                rate = lease.rate(wanted=2.0, at=time.monotonic())
            os.write(writes, str(rate).encode())
            status = 0
        finally:
            os._exit(status)
    stopped = Event()
    hold: Any = record.hold
    keeper = LeaseKeeper(board=board, hold=hold, holder="parent", cap=CAP, base=BASE)

    def ended() -> bool:
        keeper.look()
        return os.waitpid(child, os.WNOHANG)[0] == child

    wait_until(ended, timeout=30, what="the fork to see its share")
    told = os.read(reads, 100).decode()
    os.close(reads)
    os.close(writes)
    # one that is stopped gives back what it has
    stopped.set()
    keeper.run(stopped)

    assert "2.0" == told
    assert {} == json.loads(record.text)["shares"]
