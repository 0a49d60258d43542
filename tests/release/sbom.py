# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The software bill of materials: what the wheel brings along, as the pins resolve it.

``cyclonedx-py`` describes the whole environment, that of developers, and takes each extra that any
package offers for wanted. Of it remains what the package needs, directly or by others, with the
extras that are asked for. Each component gets the hashes of its pins, so that a copy can be held
against them.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from importlib.metadata import requires
from typing import TYPE_CHECKING, Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.release.pins import ROOT, blocks, hashes, pin_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

_SPECIFICATION = SchemaVersion.V1_6
_PACKAGE = "airflow-spanner-lro"
_ROOT = "root-component"


class IncompleteSbomError(Exception):
    """A component is not what was pinned."""


def describe_environment() -> dict[str, Any]:
    """Return the bill of the environment that this runs in."""
    command = [sys.executable, "-m", "cyclonedx_py", "environment", sys.executable]
    command += ["--pyproject", str(ROOT / "pyproject.toml"), "--output-reproducible"]
    command += ["--no-validate"]  # most of it is left out; what remains is checked by ``write``
    command += [
        "--spec-version",
        _SPECIFICATION.to_version(),
        "--output-format",
        "JSON",
        "--output-file",
        "-",
    ]
    run = subprocess.run(command, check=True, capture_output=True, text=True)
    described: dict[str, Any] = json.loads(run.stdout)
    return described


def needed_by(package: str = _PACKAGE) -> dict[str, set[str]]:
    """Return what a package needs here, what each of these needs, and so on, by their names."""
    needs: dict[str, set[str]] = {}
    pending = [(package, "")]
    seen = set(pending)
    while pending:
        name, extra = pending.pop()
        own = needs.setdefault(name, set())
        for text in requires(name) or ():
            requirement = Requirement(text)
            if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
                continue
            other = canonicalize_name(requirement.name)
            own.add(other)
            wanted = {(other, each) for each in ("", *requirement.extras)}
            pending += wanted - seen
            seen |= wanted
    return needs


def bill_of(
    environment: Mapping[str, Any],
    *,
    needs: Mapping[str, Collection[str]],
    pinned: str,
    version: str,
    files: Mapping[str, str],
) -> dict[str, Any]:
    """Return the bill of one release.

    :param environment: the bill of all that is installed
    :param needs: what each package needs, as of :func:`needed_by`
    :param pinned: the requirements, with hashes
    :param version: the release's
    :param files: SHA-256 of each of its files, by name
    :raises IncompleteSbomError: if something is needed that was not pinned
    """
    pins = {pin_of(block): block for block in blocks(pinned)}
    bill = json.loads(json.dumps(environment))
    kept = {
        canonicalize_name(each["name"]): each
        for each in bill["components"]
        if canonicalize_name(each["name"]) in needs.keys() - {_PACKAGE}
    }
    references = {name: each["bom-ref"] for name, each in kept.items()} | {_PACKAGE: _ROOT}
    bill["components"] = [_with_hashes(each, name=name, pins=pins) for name, each in kept.items()]
    bill["dependencies"] = [
        {"ref": references[name], "dependsOn": sorted(references[each] for each in needs[name])}
        for name in sorted(references)
    ]
    released = bill["metadata"]["component"]
    released |= {"version": version, "type": "library", "purl": f"pkg:pypi/{_PACKAGE}@{version}"}
    released["externalReferences"] += [
        {
            "type": "distribution",
            "url": f"https://pypi.org/project/{_PACKAGE}/{version}/#{name}",
            "hashes": [{"alg": "SHA-256", "content": digest}],
        }
        for name, digest in sorted(files.items())
    ]
    python = ".".join(platform.python_version_tuple()[:2])
    bill["metadata"]["properties"].append(
        {"name": "resolved for", "value": f"Python {python} on {platform.system()}"}
    )
    return dict(bill)


def _with_hashes(
    component: Mapping[str, Any], *, name: str, pins: Mapping[tuple[str, str], str]
) -> dict[str, Any]:
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
    """Write a bill, if it is one by CycloneDX' schema: the same bytes for the same bill.

    :raises IncompleteSbomError: if it is none
    """
    text = json.dumps(bill, indent=1, sort_keys=True) + "\n"
    if error := JsonStrictValidator(_SPECIFICATION).validate_str(text):
        message = f"no CycloneDX {_SPECIFICATION.to_version()}: {error}"
        raise IncompleteSbomError(message)
    path.write_text(text)
