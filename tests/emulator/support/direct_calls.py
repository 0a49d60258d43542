# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""RPCs called in place, without a channel: what counts is the world, not the way to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator.engine import Engine


def call(engine: Engine, method_name: str, /, **request: Any) -> Any:
    """Call an RPC by its name, with the fields of its request; return the response."""
    (method,) = (each for each in engine.methods.values() if each.name == method_name)
    return engine.call(method, type(method.parse(b""))(**request))
