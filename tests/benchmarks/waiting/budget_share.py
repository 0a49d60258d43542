# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A budget that may rise, as in the one triggerer of an installation.

There the main process renews the triggerer's share in Airflow's database. Here a thread does, with
the same code, and what is shared stands in memory.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, Self

from airflow_spanner_lro import settings
from airflow_spanner_lro.triggers.lease_board import open_board
from airflow_spanner_lro.triggers.lease_keeper import LeaseKeeper

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(slots=True)
class _Record:
    """What else is a Variable in Airflow's database."""

    text: str = ""

    @property
    def now(self) -> float:
        return time.time()

    @contextmanager
    def hold(self) -> Iterator[Self]:
        yield self

    def write(self, text: str) -> None:
        self.text = text


def keep_a_share() -> None:
    """Share budgets with nobody, for as long as this process runs."""
    hold: Any = _Record().hold
    keeper = LeaseKeeper(
        board=open_board(),
        hold=hold,
        holder="benchmark",
        cap=settings.max_admin_requests_per_second_busy(),
        base=settings.max_admin_requests_per_second(),
    )
    Thread(target=keeper.run, args=(Event(),), daemon=True).start()
