# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What users install: the wheel has the whole package, and tells Airflow and pytest about it."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from configparser import ConfigParser
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> ZipFile:
    """Return the wheel, built from this checkout."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)  # noqa: S603  # our own tool
    return ZipFile(next(folder.glob("*.whl")))


def _metadata(wheel: ZipFile, name: str) -> str:
    path = next(path for path in wheel.namelist() if path.endswith(f".dist-info/{name}"))
    return wheel.read(path).decode()


@pytest.mark.xdist_group("wheel")
def test_the_wheel_holds_the_package_and_nothing_else(wheel: ZipFile) -> None:
    """Each file of the package is in the wheel, py.typed too; tests and examples are not.

    Of the page in Airflow it is the built file; its sources are for those who change it.
    """
    package = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "airflow_spanner_lro").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and "ui" not in path.parts
    }
    shipped = {path for path in wheel.namelist() if ".dist-info/" not in path}

    assert package == shipped
    assert "airflow_spanner_lro/py.typed" in shipped
    assert "airflow_spanner_lro/web/static/operations.js" in shipped


@pytest.mark.xdist_group("wheel")
def test_the_wheel_declares_its_entry_points(wheel: ZipFile) -> None:
    """Airflow finds provider and plugin, pytest the fixtures, and a shell the command."""
    points = ConfigParser()
    points.read_string(_metadata(wheel, "entry_points.txt"))

    expected = {"airflow.plugins", "apache_airflow_provider", "console_scripts", "pytest11"}
    assert expected == set(points.sections())


@pytest.mark.xdist_group("wheel")
def test_the_wheel_names_what_it_needs(wheel: ZipFile) -> None:
    """Requirements have a lower bound each, and the licence travels along."""
    metadata = Parser().parsestr(_metadata(wheel, "METADATA"))
    required = metadata.get_all("Requires-Dist") or []

    assert "airflow-spanner-lro" == metadata["Name"]
    assert ">=3.11" == metadata["Requires-Python"]
    assert "Apache-2.0" == metadata["License-Expression"]
    assert [] == [each for each in required if ">=" not in each]


@pytest.mark.xdist_group("wheel")
def test_the_wheel_has_no_extras(wheel: ZipFile) -> None:
    """What the demo and the tests need is a dependency group: a user can install none of it."""
    metadata = Parser().parsestr(_metadata(wheel, "METADATA"))

    assert None is metadata.get_all("Provides-Extra")


@pytest.mark.xdist_group("wheel")
def test_the_wheel_says_where_the_project_is(wheel: ZipFile) -> None:
    """Source, documentation, issues, changelog, releases and security each have an address."""
    metadata = Parser().parsestr(_metadata(wheel, "METADATA"))
    labels = {url.partition(",")[0] for url in metadata.get_all("Project-URL") or []}

    expected = {"Changelog", "Documentation", "Issues", "Releases", "Security", "Source"}
    assert expected == labels


@pytest.mark.slow
@pytest.mark.xdist_group("wheel")
def test_the_source_distribution_holds_what_contributors_need(tmp_path: Path) -> None:
    """Tests, documentation and examples are in it, and the pages that one looks for at the top."""
    command = [
        sys.executable,
        "-m",
        "build",
        "--sdist",
        "--no-isolation",
        "--outdir",
        str(tmp_path),
    ]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)  # noqa: S603  # our own tool
    with tarfile.open(next(tmp_path.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}

    folders = {name.partition("/")[0] for name in names if "/" in name}
    assert {"CONTRIBUTING.md", "LICENSE", "Makefile", "README.md", "SECURITY.md"} <= names
    assert {"airflow_spanner_lro", "docs", "example_dags", "tests"} <= folders
    assert "tests/cluster/airflow.py" in names
    assert "airflow_spanner_lro/web/ui/src/page.tsx" in names
    assert [] == [name for name in names if "node_modules" in name]
