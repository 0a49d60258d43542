# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Awaiting in a triggerer of Airflow 3.3.2: no cancel gets lost, and none kills a kill.

Two small primitives, because Airflow tells a user's action from a shutdown by the message of the
``CancelledError``, and re-sends that cancel every second while ``on_kill`` runs.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Coroutine

T = TypeVar("T")

_unfinished: set[asyncio.Future[Any]] = set()


async def await_keeping_cancel_message(work: Coroutine[Any, Any, T]) -> T:
    """Await work so that a cancel reaches the caller with its message.

    A cancel that lands while gRPC or asgiref is being awaited directly arrives without it, and
    Airflow then takes the user's kill for a shutdown and never calls ``on_kill``.
    """
    inner = asyncio.create_task(work)
    try:
        await asyncio.wait({inner})
    finally:
        inner.cancel()
    return inner.result()


async def finish_despite_cancels(work: Awaitable[T], *, timeout: float) -> T | None:
    """Run work to its end in a task of its own, however often the caller is cancelled meanwhile.

    :param work: a coroutine, or a task that runs already
    :param timeout: seconds after which the caller stops waiting; the work then goes on alone
    :returns: what the work returned, or None if it was not done in time
    """
    loop = asyncio.get_running_loop()
    inner = asyncio.ensure_future(work)
    # the event loop holds tasks weakly, and the caller may be gone before the work is done
    _unfinished.add(inner)
    inner.add_done_callback(_unfinished.discard)
    end = loop.time() + timeout
    while not inner.done() and (left := end - loop.time()) > 0:
        try:
            await asyncio.wait({inner}, timeout=left)
        except asyncio.CancelledError:
            continue
    return inner.result() if inner.done() else None
