# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Playing a flow by hand: what it asks for, given a script of answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from airflow_spanner_lro.core.flows.commands import (
    Answer,
    AskAll,
    Command,
    Flow,
    Replies,
    Sleep,
)
from airflow_spanner_lro.core.flows.operation import DeadlinePassedError
from airflow_spanner_lro.core.polling.policy import CancelPolicy
from airflow_spanner_lro.core.status import is_transient

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

T = TypeVar("T")
DEADLINE = DeadlinePassedError()
"""In a script: the flow is thrown this where it would sleep next."""


class FinitePolicy(CancelPolicy):
    """A policy that gives up by itself."""

    def delays(self) -> Iterator[float]:
        """Yield one delay."""
        yield 0.25


@dataclass(slots=True)
class Play(Generic[T]):
    """What a flow has asked for, and what it returned; None while it has not ended."""

    commands: list[Command] = field(default_factory=list)
    result: T | None = None

    @property
    def asked(self) -> list[Command]:
        """What it asked for, without its sleeps."""
        return [command for command in self.commands if not isinstance(command, Sleep)]

    @property
    def slept(self) -> float:
        """For how long it slept in all."""
        return sum(command.seconds for command in self.commands if isinstance(command, Sleep))


def _replies(asked: AskAll, script: list[Answer], played: Play[Any]) -> Replies | None:
    """Return the replies that a script has; after an error it need not have more of them."""
    replies: list[Any] = []
    for question in asked.questions:
        if script:
            played.commands.append(question)
            replies.append(script.pop(0))
        elif replies and isinstance(replies[-1], Exception):
            replies.append(replies[-1])
        else:
            played.commands.append(question)
            return None
        if isinstance(replies[-1], Exception) and is_transient(replies[-1]):
            rest = len(asked.questions) - len(replies)
            return Replies((*replies, *[replies[-1]] * rest))
    return Replies(tuple(replies))


def play(flow: Flow[T], answers: Sequence[Answer]) -> Play[T]:
    """Drive a flow until the script is at its end, or the flow at its own.

    Sleeps take no answer from the script, save for DEADLINE.
    """
    played: Play[T] = Play()
    script = list(answers)
    try:
        command = next(flow)
        while True:
            if isinstance(command, AskAll):
                replies = _replies(command, script, played)
                if replies is None:
                    return played
                command = flow.send(replies)
                continue
            played.commands.append(command)
            if isinstance(command, Sleep) and script[:1] == [DEADLINE]:
                command = flow.throw(script.pop(0))  # type: ignore[arg-type]  # it is the deadline
            elif isinstance(command, Sleep):
                command = flow.send(None)
            elif script:
                command = flow.send(script.pop(0))
            else:
                return played
    except StopIteration as end:
        played.result = end.value
        assert not script, f"the flow ended before it was told {script}"
        return played
