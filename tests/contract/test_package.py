# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What the package promises to Airflow and to its readers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.configuration import conf

from airflow_spanner_lro import settings
from airflow_spanner_lro.provider_info import get_provider_info

from .conftest import EXAMPLES, PACKAGE, REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HEADER = [
    "# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors",
    "# SPDX-License-Identifier: Apache-2.0",
]
FILES = sorted(PACKAGE.rglob("*.py"))
# an empty file has nothing that could be licensed
TESTS = sorted(path for path in (REPOSITORY / "tests").rglob("*.py") if path.stat().st_size)
MAXIMUM = 300
OPTIONS: dict[str, Any] = get_provider_info()["config"]["spanner_lro"]["options"]


def _id(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


@pytest.mark.parametrize("path", [*FILES, *TESTS, *EXAMPLES], ids=_id)
def test_file_has_the_header_and_is_short(path: Path) -> None:
    """Every file names its licence in two lines and fits on a few screens."""
    lines = path.read_text().splitlines()

    assert HEADER == lines[:2]
    assert len(lines) <= MAXIMUM


@pytest.mark.parametrize("option", OPTIONS)
def test_options_are_read(option: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each documented option has its documented default, and can be set."""
    read: Callable[[], float] = getattr(settings, option)
    default = read()
    monkeypatch.setenv(f"AIRFLOW__SPANNER_LRO__{option.upper()}", "12.5")

    value = read()

    assert float(OPTIONS[option]["default"]) == default
    assert 12.5 == value
    assert conf.has_option("spanner_lro", option)


@pytest.mark.parametrize("option", OPTIONS)
def test_options_say_what_they_take(option: str) -> None:
    """The description of an option names the bounds that its default lies in."""
    told, bound = OPTIONS[option], settings.bounds()[option]

    assert told["description"].endswith(f" From {bound.least:g} to {bound.most:g}.")
    assert bound.least <= float(told["default"]) <= bound.most
    assert "float" == told["type"]


def test_every_option_is_checked() -> None:
    """There is no option without bounds, and there are no bounds without an option."""
    assert set(OPTIONS) == set(settings.bounds())
