# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The software bill of materials: what the wheel brings along, as the pins resolve it.

``cyclonedx-py`` describes the whole environment, that of developers; of it remains what the package
needs, directly or by others. Each component gets the hashes of its pins, so that a copy can be held
against them.
"""

from __future__ import annotations

import json
import platform
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from tests.release.pins import ROOT, blocks, hashes, pin_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_SPECIFICATION = "1.6"
_ROOT = "root-component"


class IncompleteSbomError(Exception):
    """A component is not what was pinned."""


def describe_environment() -> dict[str, Any]:
    """Return the bill of the environment that this runs in, checked against CycloneDX' schema."""
    command = [sys.executable, "-m", "cyclonedx_py", "environment", sys.executable]
    command += ["--pyproject", str(ROOT / "pyproject.toml"), "--output-reproducible"]
    command += ["--spec-version", _SPECIFICATION, "--output-format", "JSON", "--output-file", "-"]
    run = subprocess.run(command, check=True, capture_output=True, text=True)
    described: dict[str, Any] = json.loads(run.stdout)
    return described


def bill_of(
    environment: Mapping[str, Any], *, pinned: str, version: str, files: Mapping[str, str]
) -> dict[str, Any]:
    """Return the bill of one release.

    :param environment: the bill of all that is installed
    :param pinned: the requirements, with hashes
    :param version: the release's
    :param files: SHA-256 of each of its files, by name
    :raises IncompleteSbomError: if something is installed that was not pinned
    """
    needs = {each["ref"]: each.get("dependsOn", []) for each in environment["dependencies"]}
    closure = _closure(needs)
    pins = {pin_of(block): block for block in blocks(pinned)}
    bill = json.loads(json.dumps(environment))
    bill["components"] = [
        _with_hashes(each, pins=pins) for each in bill["components"] if each["bom-ref"] in closure
    ]
    bill["dependencies"] = [each for each in bill["dependencies"] if each["ref"] in closure]
    released = bill["metadata"]["component"]
    released |= {"version": version, "type": "library"}
    released["purl"] = f"pkg:pypi/airflow-spanner-lro@{version}"
    released["externalReferences"] += [
        {
            "type": "distribution",
            "url": f"https://pypi.org/project/airflow-spanner-lro/{version}/#{name}",
            "hashes": [{"alg": "SHA-256", "content": digest}],
        }
        for name, digest in sorted(files.items())
    ]
    python = ".".join(platform.python_version_tuple()[:2])
    bill["metadata"]["properties"].append(
        {"name": "resolved for", "value": f"Python {python} on {platform.system()}"}
    )
    return dict(bill)


def _closure(needs: Mapping[str, list[str]]) -> set[str]:
    found: set[str] = set()
    pending = [_ROOT]
    while pending:
        reference = pending.pop()
        if reference not in found:
            found.add(reference)
            pending += needs.get(reference, [])
    return found


def _with_hashes(
    component: Mapping[str, Any], *, pins: Mapping[tuple[str, str], str]
) -> dict[str, Any]:
    name = re.sub(r"[-_.]+", "-", component["name"]).lower()
    version = component["version"]
    if (name, version) not in pins:
        message = f"{name} {version} is installed, and not what is pinned"
        raise IncompleteSbomError(message)
    reference = {
        "type": "distribution",
        "url": f"https://pypi.org/project/{name}/{version}/#files",
        "hashes": [{"alg": "SHA-256", "content": digest} for digest in hashes(pins[name, version])],
    }
    known = component.get("externalReferences", [])
    return {**component, "externalReferences": [*known, reference]}


def write(bill: Mapping[str, Any], path: Path) -> None:
    """Write a bill: the same bytes for the same bill."""
    path.write_text(json.dumps(bill, indent=1, sort_keys=True) + "\n")
