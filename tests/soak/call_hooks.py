# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Do something while a call of a task is under way: before its work, or before its answer.

These are moments that no kill and no stranger would meet by chance.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import Faults, RpcError
from airflow_spanner_lro.emulator.faults import FaultEffect
from tests.soak.dag_specs import Kind, task_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.soak.dag_specs import Kind as TaskKind

    Attack = Callable[[str, TaskKind], None]

STARTS = {kind.method: kind for kind in Kind}
"""The RPCs that start something, and whose tasks call them."""
CANCEL = "CancelOperation"

_REFUSED = "The soak lets this call fail."
_LOST = "The soak loses this answer."


@dataclass(frozen=True, slots=True, kw_only=True)
class CallHook:
    """What happens to one call of a task; whoever acts is told its run and task.

    It is done in a thread of the emulator, which answers when it is done.

    :param before: is done before the work
    :param after: is done after the work, before the answer
    :param refuse: the call fails with this, without work
    :param lose: the answer is this, in spite of the work
    :param late: seconds for which the answer is held back, once all is done
    """

    before: Attack | None = None
    after: Attack | None = None
    refuse: Code | None = None
    lose: Code | None = None
    late: float = 0.0

    @property
    def needs_work(self) -> bool:
        """Whether it is about a call that does its work, and not about any."""
        return self.before is None and self.refuse is None


@dataclass(frozen=True, slots=True, kw_only=True)
class _HookedEffect(FaultEffect):
    """What happens to a call for which there are hooks: whatever would, and what was hooked.

    :param first: the hook that begins before the work, if it is one's turn
    :param claim: returns the hook that begins after the work, if it is one's turn then
    """

    run_id: str
    kind: Kind
    first: CallHook | None
    claim: Callable[[], CallHook | None]

    def before_work(self) -> None:
        """Let it happen, then refuse the call if it is to be."""
        if self.first is not None and self.first.before is not None:
            self.first.before(self.run_id, self.kind)
        # a dataclass with slots is another class than the one that super() would find
        FaultEffect.before_work(self)
        if self.first is not None and self.first.refuse is not None:
            raise RpcError(self.first.refuse, _REFUSED)

    def after_work(self) -> None:
        """Let it happen, then answer as usual, or late, or lose the answer."""
        hook = self.first or self.claim() or CallHook()
        if hook.after is not None:
            hook.after(self.run_id, self.kind)
        # not known before the work was done, and read when the answer is due
        object.__setattr__(self, "late", self.late + hook.late)
        FaultEffect.after_work(self)
        if hook.lose is not None:
            raise RpcError(hook.lose, _LOST)


class HookedFaults(Faults):
    """The emulator's faults, and calls that are waited for."""

    def __init__(self) -> None:
        super().__init__()
        self._guard = threading.Lock()
        self._for_starts: list[CallHook] = []
        self._for_cancels: list[CallHook] = []
        self.keys_refused = threading.Event()
        """While it is set, nobody's credentials are good enough."""

    def ambush(self, attack: Attack) -> None:
        """Do something once the next start call of a task has done its work, before its answer.

        :param attack: is told run and task; it is called in a thread of the emulator
        """
        self.await_start(CallHook(after=attack))

    def await_start(self, hook: CallHook) -> None:
        """Let something happen to the next start call of a task."""
        with self._guard:
            self._for_starts.append(hook)

    def await_cancel(self, hook: CallHook) -> None:
        """Let something happen to the next cancel call for an operation with a task's target."""
        with self._guard:
            self._for_cancels.append(hook)

    def clear(self) -> None:
        """Forget all trouble in store, hooks too."""
        super().clear()
        self.keys_refused.clear()
        with self._guard:
            self._for_starts.clear()
            self._for_cancels.clear()

    def take(self, *, method: str, resource: str, filter_: str = "") -> FaultEffect:
        """Return what happens to a call that has just arrived, and count it."""
        if self.keys_refused.is_set():
            return FaultEffect(refuse=RpcError(Code.UNAUTHENTICATED, _REFUSED))
        trouble = super().take(method=method, resource=resource, filter_=filter_)
        task = task_of(resource)
        hooks = self._plots_for(method)
        # one that is refused has nothing to hide
        if task is None or not hooks or trouble.refuse is not None:
            return trouble
        run_id, kind = task
        return _HookedEffect(
            **{each.name: getattr(trouble, each.name) for each in fields(FaultEffect)},
            run_id=run_id,
            kind=kind,
            first=self._take_next(hooks, needs_work=False),
            # a call that Spanner refuses leaves it to the next one
            claim=lambda: self._take_next(hooks, needs_work=True),
        )

    def _plots_for(self, method: str) -> list[CallHook]:
        if method in STARTS:
            return self._for_starts
        return self._for_cancels if method == CANCEL else []

    def _take_next(self, hooks: list[CallHook], *, needs_work: bool) -> CallHook | None:
        """Take the hook whose turn it is, if it needs work, or none, as is asked for."""
        with self._guard:
            if hooks and hooks[0].needs_work is needs_work:
                return hooks.pop(0)
            return None
