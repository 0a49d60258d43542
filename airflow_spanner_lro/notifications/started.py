# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Which operations the tasks of a Dag run have started, as far as everybody can read.

Where callbacks run (the dag-processor, the triggerer), the task state store is out of reach: a read
of it hangs for ever and takes the process down (Airflow 3.3.2). So this reads task states and XComs
only: each task publishes its ledger entry right after the start. Both reads block.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.tries.ledger import RECORD_KEY, LedgerEntry

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

log = logging.getLogger(__name__)

_NEVER_RAN = {None, "none", "scheduled", "queued", "removed", "upstream_failed"}
_MAPPED = re.compile(r"(.+)_(\d+)")


def started_operations(
    *, dag_id: str, run_id: str, task_ids: Collection[str] | None
) -> list[LedgerEntry]:
    """Return the entry of the latest try of each task instance that has started an operation.

    :param task_ids: the tasks to ask; None for all, which takes a read for each
    :raises airflow.sdk.exceptions.AirflowRuntimeError: if Airflow cannot be asked
    """
    if task_ids is not None and not task_ids:
        return []
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance  # noqa: PLC0415  # heavy
    from airflow.sdk.execution_time.xcom import XCom  # noqa: PLC0415

    states = RuntimeTaskInstance.get_task_states(
        dag_id=dag_id,
        task_ids=None if task_ids is None else sorted(task_ids),
        run_ids=[run_id],
    )
    entries = []
    for key, state in states.get(run_id, {}).items():
        if state in _NEVER_RAN:
            continue
        for task_id, map_index in _instances(key, task_ids=task_ids):
            record = XCom.get_one(
                key=RECORD_KEY, dag_id=dag_id, task_id=task_id, run_id=run_id, map_index=map_index
            )
            if record and (entry := _read(record, key=key)) and entry.operation:
                entries.append(entry)
    return entries


def _instances(key: str, *, task_ids: Collection[str] | None) -> Iterator[tuple[str, int]]:
    """Yield what a key of Airflow's task states may mean: ``a_1`` may be the second ``a``."""
    if task_ids is None or key in task_ids:
        yield key, -1
    if (mapped := _MAPPED.fullmatch(key)) and (task_ids is None or mapped[1] in task_ids):
        yield mapped[1], int(mapped[2])


def _read(record: object, *, key: str) -> LedgerEntry | None:
    try:
        return LedgerEntry.from_record(record)  # type: ignore[arg-type]  # what else it is, is told
    except (AttributeError, KeyError, TypeError, ValueError) as exc:
        log.warning("The record of %s cannot be read and is left alone: %s", key, exc)
        return None
