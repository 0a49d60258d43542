# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""One client for each way of reaching Spanner and each event loop, however many triggers wait.

Reading a connection takes the triggerer's single main process tens of milliseconds, and its first
read takes seconds (Airflow 3.3.2); two thousand triggers that each made a client of their own
would stall it for minutes. So the first one builds, off the loop, and the others wait for it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from airflow_spanner_lro.admin.async_client import AsyncSpannerAdminClient
    from airflow_spanner_lro.admin.connect import Endpoint
    from airflow_spanner_lro.core.access import Access

    _Building = asyncio.Task[AsyncSpannerAdminClient]

_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Access, _Building]] = (
    WeakKeyDictionary()
)


async def shared_client(access: Access) -> AsyncSpannerAdminClient:
    """Return the running loop's client for this access, building it if this is the first call.

    A failed build is forgotten, so that the next caller tries again.
    """
    building_here = _clients.setdefault(asyncio.get_running_loop(), {})
    building = building_here.get(access)
    if building is None:
        building = building_here[access] = asyncio.create_task(_build(access))
    try:
        # one caller that goes away must not take the client from the others
        return await asyncio.shield(building)
    except asyncio.CancelledError:
        raise
    except BaseException:
        if building_here.get(access) is building:
            del building_here[access]
        raise


async def _build(access: Access) -> AsyncSpannerAdminClient:
    endpoint = await asyncio.to_thread(_connect, access)
    from airflow_spanner_lro.admin.async_client import (  # noqa: PLC0415  # loaded off the loop
        AsyncSpannerAdminClient,
    )

    return AsyncSpannerAdminClient(endpoint)


def _connect(access: Access) -> Endpoint:
    """Load the client library, read the connection and its key: all of it blocks."""
    from airflow_spanner_lro.admin import async_client  # noqa: F401, PLC0415
    from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook  # noqa: PLC0415

    return SpannerAdminHook.for_access(access).connect()
