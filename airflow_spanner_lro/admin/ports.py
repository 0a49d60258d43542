# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What a driver needs from the outside: a client to ask, and time to pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from google.longrunning.operations_pb2 import Operation

    from airflow_spanner_lro.admin.results import Page
    from airflow_spanner_lro.core.lists.backups import BackupFacts, BackupQuery
    from airflow_spanner_lro.core.lists.queries import OperationQuery
    from airflow_spanner_lro.core.names import OperationName, ResourceName
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot, ResourceState


class OperationsClient(Protocol):
    """Asks about operations and their resources, one call at a time. Timeouts are in seconds."""

    def get(self, *, name: OperationName, timeout: float) -> OperationSnapshot:
        """Get an operation."""

    def cancel(self, *, name: OperationName, timeout: float) -> None:
        """Ask for cancellation of an operation."""

    def get_result(self, *, name: OperationName, timeout: float) -> ResourceState | None:
        """Get the resource that a finished operation answered."""

    def get_resource_state(self, *, name: ResourceName, timeout: float) -> ResourceState:
        """Get a resource as it is now."""

    def delete_resource(self, *, name: ResourceName, timeout: float) -> None:
        """Delete a resource."""

    def query_operations(
        self, *, query: OperationQuery, timeout: float
    ) -> tuple[OperationSnapshot, ...]:
        """List operations."""

    def query_backups(self, *, query: BackupQuery, timeout: float) -> tuple[BackupFacts, ...]:
        """List backups, the newest first."""


class AsyncOperationsClient(Protocol):
    """The same in async code."""

    async def get(self, *, name: OperationName, timeout: float) -> OperationSnapshot:
        """Get an operation."""

    async def cancel(self, *, name: OperationName, timeout: float) -> None:
        """Ask for cancellation of an operation."""

    async def get_result(self, *, name: OperationName, timeout: float) -> ResourceState | None:
        """Get the resource that a finished operation answered."""

    async def get_resource_state(self, *, name: ResourceName, timeout: float) -> ResourceState:
        """Get a resource as it is now."""

    async def delete_resource(self, *, name: ResourceName, timeout: float) -> None:
        """Delete a resource."""

    async def query_operations(
        self, *, query: OperationQuery, timeout: float
    ) -> tuple[OperationSnapshot, ...]:
        """List operations."""

    async def query_backups(self, *, query: BackupQuery, timeout: float) -> tuple[BackupFacts, ...]:
        """List backups, the newest first."""


class AsyncPagesClient(AsyncOperationsClient, Protocol):
    """One that lists page by page, each page being one request."""

    async def operations_page(
        self, *, query: OperationQuery, token: str = "", timeout: float
    ) -> Page[Operation]:
        """List one page of operations, as the API returns them."""

    async def backups_page(
        self, *, query: BackupQuery, token: str = "", timeout: float
    ) -> Page[BackupFacts]:
        """List one page of backups."""


class Clock(Protocol):
    """Tells the time, and lets it pass in sync code."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""

    def sleep(self, seconds: float) -> None:
        """Return after this many seconds, or raise to end whatever is waiting."""


class AsyncClock(Protocol):
    """Tells the time, and lets it pass in async code."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""

    async def sleep(self, seconds: float) -> None:
        """Return after this many seconds."""
