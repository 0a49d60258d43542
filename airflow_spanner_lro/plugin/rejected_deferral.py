# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Cancel the operation of a task whose deferral Airflow rejected, as its process ends.

That a user ended a running task is noticed at its next heartbeat, up to five seconds later. If
it asks to be deferred before, the Execution API answers 409, the process ends, and nobody would
cancel the operation (Airflow 3.3.2). So the process asks what has become of its task, and cancels
the operation if nobody will wait for it.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from threading import Thread
from typing import TYPE_CHECKING

from airflow_spanner_lro import metrics
from airflow_spanner_lro.admin.clock import WaitStoppedError
from airflow_spanner_lro.core.flows.operation import cancel_if_running
from airflow_spanner_lro.core.ledger.ownership import (
    Claim,
    KillDecision,
    UnreadableRecord,
    decide_rejected,
)
from airflow_spanner_lro.core.operations.outcome import WaitOutcome
from airflow_spanner_lro.core.operations.settlement import Ending, Settlement, cancel_advice
from airflow_spanner_lro.core.polling.policy import CancelPolicy
from airflow_spanner_lro.core.status import error_text
from airflow_spanner_lro.execution.cancel import log_ending
from airflow_spanner_lro.triggers.task_state import read_liveness, read_record

if TYPE_CHECKING:
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot
    from airflow_spanner_lro.execution.pending_deferral import PendingDeferral

TIMEOUT = 5.0
"""Seconds for all of it: the heartbeat that finds the task ended may come at any moment, and five
seconds after it the process is killed (Airflow 3.3.2)."""
_TO_SETTLE = 3.0
"""Seconds of these to see what becomes of the cancel; it is written down in the rest."""

log = logging.getLogger(__name__)


def cancel_if_rejected(note: PendingDeferral) -> None:
    """Cancel what the task has left running, if nobody will wait for it; never raises.

    In a thread that is given up when the time is up: a question to Airflow has no timeout.
    """
    thread = Thread(target=_work, args=(note,), name="spanner-lro-rejected", daemon=True)
    thread.start()
    thread.join(TIMEOUT)
    if thread.is_alive():
        log.error(
            "%s may go on: what has become of the task could not be found out, or the operation "
            "not be cancelled, within %g s. %s",
            note.name.label,
            TIMEOUT,
            cancel_advice(note.name),
        )


def _work(note: PendingDeferral) -> None:
    try:
        decision = _decide(note)
        if decision is KillDecision.CANCEL:
            _cancel(note)
        elif decision is KillDecision.UNKNOWN:
            log.warning(
                "%s is left running: %s. %s",
                note.name.label,
                decision.value,
                cancel_advice(note.name),
            )
    except WaitStoppedError:
        log.warning("Stopped with the process, which was ended meanwhile. %s", note.name)
    except Exception as exc:  # noqa: BLE001  # it is logged; a listener must not raise
        log.error(  # noqa: TRY400  # one line that says it all
            "%s may go on: the task may have been ended while it ran, and that could not be dealt "
            "with (%s). %s",
            note.name.label,
            error_text(exc),
            cancel_advice(note.name),
        )


def _decide(note: PendingDeferral) -> KillDecision:
    task = note.run.context["ti"]
    claim = Claim(operation=note.name, try_number=int(task.try_number))
    liveness = read_liveness(task)
    # nearly always this is all that is asked: each deferral pays for it
    decision = decide_rejected(claim=claim, liveness=liveness, record=None)
    if decision is not KillDecision.CANCEL:
        return decision
    record = read_record(task)
    if isinstance(record, UnreadableRecord):
        log.warning("The task's record cannot be read: %s", record.why)
    return decide_rejected(claim=claim, liveness=liveness, record=record)


def _cancel(note: PendingDeferral) -> None:
    run = note.run
    log.warning("Cancelling: the task was ended while it ran, and is not deferred. %s", note.name)
    flow = cancel_if_running(
        name=note.name, policy=CancelPolicy(), cleans_up=run.cancel.may_clean_up
    )
    deadline = run.wait.now() + timedelta(seconds=_TO_SETTLE)
    ended: OperationSnapshot | Settlement
    try:
        ended = run.wait.perform(flow, deadline=deadline)
    except WaitStoppedError:
        raise
    except Exception as exc:  # noqa: BLE001  # it is logged, and written down
        ended = Settlement(name=note.name, ending=Ending.NOT_SENT, detail=error_text(exc))
    if not isinstance(ended, Settlement):
        log.warning("Nothing to cancel: it was done already.")
        return
    metrics.count_cancel(ended, cause=metrics.Cause.REJECTED_DEFERRAL)
    log_ending(ended, log=log)
    run.record_end(WaitOutcome(name=note.name, settlement=ended))
