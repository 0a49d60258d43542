# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""An emulator with two entrances, and strangers at one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.soak.call_hooks import HookedFaults
from tests.soak.dag_specs import INSTANCE, ORIGIN_ID, OTHER_BACKUP, SOURCE_BACKUP, Kind, target
from tests.soak.sample_histories import RUN
from tests.soak.second_endpoint import TwoEndpointEmulator
from tests.soak.strangers import Strangers

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def faults() -> HookedFaults:
    """Return the faults of the emulator."""
    return HookedFaults()


@pytest.fixture
def emulator(faults: HookedFaults) -> Iterator[TwoEndpointEmulator]:
    """Return an emulator with what the tasks of a run find."""
    emulator = TwoEndpointEmulator()
    emulator.faults = faults
    for database in (f"{INSTANCE}/databases/{ORIGIN_ID}", target(RUN, Kind.DDL)):
        emulator.create_database(database)
    for backup in (SOURCE_BACKUP, OTHER_BACKUP):
        emulator.create_backup(f"{INSTANCE}/backups/{backup}", f"{INSTANCE}/databases/{ORIGIN_ID}")
    with emulator:
        yield emulator


@pytest.fixture
def strangers(emulator: TwoEndpointEmulator) -> Iterator[Strangers]:
    """Return strangers."""
    with Strangers(emulator) as strangers:
        yield strangers
