# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A fault of its own kind: the work of a start call is done, and its answer waits until a deed is.

That is the moment between the start call and the ledger, which no kill would meet by chance.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_spanner_lro.emulator import Faults
from airflow_spanner_lro.emulator.traffic.faults import Trouble

from .recipes import Kind, task_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from .recipes import Kind as TaskKind

    Attack = Callable[[str, TaskKind], None]

STARTS = {kind.method: kind for kind in Kind}
"""The RPCs that start something, and whose tasks call them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held(Trouble):
    """What happens to the ambushed call: whatever would, and something before its answer."""

    before_answer: Callable[[], None]

    def after_work(self) -> None:
        """Let it happen, then answer as usual."""
        self.before_answer()
        # a dataclass with slots is another class than the one that super() would find
        Trouble.after_work(self)


class AmbushingFaults(Faults):
    """The emulator's faults, and start calls that are waited for."""

    def __init__(self) -> None:
        super().__init__()
        self._guard = threading.Lock()
        self._attacks: list[Attack] = []

    def ambush(self, attack: Attack) -> None:
        """Do something once the next start call of a task has done its work, before its answer.

        :param attack: is told run and task; it is called in a thread of the emulator
        """
        with self._guard:
            self._attacks.append(attack)

    def clear(self) -> None:
        """Forget all trouble in store, ambushes too."""
        super().clear()
        with self._guard:
            self._attacks.clear()

    def take(self, *, method: str, resource: str) -> Trouble:
        """Return what happens to a call that has just arrived, and count it."""
        trouble = super().take(method=method, resource=resource)
        task = task_of(resource) if method in STARTS else None
        # one that is refused has nothing to hide
        if task is None or trouble.refuse is not None:
            return trouble
        with self._guard:
            if not self._attacks:
                return trouble
            attack = self._attacks.pop(0)
        run_id, kind = task
        return _Held(
            delay=trouble.delay,
            lose=trouble.lose,
            dropped=trouble.dropped,
            before_answer=lambda: attack(run_id, kind),
        )
