# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Whether the Airflow and the packages that are installed are those that this version needs.

pip resolves that, unless it is told not to (``--no-deps``), another package is installed later, or
a checkout is put on the path. Then one sentence says so, in place of an ImportError of a name that
nobody knows.
"""

from __future__ import annotations

import re

_MINIMUM = (3, 3)
_CONSTRAINTS = (
    "https://airflow.apache.org/docs/apache-airflow/stable/installation/installing-from-pypi.html"
)


class UnsupportedAirflowError(ImportError):
    """This Airflow lacks what the package is built on."""


def airflow_problem() -> str | None:
    """Return why this package does not work with the Airflow that is installed, or None."""
    try:
        from airflow import __version__ as installed  # noqa: PLC0415  # may be missing
    except ImportError:
        return f"{_needs()}, and none is installed."
    numbers = re.match(r"(\d+)\.(\d+)", installed)
    if numbers is None or (int(numbers[1]), int(numbers[2])) >= _MINIMUM:
        return None
    return f"{_needs()}, and this is {installed}. Upgrade Airflow, or uninstall the package."


def require_airflow() -> None:
    """Refuse to be imported by an Airflow that is too old.

    :raises UnsupportedAirflowError: if it is
    """
    if problem := airflow_problem():
        raise UnsupportedAirflowError(problem, name="airflow")


def unmet_requirements() -> list[str]:
    """Return a sentence for each package that is not as this package needs it."""
    from importlib.metadata import PackageNotFoundError, requires, version  # noqa: PLC0415

    from packaging.requirements import Requirement  # noqa: PLC0415  # not where Dags are parsed

    try:
        needed = [Requirement(each) for each in requires("airflow-spanner-lro") or ()]
    except PackageNotFoundError:
        # a checkout on the path
        return []
    problems = []
    for each in needed:
        try:
            found = version(each.name)
        except PackageNotFoundError:
            problems.append(f"{each} is needed, and not installed. {_ADVICE}")
            continue
        if not each.specifier.contains(found, prereleases=True):
            problems.append(f"{each} is needed, and {found} is installed. {_ADVICE}")
    return problems


def _needs() -> str:
    minimum = ".".join(map(str, _MINIMUM))
    return f"airflow-spanner-lro needs Apache Airflow {minimum} or newer"


_ADVICE = f"Install both with your Airflow's constraints: {_CONSTRAINTS}"
