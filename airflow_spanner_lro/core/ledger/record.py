# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The stored form of a ledger entry, read strictly: whoever may edit a task may have written it.

A record is JSON. It is read once, into a value whose every field has its type and its bounds, or
not at all. Version 3 has other names for two fields. Version 2 brought evidence; version 1 had
none, so its operations are presumed, unless their ids were chosen by the task.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AliasChoices, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from airflow_spanner_lro.core.errors import SpannerLroError
from airflow_spanner_lro.core.ledger.evidence import Evidence
from airflow_spanner_lro.core.operations.settlement import Ending
from airflow_spanner_lro.core.text import escape_unprintable, shorten

if TYPE_CHECKING:
    from airflow_spanner_lro.core.kinds import OperationKind
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot

VERSION = 3
"""What this release writes."""

_ShortText = Annotated[str, Field(max_length=500)]
_Name = Annotated[str, Field(max_length=700)]
_LONGEST_FAILURE = 400
_FirstOrLater = Annotated[int, Field(ge=0, le=1_000_000)]


class LedgerFormatError(SpannerLroError, ValueError):
    """A ledger entry cannot be read: another release wrote it, or it is damaged or made up.

    :param newer: a later release wrote it
    """

    def __init__(self, reason: str, *, newer: bool = False) -> None:
        super().__init__(reason)
        self.newer = newer


class LedgerUnreadableError(SpannerLroError):
    """The newest ledger entry cannot be read, so nothing may be started beside its operation."""

    def __init__(self, key: str, reason: LedgerFormatError) -> None:
        advice = (
            "Upgrade airflow-spanner-lro on this worker"
            if reason.newer
            else "See to its operation yourself, then delete the key from the task's state store"
        )
        super().__init__(
            f"Nothing was started: the task's ledger entry {key} cannot be read, and its operation "
            f"may still run ({escape_unprintable(str(reason))}). {advice}, and clear the task."
        )
        self.key = key


class _Strict(BaseModel):
    # what a later release of the same version adds does not matter to this one
    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class ConnectionRecord(_Strict):
    """How the operation was reached."""

    gcp_conn_id: _ShortText
    impersonation_chain: list[_ShortText]
    endpoint: _ShortText | None


class LedgerRecord(_Strict):
    """The fields of an entry as they are stored; what they mean is said by ``LedgerEntry``."""

    version: Annotated[int, Field(ge=1, le=VERSION)]
    kind: _ShortText
    target: _Name
    fingerprint: _ShortText
    intended: AwareDatetime
    try_number: _FirstOrLater
    # an entry outlives the release that wrote it, by as long as its operation runs
    connection_spec: ConnectionRecord = Field(
        validation_alias=AliasChoices("connection_spec", "access")
    )
    deadline: AwareDatetime | None = None
    operation: _Name | None = None
    closed: bool = False
    statements: list[tuple[_ShortText, AwareDatetime | None]] = []
    carried: _FirstOrLater = 0
    follow_up: tuple[_Name, bool] | None = None
    cleans_up: bool = False
    exempt: bool = Field(default=False, validation_alias=AliasChoices("exempt", "spared"))
    stopping: AwareDatetime | None = None
    ending: Ending | None = None
    adopted: AwareDatetime | None = None
    evidence: Evidence | None = None
    asked: dict[_ShortText, _ShortText] = {}
    signed: bool = False
    before: list[_ShortText] | None = None
    unanswered: AwareDatetime | None = None
    left: bool = False
    deployment: _ShortText = ""
    cancelled_by: _ShortText = ""
    failure: _ShortText = ""


def read_record(record: object) -> LedgerRecord:
    """Return a stored record, checked.

    :raises LedgerFormatError: if it is none that this release can read
    """
    version = record.get("version") if isinstance(record, dict) else None
    if isinstance(version, int) and not isinstance(version, bool) and version > VERSION:
        message = (
            f"a later release of airflow-spanner-lro wrote this ledger entry (version {version}, "
            f"this release knows {VERSION})"
        )
        raise LedgerFormatError(message, newer=True)
    try:
        # as JSON, which is how it is kept: there, a strict reader takes texts for times and no
        # text for a number
        return LedgerRecord.model_validate_json(json.dumps(record))
    except ValidationError as exc:
        raise LedgerFormatError(_in_words(record, exc)) from None
    except (TypeError, ValueError, RecursionError) as exc:
        message = f"this is no ledger entry: {type(exc).__name__}"
        raise LedgerFormatError(message) from None


def evidence_of(read: LedgerRecord, *, kind: OperationKind) -> Evidence | None:
    """Return the evidence of a record; releases of version 1 wrote none."""
    if read.operation is None or read.evidence is not None:
        return read.evidence
    # they did not tell an answer from a find
    return Evidence.NAMED if kind.named_by_caller else Evidence.PRESUMED


def failure_text(snapshot: OperationSnapshot | None) -> str:
    """Return with what an operation has failed, fit to be kept; empty if it has not."""
    if snapshot is None or snapshot.error is None or snapshot.cancelled:
        return ""
    return shorten(escape_unprintable(str(snapshot.error)), length=_LONGEST_FAILURE)


def _in_words(record: object, exc: ValidationError) -> str:
    first: Any = exc.errors(include_url=False, include_context=False, include_input=True)[0]
    # a part of it may be a key of a mapping, which may be anything
    place = shorten(escape_unprintable(".".join(str(part) for part in first["loc"])))
    if not isinstance(record, dict):
        return f"this is no ledger entry: {shorten(repr(record))}"
    if first["type"] == "missing":
        return f"this is no ledger entry: {place} is missing"
    value = shorten(repr(first.get("input")))
    return f"this is no ledger entry: {place or 'it'} is {value}; {first['msg'].lower()}"
