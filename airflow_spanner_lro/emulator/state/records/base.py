# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What all records have in common: an age, and perhaps an appointment."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A thing that exists.

    :param serial: its place in the order in which everything was made
    :param create_time: when it was made
    """

    serial: int
    create_time: datetime

    @property
    def next_event(self) -> datetime | None:
        """When time will change it, or make it do something; None if never."""
        return None


def etag_of(serial: int, revision: int) -> str:
    """Return an etag: another text after each change."""
    # not readable, so that nobody takes it for a number and counts on
    return hashlib.sha256(f"{serial}.{revision}".encode()).hexdigest()[:16]
