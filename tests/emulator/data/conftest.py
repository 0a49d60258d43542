# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Google's emulator, once in each process that runs tests; skipped where it is not installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import pytest

from tests.emulator.data.google_databases import GoogleDatabases
from tests.emulator.differential.google_emulator import ALONE, HOW_TO_GET_IT, find_binary, running

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def google_databases_channel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[grpc.Channel]:
    """Run Google's emulator; yield a channel to it."""
    binary = find_binary()
    if binary is None:
        pytest.skip(HOW_TO_GET_IT)
    log = tmp_path_factory.mktemp("google") / "emulator.log"
    with (
        running(binary, log=log) as address,
        grpc.insecure_channel(address, options=ALONE) as channel,
    ):
        yield channel


@pytest.fixture
def google_databases(google_databases_channel: grpc.Channel) -> Iterator[GoogleDatabases]:
    """Return a maker of databases, which drops them at the end of the test."""
    databases = GoogleDatabases(google_databases_channel)
    yield databases
    databases.drop_all()
