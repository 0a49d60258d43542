# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Operations that are watched together, and somebody who listens to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from google.api_core.exceptions import InvalidArgument

from airflow_spanner_lro.core.names import BackupName, OperationName
from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot
from airflow_spanner_lro.core.polling.budget import Urgency
from airflow_spanner_lro.core.polling.families import family_of
from airflow_spanner_lro.core.polling.policy import PollPolicy
from airflow_spanner_lro.core.polling.schedule import Poll, WatchedFamily
from airflow_spanner_lro.core.polling.watched_operation import PollMethod

from .sample_values import after, running, succeeded

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_spanner_lro.core.polling.announcements import Announcements

Seen = OperationSnapshot | Exception
NO_FILTER = InvalidArgument("the filter is too long")
POLICY = PollPolicy(maximum=30, jitter=0)


def numbered(number: int, *, instance: str = "main") -> OperationName:
    """Return the name of an operation; those of one instance are a family."""
    backup = BackupName(project="test", instance=instance, backup=f"nightly-{number}")
    return OperationName(resource=backup, operation=f"_auto_op_{number}")


@dataclass(slots=True, eq=False)
class Recorder:
    """Listens until the operation is done or an error lasts.

    :param once: or to one answer only
    """

    once: bool = False
    answers: list[Seen] = field(default_factory=list)
    permanent: list[bool] = field(default_factory=list)

    def on_answer(self, answer: Seen, *, permanent: bool) -> bool:
        """Take note of an answer."""
        self.answers.append(answer)
        self.permanent.append(permanent)
        done = isinstance(answer, OperationSnapshot) and answer.done
        return self.once or done or permanent


class Audience:
    """A family, and a recorder for each of its operations.

    :param count: how many operations it has, named by their number
    :param by_name: whether lists by name are taken; without, there is that of all pending ones
    :param shows_ended: whether that list shows those that have just ended
    :param announcements: which ends are announced
    """

    def __init__(
        self,
        count: int,
        *,
        at: float = 0,
        policy: PollPolicy = POLICY,
        by_name: bool = True,
        shows_ended: bool = False,
        announcements: Announcements | None = None,
    ) -> None:
        self.names = [str(numbered(number)) for number in range(count)]
        self.family = WatchedFamily(family_of(numbered(0)), announcements=announcements)
        self.shows_ended = shows_ended
        self.recorders = {name: Recorder() for name in self.names}
        for name, recorder in self.recorders.items():
            self.family.subscribe(name, recorder, policy=policy, urgency=Urgency.USUAL, at=at)
        if not by_name:
            self.family.list_failed(
                Poll(method=PollMethod.LIST_NAMED, names=(), urgency=Urgency.USUAL),
                NO_FILTER,
                at=at,
                now=after(at),
                jitter=1,
            )

    def ask(self, *, at: float) -> Poll:
        """Send the next poll, which must be due, and return it."""
        poll = self.family.next_poll(at=at)
        assert poll is not None
        self.family.send(poll)
        return poll

    def hear(self, name: str, answer: Seen | None = None, *, at: float, method: PollMethod) -> None:
        """Hear of one operation, that it runs if nothing else is said."""
        answer = running(name=OperationName.parse(name)) if answer is None else answer
        self.family.on_answer(name, answer, at=at, now=after(at), method=method)

    def answer(
        self, poll: Poll, *, at: float, ended: Iterable[str] = (), missing: Iterable[str] = ()
    ) -> None:
        """Answer a poll as Spanner does.

        :param ended: operations that are done
        :param missing: operations that run, and that no list shows
        """
        ended, unlisted = set(ended), set(missing)
        if poll.method is PollMethod.LIST_PENDING:
            unlisted |= set() if self.shows_ended else ended
        for name in poll.names:
            if name in unlisted and poll.method is not PollMethod.GET:
                self.family.not_listed(name, at=at, method=poll.method)
            elif name in ended:
                done = succeeded(name=OperationName.parse(name))
                self.hear(name, done, at=at, method=poll.method)
            else:
                self.hear(name, at=at, method=poll.method)

    def polls(self, *, at: float, missing: Iterable[str] = ()) -> list[Poll]:
        """Ask and answer until nothing is due any more, and return what was asked."""
        missing, asked = set(missing), []
        while self.family.next_poll(at=at):
            poll = self.ask(at=at)
            asked.append(poll)
            self.answer(poll, at=at, missing=missing)
        return asked
