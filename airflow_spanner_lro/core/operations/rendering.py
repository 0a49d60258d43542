# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""An operation as a plain dictionary, for XComs and for people.

Separate from the events between our own processes, whose form may change with any release: Dags
read this one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot

_METADATA = "Metadata"


def to_dict(snapshot: OperationSnapshot) -> dict[str, Any]:
    """Return what is known about an operation; every key is there, None where nothing is known.

    * ``name`` and ``resource``: full names of the operation and of what it works on
    * ``kind``: such as ``CreateBackup`` or ``OptimizeRestoredDatabase``; None for one that this
      release does not know. ``title``: the same for people
    * ``done``: whether it has ended; ``state``: ``RUNNING``, ``SUCCEEDED``, ``FAILED`` or
      ``CANCELLED``
    * ``percent``: 0 to 100
    * ``start_time``, ``end_time``, ``cancel_time``: ISO 8601
    * ``error``: what it ended with, a dictionary of ``code`` (``RESOURCE_EXHAUSTED``) and
      ``message``
    * ``statements``: for a schema change a list of dictionaries of ``label``, ``percent`` and
      ``committed``, a time or None; ``throttled``: whether Spanner is holding it back
    * ``follow_up``: name of the operation that goes on with the work (a restore's optimization)
    """
    error = snapshot.error
    return {
        "name": str(snapshot.name),
        "resource": str(snapshot.name.resource),
        "kind": snapshot.kind.metadata.removesuffix(_METADATA) if snapshot.kind else None,
        "title": snapshot.title,
        "done": snapshot.done,
        "state": snapshot.state.value,
        "percent": snapshot.percent,
        "start_time": _text(snapshot.start_time),
        "end_time": _text(snapshot.end_time),
        "cancel_time": _text(snapshot.cancel_time),
        "error": {"code": error.code.name, "message": error.message} if error else None,
        "statements": [
            {"label": each.label, "percent": each.percent, "committed": _text(each.committed)}
            for each in snapshot.statements
        ],
        "throttled": snapshot.throttled,
        "follow_up": str(snapshot.follow_up) if snapshot.follow_up else None,
    }


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
