# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The plugin as Airflow finds it, by the entry point ``airflow.plugins``.

Every process of Airflow imports this when it begins: keep it light.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk.plugins_manager import AirflowPlugin

from airflow_spanner_lro.plugin import listener

if TYPE_CHECKING:
    from types import ModuleType


class SpannerLroPlugin(AirflowPlugin):
    """Ends the operation of a task whose deferral Airflow has rejected."""

    name = "spanner_lro"
    listeners: list[ModuleType | object] = [listener]  # noqa: RUF012  # as Airflow declares it
