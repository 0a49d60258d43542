# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Wait for an operation, cancel it, settle it, clean up after it: pure decisions as generators.

A flow yields a command and is sent the answer; it never sleeps, never calls, never reads a clock,
so a test drives it by hand. The two drivers in ``admin/driver.py`` perform the commands, one in
sync code and one in async, and so the two cannot drift apart. Deadlines belong to the drivers: one
that finds its deadline passed throws ``DeadlinePassedError`` into the flow instead of sleeping.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from airflow_spanner_lro.core.errors import SpannerLroError
from airflow_spanner_lro.core.flows.commands import (
    Answer,
    Cancel,
    Command,
    DeleteResource,
    Flow,
    Get,
    GetResource,
    GetResult,
    Sleep,
)
from airflow_spanner_lro.core.operations.settlement import Ending, Settlement
from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot, ResourceState
from airflow_spanner_lro.core.polling.expected_end import PRICE, ExpectedEnd
from airflow_spanner_lro.core.polling.policy import BackOffPolicy
from airflow_spanner_lro.core.status import (
    Code,
    ErrorClass,
    classify,
    code_of,
    error_text,
    is_transient,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from airflow_spanner_lro.core.names import OperationName
    from airflow_spanner_lro.core.polling.policy import CancelPolicy, PollPolicy


T = TypeVar("T")

POLL_WITHIN = 4.0
"""Seconds for the poll on which a cancel waits."""
POLL_AGAIN_WITHIN = 2.0
"""Seconds for it where the operation was seen to run shortly before: only a clean-up needs it."""
_DEARER_FROM = 60.0
"""Seconds of age up to which a poll is worth as much as with a budget; then the interval grows to a
twenty-fifth of the age."""
_POLLS = 2
"""Polls that may fail before the cancel goes out all the same."""
UNSEEN = (
    "nobody saw it run after the decision to cancel it, so it may be a result that was delivered; "
    "delete it if nobody uses it"
)


class DeadlinePassedError(SpannerLroError):
    """A driver's deadline passed. Whoever set the deadline knows what to do about it."""


def wait(
    *, name: OperationName, policy: PollPolicy, patience: float = 1.0
) -> Flow[OperationSnapshot]:
    """Get until the operation is done.

    Transient errors say nothing about the operation and are waited out, up to the policy's
    limit without a single answer; any other error propagates. When the quota is used up, the pauses
    double: others ask as well, and no budget keeps them all within it here.

    :param patience: how many times the usual delay of noticing the end is worth a request
    """
    end, waited, silence = ExpectedEnd(since=0.0), 0.0, 0.0
    back_off = BackOffPolicy()
    pause: float | None = None
    now: Answer = None
    while True:
        match (yield Get(name)):
            case OperationSnapshot(done=True) as snapshot:
                return snapshot
            case OperationSnapshot() as snapshot:
                silence, pause = 0.0, None
                end.on_running(snapshot, at=waited, now=now if isinstance(now, datetime) else None)
                # no budget counts these requests, so they get dearer as the operation gets older
                price = patience * PRICE * max(end.age / _DEARER_FROM, 1.0)
                latest = waited + policy.maximum
                delay = end.worth_polling_at(latest=latest, price=price) - waited
            case Exception() as exc if policy.gives_up(exc, silence=silence):
                raise exc
            case Exception() as exc if classify(exc) is ErrorClass.QUOTA:
                delay = pause = back_off.after(pause)
            case _:
                delay = policy.pause_after_error(silence)
        delay = policy.jittered(delay)
        now = yield Sleep(delay)
        waited += delay
        silence += delay


def cancel_and_settle(*, name: OperationName, policy: CancelPolicy) -> Flow[Settlement]:
    """Ask for cancellation, then get until it is known what became of the operation.

    Never raises for an ending: a refusal and a spent budget are outcomes too.
    """
    last: OperationSnapshot | None = None
    trouble: Exception | None = None
    asked = False
    try:
        for delay in policy.delays():
            if not asked:
                trouble = _as_error((yield Cancel(name)))
                # a lost answer is asked again: to cancel twice does no harm
                asked = trouble is None or not is_transient(trouble)
            match (yield Get(name)):
                case OperationSnapshot(done=True) as snapshot:
                    ending = Ending.CANCELLED if snapshot.cancelled else Ending.FINISHED_FIRST
                    return Settlement(name=name, ending=ending, snapshot=snapshot)
                case OperationSnapshot() as snapshot:
                    last = snapshot
                    if trouble and asked:
                        return _refused(name=name, snapshot=snapshot, refusal=trouble)
                case Exception() as exc if code_of(exc) is Code.NOT_FOUND:
                    return Settlement(name=name, ending=Ending.GONE)
                case Exception() as exc if asked and not is_transient(exc):
                    if trouble:
                        return _refused(name=name, snapshot=last, refusal=trouble)
                    # the cancel was not refused, only its outcome cannot be seen
                    trouble = exc
                    break
            yield Sleep(delay)
    except DeadlinePassedError:
        pass
    return Settlement(
        name=name,
        ending=Ending.STILL_RUNNING if asked else Ending.NOT_SENT,
        snapshot=last,
        detail=error_text(trouble) if trouble else "",
    )


def clean_up(settlement: Settlement, *, policy: CancelPolicy) -> Flow[Settlement]:
    """Delete what a create operation made in spite of its cancel, if and only if it made it.

    A resource of the same name may be somebody else's by now, so the one that exists must have
    been created at the very moment the operation tells. Transient errors are waited out.
    """
    kind = settlement.snapshot.kind if settlement.snapshot else None
    # an update answers the resource as well, and that one was there before
    if not settlement.succeeded_first or kind is None or not kind.creates:
        return settlement
    cleaned_up = settlement.with_clean_up(str(settlement.name.resource))
    trouble: Exception | None = None
    asked = False
    try:
        for delay in policy.delays():
            made = yield GetResult(settlement.name)
            there = yield GetResource(settlement.name.resource)
            trouble = _as_error(made) or _as_error(there)
            if isinstance(there, Exception) and code_of(there) is Code.NOT_FOUND:
                # if we asked for it, the deletion was done and only its answer was lost
                return cleaned_up if asked else settlement
            if trouble is None:
                if not _same(made, there):
                    return settlement
                asked = True
                trouble = _as_error((yield DeleteResource(settlement.name.resource)))
                if trouble is None:
                    return cleaned_up
            if not is_transient(trouble):
                break
            yield Sleep(delay)
    except DeadlinePassedError:
        pass
    return settlement.with_leftover(error_text(trouble)) if trouble else settlement


def stop(*, name: OperationName, policy: CancelPolicy, cleans_up: bool) -> Flow[Settlement]:
    """Cancel, settle and, if asked to, clean up: everything that stopping an operation means."""
    settlement = yield from cancel_and_settle(name=name, policy=policy)
    if not cleans_up:
        return settlement
    return (yield from clean_up(settlement, policy=policy))


def _same(made: Answer, there: Answer) -> bool:
    """Tell whether two answers are about the very same resource, not a namesake."""
    return (
        isinstance(made, ResourceState)
        and isinstance(there, ResourceState)
        and made.create_time is not None
        and made.create_time == there.create_time
    )


def _as_error(answer: Answer) -> Exception | None:
    return answer if isinstance(answer, Exception) else None


def _refused(
    *, name: OperationName, snapshot: OperationSnapshot | None, refusal: Exception
) -> Settlement:
    return Settlement(
        name=name,
        ending=Ending.REFUSED,
        snapshot=snapshot,
        detail=error_text(refusal),
        code=code_of(refusal),
    )


def cancel_if_running(
    *,
    name: OperationName,
    policy: CancelPolicy,
    cleans_up: bool,
    seen_running: bool = False,
    sent: Callable[[], None] = lambda: None,
) -> Flow[OperationSnapshot | Settlement]:
    """Stop an operation that we did not watch, if it runs; one that is done is only returned.

    Its task may have seen the end already and succeeded; all that is known here is that the task
    has ended. So it is polled first, but not for long: a cancel of an operation that is done does
    no harm, and without an answer it is sent all the same. What the operation made may be the
    task's result, though. It is deleted only if a poll that was answered after the decision to
    cancel has seen the operation run: then nobody can have delivered it before. No moments are
    compared for that, since clocks may be minutes apart.

    :param seen_running: it was seen to run shortly before; without a clean-up that is enough
    :param sent: is called once the cancel has got through
    """
    runs = seen_running and not cleans_up
    seen = _Seen()
    if not runs:
        within = POLL_AGAIN_WITHIN if seen_running else POLL_WITHIN
        polling = _poll_within(within, name=name, policy=policy)
        snapshot = yield from seen.noting(polling, sent=sent)
        if snapshot is not None and snapshot.done:
            return snapshot
    settlement = yield from seen.noting(cancel_and_settle(name=name, policy=policy), sent=sent)
    if not cleans_up:
        return settlement
    if seen.running:
        return (yield from clean_up(settlement, policy=policy))
    kind = settlement.snapshot.kind if settlement.snapshot else None
    made = settlement.succeeded_first and kind is not None and kind.creates
    return settlement.with_leftover(UNSEEN) if made else settlement


def _poll_within(
    seconds: float, *, name: OperationName, policy: CancelPolicy
) -> Flow[OperationSnapshot | None]:
    """Poll until there is an answer; None if there is none in so many seconds."""
    try:
        for _, delay in zip(range(_POLLS), policy.delays(), strict=False):
            match (yield Get(name, seconds)):
                case OperationSnapshot() as snapshot:
                    return snapshot
                case Exception() as exc if (
                    not is_transient(exc) or code_of(exc) is Code.DEADLINE_EXCEEDED
                ):
                    break
            yield Sleep(delay)
    except DeadlinePassedError:
        pass
    return None


class _Seen:
    """What was seen of an operation by the flows that end it."""

    def __init__(self) -> None:
        self.running = False

    def noting(self, flow: Flow[T], *, sent: Callable[[], None]) -> Flow[T]:
        """Perform a flow, and note whether a poll saw the operation run.

        :param sent: is called when a cancel was taken
        """
        try:
            command = next(flow)
            while True:
                try:
                    answer = yield command
                except DeadlinePassedError as passed:
                    command = flow.throw(passed)
                    continue
                if isinstance(answer, OperationSnapshot) and not answer.done:
                    self.running = True
                if isinstance(command, Cancel) and answer is None:
                    sent()
                command = flow.send(answer)
        except StopIteration as end:
            result: T = end.value
            return result


@dataclass(slots=True, eq=False)
class _Running(Generic[T]):
    """One of the flows: what it asks for now, or what it returned."""

    flow: Flow[T]
    command: Command | None = None
    result: T | None = None

    def send(self, answer: Answer) -> None:
        """Tell the flow what its command was answered; None starts it."""
        self._step(self.flow.send, answer)

    def throw(self, exc: DeadlinePassedError) -> None:
        """Tell the flow that its deadline passed."""
        self._step(self.flow.throw, exc)

    def sleep(self, seconds: float) -> None:
        """Let time pass for a flow that sleeps."""
        left = self.sleeps - seconds
        if left > 0:
            self.command = Sleep(left)
        else:
            self.send(None)

    @property
    def cancels(self) -> bool:
        """Whether it asks for a cancel now."""
        return isinstance(self.command, Cancel)

    @property
    def sleeps(self) -> float:
        """For how many more seconds it sleeps."""
        return self.command.seconds if isinstance(self.command, Sleep) else 0.0

    def _step(self, move: Callable[[Any], Command], what: Any) -> None:
        try:
            self.command = move(what)
        except StopIteration as end:
            self.command, self.result = None, end.value


def gather(flows: Iterable[Flow[T]]) -> Flow[tuple[T, ...]]:
    """Perform several flows as one; return what each returned, in their order.

    Their calls are made in turn, and they sleep at the same time, so ten cancels take as long as
    the slowest of them, and the last is sent before the first is waited for. A cancel that is ready
    goes before any other call. The deadline of the driver is everyone's. An error that one of them
    raises ends them all.
    """
    running = [_Running(flow) for flow in flows]
    for each in running:
        each.send(None)
    while waiting := [each for each in running if each.command]:
        if awake := deque(each for each in waiting if not isinstance(each.command, Sleep)):
            while awake:
                first = next((each for each in awake if each.cancels), awake[0])
                awake.remove(first)
                first.send((yield first.command))  # type: ignore[misc]  # it has a command
                if first.cancels:
                    awake.append(first)
            continue
        seconds = min(each.sleeps for each in waiting)
        try:
            yield Sleep(seconds)
        except DeadlinePassedError as passed:
            for each in waiting:
                each.throw(passed)
        else:
            for each in waiting:
                each.sleep(seconds)
    return tuple(each.result for each in running)  # type: ignore[misc]  # each has ended


def stop_all(
    names: Iterable[OperationName], *, policy: CancelPolicy, cleans_up: bool
) -> Flow[tuple[Settlement, ...]]:
    """Cancel operations and settle them side by side; clean up after each, if asked to."""
    return gather(stop(name=name, policy=policy, cleans_up=cleans_up) for name in names)
