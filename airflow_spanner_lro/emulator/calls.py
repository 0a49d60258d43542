# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The log of calls: what clients asked, when, and what they were told."""

from __future__ import annotations

import logging
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.emulator.errors import RpcError
from airflow_spanner_lro.emulator.operations.handler import raw
from airflow_spanner_lro.emulator.state.ddl.statements import database_id_of

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_spanner_lro.core.status import Code

log = logging.getLogger(__name__)

_LIMIT = 100_000
_CHILD_IDS = (
    ("backup_id", "backups"),
    ("database_id", "databases"),
    ("instance_id", "instances"),
    ("instance_config_id", "instanceConfigs"),
    ("instance_partition_id", "instancePartitions"),
    ("backup_schedule_id", "backupSchedules"),
)
_NAME_FIELDS = ("name", "resource", "database", "parent")
_NESTED = (
    "backup",
    "database",
    "instance",
    "instance_config",
    "instance_partition",
    "backup_schedule",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call.

    :param method: the RPC's name, such as ``GetOperation``
    :param service: the full name of its service
    :param resource: the resource it was about, as far as the request names one
    :param at: the emulated time at which it was received
    :param real_time: the real time at which it was received, as by ``time.time()``
    :param code: what the client was told, or will be when its answer is no longer held back
    :param message: the error's text, or empty
    """

    method: str
    service: str
    resource: str
    at: datetime
    real_time: float
    code: Code
    message: str = ""

    def __str__(self) -> str:
        told = f"{self.code.name}: {self.message}" if self.message else self.code.name
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.method} {self.resource} -> {told}"


class CallHistory(tuple[Call, ...]):
    """The calls so far, in the order in which they were done; it does not grow by itself."""

    __slots__ = ()

    def of(self, *methods: str) -> CallHistory:
        """Return the calls of these methods."""
        return CallHistory(call for call in self if call.method in methods)

    def on(self, resource: str) -> CallHistory:
        """Return the calls about one resource or operation, by its full name."""
        return CallHistory(call for call in self if call.resource == resource)

    def since(self, real_time: float) -> CallHistory:
        """Return the calls received at or after a real time, as by ``time.time()``."""
        return CallHistory(call for call in self if call.real_time >= real_time)


class CallLog:
    """Collects the calls; the oldest ones go when there are a hundred thousand."""

    def __init__(self) -> None:
        self._calls: deque[Call] = deque(maxlen=_LIMIT)

    def add(self, call: Call) -> None:
        """Add a call."""
        self._calls.append(call)
        log.debug("%s", call)

    def clear(self) -> None:
        """Forget the calls so far."""
        self._calls.clear()

    def snapshot(self) -> CallHistory:
        """Return the calls so far."""
        # deque.copy() holds the interpreter's lock throughout, so no other thread interferes
        return CallHistory(self._calls.copy())


def resource_of(request: Any) -> str:
    """Return the name of the resource that a request is about, or empty.

    For a request that makes something this is the new resource, not its parent.
    """
    request = raw(request)
    parent = getattr(request, "parent", "")
    for field, collection in _CHILD_IDS:
        if parent and (child := getattr(request, field, "")):
            return f"{parent}/{collection}/{child}"
    if statement := getattr(request, "create_statement", ""):
        with suppress(RpcError):
            return f"{parent}/databases/{database_id_of(statement)}"
    for field in _NAME_FIELDS:
        value = getattr(request, field, "")
        if value and isinstance(value, str):
            return value
    for field in _NESTED:
        name = getattr(getattr(request, field, None), "name", "")
        if name and isinstance(name, str):
            return name
    return ""
