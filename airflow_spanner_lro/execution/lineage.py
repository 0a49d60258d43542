# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Telling outlets and the lineage collector what a try has made; trouble with it fails nothing."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro import lineage

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot
    from airflow_spanner_lro.execution.work import Work
    from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook

log = logging.getLogger(__name__)


def report_lineage(
    work: Work,
    result: Any,
    *,
    snapshot: OperationSnapshot | None,
    context: Context,
    hook: SpannerAdminHook,
) -> None:
    """Tell what was made.

    :param result: what the task returns
    :param snapshot: the operation that made it; None if none was needed
    """
    target = work.target()
    # what the operation worked on, by the project that the task knows it under: the target is
    # rendered anew after a deferral, and may be something else by then
    made = replace(snapshot.name.resource, project=target.project) if snapshot else target
    try:
        lineage.report(
            context,
            outlets=work.outlets,
            hook=hook,
            made=made,
            result=result,
            kind=work.kind,
            sources=work.sources(),
        )
    except Exception:
        # the work is done, and a retry would not tell better
        log.exception("What was made could not be told to outlets and lineage.")
