# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Errors reach whoever they are about, and nobody else; trouble that passes reaches nobody."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from google.api_core import exceptions

from airflow_spanner_lro.core.kinds import CREATE_BACKUP

from .virtual_spanner import (
    DENIED,
    UNAVAILABLE,
    CrowdedSpanner,
    Noticing,
    name_of,
    outcomes,
    poller_of,
    waiting,
)
from .virtual_time import in_virtual_time

if TYPE_CHECKING:
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot

FEW_AND_MANY = pytest.mark.parametrize("others", [1, 40], ids=["got", "listed"])


class BugError(Exception):
    """Something that nobody expects."""


def all_succeeded(ends: list[OperationSnapshot | BaseException]) -> bool:
    """Tell whether each wait returned a success."""
    return all(not isinstance(end, BaseException) and end.succeeded for end in ends)


@FEW_AND_MANY
@in_virtual_time
async def test_name_that_is_not_known(others: int) -> None:
    """An operation that does not exist fails its own wait, at once."""
    spanner = CrowdedSpanner()
    names = spanner.begin_many(others, ends=lambda _: 100.0)

    poller = poller_of(spanner)
    bad, *rest = waiting(poller, [name_of(99), *names])
    await asyncio.sleep(10)

    assert isinstance(bad.exception(), exceptions.NotFound)
    assert all_succeeded(await outcomes(rest))


@FEW_AND_MANY
@in_virtual_time
async def test_name_that_one_may_not_see(others: int) -> None:
    """A missing permission on one database fails the wait for its operation."""
    closed = name_of(99)
    spanner = CrowdedSpanner(trouble=lambda each: DENIED if each.about == str(closed) else None)
    names = spanner.begin_many(others, ends=lambda _: 100.0)

    bad, *rest = await outcomes(waiting(poller_of(spanner), [closed, *names]))

    assert DENIED is bad
    assert all_succeeded(rest)


@FEW_AND_MANY
@in_virtual_time
async def test_operation_that_cannot_be_read(others: int) -> None:
    """Metadata that is no message fails the wait for that operation."""
    spanner = CrowdedSpanner()
    names = spanner.begin_many(others, ends=lambda _: 100.0)
    broken = spanner.begin(name_of(99))
    spanner._operations[str(broken)].operation.metadata.type_url = CREATE_BACKUP.metadata_type_url
    spanner._operations[str(broken)].operation.metadata.value = b"\xff\xff"

    bad, *rest = await outcomes(waiting(poller_of(spanner), [broken, *names]))

    assert isinstance(bad, Exception)
    assert "pars" in str(bad)
    assert all_succeeded(rest)


@FEW_AND_MANY
@in_virtual_time
async def test_operation_of_others_that_cannot_be_read(others: int) -> None:
    """An operation that nobody waits for is not even read."""
    spanner = CrowdedSpanner()
    names = spanner.begin_many(others, ends=lambda _: 100.0)
    broken = spanner.begin(name_of(99))
    spanner._operations[str(broken)].operation.metadata.type_url = CREATE_BACKUP.metadata_type_url
    spanner._operations[str(broken)].operation.metadata.value = b"\xff\xff"

    assert all_succeeded(await outcomes(waiting(poller_of(spanner), names)))


@FEW_AND_MANY
@in_virtual_time
async def test_outage_of_an_hour_less_a_minute(others: int) -> None:
    """An outage of 59 minutes fails nobody."""
    spanner = CrowdedSpanner(
        trouble=lambda each: UNAVAILABLE if 100 < each.at < 100 + 59 * 60 else None
    )
    names = spanner.begin_many(others, ends=lambda _: 200.0)

    assert all_succeeded(await outcomes(waiting(poller_of(spanner), names)))


@FEW_AND_MANY
@in_virtual_time
async def test_outage_that_does_not_end(others: int) -> None:
    """After an hour without a single answer, the waits fail with the error."""
    spanner = CrowdedSpanner(trouble=lambda each: UNAVAILABLE if each.at > 100 else None)
    names = spanner.begin_many(others)

    ends = await outcomes(waiting(poller_of(spanner), names))

    assert all(end is UNAVAILABLE for end in ends)
    assert 3700 <= asyncio.get_running_loop().time() <= 3800


@FEW_AND_MANY
@in_virtual_time
async def test_bug_of_the_client(others: int) -> None:
    """What nobody expects reaches all whom it concerns, and the loop ends."""
    bug = BugError("in the client")
    spanner = CrowdedSpanner(trouble=lambda each: bug if each.at > 50 else None)
    names = spanner.begin_many(others)
    poller = poller_of(spanner)

    ends = await outcomes(waiting(poller, names))
    await asyncio.sleep(1)

    assert all(end is bug for end in ends)
    assert poller.idle


@FEW_AND_MANY
@in_virtual_time
async def test_channel_that_is_closed(others: int) -> None:
    """A request that is cancelled from within, as a closed channel does it, leaves nobody waiting.

    The task that made the request is gone then, and with it what would have brought the answer.
    """
    spanner = CrowdedSpanner(
        trouble=lambda each: asyncio.CancelledError() if each.at > 50 else None
    )
    names = spanner.begin_many(others)
    poller = poller_of(spanner)

    ends = await outcomes(waiting(poller, names))
    await asyncio.sleep(1)

    assert all(isinstance(end, Exception) for end in ends)
    assert poller.idle


@in_virtual_time
async def test_bug_of_the_loop() -> None:
    """What goes wrong between two requests reaches all who wait, and the next wait works."""

    class Broken(Noticing):
        bug: BugError | None = BugError("in the loop")

        def held_back(self, *, urgency: Any, seconds: float) -> None:
            super().held_back(urgency=urgency, seconds=seconds)
            if self.bug and asyncio.get_running_loop().time() > 50:
                raise self.bug

    spanner, telemetry = CrowdedSpanner(), Broken()
    names = spanner.begin_many(5, ends=lambda _: 100.0)
    poller = poller_of(spanner, telemetry=telemetry)

    ends = await outcomes(waiting(poller, names))
    telemetry.bug = None
    again = await outcomes(waiting(poller, names))

    assert all(isinstance(end, BugError) for end in ends)
    assert all_succeeded(again)


@in_virtual_time
async def test_bug_reaches_calls_too() -> None:
    """A call that waits for its turn does not wait for ever when the loop ends in a bug."""

    class Broken(Noticing):
        def held_back(self, *, urgency: Any, seconds: float) -> None:  # noqa: ARG002
            raise BugError

    poller = poller_of(CrowdedSpanner(), telemetry=Broken())

    with pytest.raises(BugError):
        await poller.client().delete_resource(name=name_of(1).resource, timeout=10)


@FEW_AND_MANY
@in_virtual_time
async def test_observer_that_raises(others: int) -> None:
    """A bug in what one wait does with what it hears fails that wait only."""
    spanner = CrowdedSpanner()
    names = spanner.begin_many(others + 1, ends=lambda _: 100.0)
    poller = poller_of(spanner)

    def on_snapshot(_: OperationSnapshot | Exception) -> None:
        raise BugError

    bad, same, *rest = await outcomes(
        waiting(poller, names[:1], on_snapshot=on_snapshot)
        + waiting(poller, [names[0], *names[1:]])
    )

    assert isinstance(bad, BugError)
    assert all_succeeded([same, *rest])


@in_virtual_time
async def test_observer_hears_everything() -> None:
    """Every poll is told: what was seen, and what went wrong."""
    heard: list[OperationSnapshot | Exception] = []
    spanner = CrowdedSpanner(trouble=lambda each: UNAVAILABLE if 10 < each.at < 20 else None)
    name = spanner.begin(name_of(1), ends=30.0)

    (end,) = await asyncio.gather(*waiting(poller_of(spanner), [name], on_snapshot=heard.append))

    assert len(spanner.requests) == len(heard)
    assert end == heard[-1]
    assert UNAVAILABLE in heard
