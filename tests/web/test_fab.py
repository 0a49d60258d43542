# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Rights that differ from Dag to Dag, as the FAB auth manager gives them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip(
    "airflow.providers.fab",
    reason="apache-airflow-providers-fab would bring Flask into every Airflow here: "
    "`make coverage` runs this by itself, with it",
)

REPOSITORY = Path(__file__).parents[2]


@pytest.mark.timeout(300)
def test_rights_count_dag_by_dag(tmp_path: Path) -> None:
    """Each user sees the Dags that they may read, and cancels in those that they may edit."""
    settings = {
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT": "google-cloud-platform://",
        "AIRFLOW__API_AUTH__JWT_SECRET": "as long as its algorithm wants it " * 2,
        "AIRFLOW__CORE__AUTH_MANAGER": (
            "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"
        ),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{tmp_path}/airflow.db",
        "_AIRFLOW_PROCESS_CONTEXT": "server",
    }
    run = subprocess.run(
        [sys.executable, "-m", "tests.web.fab.multi_dag"],
        cwd=REPOSITORY,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == run.returncode, run.stderr[-3000:]

    # in this order: the last two find it cancelled, which is no refusal
    assert {
        "looks": {"lists": ["blues", "reds"], "cancel": 403, "reap": 403},
        "mixed": {"lists": ["blues", "reds"], "cancel": 403, "reap": 200},
        "blue": {"lists": ["blues"], "cancel": 404, "reap": 200},
        "red": {"lists": ["reds"], "cancel": 200, "reap": 200},
        "viewer": {"lists": ["blues", "reds"], "cancel": 403, "reap": 403},
        "user": {"lists": ["blues", "reds"], "cancel": 200, "reap": 200},
    } == json.loads(run.stdout.strip().splitlines()[-1])
