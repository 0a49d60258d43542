# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The life of one operation as its ledger entry tells it: four stages, and the ways between them.

This table is the whole of it. An entry changes through one of these transitions or not at all, and
the documentation draws what stands here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Stage(StrEnum):
    """Where the life of an operation has got to."""

    INTENDED = "intended"
    """The start call may have been made or not; nobody has read its answer yet."""
    RUNNING = "running"
    """It was started, and its outcome is owed to the task."""
    STOPPING = "stopping"
    """Its cancel was decided, and what became of that is not known yet."""
    CLOSED = "closed"
    """Nothing is owed any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One way from stage to stage.

    :param by: the method of the ledger entry that goes this way
    :param when: what has happened then
    """

    before: Stage
    after: Stage
    by: str
    when: str


def _way(before: Stage, after: Stage, by: str, when: str) -> Transition:
    return Transition(before=before, after=after, by=by, when=when)


TRANSITIONS = (
    _way(Stage.INTENDED, Stage.RUNNING, "started_as", "the start call was answered, or found"),
    _way(Stage.INTENDED, Stage.CLOSED, "close", "the start was refused, or nothing came of it"),
    _way(Stage.INTENDED, Stage.INTENDED, "exempt_from_reaping", "the reaper is to leave it alone"),
    _way(Stage.INTENDED, Stage.INTENDED, "unanswered_at", "the wait for the answer has ended"),
    _way(Stage.RUNNING, Stage.RUNNING, "started_as", "the same, where we chose its name before"),
    _way(Stage.RUNNING, Stage.RUNNING, "owned_by", "a later try has adopted it"),
    _way(Stage.RUNNING, Stage.RUNNING, "goes_on_as", "it is done, and a follow-up goes on"),
    _way(Stage.RUNNING, Stage.RUNNING, "exempt_from_reaping", "the reaper is to leave it alone"),
    _way(Stage.RUNNING, Stage.STOPPING, "stop", "a kill, a deadline or the reaper ends it"),
    _way(Stage.RUNNING, Stage.RUNNING, "unanswered_at", "the same, where we chose its name before"),
    _way(Stage.RUNNING, Stage.CLOSED, "close", "its outcome was delivered, or it has failed"),
    _way(Stage.RUNNING, Stage.CLOSED, "leave", "it is only presumed ours, and goes on"),
    _way(Stage.STOPPING, Stage.STOPPING, "stop", "its end was decided once more"),
    _way(Stage.STOPPING, Stage.RUNNING, "owned_by", "it had succeeded first; a later try delivers"),
    _way(
        Stage.STOPPING,
        Stage.RUNNING,
        "exempt_from_reaping",
        "it had succeeded first; the reaper lets it be",
    ),
    _way(Stage.STOPPING, Stage.CLOSED, "close", "it is known to have ended"),
    _way(Stage.STOPPING, Stage.CLOSED, "leave", "it is only presumed ours, and goes on"),
    _way(Stage.CLOSED, Stage.CLOSED, "close", "its end is told once more"),
    _way(Stage.CLOSED, Stage.RUNNING, "owned_by", "it still runs, and a later try waits for it"),
)
"""Every way there is."""

_WAYS = {(way.before, way.by): way.after for way in TRANSITIONS}


class StageError(ValueError):
    """An entry was asked to go a way that there is not; a mistake in the code."""

    def __init__(self, *, before: Stage, by: str) -> None:
        super().__init__(f"an entry that is {before} has no way called {by}")


def stage_after(before: Stage, *, by: str) -> Stage:
    """Return the stage that a transition leads to.

    :raises StageError: if there is no such way
    """
    try:
        return _WAYS[before, by]
    except KeyError:
        raise StageError(before=before, by=by) from None
