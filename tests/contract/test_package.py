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
MAXIMUM = 450
OPTIONS: dict[str, Any] = get_provider_info()["config"]["spanner_lro"]["options"]


def _id(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


@pytest.mark.parametrize("path", [*FILES, *TESTS, *EXAMPLES], ids=_id)
def test_file_has_the_header_and_is_short(path: Path) -> None:
    """Every file names its licence in two lines and fits on a few screens."""
    lines = path.read_text().splitlines()

    assert HEADER == lines[:2]
    assert len(lines) <= MAXIMUM


SAMPLES: dict[str, tuple[str, object]] = {
    "boolean": ("False", False),
    "float": ("12.5", 12.5),
    "string": ("one-name", "one-name"),
    "reaper": ("Off", settings.ReaperHost.OFF),
}
"""For each type, or option, a value that is no default: as text, and as what is read."""


@pytest.mark.parametrize("option", OPTIONS)
def test_options_are_read(option: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each documented option has its documented default, and can be set."""
    read: Callable[[], object] = getattr(settings, option)
    told = OPTIONS[option]
    default = read()
    text, expected = SAMPLES.get(option) or SAMPLES[told["type"]]
    monkeypatch.setenv(f"AIRFLOW__SPANNER_LRO__{option.upper()}", text)

    value = read()

    assert settings.OPTIONS[option].form.read(told["default"]) == default
    assert value in {expected, frozenset({expected})}
    assert conf.has_option("spanner_lro", option)


@pytest.mark.parametrize(
    "option", [name for name, told in OPTIONS.items() if told["type"] == "float"]
)
def test_numbers_say_what_they_take(option: str) -> None:
    """The description of a number names the bounds that its default lies in."""
    told, number = OPTIONS[option], settings.OPTIONS[option].form
    assert isinstance(number, settings.Number)

    assert told["description"].endswith(f" From {number.least:g} to {number.most:g}.")
    assert number.least <= float(told["default"]) <= number.most


@pytest.mark.parametrize(
    "option", [name for name, told in OPTIONS.items() if told["type"] == "boolean"]
)
def test_truth_values_say_what_they_take(option: str) -> None:
    """The description of a truth value says that it is one."""
    assert OPTIONS[option]["description"].endswith(" True or False.")


def test_every_option_is_checked() -> None:
    """There is no option that nothing reads, and none is read that is not documented."""
    assert set(OPTIONS) == set(settings.OPTIONS)
