# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""One operation of which somebody says that it has ended, which may be late, doubled or forged."""

from __future__ import annotations

import math

from airflow_spanner_lro.core.polling.budget import Urgency
from airflow_spanner_lro.core.polling.expected_end import PRICE, Overruns
from airflow_spanner_lro.core.polling.watched_operation import (
    SAFETY_NET,
    WatchedOperation,
)

from .expected_ends import seen, told
from .sample_values import NAME, UNAVAILABLE, after, running
from .watched_operations import POLICY, Recorder, Seen


def tell(one: WatchedOperation, answer: Seen, *, at: float) -> None:
    """Let it hear an answer."""
    one.on_answer(answer, at=at, now=after(at), overruns=Overruns())


def woken(*, vain: int = 0) -> WatchedOperation:
    """Return one that was polled at 100, and whose wake-ups were in vain so many times."""
    one = WatchedOperation(name=str(NAME), policy=POLICY, at=0)
    one.listeners.append(Recorder())
    for number in range(vain):
        one.wake_up(at=100.0 + number)
        tell(one, running(), at=100.5 + number)
    tell(one, running(), at=110)
    return one


def test_a_wake_up_makes_it_due_at_once() -> None:
    """Somebody says that it has ended."""
    one = woken()

    one.wake_up(at=120)

    assert 120 == one.wanted_since
    assert one.delay(120) >= PRICE


def test_a_wake_up_puts_nothing_off() -> None:
    """What was wanted before is wanted since then."""
    one = woken()
    one.poll_now(Urgency.USUAL, at=115)

    one.wake_up(at=120)

    assert 115 == one.wanted_since


def test_a_wake_up_does_not_end_a_pause() -> None:
    """Forged ones must not make a service that is in trouble be asked more often."""
    one = woken()
    tell(one, UNAVAILABLE, at=120)

    one.wake_up(at=120.1)

    assert 0 == one.delay(120.1)
    assert one.delay(121) >= PRICE


def test_after_a_wake_up_in_vain_it_is_polled_more_often() -> None:
    """A message may come before Spanner shows the end: it is about to."""
    one, other = woken(), woken()

    one.wake_up(at=120)
    for each in (one, other):
        tell(each, running(), at=120.1)

    assert one.delay(125) > 2 * other.delay(125)


def test_what_a_wake_up_has_claimed_fades() -> None:
    """A forged one must not draw polls to an operation for the rest of its life."""
    believed, untold = (seen(lambda _: 40, until=2000) for _ in range(2))
    believed.hint(at=2000)
    soon = [each.delay(2006) for each in (believed, untold)]

    for each in (believed, untold):
        told(each, 40, at=2040, age=2040)

    assert soon[0] > 10 * soon[1]
    assert believed.delay(2046) == untold.delay(2046)


def test_wake_ups_in_vain_are_not_believed_for_ever() -> None:
    """Three of them, doubled or forged, and no other makes it due."""
    one = woken(vain=3)

    one.wake_up(at=120)

    assert math.inf == one.wanted_since


def test_a_wake_up_during_a_poll_is_looked_at_after_it() -> None:
    """That poll may have seen what was so before the end."""
    one = woken()
    one.asked = True

    one.wake_up(at=120)
    during = one.delay(120)
    tell(one, running(), at=121)

    assert 0 == during
    assert 121 == one.wanted_since


def test_wake_ups_during_polls_are_in_vain_as_others_are() -> None:
    """One each time it is asked about would else keep it due for ever."""
    one, polls, at = woken(), 0, 120.0
    one.wake_up(at=at)
    while one.wanted_since <= at:
        one.asked = True
        one.wake_up(at=at)
        one.wake_up(at=at)
        at += 1
        tell(one, running(), at=at)
        polls += 1

    assert 1 < polls <= 4


def test_where_ends_are_announced_polls_are_a_safety_net() -> None:
    """Eight times the longest interval, and what progress foretells counts for little."""
    one, other = woken(), woken()
    one.announced = True

    assert SAFETY_NET * POLICY.maximum == one.longest
    assert one.delay(113) < other.delay(113) / 10
    assert one.delay(109 + SAFETY_NET * POLICY.maximum) < PRICE
    assert one.delay(110 + SAFETY_NET * POLICY.maximum) >= PRICE


def test_one_whose_end_was_announced_too_early_is_polled_as_ever() -> None:
    """The message came before Spanner showed the end, and there will be no other."""
    one = woken()
    one.announced = True
    one.wake_up(at=120)

    tell(one, running(), at=120.1)

    assert POLICY.maximum == one.longest
    assert one.delay(130) >= PRICE
