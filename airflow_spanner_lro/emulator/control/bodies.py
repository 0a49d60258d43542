# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The bodies that the control interface reads and writes. It loads pydantic, as ``codec`` does."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter

from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator.faults import TIMED, UNLIMITED, Fault, FaultKind
from airflow_spanner_lro.emulator.journal.actions import DEFAULT_CONFIG
from airflow_spanner_lro.emulator.journal.codec import STRICT, CodeName, Kind, PlanJson, Seconds
from airflow_spanner_lro.emulator.operations.model import OperationMoment
from airflow_spanner_lro.emulator.quota import Limits

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_spanner_lro.emulator.controller import OperationView
    from airflow_spanner_lro.emulator.pipeline import Call

_LIMITS = tuple(field.name for field in fields(Limits))


def _limit(name: str) -> str:
    if name not in _LIMITS:
        message = f"expected one of {', '.join(_LIMITS)}"
        raise ValueError(message)
    return name


def _not_negative(duration: timedelta) -> timedelta:
    if duration < timedelta():
        message = "it cannot be negative"
        raise ValueError(message)
    return duration


LimitName = Annotated[str, AfterValidator(_limit)]
Times = Annotated[int, Field(ge=1)]
Moment = Annotated[OperationMoment, Field()]
NotNegative = Annotated[Seconds, AfterValidator(_not_negative)]
_MONTH = timedelta(days=30)
_OUTAGE = "outage"
_KINDS = (*FaultKind, _OUTAGE)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvanceBody:
    """How far time is to go: one of these."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    seconds: NotNegative | None = None
    duration: NotNegative | None = None
    until_done: bool | list[str] | None = None
    limit: NotNegative = _MONTH

    def __post_init__(self) -> None:
        given = (self.seconds, self.duration, self.until_done)
        if sum(value is not None for value in given) != 1 or self.until_done in (False, []):
            message = "give one of seconds, duration and until_done"
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanBody:
    """A plan, and for which operations it is."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    plan: PlanJson
    kind: Kind | None = None
    target: str = "*"
    times: Times | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultBody:
    """A fault; which fields count depends on its kind."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    kind: str
    method: str | None = None
    resource: str | None = None
    filter: str | None = None
    moment: Moment | None = None
    # not given is not the same as null, which means for ever
    times: Times | Literal["default"] | None = "default"
    code: CodeName = Code.UNAVAILABLE
    message: str | None = None
    after_work: bool = False
    seconds: NotNegative | None = None

    def __post_init__(self) -> None:
        if self.kind not in _KINDS:
            message = f"kind must be one of {', '.join(_KINDS)}"
            raise ValueError(message)
        if self.code is Code.OK:
            message = "nothing fails with the code OK"
            raise ValueError(message)
        if (self.kind in (*TIMED, _OUTAGE)) != (self.seconds is not None):
            message = "seconds belong to delays, a late answer and an outage, and to nothing else"
            raise ValueError(message)

    @property
    def outage(self) -> timedelta | None:
        """How long an outage is to be, if it is one."""
        return self.seconds if self.kind == _OUTAGE else None

    def fault(self) -> Fault:
        """Return the fault, for what is no outage."""
        kind = FaultKind(self.kind)
        usual = None if kind in UNLIMITED else 1
        return Fault(
            kind=kind,
            method=self.method,
            resource=self.resource,
            filter_=self.filter,
            moment=self.moment,
            times=usual if isinstance(self.times, str) else self.times,
            code=self.code,
            message=self.message,
            after_work=self.after_work,
            seconds=0.0 if self.seconds is None else self.seconds.total_seconds(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FailBody:
    """Which operation is to fail, and how."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    name: str
    code: CodeName = Code.INTERNAL
    message: str = "The emulator was told to let this operation fail."


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceBody:
    """An instance to put there."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    name: str
    config: str = DEFAULT_CONFIG


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseBody:
    """A database to put there."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    name: str
    statements: tuple[str, ...] = ()
    drop_protection: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupBody:
    """A backup to put there."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    name: str
    database: str
    keep: NotNegative = _MONTH


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaBody:
    """Whether there is a quota, and which."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    on: bool
    per_second: Annotated[float, Field(gt=0)] = 5.0
    over: Seconds = timedelta(seconds=100)


ADVANCE = TypeAdapter(AdvanceBody)
PLAN = TypeAdapter(PlanBody)
FAULT = TypeAdapter(FaultBody)
FAIL = TypeAdapter(FailBody)
INSTANCE = TypeAdapter(InstanceBody)
DATABASE = TypeAdapter(DatabaseBody)
BACKUP = TypeAdapter(BackupBody)
LIMITS = TypeAdapter(dict[LimitName, Annotated[int, Field(ge=0)]])
QUOTA = TypeAdapter(QuotaBody)


def operation_json(operation: OperationView) -> dict[str, Any]:
    """Return an operation as JSON."""
    error = operation.error
    return {
        "name": operation.name,
        "kind": operation.kind.name,
        "target": operation.target,
        "state": operation.state.name,
        "done": operation.done,
        "percent": operation.percent,
        "started": operation.started.isoformat(),
        "ended": _time(operation.ended),
        "cancel_requested": _time(operation.cancel_requested),
        "error": None
        if error is None
        else {"code": Code(error.code).name, "message": error.message},
    }


def call_json(call: Call) -> dict[str, Any]:
    """Return a call as JSON."""
    return {
        "method": call.method,
        "service": call.service,
        "resource": call.resource,
        "at": call.at.isoformat(),
        "real_time": call.real_time,
        "code": call.code.name,
        "message": call.message,
    }


def fault_json(fault: Fault) -> dict[str, Any]:
    """Return a fault as JSON."""
    return {
        "kind": fault.kind.value,
        "method": fault.method,
        "resource": fault.resource,
        "filter": fault.filter_,
        "moment": None if fault.moment is None else fault.moment.value,
        "times": fault.times,
        "code": fault.code.name,
        "message": fault.message,
        "after_work": fault.after_work,
        "seconds": fault.seconds,
    }


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
