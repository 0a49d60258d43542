# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""One poller for each event loop, endpoint and identity, however many triggers wait.

Reading a connection takes the triggerer's single main process tens of milliseconds, and its first
read takes seconds (Airflow 3.3.2); two thousand triggers that each made a client of their own
would stall it for minutes. So the first one builds, off the loop, and the others wait for it.
Connections that lead to the same endpoint as the same identity share a poller, for Spanner counts
their requests together.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_spanner_lro.admin.connect import Endpoint
    from airflow_spanner_lro.admin.polling.poller import OperationPoller
    from airflow_spanner_lro.core.access import Access


@dataclass(slots=True)
class _Shared:
    """What the triggers of one event loop share."""

    building: dict[Access, asyncio.Task[OperationPoller]] = field(default_factory=dict)
    pollers: dict[tuple[str, str], OperationPoller] = field(default_factory=dict)


_shared: dict[asyncio.AbstractEventLoop, _Shared] = {}


async def shared_poller(access: Access) -> OperationPoller:
    """Return the running loop's poller for this access, building it if this is the first call.

    A failed build is forgotten, so that the next caller tries again.

    :raises SettingsError: if the section ``[spanner_lro]`` of the configuration cannot be used
    """
    for loop in [loop for loop in _shared if loop.is_closed()]:
        del _shared[loop]
    shared = _shared.setdefault(asyncio.get_running_loop(), _Shared())
    building = shared.building.get(access)
    if building is None:
        building = asyncio.create_task(_build(access, pollers=shared.pollers))
        shared.building[access] = building
    try:
        # one caller that goes away must not take the poller from the others
        return await asyncio.shield(building)
    except asyncio.CancelledError:
        raise
    except BaseException:
        if shared.building.get(access) is building:
            del shared.building[access]
        raise


async def _build(
    access: Access, *, pollers: dict[tuple[str, str], OperationPoller]
) -> OperationPoller:
    endpoint, budget = await asyncio.to_thread(_connect, access)
    # loaded off the loop
    from airflow_spanner_lro.admin.async_client import AsyncSpannerAdminClient  # noqa: PLC0415
    from airflow_spanner_lro.admin.clock import LoopClock  # noqa: PLC0415
    from airflow_spanner_lro.admin.polling.poller import OperationPoller  # noqa: PLC0415

    key = (endpoint.target, endpoint.identity)
    poller = pollers.get(key)
    if poller is None:
        poller = pollers[key] = OperationPoller(
            client=AsyncSpannerAdminClient(endpoint),
            clock=LoopClock(),
            max_requests_per_second=budget,
            telemetry=endpoint.telemetry,
        )
    return poller


def _connect(access: Access) -> tuple[Endpoint, float]:
    """Load the client library, read the connection, its key and the budget: all of it blocks."""
    from airflow_spanner_lro import settings  # noqa: PLC0415
    from airflow_spanner_lro.admin import async_client  # noqa: F401, PLC0415
    from airflow_spanner_lro.admin.polling import poller  # noqa: F401, PLC0415
    from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook  # noqa: PLC0415

    settings.check()
    endpoint = SpannerAdminHook.for_access(access).connect()
    return endpoint, settings.max_admin_requests_per_second()
