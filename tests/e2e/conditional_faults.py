# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Faults of the emulator that depend on what Airflow has told by the time a call arrives."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from airflow_spanner_lro.emulator import Faults

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spanner_lro.emulator.faults import FaultEffect


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _HeldAnswer:
    """A call whose answer is held back.

    :param until: tells until when, as by ``time.time()``; asked when the call has arrived
    """

    method: str
    resource: str
    until: Callable[[], float]


class ConditionalFaults(Faults):
    """Faults, and answers that come late by an amount which only the call itself decides."""

    def __init__(self) -> None:
        super().__init__()
        self._guard = threading.Lock()
        self._cues: list[_HeldAnswer] = []

    def answer_at(self, until: Callable[[], float], *, method: str, resource: str) -> None:
        """Do the work of the next such call at once, and hold its answer back until a moment.

        :param until: returns the moment, as by ``time.time()``
        :param resource: its full name, in which ``*`` and ``?`` match as in file names
        """
        with self._guard:
            self._cues.append(_HeldAnswer(method=method, resource=resource, until=until))

    def clear_of(self, instance: str) -> None:
        """Forget what is in store for calls about anything of an instance; all else stays."""
        with self._lock:
            self._faults = [
                each
                for each in self._faults
                if not (each.resource or "").startswith(f"{instance}/")
            ]

    def take(self, *, method: str, resource: str, filter_: str = "") -> FaultEffect:
        """Return what happens to a call, and hold its answer back if there is a cue for it."""
        trouble = super().take(method=method, resource=resource, filter_=filter_)
        if trouble.refuse is None and (cue := self._cue(method, resource)):
            # Airflow may be asked in there, so nobody waits for a lock meanwhile
            return replace(trouble, late=max(0.0, cue.until() - time.time()))
        return trouble

    def _cue(self, method: str, resource: str) -> _HeldAnswer | None:
        with self._guard:
            for cue in self._cues:
                if cue.method == method and fnmatchcase(resource, cue.resource):
                    self._cues.remove(cue)
                    return cue
        return None
