# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""An old Python, an old Airflow or a package of another version is named in one sentence."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import import_module, metadata, reload
from typing import TYPE_CHECKING

import airflow
import pytest

from airflow_spanner_lro import compatibility, plugin
from airflow_spanner_lro.cli.airflow_commands import get_cli_commands
from airflow_spanner_lro.compatibility import (
    UnsupportedAirflowError,
    airflow_problem,
    require_airflow,
    unmet_requirements,
)
from airflow_spanner_lro.plugin import listener
from tests.support.log_lines import logged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FAMILIES = ("hooks", "notifications", "operators", "sensors", "triggers")
OLD_PYTHON = """
import sys
sys.version_info, sys.version = (3, 10, 14, "final", 0), "3.10.14 (main)"
import airflow_spanner_lro
"""
WITHOUT_AIRFLOW = """
import sys
sys.modules["airflow"] = None
import airflow_spanner_lro.operators.backups
"""


def last_line_of(program: str) -> str:
    """Run a program that fails; return the last line of what it says."""
    run = subprocess.run(  # noqa: S603  # our own interpreter
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert 1 == run.returncode
    return run.stderr.strip().rpartition("\n")[2]


@pytest.fixture
def old_airflow(monkeypatch: pytest.MonkeyPatch) -> str:
    """Let the Airflow that is installed be an older one."""
    monkeypatch.setattr(airflow, "__version__", "3.2.2")
    return "airflow-spanner-lro needs Apache Airflow 3.3 or newer, and this is 3.2.2. "


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that decides which version of a package is installed; None for none."""
    real = metadata.version

    def install(name: str, found: str | None) -> None:
        def version(asked: str) -> str:
            if asked != name:
                return real(asked)
            if found is None:
                raise metadata.PackageNotFoundError(asked)
            return found

        monkeypatch.setattr(metadata, "version", version)

    return install


def test_old_python_is_named() -> None:
    """Where no pip has refused it, the package does."""
    expected = "ImportError: airflow-spanner-lro needs Python 3.11 or newer, and this is 3.10.14."
    assert expected == last_line_of(OLD_PYTHON)


def test_missing_airflow_is_named() -> None:
    """An operator without an Airflow says what is missing."""
    told = last_line_of(WITHOUT_AIRFLOW)
    assert "airflow-spanner-lro needs Apache Airflow 3.3 or newer, and none is installed." in told


@pytest.mark.parametrize("family", FAMILIES)
def test_old_airflow_is_named(monkeypatch: pytest.MonkeyPatch, family: str) -> None:
    """A Dag that imports an operator, or anything else, shows the sentence as its import error."""
    package = import_module(f"airflow_spanner_lro.{family}")
    monkeypatch.setattr(airflow, "__version__", "3.2.2")

    with pytest.raises(UnsupportedAirflowError, match=re.escape("and this is 3.2.2.")):
        reload(package)


@pytest.mark.parametrize("version", ["3.3.0", "3.3.0rc1", "3.10.1", "4.0.0.dev0", "unknown"])
def test_other_airflows_are_taken(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    """Newer ones are, by number and not by text, and so is what has none."""
    monkeypatch.setattr(airflow, "__version__", version)

    require_airflow()

    assert None is airflow_problem()


@pytest.fixture
def plugin_as_it_was() -> Iterator[None]:
    """Load the plugin again after a test, and restore its name."""
    before = dict(vars(plugin))
    yield
    vars(plugin).update(before)


@pytest.mark.usefixtures("plugin_as_it_was")
def test_old_airflow_starts_without_the_plugin(
    old_airflow: str, caplog: pytest.LogCaptureFixture
) -> None:
    """One line of the log; and the entry point leads to nothing, which Airflow passes over."""
    with caplog.at_level("WARNING"):
        left_out = reload(plugin)

    assert None is left_out.SpannerLroPlugin
    (line,) = logged(caplog, plugin.__name__)
    assert line.startswith(f"Plugin left out: {old_airflow}")


def test_old_airflow_has_no_commands(old_airflow: str, caplog: pytest.LogCaptureFixture) -> None:
    """Its command line works without ours, and says why."""
    with caplog.at_level("WARNING"):
        assert [] == get_cli_commands()

    assert f"Commands left out: {old_airflow}" in caplog.text


def test_what_is_installed_here_fits() -> None:
    """The pinned packages are what the package asks for."""
    assert [] == unmet_requirements()


@pytest.mark.parametrize(
    ("found", "told"),
    [
        pytest.param("12.0.0", "is needed, and 12.0.0 is installed. ", id="old"),
        pytest.param(None, "is needed, and not installed. ", id="missing"),
    ],
)
def test_package_that_a_resolver_has_put_aside(
    installed: Callable[..., None], found: str | None, told: str
) -> None:
    """It is named with what is needed, and with what keeps packages together: the constraints."""
    installed("apache-airflow-providers-google", found)

    (problem,) = unmet_requirements()

    assert problem.startswith("apache-airflow-providers-google>=")
    assert told in problem
    assert "constraints" in problem


def test_checkout_on_the_path_asks_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was never installed has no requirements that could be read."""

    def requires(name: str) -> list[str]:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "requires", requires)

    assert [] == unmet_requirements()


def test_scheduler_says_it_as_it_starts(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A process that runs for long logs what does not fit, once."""

    class Job:
        """By its name, what Airflow hands to listeners."""

        job_type = "none of ours"

    monkeypatch.setattr(listener, "unmet_requirements", lambda: ["a>=2 is needed"])
    with caplog.at_level("WARNING"):
        listener.on_starting(Job())

    assert 1 == caplog.text.count("Packages do not fit: a>=2 is needed")
    assert compatibility.unmet_requirements() == []
