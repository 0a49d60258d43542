# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What a sensor waits for: what to ask Spanner, what the answers mean, and the flow that waits.

A condition is not met yet, met, or can no longer be met. Whoever asks, a worker that pokes or a
trigger, judges by the same code.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol, cast

from airflow_spanner_lro.core.flows.commands import (
    Answer,
    AskAll,
    Flow,
    Get,
    GetResource,
    ListBackups,
    ListOperations,
    Question,
    Replies,
    Sleep,
)
from airflow_spanner_lro.core.lists.backups import BackupFacts, BackupQuery
from airflow_spanner_lro.core.operations.errors import OperationCancelledError, OperationFailedError
from airflow_spanner_lro.core.operations.progress import ProgressLog
from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot, ResourceState
from airflow_spanner_lro.core.status import Code, code_name, code_of, error_text, is_transient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from airflow_spanner_lro.core.lists.queries import OperationQuery
    from airflow_spanner_lro.core.names import (
        BackupName,
        BackupScheduleName,
        DatabaseName,
        OperationName,
        ResourceName,
    )
    from airflow_spanner_lro.core.polling.policy import PollPolicy


_LISTED_AT_MOST = 5
_NO_INSTANCE = "Instance not found"
"""How Spanner says of a database that not even its instance is there, with the same code."""


class Condition(Protocol):
    """What is waited for."""

    @property
    def commands(self) -> tuple[Question, ...]:
        """What to ask."""

    def judge(self, answers: Sequence[Answer]) -> Verdict:
        """Say what the answers mean, of which there may be fewer if the last is an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotYet:
    """It is worth asking again.

    :param condition: what to ask then, without what need not be asked again
    :param message: what is missing, for the log; empty if snapshots tell it
    :param trouble: why Spanner could not say
    """

    condition: Condition
    message: str = ""
    trouble: Exception | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """The wait is over.

    :param facts: what is known now, as primitives
    """

    facts: Any
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """It will not be met any more, or cannot be asked about."""

    error: Exception


Verdict = NotYet | Met | Failed


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationsSucceeded:
    """All operations of some have succeeded, or one of them. Snapshots tell of progress.

    Is met with the names in the order in which they were given, or with the one name. One bad end
    is the end for all; for one of them only the last is, and one that Spanner does not know or does
    not show is such an end.

    :param names: the operations
    :param any_: one of them is enough
    :param succeeded: those that have
    :param bad: those that will not
    """

    names: tuple[OperationName, ...]
    any_: bool
    succeeded: frozenset[OperationName] = frozenset()
    bad: frozenset[OperationName] = frozenset()

    @property
    def pending(self) -> tuple[OperationName, ...]:
        """Those that have not ended yet."""
        ended = self.succeeded | self.bad
        return tuple(name for name in self.names if name not in ended)

    @property
    def commands(self) -> tuple[Question, ...]:
        """Get each that has not ended yet."""
        return tuple(Get(name) for name in self.pending)

    def judge(self, answers: Sequence[Answer]) -> Verdict:
        """Sort the operations by how they ended."""
        if not self.any_ and isinstance(final := _final_error(answers), Failed):
            return final
        seen = dict(zip(self.pending, answers, strict=False))
        ends = {name: answer for name, answer in seen.items() if _is_bad_end(answer)}
        rest = replace(self, succeeded=self.succeeded | _good(seen), bad=self.bad | ends.keys())
        if self.any_ and rest.succeeded:
            return Met(facts=next(str(name) for name in self.names if name in rest.succeeded))
        if ends and not (self.any_ and rest.pending):
            return Failed(error=_bad_end([*ends.values()][-1], of=len(rest.bad)))
        if not rest.pending:
            return Met(facts=[str(name) for name in self.names])
        trouble = _trouble(each for each in answers if not _is_bad_end(each))
        return NotYet(condition=rest, trouble=trouble)


@dataclass(frozen=True, slots=True, kw_only=True)
class NothingInProgress:
    """No operation that these queries list is running. Is met with None.

    :param on: what the queries are about, for the log
    """

    on: ResourceName
    queries: tuple[OperationQuery, ...]

    @property
    def commands(self) -> tuple[Question, ...]:
        """List what is running."""
        return tuple(ListOperations(query) for query in self.queries)

    def judge(self, answers: Sequence[Answer]) -> Verdict:
        """Look for any operation."""
        if isinstance(final := _final_error(answers), Failed):
            return final
        running = [
            f"{each.title} {each.name.resource.resource_id}"
            for answer in answers
            if isinstance(answer, tuple)
            for each in answer
            if isinstance(each, OperationSnapshot)
        ]
        trouble = _trouble(answers)
        on = f"{self.on.noun} {self.on.resource_id}"
        if running or trouble:
            message = f"In progress on {on}: {_listed(running)}. {self.on}" if running else ""
            return NotYet(condition=self, message=message, trouble=trouble)
        return Met(facts=None, message=f"Nothing is in progress on {on}. {self.on}")


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupReady:
    """There is a READY backup of this description. Is met with the facts of the newest.

    :param query: where to look
    :param name: this one only
    :param newer_than: created after this moment
    :param schedule: made by this schedule
    """

    query: BackupQuery
    name: BackupName | None = None
    newer_than: datetime | None = None
    schedule: BackupScheduleName | None = None

    @property
    def commands(self) -> tuple[Question, ...]:
        """List the backups."""
        return (ListBackups(self.query),)

    def judge(self, answers: Sequence[Answer]) -> Verdict:
        """Look for the newest that is READY."""
        if isinstance(final := _final_error(answers), Failed):
            return final
        if trouble := _trouble(answers):
            return NotYet(condition=self, trouble=trouble)
        listed = answers[0] if isinstance(answers[0], tuple) else ()
        found = sorted(
            (each for each in listed if isinstance(each, BackupFacts) and self._matches(each)),
            key=lambda each: each.create_time,
        )
        for backup in reversed(found):
            if backup.ready:
                return Met(facts=backup.to_dict(), message=_state_of(backup.name, backup.state))
        message = _state_of(found[-1].name, found[-1].state) if found else self._missing
        return NotYet(condition=self, message=message)

    def _matches(self, backup: BackupFacts) -> bool:
        return (
            (self.name is None or backup.name == self.name)
            and (self.newer_than is None or backup.create_time > self.newer_than)
            and (self.schedule is None or str(self.schedule) in backup.schedules)
        )

    @property
    def _missing(self) -> str:
        since = f"{self.newer_than:%Y-%m-%d %H:%M:%S %Z}" if self.newer_than else ""
        if self.name:
            older = f", or is not newer than {since}" if since else ""
            return f"{self.name.label} does not exist yet{older}. {self.name}"
        of = self.query.database or self.query.instance
        made = f" by schedule {self.schedule.schedule}" if self.schedule else ""
        made += f" after {since}" if since else ""
        return f"{of.label} has no backup yet{made and f', made{made}'}. {of}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseInState:
    """A database is in one of these states. Is met with its name, state and time of creation."""

    name: DatabaseName
    states: tuple[str, ...] = field(default=("READY",))

    @property
    def commands(self) -> tuple[Question, ...]:
        """Get the database."""
        return (GetResource(self.name),)

    def judge(self, answers: Sequence[Answer]) -> Verdict:
        """Compare its state; one that is missing may still come, in an instance that is there."""
        (answer,) = answers
        if isinstance(answer, Exception) and code_of(answer) is Code.NOT_FOUND:
            if _NO_INSTANCE in str(answer):
                return Failed(error=answer)
            missing = f"{self.name.label} does not exist yet. {self.name}"
            return NotYet(condition=self, message=missing)
        if isinstance(final := _final_error(answers), Failed):
            return final
        if not isinstance(answer, ResourceState):
            return NotYet(condition=self, trouble=_trouble(answers))
        message = _state_of(self.name, answer.state)
        if answer.state not in self.states:
            return NotYet(condition=self, message=message)
        created = answer.create_time
        facts = {
            "name": str(self.name),
            "state": answer.state,
            "create_time": created.isoformat() if created else None,
        }
        return Met(facts=facts, message=message)


def _state_of(name: ResourceName, state: str) -> str:
    return f"{name.label} is {state}. {name}"


def _state_now(snapshot: OperationSnapshot) -> str:
    percent = "" if snapshot.percent is None else f" at {snapshot.percent} %"
    return f"{snapshot.label} is {snapshot.state}{percent}"


def _final_error(answers: Iterable[Answer]) -> Failed | None:
    """Return the first error that asking again does not cure."""
    errors = (each for each in answers if isinstance(each, Exception) and not is_transient(each))
    error = next(errors, None)
    return Failed(error=error) if error else None


def _trouble(answers: Iterable[Answer]) -> Exception | None:
    return next((each for each in answers if isinstance(each, Exception)), None)


def _good(seen: Mapping[OperationName, Answer]) -> set[OperationName]:
    return {
        name
        for name, answer in seen.items()
        if isinstance(answer, OperationSnapshot) and answer.succeeded
    }


def _is_bad_end(answer: Answer) -> bool:
    """Tell whether an answer to a *get* says that the operation will not succeed."""
    if isinstance(answer, OperationSnapshot):
        return answer.done and not answer.succeeded
    return isinstance(answer, Exception) and not is_transient(answer)


def _bad_end(answer: Answer, *, of: int) -> Exception:
    if isinstance(answer, Exception):
        return answer
    snapshot = cast("OperationSnapshot", answer)
    others = f"None of the {of} operations succeeded; this is the last." if of > 1 else ""
    error = OperationCancelledError if snapshot.cancelled else OperationFailedError
    return error(snapshot, advice=others)


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _LISTED_AT_MOST
    listed = ", ".join(names[:_LISTED_AT_MOST])
    return f"{listed} and {more} more" if more > 0 else listed


def ask_once(condition: Condition) -> Flow[Verdict]:
    """Ask once.

    What is answered after a transient error is ignored, nor after an error for which the rest
    of the answers does not matter.
    """
    replies = yield AskAll(condition.commands)
    if not isinstance(replies, Replies):
        message = f"several questions were answered by {replies!r}"
        raise TypeError(message)
    answers: list[Answer] = []
    for answer in replies.of_each:
        answers.append(answer)
        if isinstance(answer, Exception) and (
            is_transient(answer) or isinstance(condition.judge(answers), Failed)
        ):
            break
    return condition.judge(answers)


def wait_until_met(
    condition: Condition, *, policy: PollPolicy, on_verdict: Callable[[Verdict], None]
) -> Flow[Any]:
    """Ask until the condition is met, and return its facts.

    Transient errors are waited out, up to the policy's limit without a single answer.

    :param on_verdict: is given each verdict
    :raises Exception: that of a condition that will not be met any more
    """
    silence = 0.0
    for delay in policy.delays():
        verdict = yield from ask_once(condition)
        on_verdict(verdict)
        match verdict:
            case Met(facts=facts):
                return facts
            case Failed(error=error):
                raise error
            case NotYet(trouble=Exception() as trouble) if policy.gives_up(
                trouble, silence=silence
            ):
                raise trouble
            case NotYet(trouble=None):
                silence = 0.0
        condition = verdict.condition
        yield Sleep(delay)
        silence += delay
    message = "a policy's delays have no end"
    raise AssertionError(message)


class ConditionLog:
    """Turn what is seen during a watch into log lines: one when something changed."""

    def __init__(self) -> None:
        self._operations: dict[OperationName, ProgressLog] = {}
        self._seen: dict[OperationName, OperationSnapshot] = {}
        self._verdict: Verdict | None = None
        self._message = ""
        self._trouble = ""

    def lines(self, seen: OperationSnapshot | Exception | Verdict, *, now: datetime) -> list[str]:
        """Return the lines to log, oldest first; most often none.

        :param seen: what a *get* answered, or a verdict; errors are taken from the verdict
        """
        if isinstance(seen, OperationSnapshot):
            self._seen[seen.name] = seen
            narrator = self._operations.setdefault(seen.name, ProgressLog())
            return narrator.lines(seen, now=now)
        if isinstance(seen, Failed):
            self._verdict = seen
        if isinstance(seen, NotYet | Met):
            self._verdict = seen
            return [*self._trouble_lines(seen), *self._change_lines(seen.message)]
        return []

    @property
    def last_seen(self) -> str:
        """What was seen last, for who waits no longer: ``Backup nightly is CREATING. …``."""
        match self._verdict:
            case None:
                return "nothing, it was not polled."
            case NotYet(trouble=Exception() as trouble):
                return f"Spanner did not answer ({error_text(trouble)})."
            case Failed(error=error):
                return error_text(error)
            case NotYet(message=message) | Met(message=message) if message:
                return message
        states = [_state_now(each) for each in self._seen.values() if not each.done]
        return f"{_listed(states)}." if states else "all of it has ended."

    def _trouble_lines(self, verdict: NotYet | Met) -> list[str]:
        trouble = verdict.trouble if isinstance(verdict, NotYet) else None
        what = code_name(trouble) if trouble else ""
        if what == self._trouble:
            return []
        self._trouble = what
        if not trouble:
            return ["Spanner answers again."]
        return [f"Spanner is not answering ({error_text(trouble)}); still waiting."]

    def _change_lines(self, message: str) -> list[str]:
        if not message or message == self._message:
            return []
        self._message = message
        return [message]
