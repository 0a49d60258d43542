# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""An emulator with two entrances, and strangers at one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.soak.ambush import AmbushingFaults
from tests.soak.door import TwoDoorEmulator
from tests.soak.histories import RUN
from tests.soak.recipes import INSTANCE, ORIGIN_ID, OTHER_BACKUP, SOURCE_BACKUP, Kind, target
from tests.soak.strangers import Strangers

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def faults() -> AmbushingFaults:
    """Return the faults of the emulator."""
    return AmbushingFaults()


@pytest.fixture
def emulator(faults: AmbushingFaults) -> Iterator[TwoDoorEmulator]:
    """Return an emulator with what the tasks of a run find."""
    emulator = TwoDoorEmulator()
    emulator.faults = faults
    for database in (f"{INSTANCE}/databases/{ORIGIN_ID}", target(RUN, Kind.DDL)):
        emulator.create_database(database)
    for backup in (SOURCE_BACKUP, OTHER_BACKUP):
        emulator.create_backup(f"{INSTANCE}/backups/{backup}", f"{INSTANCE}/databases/{ORIGIN_ID}")
    with emulator:
        yield emulator


@pytest.fixture
def strangers(emulator: TwoDoorEmulator) -> Iterator[Strangers]:
    """Return strangers."""
    with Strangers(emulator) as strangers:
        yield strangers
