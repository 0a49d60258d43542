# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Values of this package to and from JSON: durations, codes, kinds, plans.

The journal and the control interface share them. The module loads pydantic, so it is imported only
where a value is read or written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Discriminator,
    PlainSerializer,
    Tag,
    TypeAdapter,
    ValidationError,
)

from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator.operations.registry import parse_kind_name
from airflow_spanner_lro.emulator.plans import ZERO, Between, BySize, Plan, Rollback

_SECONDS = re.compile(r"\s*(\d+(?:\.\d+)?)\s*s\s*")
# pydantic puts this before the sentences of others
_PREFIX = "Value error, "
# in brackets, which no name of a field has, because they are of no use to who reads an error
_FIXED, _SIZE, _RANGE = "[fixed]", "[by size]", "[between]"
_DURATION: TypeAdapter[timedelta] = TypeAdapter(timedelta)
_ROLLBACK: Literal["as_long_as_it_ran"] = "as_long_as_it_ran"


def _seconds(value: object) -> timedelta:
    """Let ``"30s"`` mean what it says, beside the numbers and ISO 8601 that pydantic knows."""
    found = _SECONDS.fullmatch(value) if isinstance(value, str) else None
    try:
        return _DURATION.validate_python(value if found is None else float(found[1]))
    except ValidationError:
        message = "expected a duration: seconds such as 90, '90s', or ISO 8601 such as 'PT2H'"
        raise ValueError(message) from None


def _code(value: object) -> object:
    if isinstance(value, str) and value in Code.__members__:
        return Code[value]
    if isinstance(value, Code):
        return value
    message = f"expected the name of a status code, such as {Code.UNAVAILABLE.name}"
    raise ValueError(message)


def _to_seconds(value: object) -> object:
    return value.total_seconds() if isinstance(value, timedelta) else value


Seconds = Annotated[
    timedelta, BeforeValidator(_seconds), PlainSerializer(_to_seconds, return_type=float)
]
CodeName = Annotated[
    Code, BeforeValidator(_code), PlainSerializer(lambda code: code.name, return_type=str)
]
Kind = Annotated[str, BeforeValidator(parse_kind_name)]
"""The name of a kind of operations."""

STRICT = ConfigDict(extra="forbid")
"""A field that nobody knows is a mistake of who sent it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorJson:
    """A status code and a text."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    code: CodeName
    message: str = "The emulator was told to answer so."


@dataclass(frozen=True, slots=True, kw_only=True)
class BySizeJson:
    """A duration that grows with the data."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    base: Seconds
    per_gib: Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class BetweenJson:
    """A random duration."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    shortest: Seconds
    longest: Seconds


def _duration_tag(value: object) -> str:
    """Tell which kind of duration somebody means."""
    if isinstance(value, dict):
        return _SIZE if "base" in value or "per_gib" in value else _RANGE
    if isinstance(value, BySizeJson):
        return _SIZE
    return _RANGE if isinstance(value, BetweenJson) else _FIXED


DurationJson = Annotated[
    Annotated[Seconds, Tag(_FIXED)]
    | Annotated[BySizeJson, Tag(_SIZE)]
    | Annotated[BetweenJson, Tag(_RANGE)],
    Discriminator(_duration_tag),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanJson:
    """A :class:`Plan`, field by field."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    duration: DurationJson | None = None
    queued: Seconds = ZERO
    cancel_delay: Seconds | Literal["as_long_as_it_ran"] | None = ZERO
    cancel_until: float = 1.0
    cancel_error: ErrorJson | None = None
    fail_at: float | None = None
    fail_with: ErrorJson | None = None
    throttled: tuple[float, float] | None = None

    @classmethod
    def of(cls, plan: Plan) -> PlanJson:
        """Return a plan as JSON has it."""
        duration: Any = plan.duration
        match duration:
            case BySize(base=base, per_gib=per_gib):
                duration = BySizeJson(base=base, per_gib=per_gib)
            case Between(shortest=shortest, longest=longest):
                duration = BetweenJson(shortest=shortest, longest=longest)
        delay = plan.cancel_delay
        return cls(
            duration=duration,
            queued=plan.queued,
            cancel_delay=_ROLLBACK if isinstance(delay, Rollback) else delay,
            cancel_until=plan.cancel_until,
            cancel_error=_error_json(plan.cancel_error),
            fail_at=plan.fail_at,
            fail_with=_error_json(plan.fail_with),
            throttled=plan.throttled,
        )

    def plan(self) -> Plan:
        """Return the plan.

        :raises ValueError: if there can be no such plan; says why.
        """
        duration: Any = self.duration
        match duration:
            case BySizeJson(base=base, per_gib=per_gib):
                duration = BySize(base=base, per_gib=per_gib)
            case BetweenJson(shortest=shortest, longest=longest):
                duration = Between(shortest=shortest, longest=longest)
        delay = self.cancel_delay
        return Plan(
            duration=duration,
            queued=self.queued,
            cancel_delay=Rollback.AS_LONG_AS_IT_RAN if isinstance(delay, str) else delay,
            cancel_until=self.cancel_until,
            cancel_error=_error(self.cancel_error),
            fail_at=self.fail_at,
            fail_with=_error(self.fail_with),
            throttled=self.throttled,
        )


_PLAN = TypeAdapter(PlanJson)


def encode_plan(plan: Plan) -> dict[str, Any]:
    """Return a plan as JSON, without what it leaves as usual."""
    found: dict[str, Any] = _PLAN.dump_python(PlanJson.of(plan), mode="json", exclude_defaults=True)
    return found


def decode_plan(value: object) -> Plan:
    """Read what :func:`encode_plan` returned, or somebody else wrote.

    :raises ValueError: if it is no plan; says what is wrong.
    """
    found: PlanJson = decode(_PLAN, value)
    return found.plan()


def decode(adapter: TypeAdapter[Any], value: object) -> Any:
    """Check a value, and return what an adapter makes of it.

    :raises ValueError: in a sentence for each thing that is wrong.
    """
    try:
        return adapter.validate_python(value)
    except ValidationError as exc:
        found = exc.errors(include_url=False, include_context=False)
        wrong = (_sentence(error["loc"], error["msg"]) for error in found)
        raise ValueError("; ".join(dict.fromkeys(wrong))) from exc


def _error_json(error: tuple[Code, str] | None) -> ErrorJson | None:
    return None if error is None else ErrorJson(code=error[0], message=error[1])


def _error(error: ErrorJson | None) -> tuple[Code, str] | None:
    return None if error is None else (error.code, error.message)


def _sentence(where: tuple[int | str, ...], message: str) -> str:
    # pydantic also names its own functions, as in function-before[…]
    fields = ".".join(str(part) for part in where if "[" not in str(part))
    return f"{fields or 'the body'}: {message.removeprefix(_PREFIX)}"
