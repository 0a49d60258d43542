# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The rows of the matrix, and the tests that each of them runs.

A whole run takes most of an hour, so a row takes a slice of it: the tests that reach other
people's packages. Of the core these are messages and their decoding, of the admin side the calls
over a channel, of the emulator nearly all (its own gRPC and HTTP servers, every message of the
API), of Airflow the operators, triggers, hooks, the state store and the settings. What only
computes is left out, such as simulations of many waits: it would be the same everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from tests.versions.days import DAYS, ROOT, constraints

if TYPE_CHECKING:
    from pathlib import Path


class Part(StrEnum):
    """What is run of a row."""

    SLICE = "slice"
    PAGE = "getting-started"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One environment: which Python, and what holds the packages."""

    name: str
    packages: str
    python: str = "3.11"
    airflow: str = ""
    held_by: Path | None = None
    parts: tuple[Part, ...] = (Part.SLICE,)


LOWEST = "lowest"
_NEWEST = "3.3.2"

ROWS = {
    row.name: row
    for row in (
        Row(name=LOWEST, packages="the lowest that pyproject.toml allows"),
        *(
            Row(
                name=airflow,
                packages=f"those of {day}, when Airflow {airflow} came out",
                airflow=airflow,
                held_by=constraints(airflow),
                parts=(Part.SLICE, Part.PAGE),
            )
            for airflow, day in DAYS.items()
        ),
        *(
            Row(
                name=f"python{python}",
                packages="the pins that everything else is tested with",
                python=python,
                airflow=_NEWEST,
                held_by=ROOT / "requirements.txt",
            )
            for python in ("3.12", "3.13", "3.14")
        ),
    )
}

NOTABLE = {
    "python": "Python",
    "apache-airflow": "Airflow",
    "apache-airflow-providers-google": "Google provider",
    "google-cloud-spanner": "Spanner client",
    "google-api-core": "api-core",
    "googleapis-common-protos": "common-protos",
    "grpcio": "grpcio",
    "protobuf": "protobuf",
    "aiohttp": "aiohttp",
    "pydantic": "pydantic",
    "rich": "rich",
}
"""The packages whose releases have made a difference, or could."""

SLICE = (
    "tests/core/test_backup_schedules.py",
    "tests/core/test_comparison.py",
    "tests/core/test_conditions.py",
    "tests/core/test_console_links.py",
    "tests/core/test_decode.py",
    "tests/core/test_encryption.py",
    "tests/core/test_instance_arguments.py",
    "tests/core/test_kinds.py",
    "tests/core/test_names.py",
    "tests/core/test_outcome.py",
    "tests/core/test_snapshot.py",
    "tests/core/test_status.py",
    "tests/core/test_wake_ups.py",
    "tests/admin/test_channels.py",
    "tests/admin/test_clients.py",
    "tests/admin/test_comparison_on_channel.py",
    "tests/admin/test_driver.py",
    "tests/admin/test_emulated.py",
    "tests/admin/test_flows_on_channel.py",
    "tests/admin/test_lists.py",
    "tests/admin/test_messages.py",
    "tests/admin/test_poller_on_channel.py",
    "tests/admin/test_resources.py",
    "tests/admin/test_sync_client.py",
    "tests/emulator",
    "tests/cli/test_spanner_lro.py",
    "tests/cli/test_page.py",
    "tests/airflow/test_backup_operators.py",
    "tests/airflow/test_database_operators.py",
    "tests/airflow/test_hook_connection.py",
    "tests/airflow/test_instance_operators.py",
    "tests/airflow/test_kill_in_triggerer.py",
    "tests/airflow/test_kill_on_worker.py",
    "tests/airflow/test_metrics.py",
    "tests/airflow/test_operations_operators.py",
    "tests/airflow/test_plugin_loading.py",
    "tests/airflow/test_schema_operator.py",
    "tests/airflow/test_sensor.py",
    "tests/airflow/test_settings.py",
    "tests/airflow/test_store.py",
    "tests/airflow/test_task_state.py",
    "tests/airflow/test_trigger_contract.py",
    "tests/airflow/test_wake_ups_of_google.py",
    "tests/contract/test_imports.py",
    "tests/contract/test_kinds.py",
    "tests/contract/test_provider.py",
    "tests/contract/test_rpcs.py",
)
LEFT_OUT = (
    # rows and their comparison with Google's emulator: a program beside us, the same everywhere
    "tests/emulator/data",
    "tests/emulator/differential",
    # minutes of generated requests, whose outcome is ours alone
    "tests/emulator/test_compaction.py",
    "tests/emulator/test_damaged_state.py",
    "tests/emulator/test_ddl_of_tables.py",
    "tests/emulator/test_gcloud.py",
    "tests/emulator/test_long_texts.py",
    "tests/emulator/test_snapshots.py",
    "tests/emulator/test_world.py",
)
