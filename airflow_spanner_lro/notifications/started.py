# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Which operations the tasks of a Dag run have started, as far as everybody can read.

Where callbacks run (the dag-processor, the triggerer), the task state store is out of reach: a read
of it hangs for ever and takes the process down (Airflow 3.3.2). So this reads task states and XComs
only: each task publishes its ledger entry right after the start. Both reads block. A record is
what somebody has written; whether it is acted on is for the notifier to decide.
"""

from __future__ import annotations

import logging
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_spanner_lro.airflow_internals import task_states, xcom_of
from airflow_spanner_lro.core.text import escape_unprintable, shorten
from airflow_spanner_lro.core.tries.ledger import RECORD_KEY, LedgerEntry
from airflow_spanner_lro.core.tries.ownership import TaskLiveness, liveness_of
from airflow_spanner_lro.core.tries.record import LedgerFormatError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

log = logging.getLogger(__name__)

_TOLD = 200
"""How many characters are shown of why a record cannot be read."""
_NEVER_RAN = {None, "none", "upstream_failed"}
_MAPPED = re.compile(r"(.+)_(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedOperation:
    """What a task instance has started.

    :param task_id: its task
    :param entry: what its latest try has published; it has an operation's name
    :param awaited: the task goes on and will find out about the end by itself
    """

    task_id: str
    entry: LedgerEntry
    awaited: bool


def started_operations(
    *, dag_id: str, run_id: str, task_ids: Collection[str] | None, within: float
) -> list[StartedOperation]:
    """Return what the latest try of each task instance has started, what is awaited first.

    :param task_ids: the tasks to ask; None for all, which takes a read for each
    :param within: how long this may take, in seconds; what is not read by then is told and left out
    :raises airflow.sdk.exceptions.AirflowRuntimeError: if Airflow cannot be asked
    """
    if task_ids is not None and not task_ids:
        return []
    end = time.monotonic() + within
    states = task_states(dag_id=dag_id, run_id=run_id, task_ids=task_ids)
    may_have = [each for each in states.items() if each[1] not in _NEVER_RAN]
    # stable, so Airflow's order stays within both halves
    may_have.sort(key=lambda each: _has_ended(each[1]))
    found = []
    for position, (key, state) in enumerate(may_have):
        if time.monotonic() > end:
            log.warning(
                "The time to look is over: %s task instances of run %s of %s were not asked what "
                "they have started.",
                len(may_have) - position,
                run_id,
                dag_id,
            )
            break
        for task_id, map_index in _instances(key, task_ids=task_ids):
            try:
                record = xcom_of(
                    key=RECORD_KEY,
                    dag_id=dag_id,
                    task_id=task_id,
                    run_id=run_id,
                    map_index=map_index,
                )
            except Exception:
                log.exception("The record of %s cannot be read and is left alone", key)
                continue
            if record and (entry := _read(record, key=key)) and entry.operation:
                awaited = not _has_ended(state)
                found.append(StartedOperation(task_id=task_id, entry=entry, awaited=awaited))
    return found


def _has_ended(state: str | None) -> bool:
    return liveness_of(state) is TaskLiveness.ENDED


def _instances(key: str, *, task_ids: Collection[str] | None) -> Iterator[tuple[str, int]]:
    """Yield what a key of Airflow's task states may mean: ``a_1`` may be the second ``a``."""
    if task_ids is None or key in task_ids:
        yield key, -1
    if (mapped := _MAPPED.fullmatch(key)) and (task_ids is None or mapped[1] in task_ids):
        yield mapped[1], int(mapped[2])


def _read(record: object, *, key: str) -> LedgerEntry | None:
    try:
        return LedgerEntry.from_record(record)
    except LedgerFormatError as exc:
        why = shorten(escape_unprintable(str(exc)), length=_TOLD)
        log.warning("The record of %s cannot be read and is left alone: %s", key, why)
        return None
