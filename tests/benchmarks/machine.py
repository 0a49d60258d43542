# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""On what it was measured: figures without their machine say nothing."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil

_PACKAGES = (
    "airflow-spanner-lro",
    "apache-airflow",
    "apache-airflow-providers-google",
    "google-cloud-spanner",
    "grpcio",
    "protobuf",
)
_CPU_INFO = Path("/proc/cpuinfo")


def machine() -> tuple[str, ...]:
    """Return when and where this is, a sentence each."""
    memory = psutil.virtual_memory().total / 2**30
    system = f"{platform.system()}, {platform.python_implementation()} {platform.python_version()}"
    versions = ", ".join(f"{package} {version(package)}" for package in _PACKAGES)
    return (
        f"Measured on {datetime.now(tz=UTC):%Y-%m-%d} with `make bench`.",
        f"{os.cpu_count()} cores ({_processor()}), {memory:.0f} GiB of memory, {system}.",
        f"{versions}.",
    )


def _processor() -> str:
    if _CPU_INFO.exists():
        for line in _CPU_INFO.read_text().splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()
