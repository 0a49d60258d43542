# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Show on Airflow's page of rendered templates what bounds a task: its deadline, polls and end.

Airflow writes down the template fields of a task when it begins (Airflow 3.3.2). So, while a worker
renders them, a task has one more: ``bounds``. The Dag, what Airflow stores of it, and the
fingerprint by which a retry knows its request again have no such field.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_spanner_lro import settings
from airflow_spanner_lro.core.errors import SpannerLroError
from airflow_spanner_lro.core.polling.policy import PollPolicy
from airflow_spanner_lro.core.polling.worker_wait import seconds_on_worker
from airflow_spanner_lro.core.text import format_duration
from airflow_spanner_lro.execution.work import (
    BOUNDS_FIELD,
    deadline_of_try,
    out_of_time,
    wants_clean_up,
)
from airflow_spanner_lro.links import hold_back

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from airflow_spanner_lro.execution.work import Work

NO_DEADLINE = "none: neither execution_timeout nor operation_timeout is set"


class ShownOnPages:
    """A task of which Airflow's pages show links that lead somewhere, and what bounds it."""

    def bounded_by(self, started: datetime | None) -> Mapping[str, str]:  # noqa: ARG002  # for overrides
        """Return what bounds the task, in words.

        :param started: when the try began
        :raises SpannerLroError: if a parameter is not usable
        """
        return {}

    def _do_render_template_fields(self, *args: Any, **kwargs: Any) -> None:
        """Render the fields of the task, or of something in one of them."""
        this: Any = self
        of_task = (args[0] if args else kwargs["parent"]) is self
        if of_task:
            # also where rendering fails
            hold_back(this)
            # what an earlier rendering has said is no template
            vars(this)[BOUNDS_FIELD] = {}
        super()._do_render_template_fields(*args, **kwargs)  # type: ignore[misc]  # Airflow's
        if not of_task:
            return
        context = kwargs["context"] if "context" in kwargs else args[2]
        ti = context.get("ti")
        try:
            shown = self.bounded_by(getattr(ti, "start_date", None))
        except SpannerLroError as exc:
            # the task itself fails of it
            shown = {"error": str(exc)}
        if shown:
            setattr(this, BOUNDS_FIELD, dict(shown))
            others = (each for each in this.template_fields if each != BOUNDS_FIELD)
            this.template_fields = (*others, BOUNDS_FIELD)


def bounds_of(work: Work, *, started: datetime | None) -> dict[str, str]:
    """Return what bounds a task that starts an operation.

    :param started: when the try began
    :raises SpannerLroError: if a parameter is not usable
    """
    bounds = {"deadline": _deadline(work, started=started)}
    if work.wait_for_completion:
        bounds["waits"] = _waits(work)
        longest = settings.poll_interval() if work.poll_interval is None else work.poll_interval
        bounds["polls"] = f"at least every {PollPolicy(maximum=longest).maximum:g} s"
    bounds["on kill"] = _ending(work, cancels=work.cancel_on_kill)
    bounds["on timeout"] = _ending(work, cancels=work.cancel_on_timeout)
    return bounds


def _deadline(work: Work, *, started: datetime | None) -> str:
    deadline = deadline_of_try(
        started=started,
        execution_timeout=work.execution_timeout,
        operation_timeout=work.operation_timeout,
    )
    if deadline is None:
        return NO_DEADLINE
    return f"{deadline:%Y-%m-%d %H:%M:%S UTC}: {out_of_time(work)}"


def _waits(work: Work) -> str:
    if not work.deferrable:
        return "on a worker"
    seconds = seconds_on_worker(
        work.kind, given=work.worker_wait, usual=settings.worker_wait(), deferrable=True
    )
    if not seconds:
        return "in the triggerer"
    return f"up to {format_duration(seconds)} on a worker, then in the triggerer"


def _ending(work: Work, *, cancels: bool) -> str:
    if not cancels:
        return "the operation goes on"
    if work.kind.creates and wants_clean_up(work):
        return "the operation is cancelled; what it has made all the same is deleted"
    return "the operation is cancelled"
