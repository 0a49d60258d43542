# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Where things are, and an Airflow that keeps its files to itself."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import airflow_spanner_lro

PACKAGE = Path(airflow_spanner_lro.__file__).parent
REPOSITORY = Path(__file__).parents[2]
EXAMPLES = sorted((REPOSITORY / "example_dags").glob("*.py"))

# before a test module imports Airflow, which makes this folder and its configuration
os.environ.setdefault("AIRFLOW_HOME", str(Path(tempfile.gettempdir()) / "airflow-home-of-tests"))
