# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What Dag files import is light: clients load when they are first used, on the worker.

The dag processor imports it for every Dag file, again and again. How long it takes is a benchmark's
business (tests/benchmarks); that nothing heavy is among it is checked here.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from .conftest import PACKAGE

FAMILIES = ("operators", "sensors", "triggers", "notifications", "plugin")
SINGLE = ("links", "assets", "settings", "provider_info", "commands", "hooks.lazy")
ASYNC = "hooks.spanner_admin_async"
MODULES = [
    *sorted(
        f"airflow_spanner_lro.{family}.{path.stem}"
        for family in FAMILIES
        for path in (PACKAGE / family).glob("[a-z]*.py")
    ),
    *(f"airflow_spanner_lro.{name}" for name in (*SINGLE, ASYNC)),
]
HEAVY = (
    "airflow.providers.google",
    "google.api_core",
    "google.auth",
    "google.cloud",
    "google.longrunning",
    "google.protobuf",
    "grpc",
    "openlineage",
    "proto",
    "sqlglot",
)
LOADED_BY_AIRFLOW = {
    "google.cloud",
    "airflow.providers.google",
    "airflow.providers.google.get_provider_info",
}
"""What Airflow's own provider discovery may load: two empty packages and some metadata."""
PROGRAM = """
import json, os, sys
from importlib import import_module

import airflow.sdk

found = {}
for module in json.loads(sys.argv[1]):
    readable, writable = os.pipe()
    if not os.fork():
        import_module(module)
        heavy = [name for name in sys.modules if name.startswith(tuple(json.loads(sys.argv[2])))]
        os.write(writable, json.dumps([module in sys.modules, heavy[:99]]).encode())
        os._exit(0)
    os.close(writable)
    found[module] = json.loads(os.read(readable, 65536) or "[false, []]")
    os.close(readable)
    os.wait()
print(json.dumps(found))
"""
"""Imports each module in a process of its own, all of them forked off one that has Airflow."""


@pytest.fixture(scope="module")
def imported() -> dict[str, tuple[bool, list[str]]]:
    """Return for each module whether it can be imported, and what heavy ones are loaded then."""
    done = subprocess.run(  # noqa: S603  # our own interpreter
        [sys.executable, "-c", PROGRAM, json.dumps(MODULES), json.dumps(HEAVY)],
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, tuple[bool, list[str]]] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("module", MODULES)
def test_import_is_light(module: str, imported: dict[str, tuple[bool, list[str]]]) -> None:
    """A Dag file that imports it loads neither gRPC nor any client library."""
    there, heavy = imported[module]

    assert there
    assert set() == set(heavy) - LOADED_BY_AIRFLOW
