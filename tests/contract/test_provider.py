# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What Airflow itself makes of the provider's metadata: it finds and shows everything."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from importlib import import_module
from inspect import isabstract, isclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import airflow
import jsonschema
import pytest
from airflow.sdk import BaseNotifier, BaseOperatorLink
from airflow.sdk._shared.module_loading import import_string
from airflow.triggers.base import BaseTrigger

from airflow_spanner_lro.core.links import ASSET_SCHEME
from airflow_spanner_lro.provider_info import get_provider_info
from tests.contract.conftest import PACKAGE
from tests.contract.required import REQUIRED

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "airflow-spanner-lro"
FAMILIES = ("operators", "sensors", "hooks", "triggers")
BASES = {
    "airflow_spanner_lro.hooks.connection",
    "airflow_spanner_lro.operators.base",
    "airflow_spanner_lro.operators.operation",
    "airflow_spanner_lro.sensors.base",
    "airflow_spanner_lro.triggers.base",
}
"""Modules of classes to derive from, which no Dag author uses by themselves."""
COMMANDS = {
    "list": ["providers", "list", "--output", "json"],
    "links": ["providers", "links", "--output", "json"],
    "notifications": ["providers", "notifications", "--output", "json"],
    "triggers": ["providers", "triggers", "--output", "json"],
    "config": ["config", "list", "--section", "spanner_lro", "--show-values"],
    "help": ["spanner-lro", "--help"],
}
_PROGRAM = """
import contextlib, io, json, sys
from airflow.__main__ import main

told = {}
for name, words in json.loads(sys.argv[1]).items():
    sys.argv = ["airflow", *words]
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.suppress(SystemExit):
        main()
    told[name] = out.getvalue()
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return what Airflow's command line prints for each of the commands, in a process of its own.

    One process for all: Airflow takes seconds to start.
    """
    home: Path = tmp_path_factory.mktemp("airflow")
    done = subprocess.run(  # noqa: S603  # our own interpreter
        [sys.executable, "-c", _PROGRAM, json.dumps(COMMANDS)],
        capture_output=True,
        text=True,
        check=True,
        env={"AIRFLOW_HOME": str(home), "PATH": "", "HOME": str(home), "COLUMNS": "200"},
    )
    answers: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return answers


def rows(text: str) -> list[dict[str, Any]]:
    """Return the rows that a command has printed as JSON."""
    table: list[dict[str, Any]] = json.loads(text)
    return table


def listed_modules() -> Iterator[str]:
    """Yield each module that the metadata names."""
    for family in FAMILIES:
        for group in get_provider_info()[family]:
            yield from group["python-modules"]


def classes_of(base: type[Any]) -> set[str]:
    """Return the public, concrete classes of the package that derive from a class, by full name."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text()
        if not any(isinstance(node, ast.ClassDef) for node in ast.parse(text).body):
            continue
        if not {"links", "notifications", "triggers"} & {path.stem, path.parent.name}:
            continue
        module = ".".join(("airflow_spanner_lro", *path.relative_to(PACKAGE).with_suffix("").parts))
        for name, value in vars(import_module(module)).items():
            ours = isclass(value) and value.__module__ == module and issubclass(value, base)
            if ours and not isabstract(value) and not name.startswith("_"):
                found.add(f"{module}.{name}")
    return found


def test_provider_is_listed(told: dict[str, str]) -> None:
    """``airflow providers list`` shows the package, its description and its version."""
    (row,) = [row for row in rows(told["list"]) if row["package_name"] == NAME]

    info = get_provider_info()
    assert info["versions"][0] == row["version"]
    # Airflow leaves the full stop out
    assert info["description"].startswith(row["description"])


@pytest.mark.slow
def test_links_are_listed(told: dict[str, str]) -> None:
    """``airflow providers links`` shows each link of the package."""
    shown = {row["extra_link_class_name"] for row in rows(told["links"])}

    assert classes_of(BaseOperatorLink) <= shown


def test_notifiers_are_listed(told: dict[str, str]) -> None:
    """``airflow providers notifications`` shows each notifier of the package."""
    shown = {value for row in rows(told["notifications"]) for value in row.values()}

    assert classes_of(BaseNotifier) <= shown


@pytest.mark.slow
def test_triggers_are_listed(told: dict[str, str]) -> None:
    """``airflow providers triggers`` shows the module of each trigger of the package."""
    shown = {row["class"] for row in rows(told["triggers"])}

    assert {name.rpartition(".")[0] for name in classes_of(BaseTrigger)} <= shown


def test_configuration_is_listed(told: dict[str, str]) -> None:
    """``airflow config list`` shows each option with its default."""
    options: dict[str, Any] = get_provider_info()["config"]["spanner_lro"]["options"]

    lines = told["config"].splitlines()

    assert "[spanner_lro]" in lines
    for name, option in options.items():
        assert f"{name} = {option['default']}" in lines


def test_commands_are_there(told: dict[str, str]) -> None:
    """``airflow spanner-lro`` offers the verbs of the operations API."""
    assert {"list", "describe", "wait", "cancel"} <= set(told["help"].split())


def test_metadata_is_valid() -> None:
    """What Airflow is told follows the schema that Airflow checks it with."""
    schema = json.loads((Path(airflow.__file__).parent / "provider_info.schema.json").read_text())

    jsonschema.validate(get_provider_info(), schema)

    assert NAME == get_provider_info()["package-name"]


@pytest.mark.parametrize("family", FAMILIES)
def test_every_public_module_is_listed(family: str) -> None:
    """Each module with classes for Dag authors is in the provider's metadata, and no other."""
    suffix = family.removesuffix("s").capitalize()
    public = {
        f"airflow_spanner_lro.{family}.{path.stem}"
        for path in (PACKAGE / family).glob("*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ClassDef) and re.fullmatch(rf"[A-Z]\w*{suffix}", node.name)
    }

    listed = {module for group in get_provider_info()[family] for module in group["python-modules"]}

    assert public - BASES == listed


@pytest.mark.parametrize("module", sorted(set(listed_modules())))
def test_listed_module_is_there(module: str) -> None:
    """Each module that the metadata names can be imported."""
    assert module == import_module(module).__name__


@pytest.mark.parametrize(
    "path",
    [
        *get_provider_info()["extra-links"],
        *get_provider_info()["notifications"],
        *get_provider_info()["cli"],
        *(
            entry[key]
            for entry in get_provider_info()["asset-uris"]
            for key in ("handler", "factory", "to_openlineage_converter")
        ),
    ],
)
def test_listed_object_is_there(path: str) -> None:
    """Each class and function that the metadata names exists."""
    assert callable(import_string(path))


@pytest.mark.slow
def test_exactly_our_links_and_notifiers_are_named() -> None:
    """The metadata names each link and each notifier of the package, and no other."""
    info = get_provider_info()

    assert classes_of(BaseOperatorLink) == set(info["extra-links"])
    assert classes_of(BaseNotifier) == set(info["notifications"])


def test_scheme_is_ours() -> None:
    """The scheme of our assets is the one that is registered."""
    assert [ASSET_SCHEME] == [
        scheme for entry in get_provider_info()["asset-uris"] for scheme in entry["schemes"]
    ]


@pytest.mark.slow
def test_what_dag_files_import_is_light() -> None:
    """A Dag file that uses assets, watchers and the notifier loads neither gRPC nor a client."""
    names = ("assets", "links", "notifications.cancel", "triggers.backup_watcher")
    modules = [f"airflow_spanner_lro.{name}" for name in names]
    program = f"import sys, {', '.join(modules)}; print(*sys.modules)"

    done = subprocess.run(  # noqa: S603  # our own interpreter
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    loaded = done.stdout.splitlines()[-1].split()
    assert set(modules) <= set(loaded)
    assert not [name for name in loaded if name.startswith(("grpc", "google.api_core"))]
    assert not [name for name in loaded if name.startswith("google.cloud.")]


def test_every_operator_is_in_a_listed_module() -> None:
    """Whoever looks for an operator or sensor in the metadata finds its module."""
    assert {class_.__module__ for class_ in REQUIRED} <= set(listed_modules())
