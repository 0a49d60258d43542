# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A mistake in the section ``[spanner_lro]`` is told in one sentence that leads to its place."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from airflow.sdk.configuration import conf

from airflow_spanner_lro import settings
from airflow_spanner_lro.core.errors import SettingsError
from airflow_spanner_lro.core.polling.policy import DEFAULT_INTERVAL
from airflow_spanner_lro.plugin import SpannerLroPlugin
from airflow_spanner_lro.settings import ReaperHost
from tests.support.log_lines import logged

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NUMBERS = (
    "poll_interval",
    "settle_timeout",
    "deferral_grace",
    "max_admin_requests_per_second",
    "max_admin_requests_per_second_busy",
    "reaper_interval",
    "reaper_grace",
)
OTHERS = ("allow_emulator", "sign_expire_time", "reaper", "reaper_connections", "deployment")
BUDGET = "max_admin_requests_per_second"
BUSY = "max_admin_requests_per_second_busy"
FILE = """
[DEFAULT]
colour = blue
deferral_grace = 0.05

[spanner_lro]
poll_interval = 0.5
settle_timeut = 9
"""
IN_A_PROCESS = """
from airflow_spanner_lro import settings
from airflow_spanner_lro.core.errors import SettingsError

try:
    settings.check()
except SettingsError as exc:
    print(exc)
"""


@pytest.fixture(autouse=True)
def untold() -> Iterator[None]:
    """Let this process have told of nothing."""
    settings.log_problems.cache_clear()
    yield
    settings.log_problems.cache_clear()


@pytest.fixture
def section() -> Iterator[None]:
    """Let ``airflow.cfg`` have the section, empty; and not afterwards."""
    conf.read_dict({"spanner_lro": {}})
    yield
    conf.remove_section("spanner_lro")


def variable(option: str) -> str:
    """Return the environment variable of an option."""
    return f"AIRFLOW__SPANNER_LRO__{option.upper()}"


def told() -> str:
    """Return what is said of the settings as they are."""
    with pytest.raises(SettingsError) as caught:
        settings.check()
    return str(caught.value)


def test_nothing_set_is_fine(section: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Defaults are good, and so is an empty section."""
    del section
    for option in (*NUMBERS, *OTHERS):
        monkeypatch.delenv(variable(option), raising=False)

    settings.check()

    assert (DEFAULT_INTERVAL, 60, 90, 1, 3, 10, 60) == tuple(
        getattr(settings, option)() for option in NUMBERS
    )
    others = tuple(getattr(settings, each)() for each in OTHERS)
    assert (True, True, ReaperHost.TRIGGERER, frozenset(), "") == others


@pytest.mark.parametrize(
    "value", ["0", "-1", "nan", "inf", "-inf", "abc", "", "30 s", "30%", "1e9"]
)
@pytest.mark.parametrize("option", NUMBERS)
def test_value_that_is_none(option: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Section, option, value, rule and place are all in the sentence."""
    monkeypatch.setenv(variable(option), value)

    sentence = told()

    assert sentence.startswith(f"[spanner_lro] {option}={value!r} is not usable: it is a number of")
    assert sentence.endswith(f" (set by {variable(option)}).")


@pytest.mark.parametrize(
    ("option", "value", "rule"),
    [
        ("poll_interval", "0.5", "a number of seconds, at least 1 and at most 86400"),
        ("poll_interval", "86401", "a number of seconds, at least 1 and at most 86400"),
        ("settle_timeout", "0.05", "a number of seconds, at least 0.1 and at most 86400"),
        ("deferral_grace", "1e5", "a number of seconds, at least 0.1 and at most 86400"),
        ("reaper_interval", "3601", "a number of seconds, at least 1 and at most 3600"),
        ("reaper_grace", "4.9", "a number of seconds, at least 5 and at most 86400"),
        (BUDGET, "0.005", "a number of requests a second, at least 0.01 and at most 1000"),
    ],
)
def test_rule(option: str, value: str, rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence says what would be right."""
    monkeypatch.setenv(variable(option), value)

    assert rule in told()


@pytest.mark.parametrize("option", NUMBERS)
def test_read_refuses_too(option: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody has checked, a bad value is refused when it is needed."""
    monkeypatch.setenv(variable(option), "0")

    with pytest.raises(SettingsError, match=option):
        getattr(settings, option)()


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("poll_interval", "1"),
        ("poll_interval", " 86400 "),
        ("settle_timeout", "0.1"),
        (BUDGET, "5"),
    ],
)
def test_value_at_the_edge(option: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bounds themselves are allowed."""
    monkeypatch.setenv(variable(option), value)

    settings.check()

    assert float(value) == getattr(settings, option)()


def test_busy_budget_below_the_usual_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A budget cannot fall when there is much to do; the sentence says what it has to reach."""
    monkeypatch.setenv(variable(BUDGET), "2.5")
    monkeypatch.setenv(variable(BUSY), "2")

    assert told() == (
        f"[spanner_lro] {BUSY}='2' is not usable: it is at least {BUDGET}, which is 2.5 "
        f"(set by {variable(BUSY)})."
    )
    with pytest.raises(SettingsError, match=BUSY):
        settings.max_admin_requests_per_second_busy()


def test_budget_that_is_no_number_is_one_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is compared with what is wrong by itself."""
    monkeypatch.setenv(variable(BUDGET), "plenty")
    monkeypatch.setenv(variable(BUSY), "2")

    assert 1 == told().count("is not usable")


@pytest.mark.parametrize(("usual", "busy"), [("4", None), ("4", "4"), ("4", "3.0")])
def test_budget_that_never_rises(
    usual: str, busy: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever gives both the same value, or one above the other's default, gets that.

    So it is where the default stands in an airflow.cfg: Airflow has written it there, and nobody
    has decided it.
    """
    monkeypatch.setenv(variable(BUDGET), usual)
    if busy:
        monkeypatch.setenv(variable(BUSY), busy)

    settings.check()

    assert 4 == settings.max_admin_requests_per_second_busy()


@pytest.mark.parametrize(
    ("option", "value", "read"),
    [
        ("allow_emulator", "False", False),
        ("allow_emulator", " true ", True),
        ("allow_emulator", "0", False),
        ("sign_expire_time", "f", False),
        ("sign_expire_time", "T", True),
        ("reaper", "off", ReaperHost.OFF),
        ("reaper", " Scheduler ", ReaperHost.SCHEDULER),
        ("reaper_connections", "one", frozenset({"one"})),
        ("reaper_connections", " one , two.three-4,one ", frozenset({"one", "two.three-4"})),
        ("reaper_connections", " ", frozenset()),
        ("deployment", "prod_eu-1.b", "prod_eu-1.b"),
        ("deployment", "d" * 64, "d" * 64),
        ("deployment", "", ""),
    ],
)
def test_value_of_another_type(
    option: str, value: str, *, read: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Truth values are written as in Airflow's own options; lists may have blanks."""
    monkeypatch.setenv(variable(option), value)

    settings.check()

    assert read == getattr(settings, option)()


@pytest.mark.parametrize(
    ("option", "value", "rule"),
    [
        ("allow_emulator", "", "it is True or False"),
        ("allow_emulator", "no", "it is True or False"),
        ("sign_expire_time", "2", "it is True or False"),
        ("reaper", "worker", "it is triggerer, scheduler or off"),
        ("reaper", "", "it is triggerer, scheduler or off"),
        ("reaper", "triggerer,scheduler", "it is triggerer, scheduler or off"),
        ("reaper_connections", "one,,two", "it is a list of connection ids, separated by commas"),
        ("reaper_connections", "one two", "it is a list of connection ids, separated by commas"),
        ("reaper_connections", "*", "it is a list of connection ids, separated by commas"),
        ("reaper_connections", "c" * 251, "it is a list of connection ids, separated by commas"),
        ("deployment", "d" * 65, "it has at most 64 characters, each a letter, a digit, or one"),
        ("deployment", "prod eu", "it has at most 64 characters, each a letter, a digit, or one"),
        ("deployment", "prod/é", "it has at most 64 characters, each a letter, a digit, or one"),
    ],
)
def test_value_of_another_type_that_is_none(
    option: str, value: str, rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What breaks the rule of a list, a name or a truth value is told as for a number."""
    monkeypatch.setenv(variable(option), value)

    sentence = told()

    assert sentence.startswith(f"[spanner_lro] {option}=")
    assert f" is not usable: {rule}" in sentence
    assert sentence.endswith(f" (set by {variable(option)}).")
    with pytest.raises(SettingsError, match=option):
        getattr(settings, option)()


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("MAX_ADMIN_REQUEST_PER_SECOND", f"did you mean {BUDGET}?"),
        ("POLLINTERVAL", "did you mean poll_interval?"),
        ("poll_interval", "did you mean poll_interval?"),
        ("Settle_Timeout", "did you mean settle_timeout?"),
        ("ALLOW_EMULATORS", "did you mean allow_emulator?"),
        ("COLOUR", "there is: allow_emulator, deferral_grace, deployment, gc_freeze, max_admin_re"),
    ],
)
def test_unknown_variable(name: str, hint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that nobody reads is told, without its value, with what is likely meant."""
    monkeypatch.setenv(f"AIRFLOW__SPANNER_LRO__{name}", "hunter2")

    sentence = told()

    assert f"there is no such option (set by AIRFLOW__SPANNER_LRO__{name}); {hint}" in sentence
    assert "hunter2" not in sentence


def test_unknown_option_in_the_file(section: None) -> None:
    """So is an option in ``airflow.cfg``."""
    del section
    conf.set("spanner_lro", "max_admin_request_per_second", "2")

    assert told() == (
        "[spanner_lro] max_admin_request_per_second is not usable: there is no such option; "
        "did you mean max_admin_requests_per_second?"
    )


@pytest.mark.slow
def test_whole_file(tmp_path: Path) -> None:
    """All mistakes in a file are told at once; what is for all sections counts if it is ours."""
    (tmp_path / "airflow.cfg").write_text(FILE)

    done = subprocess.run(  # noqa: S603  # our own interpreter
        [sys.executable, "-c", IN_A_PROCESS],
        env=os.environ | {"AIRFLOW_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.splitlines()[-1] == (
        "[spanner_lro] deferral_grace='0.05' is not usable: it is a number of seconds, at least "
        "0.1 and at most 86400. "
        "[spanner_lro] poll_interval='0.5' is not usable: it is a number of seconds, at least 1 "
        "and at most 86400. [spanner_lro] settle_timeut is not usable: there is no such option; "
        "did you mean settle_timeout?"
    )


@pytest.mark.parametrize("suffix", ["_cmd", "_secret"])
@pytest.mark.parametrize("place", ["file", "environment"])
def test_command_for_a_number(
    suffix: str, place: str, section: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Airflow reads commands and secrets for sensitive options only; that these have no effect."""
    del section
    if place == "file":
        conf.set("spanner_lro", f"poll_interval{suffix}", "echo 5")
    else:
        monkeypatch.setenv(variable(f"poll_interval{suffix}"), "echo 5")

    sentence = told()

    assert f"Airflow takes {suffix} for sensitive options only" in sentence
    assert sentence.endswith("; set poll_interval itself.")
    assert DEFAULT_INTERVAL == settings.poll_interval()


def test_plugin_tells_once_and_loads(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Each process of Airflow logs each mistake once, and has the plugin all the same."""
    monkeypatch.setenv(variable("poll_interval"), "abc")
    monkeypatch.setenv(variable("settle_timeouts"), "9")

    SpannerLroPlugin.on_load()
    SpannerLroPlugin.on_load()

    first, second = logged(caplog, settings.__name__, level=logging.ERROR)
    assert "poll_interval='abc'" in first
    assert "settle_timeouts" in second


def test_plugin_is_silent(caplog: pytest.LogCaptureFixture) -> None:
    """Where all is right, nothing is said."""
    SpannerLroPlugin.on_load()

    assert [] == logged(caplog, settings.__name__)
