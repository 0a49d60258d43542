# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Faults of their own kind: something is done while a call of a task is under way.

Before its work, or between its work and its answer: moments that no kill and no stranger would
meet by chance.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from airflow_spanner_lro.emulator import Faults, RpcError
from airflow_spanner_lro.emulator.traffic.faults import Trouble

from .recipes import Kind, task_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spanner_lro.core.status import Code

    from .recipes import Kind as TaskKind

    Attack = Callable[[str, TaskKind], None]

STARTS = {kind.method: kind for kind in Kind}
"""The RPCs that start something, and whose tasks call them."""
CANCEL = "CancelOperation"

_REFUSED = "The soak lets this call fail."
_LOST = "The soak loses this answer."


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plotted(Trouble):
    """What happens to such a call: whatever would, and what was plotted."""

    plot: Plot
    run_id: str
    kind: Kind

    @classmethod
    def of(cls, trouble: Trouble, *, plot: Plot, run_id: str, kind: Kind) -> _Plotted:
        """Return trouble with a plot added."""
        usual = {each.name: getattr(trouble, each.name) for each in fields(Trouble)}
        late = trouble.late + plot.late
        return cls(**{**usual, "late": late}, plot=plot, run_id=run_id, kind=kind)

    def before_work(self) -> None:
        """Let it happen, then refuse the call if it is to be."""
        if self.plot.before is not None:
            self.plot.before(self.run_id, self.kind)
        # a dataclass with slots is another class than the one that super() would find
        Trouble.before_work(self)
        if self.plot.refuse is not None:
            raise RpcError(self.plot.refuse, _REFUSED)

    def after_work(self) -> None:
        """Let it happen, then answer as usual, or lose the answer."""
        if self.plot.after is not None:
            self.plot.after(self.run_id, self.kind)
        Trouble.after_work(self)
        if self.plot.lose is not None:
            raise RpcError(self.plot.lose, _LOST)


class AmbushingFaults(Faults):
    """The emulator's faults, and calls that are waited for."""

    def __init__(self) -> None:
        super().__init__()
        self._guard = threading.Lock()
        self._for_starts: list[Plot] = []
        self._for_cancels: list[Plot] = []

    def ambush(self, attack: Attack) -> None:
        """Do something once the next start call of a task has done its work, before its answer.

        :param attack: is told run and task; it is called in a thread of the emulator
        """
        self.await_start(Plot(after=attack))

    def await_start(self, plot: Plot) -> None:
        """Let something happen to the next start call of a task."""
        with self._guard:
            self._for_starts.append(plot)

    def await_cancel(self, plot: Plot) -> None:
        """Let something happen to the next cancel call for an operation with a task's target."""
        with self._guard:
            self._for_cancels.append(plot)

    def clear(self) -> None:
        """Forget all trouble in store, plots too."""
        super().clear()
        with self._guard:
            self._for_starts.clear()
            self._for_cancels.clear()

    def take(self, *, method: str, resource: str) -> Trouble:
        """Return what happens to a call that has just arrived, and count it."""
        trouble = super().take(method=method, resource=resource)
        task = task_of(resource)
        # one that is refused has nothing to hide
        if task is None or trouble.refuse is not None:
            return trouble
        plot = self._take_plot(method)
        if plot is None:
            return trouble
        run_id, kind = task
        return _Plotted.of(trouble, plot=plot, run_id=run_id, kind=kind)

    def _take_plot(self, method: str) -> Plot | None:
        with self._guard:
            plots = self._for_starts if method in STARTS else []
            plots = self._for_cancels if method == CANCEL else plots
            return plots.pop(0) if plots else None
