# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Both emulators at the same time, and fixtures that put the same script to both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count
from typing import NamedTuple

import grpc
import pytest

from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator
from tests.emulator.differential.google_emulator import ALONE
from tests.emulator.differential.sides import Answer, Side

Script = Callable[[Side], Iterator[Answer]]
"""Makes calls, and yields the answers that are to be compared."""

_projects = count(1)


class Answers(NamedTuple):
    """What each emulator answered to a script."""

    google: list[Answer]
    ours: list[Answer]


RunBoth = Callable[[Script], Answers]
Agreed = Callable[[Script], list[Answer]]


@pytest.fixture
def google(google_channel: grpc.Channel) -> Side:
    """Return Google's emulator, with a project that no other test has."""
    side = Side(
        channel=google_channel,
        project=f"differential-{next(_projects)}",
        config="emulator-config",
        settle=lambda: None,
    )
    side.prepare()
    return side


@pytest.fixture(scope="module")
def our_emulator() -> Iterator[SpannerAdminEmulator]:
    """Run ours, too; what the tests of a module have in common is not their project."""
    with SpannerAdminEmulator(clock=ManualClock(datetime(2026, 1, 1, tzinfo=UTC))) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def our_channel(our_emulator: SpannerAdminEmulator) -> Iterator[grpc.Channel]:
    """Open a channel to ours."""
    with grpc.insecure_channel(our_emulator.endpoint, options=ALONE) as channel:
        yield channel


@pytest.fixture
def ours(our_emulator: SpannerAdminEmulator, our_channel: grpc.Channel, google: Side) -> Side:
    """Return our emulator, with the same project."""
    side = Side(
        channel=our_channel,
        project=google.project.removeprefix("projects/"),
        config="regional-us-central1",
        settle=our_emulator.run_until_done,
    )
    side.prepare()
    return side


@pytest.fixture
def run_both(google: Side, ours: Side) -> RunBoth:
    """Return a function that runs a script against both, and returns both lists of answers."""

    def run(script: Script) -> Answers:
        return Answers(google=list(script(google)), ours=list(script(ours)))

    return run


@pytest.fixture
def agreed(run_both: RunBoth) -> Agreed:
    """Return a function that runs a script against both, and returns what they agree upon."""

    def run(script: Script) -> list[Answer]:
        answers = run_both(script)
        google = [answer.comparable for answer in answers.google]
        assert google == [answer.comparable for answer in answers.ours], answers
        return answers.ours

    return run
