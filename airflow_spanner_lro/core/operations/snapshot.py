# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What was known about an operation at one moment, as a value.

A snapshot is frozen and comparable, and every question about an operation is asked of it. It
travels from the triggerer to the worker as primitives (``to_event``, ``from_event``) and leaves
two things behind: the response, which the worker fetches once, and the text of DDL statements,
which can be megabytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.kinds import OperationKind, kind_of_metadata
from airflow_spanner_lro.core.names import OperationName
from airflow_spanner_lro.core.status import Code, to_code

if TYPE_CHECKING:
    from collections.abc import Mapping


class OperationState(StrEnum):
    """The four states a person cares about; Spanner itself has only *done* and an error."""

    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationError:
    """The error an operation ended with."""

    code: Code
    message: str

    def __str__(self) -> str:
        return f"{self.code.name}: {self.message.rstrip(' .')}" if self.message else self.code.name


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementProgress:
    """How far one statement of a schema change is.

    :param label: what it does in a few words, such as ``CREATE INDEX SongsByTitle``
    :param percent: 0 to 100
    :param committed: when it was committed, or None
    """

    label: str
    percent: int
    committed: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationSnapshot:
    """An operation at one moment.

    :param name: its full name
    :param state: running, or how it ended
    :param kind: which call started it, None if this release does not know its metadata
    :param percent: 0 to 100, None where the kind tells no percentage
    :param start_time: when the service received the request
    :param end_time: when it ended, where the kind tells
    :param cancel_time: when a cancel took hold, where the kind tells
    :param error: what it failed with
    :param statements: one entry for each DDL statement of a schema change
    :param throttled: the service is holding a schema change back for lack of resources
    :param follow_up: name of the operation that goes on with the work (a restore's optimize)
    """

    name: OperationName
    state: OperationState
    kind: OperationKind | None = None
    percent: int | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    cancel_time: datetime | None = None
    error: OperationError | None = None
    statements: tuple[StatementProgress, ...] = ()
    throttled: bool = False
    follow_up: OperationName | None = None

    @property
    def done(self) -> bool:
        """The operation has ended, one way or another."""
        return self.state is not OperationState.RUNNING

    @property
    def succeeded(self) -> bool:
        """It ended without an error."""
        return self.state is OperationState.SUCCEEDED

    @property
    def cancelled(self) -> bool:
        """It ended with error code CANCELLED (1)."""
        return self.state is OperationState.CANCELLED

    @property
    def title(self) -> str:
        """What to call it in a sentence."""
        return self.kind.title if self.kind else "Operation"

    @property
    def label(self) -> str:
        """What a sentence about it begins with: ``Create backup nightly``."""
        if self.kind is None:
            return self.name.label
        return f"{self.kind.title} {self.name.resource.resource_id}"

    @property
    def committed(self) -> int:
        """How many statements of a schema change are committed, and stay so whatever happens."""
        return sum(statement.committed is not None for statement in self.statements)

    def to_event(self) -> dict[str, Any]:
        """Return this snapshot as primitives: strings, numbers, lists and dictionaries only."""
        return {
            "name": str(self.name),
            "state": self.state.value,
            "kind": self.kind.metadata_type_url if self.kind else None,
            "percent": self.percent,
            "start_time": _to_text(self.start_time),
            "end_time": _to_text(self.end_time),
            "cancel_time": _to_text(self.cancel_time),
            "error": [int(self.error.code), self.error.message] if self.error else None,
            "statements": [
                [statement.label, statement.percent, _to_text(statement.committed)]
                for statement in self.statements
            ],
            "throttled": self.throttled,
            "follow_up": str(self.follow_up) if self.follow_up else None,
        }

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> OperationSnapshot:
        """Return the snapshot that ``to_event`` described."""
        error = event["error"]
        return cls(
            name=OperationName.parse(event["name"]),
            state=OperationState(event["state"]),
            kind=kind_of_metadata(event["kind"]) if event["kind"] else None,
            percent=event["percent"],
            start_time=_from_text(event["start_time"]),
            end_time=_from_text(event["end_time"]),
            cancel_time=_from_text(event["cancel_time"]),
            error=OperationError(code=to_code(error[0]), message=error[1]) if error else None,
            statements=tuple(
                StatementProgress(label=label, percent=percent, committed=_from_text(committed))
                for label, percent, committed in event["statements"]
            ),
            throttled=event["throttled"],
            follow_up=OperationName.parse(event["follow_up"]) if event["follow_up"] else None,
        )


def _to_text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _from_text(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
