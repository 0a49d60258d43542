# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Who installs the wheel beside packages that others have chosen is not refused for our bounds.

Composer, MWAA and Airflow's own instructions impose the packages of the day a release came out.
A bound of ours that leaves one of them out makes the wheel impossible to install there, whatever
the code would have done with it.
"""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.versions.days import DAYS, ROOT, constraints

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
NEEDED = {canonicalize_name(each.name): each for each in map(Requirement, PROJECT["dependencies"])}


def pins(airflow: str) -> dict[str, Version]:
    """Return the packages of the day on which this Airflow came out."""
    lines = constraints(airflow).read_text().splitlines()
    found = [line.split("==", 1) for line in lines if line and not line.startswith("#")]
    return {str(canonicalize_name(name)): Version(version) for name, version in found}


@pytest.mark.parametrize("airflow", DAYS)
def test_the_wheel_goes_in_beside_the_packages_of_a_release_day(airflow: str) -> None:
    """Each package of the day that we need is within our bounds."""
    day = pins(airflow)
    refused = [
        f"{each}: the day had {day[name]}"
        for name, each in NEEDED.items()
        if name in day and day[name] not in each.specifier
    ]

    assert [] == refused


@pytest.mark.parametrize("airflow", DAYS)
def test_nothing_that_we_need_is_missing_on_a_release_day(airflow: str) -> None:
    """What constraints do not name, a resolver chooses anew: we need nothing of that sort."""
    assert set() == set(NEEDED) - set(pins(airflow))


@pytest.mark.parametrize("airflow", DAYS)
def test_the_packages_are_those_of_the_release(airflow: str) -> None:
    """The file holds the Airflow that it is named after."""
    assert Version(airflow) == pins(airflow)["apache-airflow"]
    assert Version(airflow) == pins(airflow)["apache-airflow-core"]


@pytest.mark.parametrize("airflow", DAYS)
def test_the_packages_come_from_no_particular_place(airflow: str) -> None:
    """Only names and versions: no address of a registry, and how the file was made."""
    text = constraints(airflow).read_text()

    assert None is re.search(r"://|--(?:extra-)?index|--find-links", text)
    assert DAYS[airflow] in text


def test_both_releases_of_protobuf_are_allowed() -> None:
    """Constraints hold protobuf 6, a fresh resolution takes 7: both are run, see the matrix."""
    allowed = NEEDED[canonicalize_name("protobuf")].specifier
    days = {pins(airflow)["protobuf"].major for airflow in DAYS}

    assert {6} == days
    assert Version("7.36.2") in allowed
