# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Typed reads of the ``[spanner_lro]`` section, made when they are needed and not before.

Whoever is about to start something calls ``check`` first: a mistake is told before Spanner hears of
anything, and never while something waits. Only what somebody has set is looked up in Airflow; a
default would send Airflow through the metadata of all its providers.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from airflow.sdk.configuration import conf

from airflow_spanner_lro.core.errors import InvalidArgumentError, SettingsError
from airflow_spanner_lro.core.flows import policy
from airflow_spanner_lro.provider_info import get_provider_info

if TYPE_CHECKING:
    from collections.abc import Iterator

SECTION = "spanner_lro"

_PREFIX = f"AIRFLOW__{SECTION.upper()}__"
_INDIRECT = ("_cmd", "_secret")
"""What Airflow lets one add to the name of a sensitive option; all of ours are plain numbers."""
_DAY = 86_400.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Bounds:
    """Which numbers an option takes; all else that Python takes for a number lies outside."""

    least: float
    most: float
    unit: str = "seconds"

    @property
    def rule(self) -> str:
        return f"it is a number of {self.unit}, at least {self.least:g} and at most {self.most:g}"


def bounds() -> dict[str, _Bounds]:
    """Return the bounds of each option there is."""
    return {
        "poll_interval": _Bounds(policy.MINIMUM_INTERVAL, policy.MAXIMUM_INTERVAL),
        "settle_timeout": _Bounds(0.1, _DAY),
        "deferral_grace": _Bounds(0.1, _DAY),
        # one request in the hundred seconds over which Spanner counts; less would be none at all
        "max_admin_requests_per_second": _Bounds(0.01, 1000, unit="requests a second"),
    }


def poll_interval() -> float:
    """Return the longest interval between two looks at an operation, in seconds."""
    return _read("poll_interval")


def settle_timeout() -> float:
    """Return how long to wait for the outcome of a cancel, in seconds."""
    return _read("settle_timeout")


def deferral_grace() -> float:
    """Return how long after a deadline Airflow's own deferral timeout strikes, in seconds."""
    return _read("deferral_grace")


def max_admin_requests_per_second() -> float:
    """Return how many requests a triggerer sends for one project and identity, on average."""
    return _read("max_admin_requests_per_second")


def check() -> None:
    """Make sure that everything in the section is known and makes sense.

    :raises SettingsError: if not; it tells of all that is wrong
    """
    if problems := tuple(_problems()):
        raise SettingsError(*problems)


@cache
def tell_problems() -> None:
    """Say in the log what is wrong with the section; once in each process."""
    for problem in _problems():
        log.error("%s Tasks that wait for Spanner's operations fail until this is right.", problem)


def _problems() -> Iterator[str]:
    known = bounds()
    for option, variable in sorted(_given().items()):
        if option not in known:
            yield _unknown(option, variable=variable)
            continue
        try:
            _read(option)
        except SettingsError as exc:
            yield from exc.problems


def _given() -> dict[str, str | None]:
    """Return the options that somebody has set, with the environment variables that set them."""
    given: dict[str, str | None] = {}
    if conf.has_section(SECTION):
        # a section [DEFAULT] of airflow.cfg shows through in every other
        known, shared = bounds(), conf.defaults()
        given = {
            name: None for name in conf.options(SECTION) if name in known or name not in shared
        }
    for variable in os.environ:
        if variable.startswith(_PREFIX):
            rest = variable.removeprefix(_PREFIX)
            # Airflow reads none that is not all in capitals, so that is no option
            given[rest.lower() if rest == rest.upper() else variable] = variable
    return given


def _read(option: str) -> float:
    """Return the value of an option.

    :raises SettingsError: if it breaks its rule
    """
    given = _given()
    if option not in given:
        return float(get_provider_info()["config"][SECTION]["options"][option]["default"])
    text, bound = conf.get(SECTION, option, raw=True), bounds()[option]
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    # what is not a number compares as false
    if bound.least <= number <= bound.most:
        return number
    field = f"[{SECTION}] {option}"
    broken = InvalidArgumentError(field=field, value=text, rule=bound.rule)
    raise SettingsError(f"{broken}{_origin(given[option])}.")


def _unknown(option: str, *, variable: str | None) -> str:
    """Return what is wrong with an option that nobody reads."""
    known, option = sorted(bounds()), option.removeprefix(_PREFIX)
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
