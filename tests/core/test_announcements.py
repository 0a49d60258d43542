# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Which ends are announced, and how soon that is believed and not believed any more."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from airflow_spanner_lro.core.kinds import CREATE_BACKUP, RESTORE_DATABASE
from airflow_spanner_lro.core.names import OperationName
from airflow_spanner_lro.core.polling.announcements import GRACE, TRUSTED_AFTER, Announcements
from airflow_spanner_lro.core.polling.watched_operation import SAFETY_NET, PollMethod

from .sample_values import after, running, succeeded
from .watched_operations import POLICY, Audience


def trusting(*kinds: str) -> Announcements:
    """Return what is known after enough ends of some kinds were announced, at 0."""
    announcements = Announcements()
    for kind in kinds:
        for number in range(TRUSTED_AFTER):
            announcements.on_announced(f"{kind} {number}", at=0)
            announcements.on_end(f"{kind} {number}", kind, at=0)
    return announcements


def test_nothing_is_trusted_at_first() -> None:
    """Whoever has set up no wake-ups hears none."""
    assert not Announcements().trusted("backup")


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
def test_five_in_a_row_are_trusted(late: bool) -> None:
    """Whether each was announced before its end was seen, or a little after."""
    announcements = trusting("restore")
    trusted = []
    for number in range(TRUSTED_AFTER):
        steps = [
            lambda name=str(number): announcements.on_announced(name, at=1),
            lambda name=str(number): announcements.on_end(name, "backup", at=1),
        ]
        for step in reversed(steps) if late else steps:
            step()
        trusted.append(announcements.trusted("backup"))

    assert [False] * (TRUSTED_AFTER - 1) + [True] == trusted


def test_that_a_kind_has_come_to_be_trusted_is_told_once() -> None:
    """All of its operations are then polled for safety only, and not one after the other."""
    announcements = trusting("backup")

    assert [True, False] == [announcements.gained(), announcements.gained()]


def test_the_first_that_was_not_announced_ends_the_trust() -> None:
    """Once it is certain that no announcement comes."""
    announcements = trusting("backup")
    announcements.on_end("silent", "backup", at=100)

    checks = [announcements.check(at=at) for at in (100, 99 + GRACE, 100 + GRACE, 200 + GRACE)]

    assert [False, False, True, False] == checks
    assert not announcements.trusted("backup")


def test_an_announcement_may_be_late() -> None:
    """Delivery takes its time, and the poll that is a safety net may come first."""
    announcements = trusting("backup")
    announcements.on_end("late", "backup", at=100)
    announcements.on_announced("late", at=99 + GRACE)

    assert not announcements.check(at=1000)
    assert announcements.trusted("backup")


def test_an_announcement_that_is_too_late_is_none() -> None:
    """Trust is not restored by it: five in a row are needed again."""
    announcements = trusting("backup")
    announcements.on_end("late", "backup", at=100)
    announcements.check(at=100 + GRACE)

    announcements.on_announced("late", at=101 + GRACE)

    assert not announcements.trusted("backup")


def test_all_that_were_not_announced_are_found_at_once() -> None:
    """However many there are."""
    announcements = trusting("backup", "restore")
    for number in range(100):
        announcements.on_end(f"silent {number}", "backup", at=100)
    announcements.on_end("silent", "restore", at=100)

    assert announcements.check(at=100 + GRACE)
    assert not announcements.trusted("backup")
    assert not announcements.trusted("restore")
    assert not announcements.check(at=100 + 2 * GRACE)


def test_each_kind_is_trusted_by_itself() -> None:
    """The optimization that follows a restore is not announced; backups are all the same."""
    announcements = trusting("backup", "restore")
    announcements.on_end("silent", "restore", at=100)

    announcements.check(at=100 + GRACE)

    assert announcements.trusted("backup")
    assert not announcements.trusted("restore")
    assert not announcements.trusted("optimize")


def test_trust_comes_back_by_itself() -> None:
    """Somebody has mended the subscription."""
    announcements = trusting("backup")
    announcements.on_end("silent", "backup", at=100)
    announcements.check(at=100 + GRACE)

    for number in range(TRUSTED_AFTER):
        announcements.on_announced(f"again {number}", at=300)
        announcements.on_end(f"again {number}", "backup", at=301)

    assert announcements.trusted("backup")


def test_nothing_is_trusted_when_announcements_cannot_be_heard() -> None:
    """A broken stream: at once, and not only with the first end that nobody has announced."""
    announcements = trusting("backup", "restore")
    announcements.on_end("silent", "backup", at=100)

    announcements.lost()

    assert not announcements.trusted("backup")
    assert not announcements.trusted("restore")
    assert not announcements.check(at=1000)


def test_one_that_is_said_twice_counts_once() -> None:
    """Pub/Sub delivers at least once."""
    announcements = Announcements()
    for _ in range(2 * TRUSTED_AFTER):
        announcements.on_announced("backup 1", at=0)
    announcements.on_end("backup 1", "backup", at=1)
    announcements.on_announced("backup 1", at=2)

    assert not announcements.trusted("backup")


def test_announcements_of_what_nobody_waits_for_are_forgotten() -> None:
    """A busy project, or somebody who forges them: memory is bounded, and nothing is trusted."""
    announcements = Announcements()

    for number in range(10_000):
        announcements.on_announced(f"of somebody else {number}", at=number)

    assert len(announcements._announced) <= 1000
    assert not announcements.trusted("backup")


def test_where_nothing_is_ever_announced_nothing_is_remembered() -> None:
    """Thousands end in an installation that has no wake-ups."""
    announcements = Announcements()

    for number in range(10_000):
        announcements.on_end(f"backup {number}", "backup", at=number)

    assert not announcements._awaited


steps = st.lists(
    st.tuples(
        st.sampled_from(["announced", "ended", "check", "lost"]),
        st.integers(0, 5),
        st.sampled_from(["backup", "restore"]),
        st.floats(0, 50),
    ),
    max_size=60,
)


@given(steps=steps)
def test_what_is_trusted_was_announced_five_times_since_the_last_doubt(
    steps: list[tuple[str, int, str, float]],
) -> None:
    """In whatever order it is announced, seen, doubted and lost."""
    announcements, at = Announcements(), 0.0
    ends = {"backup": 0, "restore": 0}
    for step, number, kind, gap in steps:
        at += gap
        name = f"{kind} {number}"
        if step == "announced":
            announcements.on_announced(name, at=at)
        elif step == "ended":
            announcements.on_end(name, kind, at=at)
            ends[kind] += 1
        elif step == "check":
            before = {each: announcements.trusted(each) for each in ends}
            lost = announcements.check(at=at)
            after_it = {each: announcements.trusted(each) for each in ends}
            assert lost == (before != after_it)
            assert all(before[each] or not after_it[each] for each in ends)
        else:
            announcements.lost()
            ends = dict.fromkeys(ends, 0)

        assert all(ends[each] >= TRUSTED_AFTER or not announcements.trusted(each) for each in ends)


def announced(announcements: Announcements) -> Audience:
    """Return three old operations whose kind is trusted, polled at 1000."""
    for number in range(TRUSTED_AFTER):
        announcements.on_announced(str(number), at=0)
        announcements.on_end(str(number), CREATE_BACKUP, at=0)
    audience = Audience(3, announcements=announcements)
    audience.polls(at=1000)
    return audience


def test_where_ends_are_announced_lists_are_a_safety_net() -> None:
    """Eight times the longest interval, and not before."""
    audience = announced(Announcements())
    net = SAFETY_NET * POLICY.maximum

    assert audience.family.due(1000) == pytest.approx(1000 + net, abs=0.1)
    assert audience.family.next_poll(at=999 + net) is None
    assert audience.family.next_poll(at=1001 + net) is not None


def test_a_wake_up_is_looked_at_at_once() -> None:
    """The one that has ended, and the others for the same request."""
    audience = announced(Announcements())
    assert audience.family.next_poll(at=1100) is None

    audience.family.wake_up(audience.names[1], at=1100)

    assert audience.family.due(1100) <= 1100
    assert audience.names[1] in audience.ask(at=1100).names


def test_a_wake_up_for_nobody_does_nothing() -> None:
    """It may have been over before, or be of another project."""
    audience = announced(Announcements())

    audience.family.wake_up("projects/other/instances/main/operations/x", at=1100)

    assert audience.family.next_poll(at=1100) is None


def test_forged_wake_ups_cost_a_bounded_number_of_polls() -> None:
    """One each second for half an hour, for an operation that runs all the time."""
    audience, calm = announced(Announcements()), Audience(3)
    calm.polls(at=1000)
    polls = [0, 0]
    for at in range(1001, 2800):
        audience.family.wake_up(audience.names[0], at=at)
        polls[0] += len(audience.polls(at=at))
        polls[1] += len(calm.polls(at=at))

    assert polls[0] <= 3 * polls[1]


def test_when_ends_are_not_announced_any_more_all_is_as_ever() -> None:
    """The lists come back at once, without anybody's doing."""
    announcements = Announcements()
    audience = announced(announcements)

    announcements.lost()
    audience.family.trust_announcements()

    assert audience.family.due(1010) <= 1000 + POLICY.maximum


def test_a_kind_that_is_not_announced_is_polled_as_ever() -> None:
    """A restore among backups."""
    audience = announced(Announcements())
    name = audience.names[0]
    restore = running(name=OperationName.parse(name), kind=RESTORE_DATABASE)

    audience.hear(name, restore, at=1000, method=PollMethod.GET)

    assert audience.family.due(1000) <= 1000 + POLICY.maximum


def test_ends_that_a_family_sees_are_counted() -> None:
    """The sixth is no more polled by the usual rules."""
    announcements = Announcements()
    audience = Audience(TRUSTED_AFTER + 1, announcements=announcements)
    *ending, last = audience.names
    for name in ending:
        announcements.on_announced(name, at=1)
        done = succeeded(name=OperationName.parse(name))
        audience.family.on_answer(name, done, at=2, now=after(2), method=PollMethod.GET)

    audience.hear(last, at=3, method=PollMethod.GET)

    assert announcements.trusted(CREATE_BACKUP)
    assert audience.family.watched[last].announced
