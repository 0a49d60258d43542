# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What the documentation must not lose: pages that can be reached, and everything users can use.

Its form, its links and its snippets are tested in ``tests/docs``; Sphinx checks it as well.
"""

from __future__ import annotations

import argparse
import re
from dataclasses import fields

import pytest
from airflow.cli.cli_config import GroupCommand

from airflow_spanner_lro import cli
from airflow_spanner_lro.cli.airflow_commands import get_cli_commands
from airflow_spanner_lro.core.ledger.entry import TRANSITIONS, Stage
from airflow_spanner_lro.emulator import Faults, Limits, Plan, SpannerAdminEmulator
from airflow_spanner_lro.emulator.command import add_arguments
from airflow_spanner_lro.emulator.control.routes import PREFIX, ROUTES
from airflow_spanner_lro.emulator.plans import Between, BySize
from tests.contract.conftest import EXAMPLES, REPOSITORY
from tests.contract.required import REQUIRED

DOCS = REPOSITORY / "docs"
SOURCES = sorted(page for page in DOCS.rglob("*.md") if "_build" not in page.parts)
EMULATOR = DOCS / "reference" / "emulator.md"
CONTROL = DOCS / "reference" / "emulator-control.md"
COMMANDS = DOCS / "reference" / "cli.md"
ACCESS = DOCS / "reference" / "connections-and-iam.md"
DRAWING = DOCS / "_static" / "life-of-an-operation.svg"

_MARK = re.compile(r"# \[START (\w+)\]")
_INCLUDED = re.compile(r"^<!-- snippet: \S+ (\w+)(?: bare)? -->$", re.MULTILINE)
_ANCHOR = re.compile(r'^<a id="([\w-]+)"></a>$', re.MULTILINE)
_WAY = re.compile(
    r'<g class="way" data-before="(\w+)" data-by="(\w+)" data-after="(\w+)">'
    r'.*?<tspan class="number">(\d+)</tspan>',
    re.DOTALL,
)
_STAGE = re.compile(r'<g class="stage" data-stage="(\w+)">')


def test_every_snippet_is_shown() -> None:
    """Each part of an example that is marked for the documentation is in it."""
    marked = {mark for path in EXAMPLES for mark in _MARK.findall(path.read_text())}
    included = {mark for page in SOURCES for mark in _INCLUDED.findall(page.read_text())}

    assert marked == included


def test_every_operator_and_sensor_has_its_section() -> None:
    """There is one how-to section for each class, under an anchor that is its name."""
    sections = [name for page in SOURCES for name in _ANCHOR.findall(page.read_text())]
    classes = [name for name in sections if name.startswith("spanner")]

    assert sorted(class_.__name__.lower() for class_ in REQUIRED) == sorted(classes)


def test_every_operator_and_sensor_has_its_permissions() -> None:
    """The page on access names each class."""
    text = ACCESS.read_text()

    assert [] == [class_.__name__ for class_ in REQUIRED if f"`{class_.__name__}`" not in text]


def test_every_command_is_told() -> None:
    """The page on the command line has a row for each command, of ours and within Airflow's."""
    ours = {
        f"spanner-lro {name}"
        for action in cli._parser()._actions
        if isinstance(action, argparse._SubParsersAction)
        for name in action.choices
    }
    within = {
        f"airflow {group.name} {command.name}"
        for group in get_cli_commands()
        if isinstance(group, GroupCommand)
        for command in group.subcommands
    }
    rows = re.findall(r"^\| `((?:airflow )?spanner-lro \w+)", COMMANDS.read_text(), re.MULTILINE)

    assert sorted(ours | within) == sorted(rows)


def test_every_option_is_told() -> None:
    """The page on the emulator has a row for each option of its command."""
    parser = argparse.ArgumentParser(add_help=False)
    add_arguments(parser)
    options = {text for action in parser._actions for text in action.option_strings}
    rows = re.findall(r"^\| `(--[a-z-]+)", EMULATOR.read_text(), re.MULTILINE)

    assert sorted(options) == sorted(rows)


def test_every_route_is_told() -> None:
    """The page on the control interface has each verb with its path, and no other."""
    told = set(re.findall(rf"`([A-Z]+ {PREFIX}/[^`]*)`", CONTROL.read_text()))

    assert {f"{route.verb} {PREFIX}{route.path}" for route in ROUTES} == told


@pytest.mark.parametrize("type_", [SpannerAdminEmulator, Faults])
def test_every_member_is_told(type_: type[object]) -> None:
    """The page on the emulator names each public member that its users have."""
    internal = {"take", "take_entry"} if type_ is Faults else {"host", "clock"}
    names = {name for name in dir(type_) if not name.startswith("_")} - internal
    text = EMULATOR.read_text()

    assert [] == sorted(name for name in names if not re.search(rf"[`.\s(]{name}[`(.]", text))


@pytest.mark.parametrize("type_", [Plan, Limits, BySize, Between])
def test_every_field_is_told(type_: type[Plan | Limits | BySize | Between]) -> None:
    """The page on the emulator names each field of the values that its users make."""
    text = EMULATOR.read_text()

    assert [] == [
        field.name for field in fields(type_) if not re.search(rf"[`(\s]{field.name}[`=]", text)
    ]


def test_drawing_has_the_life_of_an_operation() -> None:
    """All stages and ways of the code are drawn, and no others; numbers are those of the table."""
    drawn = DRAWING.read_text()
    ways = [
        (way.before.value, way.by, way.after.value, str(number))
        for number, way in enumerate(TRANSITIONS, start=1)
    ]

    assert sorted(stage.value for stage in Stage) == sorted(_STAGE.findall(drawn))
    assert sorted(ways) == sorted(_WAY.findall(drawn))
