# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Warn in the task's log that no reaper is at work, when the task leaves an operation running.

A task cannot see who runs the reaper, only when its latest round was.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from airflow_spanner_lro import metrics
from airflow_spanner_lro.airflow_database import variable_for_task
from airflow_spanner_lro.airflow_internals import AirflowDatabaseError, plays_tasks_itself
from airflow_spanner_lro.core.tries.round_record import ROUND_KEY, RoundRecord, overdue

if TYPE_CHECKING:
    from datetime import datetime

log = logging.getLogger(__name__)

WARNING = (
    "No reaper is at work: {why}. If Airflow loses this task without a word, nobody ends its "
    "operation. Let a triggerer run, or set [spanner_lro] reaper; `airflow spanner-lro status` "
    "tells more."
)


def warn_if_no_reaper(*, now: datetime) -> None:
    """Warn if no round was made for ten minutes; nothing if Airflow cannot be asked."""
    if plays_tasks_itself():
        # whoever tries a Dag out on a laptop has no triggerer, and sees its end
        return
    try:
        text = variable_for_task(ROUND_KEY)
    except AirflowDatabaseError as exc:
        log.debug("When the reaper was at work cannot be seen: %s", exc)
        return
    record = RoundRecord.from_json(text)
    if why := overdue(record, now=now):
        if record is not None:
            metrics.show_round_age(record.age(now))
        log.warning(WARNING.format(why=why))
