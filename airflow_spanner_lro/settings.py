# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Typed reads of the ``[spanner_lro]`` section, made when they are needed and not before."""

from __future__ import annotations

from airflow.sdk.configuration import conf

from airflow_spanner_lro.provider_info import get_provider_info

_SECTION = "spanner_lro"


def poll_interval() -> float:
    """Return the longest interval between two looks at an operation, in seconds."""
    return _seconds("poll_interval")


def settle_timeout() -> float:
    """Return how long to wait for the outcome of a cancel, in seconds."""
    return _seconds("settle_timeout")


def deferral_grace() -> float:
    """Return how long after a deadline Airflow's own deferral timeout strikes, in seconds."""
    return _seconds("deferral_grace")


def _seconds(option: str) -> float:
    default = get_provider_info()["config"][_SECTION]["options"][option]["default"]
    return float(conf.getfloat(_SECTION, option, fallback=float(default)))
