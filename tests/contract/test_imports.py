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

from tests.contract.conftest import PACKAGE

FAMILIES = ("operators", "sensors", "triggers", "notifications", "plugin")
SINGLE = ("links", "assets", "settings", "provider_info", "cli.airflow_commands", "hooks.lazy")
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


@pytest.mark.slow
def test_what_a_dag_file_imports_loads_neither_grpc_nor_a_client_library() -> None:
    """Each module can be imported by itself, and nothing heavy comes along."""
    done = subprocess.run(  # noqa: S603  # our own interpreter
        [sys.executable, "-c", PROGRAM, json.dumps(MODULES), json.dumps(HEAVY)],
        capture_output=True,
        text=True,
        check=True,
    )
    imported: dict[str, tuple[bool, list[str]]] = json.loads(done.stdout.splitlines()[-1])

    assert set(MODULES) == {module for module, (there, _) in imported.items() if there}
    assert {} == {
        module: heavy
        for module, (_, loaded) in imported.items()
        if (heavy := set(loaded) - LOADED_BY_AIRFLOW)
    }
