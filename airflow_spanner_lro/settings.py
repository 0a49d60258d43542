# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Typed reads of the ``[spanner_lro]`` section, made when they are needed and not before.

Whoever is about to start something calls ``check`` first: a mistake fails the task before Spanner
hears of anything, and never while something waits. Only what somebody has set is looked up in
Airflow; a default would send Airflow through the metadata of all its providers.
"""

from __future__ import annotations

import logging
import os
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from airflow.sdk.configuration import conf

from airflow_spanner_lro.core.errors import InvalidArgumentError, SettingsError
from airflow_spanner_lro.core.polling import policy
from airflow_spanner_lro.provider_info import get_provider_info

if TYPE_CHECKING:
    from collections.abc import Iterator

SECTION = "spanner_lro"

_PREFIX = f"AIRFLOW__{SECTION.upper()}__"
_INDIRECT = ("_cmd", "_secret")
"""What Airflow lets one add to the name of a sensitive option; none of ours is one."""
_DAY = 86_400.0
_CONNECTION_ID = re.compile(r"[\w#!()\-.:/\\]{1,250}")
"""As Airflow checks the id of a connection that somebody creates."""
_SUBSCRIPTION = re.compile(
    r"projects/[a-z0-9][a-z0-9.:-]*/subscriptions/(?!goog)[A-Za-z][A-Za-z0-9._~+%-]{2,254}"
)
"""As Pub/Sub lets one be called."""
_SHORT_NAME = re.compile(r"[A-Za-z0-9_.-]{0,64}")

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
E = TypeVar("E", bound=StrEnum)

log = logging.getLogger(__name__)


class _Form(Protocol[T_co]):
    """What the text of an option means."""

    @property
    def rule(self) -> str:
        """Which texts are usable, in words."""
        ...

    def read(self, text: str) -> T_co:
        """Return what a text means.

        :raises ValueError: if it breaks the rule
        """
        ...


@dataclass(frozen=True, slots=True)
class Number:
    """A number within bounds; all else that Python takes for a number lies outside."""

    least: float
    most: float
    unit: str = "seconds"

    @property
    def rule(self) -> str:
        """Which texts are usable, in words."""
        return f"it is a number of {self.unit}, at least {self.least:g} and at most {self.most:g}"

    def read(self, text: str) -> float:
        """Return the number."""
        number = float(text)
        # what is not a number compares as false
        if self.least <= number <= self.most:
            return number
        raise ValueError(text)


@dataclass(frozen=True, slots=True)
class _YesOrNo:
    """A truth value, in the words that Airflow's own options take."""

    rule: str = "it is True or False"

    def read(self, text: str) -> bool:
        word = text.strip().lower()
        if word in {"true", "t", "1"}:
            return True
        if word in {"false", "f", "0"}:
            return False
        raise ValueError(text)


@dataclass(frozen=True, slots=True)
class _Choice(Generic[E]):
    """One of a few words; in any case, as Airflow's own options are."""

    words: type[E]

    @property
    def rule(self) -> str:
        """Which texts are usable, in words."""
        *others, last = self.words
        return f"it is {', '.join(others)} or {last}"

    def read(self, text: str) -> E:
        """Return the member that the word stands for."""
        return self.words(text.strip().lower())


@dataclass(frozen=True, slots=True)
class _ConnectionIds:
    """Ids of Airflow connections, each in full: what looks like a pattern is refused."""

    rule: str = "it is a list of connection ids, separated by commas"

    def read(self, text: str) -> frozenset[str]:
        ids = [each.strip() for each in text.split(",")] if text.strip() else []
        if not all(map(_CONNECTION_ID.fullmatch, ids)):
            raise ValueError(text)
        return frozenset(ids)


@dataclass(frozen=True, slots=True)
class _ConnectionId:
    """The id of an Airflow connection."""

    rule: str = "it is a connection id"

    def read(self, text: str) -> str:
        if not _CONNECTION_ID.fullmatch(text.strip()):
            raise ValueError(text)
        return text.strip()


@dataclass(frozen=True, slots=True)
class _SubscriptionName:
    """The full name of a Pub/Sub subscription; empty for none."""

    rule: str = "it is projects/<project>/subscriptions/<subscription>, or empty"

    def read(self, text: str) -> str:
        name = text.strip()
        if name and not _SUBSCRIPTION.fullmatch(name):
            raise ValueError(text)
        return name


@dataclass(frozen=True, slots=True)
class _ShortName:
    """A name that can stand in a record and in a line of a log; empty for none."""

    rule: str = "it has at most 64 characters, each a letter, a digit, or one of ._-"

    def read(self, text: str) -> str:
        name = text.strip()
        if not _SHORT_NAME.fullmatch(name):
            raise ValueError(text)
        return name


@dataclass(frozen=True, slots=True)
class Option(Generic[T]):
    """An option of the section.

    :param name: as in ``airflow.cfg``
    :param form: what its text means
    """

    name: str
    form: _Form[T]

    def read(self) -> T:
        """Return the value of the option.

        :raises SettingsError: if it breaks its rule
        """
        given = _given()
        if self.name not in given:
            default: str = _defaults()[self.name]["default"]
            return self.form.read(default)
        text = conf.get(SECTION, self.name, raw=True)
        try:
            return self.form.read(text)
        except ValueError:
            field = f"[{SECTION}] {self.name}"
            broken = InvalidArgumentError(field=field, value=text, rule=self.form.rule)
            raise SettingsError(f"{broken}{_origin(given[self.name])}.") from None


class ReaperHost(StrEnum):
    """Where the reaper runs by itself."""

    TRIGGERER = "triggerer"
    SCHEDULER = "scheduler"
    OFF = "off"


_POLL_INTERVAL = Option("poll_interval", Number(policy.MINIMUM_INTERVAL, policy.MAXIMUM_INTERVAL))
_WORKER_WAIT = Option("worker_wait", Number(0, policy.LONGEST_WORKER_WAIT))
_SETTLE_TIMEOUT = Option("settle_timeout", Number(0.1, _DAY))
_DEFERRAL_GRACE = Option("deferral_grace", Number(0.1, _DAY))
_MAX_ADMIN_REQUESTS_PER_SECOND = Option(
    "max_admin_requests_per_second",
    # one request in the hundred seconds over which Spanner counts; less would be none at all
    Number(0.01, 1000, unit="requests a second"),
)
_MAX_ADMIN_REQUESTS_PER_SECOND_BUSY = Option(
    "max_admin_requests_per_second_busy", Number(0.01, 1000, unit="requests a second")
)
_ALLOW_EMULATOR = Option("allow_emulator", _YesOrNo())
_SIGN_EXPIRE_TIME = Option("sign_expire_time", _YesOrNo())
_GC_FREEZE = Option("gc_freeze", _YesOrNo())
_REAPER = Option("reaper", _Choice(ReaperHost))
_REAPER_INTERVAL = Option("reaper_interval", Number(1, 3600))
_REAPER_GRACE = Option("reaper_grace", Number(5, _DAY))
_REAPER_CONNECTIONS = Option("reaper_connections", _ConnectionIds())
_DEPLOYMENT = Option("deployment", _ShortName())
_WAKE_SUBSCRIPTION = Option("wake_subscription", _SubscriptionName())
_WAKE_CONNECTION = Option("wake_connection", _ConnectionId())

OPTIONS: dict[str, Option[Any]] = {
    option.name: option
    for option in (
        _POLL_INTERVAL,
        _WORKER_WAIT,
        _SETTLE_TIMEOUT,
        _DEFERRAL_GRACE,
        _MAX_ADMIN_REQUESTS_PER_SECOND,
        _MAX_ADMIN_REQUESTS_PER_SECOND_BUSY,
        _ALLOW_EMULATOR,
        _SIGN_EXPIRE_TIME,
        _GC_FREEZE,
        _REAPER,
        _REAPER_INTERVAL,
        _REAPER_GRACE,
        _REAPER_CONNECTIONS,
        _DEPLOYMENT,
        _WAKE_SUBSCRIPTION,
        _WAKE_CONNECTION,
    )
}
"""Each option there is, by its name."""
_BUDGETS = {_MAX_ADMIN_REQUESTS_PER_SECOND.name, _MAX_ADMIN_REQUESTS_PER_SECOND_BUSY.name}
"""One of them bounds the other."""


def poll_interval() -> float:
    """Return the longest interval between two polls of an operation, in seconds."""
    return _POLL_INTERVAL.read()


def worker_wait() -> float:
    """Return how long a deferrable task waits on its worker where operations are usually quick."""
    return _WORKER_WAIT.read()


def settle_timeout() -> float:
    """Return how long to wait for the outcome of a cancel, in seconds."""
    return _SETTLE_TIMEOUT.read()


def deferral_grace() -> float:
    """Return how long after a deadline Airflow's own deferral timeout strikes, in seconds."""
    return _DEFERRAL_GRACE.read()


def max_admin_requests_per_second() -> float:
    """Return how many requests a triggerer sends for one project, on average."""
    return _MAX_ADMIN_REQUESTS_PER_SECOND.read()


def max_admin_requests_per_second_busy() -> float:
    """Return how many all triggerers together may send while ends would be noticed late.

    Whoever has set a higher budget than this one's default never rises above it.

    :raises SettingsError: if it was set to less than ``max_admin_requests_per_second``
    """
    busy, usual = _MAX_ADMIN_REQUESTS_PER_SECOND_BUSY.read(), max_admin_requests_per_second()
    given = _given()
    name = _MAX_ADMIN_REQUESTS_PER_SECOND_BUSY.name
    # Airflow writes every default into the airflow.cfg that it makes: that one nobody has decided
    decided = name in given and busy != float(_defaults()[name]["default"])
    if busy < usual and decided:
        broken = InvalidArgumentError(
            field=f"[{SECTION}] {name}",
            value=conf.get(SECTION, name, raw=True),
            rule=f"it is at least max_admin_requests_per_second, which is {usual:g}",
        )
        raise SettingsError(f"{broken}{_origin(given[name])}.")
    return max(busy, usual)


def allow_emulator() -> bool:
    """Return whether Spanner may be an emulator: a server without TLS and credentials."""
    return _ALLOW_EMULATOR.read()


def sign_expire_time() -> bool:
    """Return whether a backup's expiry bears digits by which its task can recognise it."""
    return _SIGN_EXPIRE_TIME.read()


def gc_freeze() -> bool:
    """Return whether a triggerer keeps its garbage collector from what has lived long."""
    return _GC_FREEZE.read()


def reaper() -> ReaperHost:
    """Return where the reaper runs by itself."""
    return _REAPER.read()


def reaper_interval() -> float:
    """Return how long it pauses between two rounds, in seconds."""
    return _REAPER_INTERVAL.read()


def reaper_grace() -> float:
    """Return how long a task has to be over before the reaper judges it, in seconds."""
    return _REAPER_GRACE.read()


def reaper_connections() -> frozenset[str]:
    """Return the connections to use for tasks whose own cannot be read from their Dag."""
    return _REAPER_CONNECTIONS.read()


def deployment() -> str:
    """Return the name of this Airflow deployment, empty if it has none."""
    return _DEPLOYMENT.read()


def wake_subscription() -> str:
    """Return the Pub/Sub subscription on which triggerers hear of ends, empty for none."""
    return _WAKE_SUBSCRIPTION.read()


def wake_connection() -> str:
    """Return the connection whose account receives from that subscription."""
    return _WAKE_CONNECTION.read()


def check() -> None:
    """Make sure that everything in the section is known and makes sense.

    :raises SettingsError: if not; it names all that is wrong
    """
    if problems := tuple(_problems()):
        raise SettingsError(*problems)


@cache
def log_problems() -> None:
    """Say in the log what is wrong with the section; once in each process."""
    for problem in _problems():
        log.error("%s Tasks that wait for Spanner's operations fail until this is right.", problem)


def _problems() -> Iterator[str]:
    broken: set[str] = set()
    for name, variable in sorted(_given().items()):
        if (option := OPTIONS.get(name)) is None:
            yield _unknown(name, variable=variable)
            continue
        try:
            option.read()
        except SettingsError as exc:
            yield from exc.problems
            broken.add(name)
    if broken.isdisjoint(_BUDGETS):
        try:
            max_admin_requests_per_second_busy()
        except SettingsError as exc:
            yield from exc.problems


def _given() -> dict[str, str | None]:
    """Return the options that somebody has set, with the environment variables that set them."""
    given: dict[str, str | None] = {}
    if conf.has_section(SECTION):
        # a section [DEFAULT] of airflow.cfg shows through in every other
        shared = conf.defaults()
        given = {
            name: None for name in conf.options(SECTION) if name in OPTIONS or name not in shared
        }
    for variable in os.environ:
        if variable.startswith(_PREFIX):
            rest = variable.removeprefix(_PREFIX)
            # Airflow reads none that is not all in capitals, so that is no option
            given[rest.lower() if rest == rest.upper() else variable] = variable
    return given


@cache
def _defaults() -> dict[str, Any]:
    options: dict[str, Any] = get_provider_info()["config"][SECTION]["options"]
    return options


def _unknown(option: str, *, variable: str | None) -> str:
    """Return what is wrong with an option that nobody reads."""
    known, option = sorted(OPTIONS), option.removeprefix(_PREFIX)
    field = f"[{SECTION}] {option}"
    for suffix in _INDIRECT:
        if option.endswith(suffix) and (meant := option.removesuffix(suffix)) in known:
            return (
                f"{field} is not usable: Airflow takes {suffix} for sensitive options only"
                f"{_origin(variable)}; set {meant} itself."
            )
    import difflib  # noqa: PLC0415  # every process of Airflow loads this module

    # its value says nothing about the mistake, and might be a secret
    near = difflib.get_close_matches(option.lower(), known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there is: {', '.join(known)}."
    return f"{field} is not usable: there is no such option{_origin(variable)}; {hint}"


def _origin(variable: str | None) -> str:
    return f" (set by {variable})" if variable else ""
