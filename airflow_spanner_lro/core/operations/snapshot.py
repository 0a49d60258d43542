# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Decode a ``google.longrunning.Operation`` into a snapshot: what was known of it at one moment.

A snapshot is frozen and comparable, and every question about an operation is asked of it. It
travels from the triggerer to the worker as primitives (``to_event``, ``from_event``) and leaves
two things behind: the response, which the worker fetches once, and the text of DDL statements,
which can be megabytes. Dags read another form, that of ``snapshot_to_dict``, and so do XComs
(``serialize``, ``deserialize``): events may change with any release.

Metadata of a type that the installed client library does not know (compaction, quorum changes) is
no error: such an operation can still be watched and cancelled, only its progress stays unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_spanner_lro.core.kinds import KINDS, OperationKind, ProgressShape, kind_of_metadata
from airflow_spanner_lro.core.names import OperationName
from airflow_spanner_lro.core.protobuf import datetime_field, timestamp_to_datetime
from airflow_spanner_lro.core.status import Code, to_code
from airflow_spanner_lro.core.text import from_iso_text, shorten, to_iso_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from google.longrunning.operations_pb2 import Operation


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
    :param percent: 0 to 100, None where the kind has no percentage
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

    __version__: ClassVar[int] = 1
    """Of what ``serialize`` returns, for Airflow's XComs."""

    def __str__(self) -> str:
        """Return the operation's name: what a template makes of a snapshot names it."""
        return str(self.name)

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
            "start_time": to_iso_text(self.start_time),
            "end_time": to_iso_text(self.end_time),
            "cancel_time": to_iso_text(self.cancel_time),
            "error": [int(self.error.code), self.error.message] if self.error else None,
            "statements": [
                [statement.label, statement.percent, to_iso_text(statement.committed)]
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
            start_time=from_iso_text(event["start_time"]),
            end_time=from_iso_text(event["end_time"]),
            cancel_time=from_iso_text(event["cancel_time"]),
            error=OperationError(code=to_code(error[0]), message=error[1]) if error else None,
            statements=tuple(
                StatementProgress(label=label, percent=percent, committed=from_iso_text(committed))
                for label, percent, committed in event["statements"]
            ),
            throttled=event["throttled"],
            follow_up=OperationName.parse(event["follow_up"]) if event["follow_up"] else None,
        )

    def serialize(self) -> dict[str, Any]:
        """Return this snapshot for an XCom, as ``snapshot_to_dict`` does."""
        return snapshot_to_dict(self)

    @staticmethod
    def deserialize(data: Mapping[str, Any], version: int) -> OperationSnapshot:
        """Return the snapshot that ``serialize`` described, in this release or an earlier one.

        :raises ValueError: if a later release wrote it, or something else
        """
        if version > OperationSnapshot.__version__:
            message = (
                "An operation in an XCom is of a later release of airflow-spanner-lro: run the "
                "same one on all workers."
            )
            raise ValueError(message)
        try:
            return _from_dict(data)
        except (AttributeError, KeyError, TypeError, ValueError) as exc:
            message = f"An XCom holds no operation, though it says so ({exc!r}): {data!r}"
            raise ValueError(message) from exc


def decode_operation(operation: Operation) -> OperationSnapshot:
    """Decode an operation as the API returned it.

    The state comes from ``done`` and ``error`` alone, as the API defines it; never from metadata.

    :raises InvalidNameError: if the operation has no usable name
    """
    kind = kind_of_metadata(operation.metadata.type_url)
    progress = _progress(kind, decode_metadata(operation)) if kind else {}
    return OperationSnapshot(
        name=OperationName.parse(operation.name),
        state=_state(operation),
        kind=kind,
        error=_error(operation),
        **progress,
    )


def decode_metadata(operation: Operation) -> Any:
    """Return the metadata message of an operation; None if this release does not know its type.

    It is the message beneath that of proto-plus, whose conveniences take most of the time.
    """
    kind = kind_of_metadata(operation.metadata.type_url)
    return kind.metadata_type().pb().FromString(operation.metadata.value) if kind else None


def _state(operation: Operation) -> OperationState:
    if not operation.done:
        return OperationState.RUNNING
    if not operation.HasField("error"):
        return OperationState.SUCCEEDED
    if operation.error.code == Code.CANCELLED:
        return OperationState.CANCELLED
    return OperationState.FAILED


def _error(operation: Operation) -> OperationError | None:
    if not (operation.done and operation.HasField("error")):
        return None
    return OperationError(code=to_code(operation.error.code), message=operation.error.message)


def _progress(kind: OperationKind, metadata: Any) -> dict[str, Any]:
    match kind.progress:
        case ProgressShape.SINGLE:
            return {
                "percent": metadata.progress.progress_percent,
                "start_time": datetime_field(metadata.progress, "start_time"),
                "end_time": datetime_field(metadata.progress, "end_time"),
                "cancel_time": _cancel_time(metadata),
                "follow_up": _follow_up(metadata),
            }
        case ProgressShape.PER_STATEMENT:
            return _statements(metadata)
        case ProgressShape.TIMES_ONLY:
            return {
                "start_time": datetime_field(metadata, "start_time"),
                "end_time": datetime_field(metadata, "end_time"),
                "cancel_time": _cancel_time(metadata),
            }
        case ProgressShape.NONE:
            return {}


def _cancel_time(metadata: Any) -> datetime | None:
    has_one = "cancel_time" in metadata.DESCRIPTOR.fields_by_name
    return datetime_field(metadata, "cancel_time") if has_one else None


def _follow_up(metadata: Any) -> OperationName | None:
    name = getattr(metadata, "optimize_database_operation_name", "")
    return OperationName.parse(name) if name else None


def _statements(metadata: Any) -> dict[str, Any]:
    """Line up the three parallel lists of UpdateDatabaseDdlMetadata, each of which may be short."""
    progress, commits = list(metadata.progress), list(metadata.commit_timestamps)
    actions = list(metadata.actions)
    statements = []
    for index, text in enumerate(metadata.statements):
        committed = timestamp_to_datetime(commits[index]) if index < len(commits) else None
        percent = progress[index].progress_percent if index < len(progress) else 0
        statements.append(
            StatementProgress(
                label=_label(text, actions[index] if index < len(actions) else None),
                percent=100 if committed else percent,
                committed=committed,
            )
        )
    return {
        "percent": sum(s.percent for s in statements) // len(statements) if statements else None,
        "start_time": datetime_field(progress[0], "start_time") if progress else None,
        "end_time": datetime_field(progress[-1], "end_time") if progress else None,
        "statements": tuple(statements),
        "throttled": metadata.throttled,
    }


def _label(statement: str, action: Any) -> str:
    """Say what a statement does, in the service's words if it gave any, else by its first ones."""
    if action and action.action:
        return " ".join([action.action, action.entity_type, ", ".join(action.entity_names)]).strip()
    return shorten(statement)


def snapshot_to_dict(snapshot: OperationSnapshot) -> dict[str, Any]:
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
        "kind": snapshot.kind.name if snapshot.kind else None,
        "title": snapshot.title,
        "done": snapshot.done,
        "state": snapshot.state.value,
        "percent": snapshot.percent,
        "start_time": to_iso_text(snapshot.start_time),
        "end_time": to_iso_text(snapshot.end_time),
        "cancel_time": to_iso_text(snapshot.cancel_time),
        "error": {"code": error.code.name, "message": error.message} if error else None,
        "statements": [
            {"label": each.label, "percent": each.percent, "committed": to_iso_text(each.committed)}
            for each in snapshot.statements
        ],
        "throttled": snapshot.throttled,
        "follow_up": str(snapshot.follow_up) if snapshot.follow_up else None,
    }


def _from_dict(told: Mapping[str, Any]) -> OperationSnapshot:
    error, follow_up = told["error"], told["follow_up"]
    return OperationSnapshot(
        name=OperationName.parse(told["name"]),
        state=OperationState(told["state"]),
        # one that another release knows is unknown here
        kind=next((kind for kind in KINDS if kind.name == told["kind"]), None),
        percent=None if told["percent"] is None else int(told["percent"]),
        start_time=from_iso_text(told["start_time"]),
        end_time=from_iso_text(told["end_time"]),
        cancel_time=from_iso_text(told["cancel_time"]),
        error=OperationError(code=Code[error["code"]], message=str(error["message"]))
        if error
        else None,
        statements=tuple(
            StatementProgress(
                label=str(each["label"]),
                percent=int(each["percent"]),
                committed=from_iso_text(each["committed"]),
            )
            for each in told["statements"]
        ),
        throttled=bool(told["throttled"]),
        follow_up=OperationName.parse(follow_up) if follow_up else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """What a task waits for after its own operation has succeeded.

    :param ours: the task has started it, and may cancel it; otherwise the service has, or somebody
        else
    """

    name: OperationName
    ours: bool = False

    def to_record(self) -> list[Any]:
        """Return the follow-up as primitives."""
        return [str(self.name), self.ours]

    @classmethod
    def from_record(cls, record: Sequence[Any]) -> FollowUp:
        """Return the follow-up that ``to_record`` described."""
        name, ours = record
        return cls(name=OperationName.parse(name), ours=ours)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceState:
    """An instance, database, backup, partition or configuration at one moment.

    :param state: name of its state, such as ``READY``; empty if the type has none
    :param create_time: when it was made; two resources that had the same name one after the other
        differ in it
    """

    name: str
    state: str
    create_time: datetime | None = None


def resource_state(message: Any) -> ResourceState:
    """Return the state of a resource as a message of the client library."""
    state = getattr(message, "state", None)
    return ResourceState(
        name=message.name,
        state=getattr(state, "name", ""),
        create_time=getattr(message, "create_time", None) or None,
    )
