# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Every option of Airflow's configuration that is documented is read, and says what it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.configuration import conf

from airflow_spanner_lro import settings
from airflow_spanner_lro.provider_info import get_provider_info

if TYPE_CHECKING:
    from collections.abc import Callable

OPTIONS: dict[str, Any] = get_provider_info()["config"]["spanner_lro"]["options"]
SAMPLES: dict[str, tuple[str, object]] = {
    "boolean": ("False", False),
    "float": ("12.5", 12.5),
    "string": ("one-name", "one-name"),
    "reaper": ("Off", settings.ReaperHost.OFF),
    "wake_subscription": ("projects/p/subscriptions/sub", "projects/p/subscriptions/sub"),
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
