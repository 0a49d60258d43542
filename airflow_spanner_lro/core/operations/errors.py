# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The errors about an operation, and about the resource that it makes.

Each says first what became of what, by its short name; then what that means and what to do. The
full name is the last word: a log that is cut after a hundred characters has lost nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from airflow_spanner_lro.core.errors import SpannerLroError
from airflow_spanner_lro.core.operations.settlement import Ending, cancel_advice
from airflow_spanner_lro.core.text import escape_unprintable, shorten

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from airflow_spanner_lro.core.kinds import OperationKind
    from airflow_spanner_lro.core.names import OperationName, ResourceName
    from airflow_spanner_lro.core.operations.settlement import Settlement
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot


def left_running_presumed(name: OperationName) -> str:
    """Say why an operation was left running that is only presumed to be the task's."""
    return (
        "Its start call was never answered, so it is only presumed to be this task's. If it is, "
        f"end it by hand: spanner-lro cancel {name}"
    )


class OperationFailedError(SpannerLroError):
    """The operation ended with an error of its own."""

    def __init__(self, snapshot: OperationSnapshot, *, advice: str = "", report: str = "") -> None:
        message = f"{snapshot.label} {self._verdict(snapshot)}."
        if snapshot.statements and not report:
            total = len(snapshot.statements)
            message += f" {snapshot.committed} of {total} statements were committed and stay."
        message += f" {advice} {snapshot.name}" if advice else f" {snapshot.name}"
        super().__init__(f"{message}\n{report}" if report else message)
        self.snapshot = snapshot
        self.report = report

    def _verdict(self, snapshot: OperationSnapshot) -> str:
        return f"failed: {snapshot.error or 'no error was given'}"

    def advising(self, advice: str) -> Self:
        """Return the same error with a sentence on what to do."""
        return type(self)(self.snapshot, advice=advice, report=self.report)


class OperationCancelledError(OperationFailedError):
    """The operation was cancelled by somebody else.

    :param by: the user of the Operations page that the task's ledger names; empty if it names none
    """

    def __init__(
        self, snapshot: OperationSnapshot, *, advice: str = "", report: str = "", by: str = ""
    ) -> None:
        self.by = by
        super().__init__(snapshot, advice=advice, report=report)

    def _verdict(self, snapshot: OperationSnapshot) -> str:  # noqa: ARG002  # of each the same
        who = f"{escape_unprintable(self.by)}, on the Operations page" if self.by else ""
        return f"was cancelled by {who or 'somebody else'}"


class _StoppedWaitingError(SpannerLroError):
    """Common part of the two errors that say why a wait ended before its operation did.

    :param reason: such as ``the task was killed``
    :param kind: what the operation is, if the caller knows
    :param left: why nothing was cancelled, if there is no settlement; empty if that was asked for
    """

    def __init__(
        self,
        reason: str,
        *,
        name: OperationName,
        settlement: Settlement | None,
        kind: OperationKind | None = None,
        left: str = "",
    ) -> None:
        label = f"{kind} {name.resource.resource_id}" if kind else name.label
        if settlement is None:
            verdict = "was left running" if left else "was left running, as asked"
            text = f"{label} {verdict}: {reason}. {left}".rstrip()
        else:
            text = settlement.because(reason, label=label)
            if not settlement.settled:
                text = f"{text} {cancel_advice(name)}"
        super().__init__(text if text.endswith(str(name)) else f"{text} {name}")
        self.name = name
        self.settlement = settlement


class OperationTimeoutError(_StoppedWaitingError):
    """Our deadline passed before the operation was done; ``settlement`` says what became of it."""


class OperationKilledError(_StoppedWaitingError):
    """The task was killed while it waited; ``settlement`` says what became of the operation."""


class KilledBeforeStartError(SpannerLroError):
    """The task was killed before it had asked Spanner for anything."""

    def __init__(self, target: ResourceName) -> None:
        super().__init__(
            f"{target.label} was not started: the task was killed before the start call. {target}"
        )


class NothingStartedError(SpannerLroError):
    """The task ran out of time before it had asked Spanner to start anything.

    :param reason: such as ``out of time after 4 h (execution_timeout)``
    """

    def __init__(self, target: ResourceName, *, reason: str) -> None:
        super().__init__(
            f"{target.label} was not started: {reason}, before the start call. {target}"
        )
        self.target = target


class KilledBeforeDeliveryError(SpannerLroError):
    """The task was killed when the work was done, and before its result could be read."""

    def __init__(self, target: ResourceName) -> None:
        super().__init__(
            f"{target.label} is there, but its result was not delivered: the task was killed. "
            f"The next try delivers it. {target}"
        )


class StartUnansweredError(SpannerLroError):
    """The wait for the answer of a start call was given up; whether it began anything is open."""

    def __init__(self, target: ResourceName, *, kind: OperationKind) -> None:
        super().__init__(
            f"{kind} {target.resource_id} may have been started: Spanner has not answered the "
            "start call, and there was no time left to wait for it. The next try, or the reaper "
            f"(`airflow spanner-lro reap`), finds out what became of it. {target}"
        )
        self.target = target


class RefusedForNowError(SpannerLroError):
    """Spanner does not do what was asked for yet, and nothing was begun; it is waited out.

    :param limit: what Spanner allows, in words
    :param server_text: what Spanner said; empty if it was not even asked
    :param until: when it is worth another attempt, if that is known
    :param verb: what was to be done to the target
    """

    def __init__(
        self,
        target: ResourceName,
        *,
        limit: str,
        server_text: str,
        until: datetime | None = None,
        verb: str = "started",
    ) -> None:
        quoted = f" Spanner said: {server_text.rstrip('.')}." if server_text else ""
        super().__init__(
            f"{target.label} was not {verb} yet: Spanner allows {limit}.{quoted} {target}"
        )
        self.target = target
        self.limit = limit
        self.until = until


class CancelNotSettledError(SpannerLroError):
    """A cancellation was asked for, and the operation goes on or left something behind.

    ``settlements`` has one entry for each such operation.
    """

    def __init__(self, settlement: Settlement, *others: Settlement) -> None:
        self.settlements = (settlement, *others)
        super().__init__("\n".join(map(self._line, self.settlements)))

    @staticmethod
    def _line(settlement: Settlement) -> str:
        by_hand = "By hand: spanner-lro cancel " if settlement.ending is Ending.NOT_SENT else ""
        return f"{settlement.sentence} {by_hand}{settlement.name}"


class OperationGoneError(SpannerLroError):
    """Spanner does not know an operation any more that was being waited for.

    Records of operations go with the resource they belong to.
    """

    def __init__(self, name: OperationName) -> None:
        super().__init__(
            f"{name.label} is gone: it was deleted, probably with the {name.resource.noun}. "
            f"Nothing is left to wait for; a retry starts anew. {name}"
        )
        self.name = name


class EndedByOthersError(SpannerLroError):
    """A process goes on with a try that somebody else has ended while it was suspended."""

    def __init__(self, target: ResourceName, *, follow_up: OperationName) -> None:
        super().__init__(
            f"{target.label} is there, but this task does not wait for what follows: its wait was "
            "ended while its process was suspended, as its ledger entry says. Nothing was "
            f"cancelled. Clear the task to have the result delivered. {follow_up}"
        )
        self.target = target


class OperationRunningError(SpannerLroError):
    """The record of an operation was to be deleted, and the operation still runs."""

    def __init__(self, name: OperationName) -> None:
        super().__init__(
            f"{name.label} was not deleted: it is still running, and without its record nobody "
            f"could see or cancel it. Cancel it first, or wait until it is done. {name}"
        )
        self.name = name


class ResumeConflictError(SpannerLroError):
    """What is there is not, or not provably, this task's work; it was left as it is."""

    def __init__(self, target: ResourceName, message: str) -> None:
        super().__init__(message)
        self.target = target


class TargetExistsError(ResumeConflictError):
    """The target exists already, and no operation of this task made it.

    :param server_text: what Spanner said
    :param resource: what is there, as a message of the client library; None if it cannot be seen
    :param running: operations on it that are not done
    :param differences: how it is not what was asked for, a sentence for each
    :param mapped: the task is one of several that were mapped
    """

    def __init__(
        self,
        target: ResourceName,
        *,
        server_text: str,
        resource: Any = None,
        running: Sequence[OperationSnapshot] = (),
        differences: Sequence[str] = (),
        mapped: bool = False,
    ) -> None:
        hint = (
            f" Tasks are mapped here: put what is mapped into the {target.noun} id."
            if mapped
            else ""
        )
        super().__init__(
            target,
            f"{target.label} exists already, and this task has not made it"
            f"{_what_there_is(resource, running)}. {_differs(differences)}It was left as "
            f"it is. Choose another id, or delete the existing one first.{hint} "
            f"Spanner said: {server_text.rstrip('.')}. {target}",
        )
        self.differences = tuple(differences)


class ResourceDiffersError(ResumeConflictError):
    """The target exists already, and is not what this task was to make."""

    def __init__(self, target: ResourceName, *, differences: tuple[str, ...], advice: str) -> None:
        super().__init__(
            target,
            f"{target.label} exists already, and is not what was asked for: "
            f"{'; '.join(differences)}. {advice} {target}",
        )
        self.differences = differences


class AmbiguousStartError(ResumeConflictError):
    """A start call was never answered, and several operations may be the one that it began."""

    def __init__(self, target: ResourceName, *, operations: Sequence[OperationSnapshot]) -> None:
        super().__init__(
            target,
            f"{target.label} may have been started twice, by this task and by somebody else: "
            "the start call was never answered, and nothing tells its operation from another one. "
            "Nothing was cancelled. Look at both, then clear the task to start anew. "
            f"{', '.join(str(each.name) for each in operations)}",
        )
        self.operations = tuple(operations)


class PresumedOperationRunningError(ResumeConflictError):
    """The request has changed, and the operation that runs is only presumed to be this task's."""

    def __init__(self, snapshot: OperationSnapshot) -> None:
        name = snapshot.name
        super().__init__(
            name.resource,
            f"{snapshot.label} was not cancelled, although the Dag asks for something else by now: "
            "its start call was never answered, so it may be somebody else's. If it is yours, "
            f"cancel it and clear the task: spanner-lro cancel {name}",
        )


class OperationPredatesRunError(ResumeConflictError):
    """The task's ledger names an operation that began before the task's Dag run.

    :param why: that, in words
    """

    def __init__(self, snapshot: OperationSnapshot, *, why: str) -> None:
        name = snapshot.name
        super().__init__(
            name.resource,
            f"{snapshot.label} is not this task's, although the task's ledger says so. {why} "
            "It was left as it is. Somebody may have written that "
            "entry: look at the task's state store, delete the key, and clear the task. "
            f"{name}",
        )


def _what_there_is(resource: Any, running: Sequence[OperationSnapshot]) -> str:
    facts = []
    if made := getattr(resource, "create_time", None):
        facts.append(f"it was made {made:%Y-%m-%d %H:%M:%S %Z}")
    if source := getattr(resource, "database", ""):
        facts.append(f"from {source}")
    facts += [f"{each.title} runs on it, operation {each.name.operation}" for each in running]
    return f" ({', '.join(facts)})" if facts else ""


def _differs(differences: Sequence[str]) -> str:
    return f"It differs from what was asked for: {'; '.join(differences)}. " if differences else ""


class StatementsChangedError(SpannerLroError):
    """A schema change is done, and its Dag asks for other statements by now."""

    def __init__(self, target: ResourceName) -> None:
        super().__init__(
            f"Schema change {target.resource_id} is done, but the Dag asks for other statements "
            f"than when it was started. A retry runs those that are not committed yet. {target}"
        )


class UnknownEventError(SpannerLroError):
    """A trigger fired with an event that the worker does not understand."""

    def __init__(self, event: object, *, missing: str) -> None:
        super().__init__(
            f"The trigger's event is of another release ({missing}): {shorten(repr(event))}. "
            "Run the same release of airflow-spanner-lro on both. "
            "A retry takes up what this try has started."
        )


class UnexpectedStateError(SpannerLroError):
    """The operation is done without error, yet its resource is not in a state that means done.

    :param state: the state it is in; empty if it does not exist
    """

    def __init__(self, *, target: ResourceName, state: str, expected: tuple[str, ...]) -> None:
        wrong = (
            f"its state is {state}, not {' or '.join(expected)}"
            if state
            else "it does not exist any more"
        )
        super().__init__(
            f"{target.label} cannot be used: the operation on it is done, but {wrong}. Somebody "
            f"may have changed or deleted it meanwhile. {target}"
        )
        self.target = target
        self.state = state
