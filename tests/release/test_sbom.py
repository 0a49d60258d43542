# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The bill of materials holds what the package brings along, and nothing of the developers' tools.

``make dist`` makes the real one, and has it checked against CycloneDX' schema.
"""

from __future__ import annotations

import json
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest

from tests.release.sbom import IncompleteSbomError, bill_of, needed_by, write

if TYPE_CHECKING:
    from pathlib import Path


def component(name: str, version: str) -> dict[str, Any]:
    """Return a component as CycloneDX' tool describes it."""
    return {"bom-ref": f"{name}=={version}", "name": name, "version": version, "type": "library"}


ENVIRONMENT: dict[str, Any] = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.6",
    "version": 1,
    "components": [
        component("PyYAML", "6.0.3"),
        component("grpcio", "1.85.1"),
        component("pytest", "9.0"),
        component("typing_extensions", "4.16.0"),
    ],
    "dependencies": [
        {"ref": "root-component", "dependsOn": ["PyYAML==6.0.3", "grpcio==1.85.1"]},
        # an extra of it
        {"ref": "grpcio==1.85.1", "dependsOn": ["pytest==9.0"]},
    ],
    "metadata": {
        "component": {
            "bom-ref": "root-component",
            "name": "airflow-spanner-lro",
            "type": "application",
            "externalReferences": [],
        },
        "properties": [],
    },
}
PINNED = "\n".join(
    f"{pin} \\\n    --hash=sha256:{digest * 64}"
    for pin, digest in [
        ("grpcio==1.80.0 ; python_full_version < '3.11'", "0"),
        ("grpcio==1.85.1 ; python_full_version >= '3.11'", "1"),
        ("pyyaml==6.0.3", "2"),
        ("typing-extensions==4.16.0", "3"),
    ]
)
NEEDS = {
    "airflow-spanner-lro": {"pyyaml", "grpcio"},
    "pyyaml": set(),
    "grpcio": {"typing-extensions"},
    "typing-extensions": {"grpcio"},
}
FILES = {"airflow_spanner_lro-0.2.0-py3-none-any.whl": "f" * 64}


def bill(environment: dict[str, Any] = ENVIRONMENT) -> dict[str, Any]:
    """Return the bill of a small environment."""
    return bill_of(environment, needs=NEEDS, pinned=PINNED, version="0.2.0", files=FILES)


def test_bill_holds_what_is_needed() -> None:
    """Directly or by others, in circles too; what only developers need is left out."""
    names = [each["name"] for each in bill()["components"]]

    assert ["PyYAML", "grpcio", "typing_extensions"] == names
    needs = {each["ref"]: each["dependsOn"] for each in bill()["dependencies"]}
    assert ["PyYAML==6.0.3", "grpcio==1.85.1"] == needs["root-component"]
    assert ["typing_extensions==4.16.0"] == needs["grpcio==1.85.1"]
    assert "pytest==9.0" not in needs


def test_what_is_needed_is_told_by_what_is_installed() -> None:
    """Extras count where they are asked for, and developers' tools are no part of it."""
    needs = needed_by()

    assert "apache-airflow" in needs["airflow-spanner-lro"]
    assert {"grpcio", "protobuf", "typing-extensions"} <= needs.keys()
    assert not {"pip", "pytest", "ruff", "twine"} & needs.keys()
    assert needs.keys() >= set().union(*needs.values())


def test_components_bear_the_hashes_of_their_pins() -> None:
    """Of the version that is installed, however a project spells its name."""
    digests = {
        each["name"]: [one["content"][0] for one in each["externalReferences"][-1]["hashes"]]
        for each in bill()["components"]
    }

    assert {"PyYAML": ["2"], "grpcio": ["1"], "typing_extensions": ["3"]} == digests


def test_bill_is_of_one_release() -> None:
    """It names version and files, by their digests."""
    released = bill()["metadata"]["component"]

    assert "pkg:pypi/airflow-spanner-lro@0.2.0" == released["purl"]
    (file,) = released["externalReferences"]
    assert "f" * 64 == file["hashes"][0]["content"]


def test_what_was_not_pinned_stops_the_release() -> None:
    """An environment that was changed by hand describes nothing that could be released."""
    environment = deepcopy(ENVIRONMENT)
    environment["components"][1]["version"] = "1.99"

    with pytest.raises(IncompleteSbomError, match=r"grpcio 1\.99 is installed"):
        bill(environment)


def test_same_bill_has_the_same_bytes(tmp_path: Path) -> None:
    """Order and layout are fixed, and the environment is left as it was."""
    before = deepcopy(ENVIRONMENT)
    first, second = tmp_path / "first", tmp_path / "second"

    write(bill(), first)
    write(bill(), second)

    assert first.read_bytes() == second.read_bytes()
    assert json.loads(first.read_text()) == bill()
    assert before == ENVIRONMENT


def test_what_is_no_bill_is_not_written(tmp_path: Path) -> None:
    """It is held against CycloneDX' schema first."""
    path = tmp_path / "bill"

    with pytest.raises(IncompleteSbomError, match=r"no CycloneDX 1\.6"):
        write(bill() | {"components": [{"name": "nameless in type"}]}, path)

    assert not path.exists()
