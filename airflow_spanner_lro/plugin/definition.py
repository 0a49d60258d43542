# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The plugin itself: what of this package Airflow calls, shows and serves.

Every process of Airflow imports this when it begins: keep it light.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk.plugins_manager import AirflowPlugin

from airflow_spanner_lro.plugin import listener, page, task_links

if TYPE_CHECKING:
    from types import ModuleType


class SpannerLroPlugin(AirflowPlugin):
    """Hosts the reaper, shares the budget, cancels after a rejected deferral, checks settings.

    And shows the Operations page, and a panel on each task instance.
    """

    name = "spanner_lro"
    listeners: list[ModuleType | object] = [listener]  # noqa: RUF012  # as Airflow declares it
    fastapi_apps: list[Any] = page.fastapi_apps()
    react_apps: list[Any] = page.react_apps()
    operator_extra_links: list[Any] = [task_links.PanelLink(), task_links.PageLink()]  # noqa: RUF012

    @classmethod
    def on_load(cls, *args: Any, **kwargs: Any) -> None:
        """Say what is wrong with our configuration, where whoever has just changed it looks."""
        del args, kwargs
        # Airflow has its configuration loaded by now; before, importing this would make it do so
        from airflow_spanner_lro import settings  # noqa: PLC0415

        settings.log_problems()
