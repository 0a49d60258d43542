# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Whether an emulator answers, and how fast its time goes, for whoever shows its times to people.

What is spoken to in plain text is an emulator, unless it is Spanner Omni. Ours says with each
answer how many emulated seconds go by in a real one; Google's does not, and knows real time only.
It is remembered by address, for all clients of this process.
"""

from __future__ import annotations

import math
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import grpc

from airflow_spanner_lro.core.connection import TIME_SCALE_HEADER
from airflow_spanner_lro.core.polling.seen import Emulated

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from airflow_spanner_lro.admin.connect import Endpoint

_scales: dict[str, float] = {}
"""What was said last, by address."""


def emulated(endpoint: Endpoint) -> Emulated | None:
    """Return what is known of the emulator at an endpoint; None if there is none."""
    if endpoint.omni or not endpoint.plain_text:
        return None
    return Emulated(time_scale=_scales.get(endpoint.target))


def note_metadata(target: str, metadata: Iterable[tuple[str, str | bytes]] | None) -> None:
    """Remember what an emulator said, if it said anything that can be.

    :param metadata: what came before its answer
    """
    for key, value in metadata or ():
        if key == TIME_SCALE_HEADER:
            with suppress(ValueError):
                scale = float(value)
                if 0 <= scale < math.inf:
                    _scales[target] = scale


class TimeScaleReader(grpc.UnaryUnaryClientInterceptor):
    """Reads what an emulator says of its time, on a sync channel."""

    def __init__(self, target: str) -> None:
        self._target = target

    def intercept_unary_unary(
        self, continuation: Callable[[Any, Any], Any], client_call_details: Any, request: Any
    ) -> Any:
        """Make the call, and read what came before its answer."""
        outcome = continuation(client_call_details, request)
        outcome.add_done_callback(
            lambda ended: note_metadata(self._target, ended.initial_metadata())
        )
        return outcome


class AsyncTimeScaleReader(grpc.aio.UnaryUnaryClientInterceptor):
    """The same on an async channel."""

    def __init__(self, target: str) -> None:
        self._target = target

    async def intercept_unary_unary(
        self,
        continuation: Callable[[Any, Any], Awaitable[Any]],
        client_call_details: Any,
        request: Any,
    ) -> Any:
        """Make the call, and read what came before its answer."""
        call = await continuation(client_call_details, request)
        # the caller awaits the answer, and gets its error
        metadata = await call.initial_metadata()
        note_metadata(self._target, metadata)
        return call
