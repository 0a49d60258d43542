# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Where things are."""

from __future__ import annotations

from pathlib import Path

import airflow_spanner_lro

PACKAGE = Path(airflow_spanner_lro.__file__).parent
REPOSITORY = Path(__file__).parents[2]
EXAMPLES = sorted((REPOSITORY / "example_dags").glob("*.py"))
