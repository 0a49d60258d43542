# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The REST server as a thing: its port, its threads, its connections, and its neighbours."""

from __future__ import annotations

import logging
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from subprocess import run
from typing import TYPE_CHECKING, Any

import grpc
import httpx
import pytest
from google.api_core import exceptions

from airflow_spanner_lro.emulator import (
    CallLog,
    EmulatorStartError,
    Faults,
    ManualClock,
    SpannerAdminEmulator,
)
from airflow_spanner_lro.emulator.front import Answer, Front
from airflow_spanner_lro.emulator.rest.server import RestFace

from .conftest import DATABASE, INSTANCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


class DroppingFront:
    """Drops every call."""

    methods: Mapping[str, Any] = {}

    def answer(self, path: str, read: object, *, waiting: object) -> object:
        """Drop it."""
        del path, read, waiting

        @dataclass
        class Dropped:
            dropped: bool = True

        return Dropped()
