# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Asking a condition once, or again and again until it is decided; and what is said meanwhile.

Flows like those of ``core/flows/operation.py``, but about conditions instead of one operation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.error_text import code_name, error_text
from airflow_spanner_lro.core.flows.commands import AskAll, Flow, Replies, Sleep
from airflow_spanner_lro.core.flows.conditions import Failed, Met, NotYet
from airflow_spanner_lro.core.operations.progress import ProgressLog
from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot
from airflow_spanner_lro.core.status import is_transient

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from airflow_spanner_lro.core.flows.commands import Answer
    from airflow_spanner_lro.core.flows.conditions import Condition, Verdict
    from airflow_spanner_lro.core.flows.policy import PollPolicy
    from airflow_spanner_lro.core.names import OperationName


def look(condition: Condition) -> Flow[Verdict]:
    """Ask once.

    What is answered after a passing error is not looked at, nor after an error for which the rest
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


def watch(
    condition: Condition, *, policy: PollPolicy, tell: Callable[[Verdict], None]
) -> Flow[Any]:
    """Ask until the condition is met, and return its facts.

    Transient errors are waited out, up to the policy's patience without a single answer.

    :param tell: is told what each look came to
    :raises Exception: that of a condition that will not be met any more
    """
    silence = 0.0
    for delay in policy.delays():
        verdict = yield from look(condition)
        tell(verdict)
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


class WatchNarrator:
    """Turn what is seen during a watch into log lines: one when something changed."""

    def __init__(self) -> None:
        self._operations: dict[OperationName, ProgressLog] = {}
        self._told = ""
        self._trouble = ""

    def lines(self, heard: OperationSnapshot | Exception | Verdict, *, now: datetime) -> list[str]:
        """Return the lines to log, oldest first; most often none.

        :param heard: what a *get* answered, or what a look came to; errors are taken from the look
        """
        if isinstance(heard, OperationSnapshot):
            narrator = self._operations.setdefault(heard.name, ProgressLog())
            return narrator.lines(heard, now=now)
        if isinstance(heard, NotYet | Met):
            return [*self._trouble_lines(heard), *self._change_lines(heard.told)]
        return []

    def _trouble_lines(self, verdict: NotYet | Met) -> list[str]:
        trouble = verdict.trouble if isinstance(verdict, NotYet) else None
        what = code_name(trouble) if trouble else ""
        if what == self._trouble:
            return []
        self._trouble = what
        if not trouble:
            return ["Spanner answers again."]
        return [f"Spanner is not answering ({error_text(trouble)}); still waiting."]

    def _change_lines(self, told: str) -> list[str]:
        if not told or told == self._told:
            return []
        self._told = told
        return [told]
