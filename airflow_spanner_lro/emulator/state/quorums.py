# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Dual-region configurations, and the etag of a quorum."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spanner_lro.emulator.databases.model import Database

REGIONS: Mapping[str, tuple[str, str]] = {
    "dual-region-australia1": ("australia-southeast1", "australia-southeast2"),
    "dual-region-canada1": ("northamerica-northeast2", "northamerica-northeast1"),
    "dual-region-germany1": ("europe-west10", "europe-west3"),
    "dual-region-india1": ("asia-south1", "asia-south2"),
    "dual-region-japan1": ("asia-northeast1", "asia-northeast2"),
}
"""The regions of each dual-region configuration, the default leader first."""


def etag_of(database: Database) -> str:
    """Return the etag of a database's quorum: another one after each change."""
    quorum = database.quorum
    text = repr((database.serial, quorum.serving_location, quorum.start_time))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
