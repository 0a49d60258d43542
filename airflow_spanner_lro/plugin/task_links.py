# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The links of our tasks to the pages of this plugin, which the api-server itself makes.

A console link is an XCom that a worker writes when its process ends. These need none: they are
there as soon as there is a task, for an emulator as well. So the heading under which Airflow 3.3.2
lists the links that an operator declares never stands alone.

Airflow gives such a link to a task whose class has the name and module of one that it names; an
author's own class derived from one of ours has no such link.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote, urlencode

from airflow_spanner_lro.plugin.page import PAGE_ROUTE, PANEL_ROUTE

if TYPE_CHECKING:
    from airflow.sdk.types import TaskInstanceKey

_PACKAGE = "airflow_spanner_lro"

STARTS_OPERATIONS = {
    "operators.backups": ("SpannerCopyBackupOperator", "SpannerCreateBackupOperator"),
    "operators.configs": (
        "SpannerCreateInstanceConfigOperator",
        "SpannerUpdateInstanceConfigOperator",
    ),
    "operators.databases": (
        "SpannerCreateDatabaseOperator",
        "SpannerRestoreDatabaseOperator",
        "SpannerUpdateDatabaseOperator",
    ),
    "operators.instances": (
        "SpannerCreateInstanceOperator",
        "SpannerMoveInstanceOperator",
        "SpannerUpdateInstanceOperator",
    ),
    "operators.partitions": (
        "SpannerCreateInstancePartitionOperator",
        "SpannerUpdateInstancePartitionOperator",
    ),
    "operators.schemas": ("SpannerUpdateDatabaseDdlOperator",),
}
"""Operators whose tasks have something to show in a panel, by module; nothing is imported here."""
STARTS_NONE = {
    "operators.backup_schedules": (
        "SpannerCreateBackupScheduleOperator",
        "SpannerDeleteBackupScheduleOperator",
        "SpannerUpdateBackupScheduleOperator",
    ),
    "operators.backups": ("SpannerDeleteBackupOperator", "SpannerUpdateBackupOperator"),
    "operators.configs": ("SpannerDeleteInstanceConfigOperator",),
    "operators.databases": ("SpannerDropDatabaseOperator",),
    "operators.instances": ("SpannerDeleteInstanceOperator",),
    "operators.operations": (
        "SpannerCancelOperationOperator",
        "SpannerDeleteOperationOperator",
        "SpannerGetOperationOperator",
        "SpannerListOperationsOperator",
    ),
    "operators.partitions": ("SpannerDeleteInstancePartitionOperator",),
    "sensors.sensors": (
        "SpannerBackupSensor",
        "SpannerDatabaseSensor",
        "SpannerNoOperationInProgressSensor",
        "SpannerOperationSensor",
    ),
}
"""The others, from which a link leads to the operations of their Dag."""


def _stand_ins(classes: dict[str, tuple[str, ...]]) -> list[Any]:
    """Return what has the names and modules of classes, which is all that Airflow looks at."""
    return [
        SimpleNamespace(__name__=name, __module__=f"{_PACKAGE}.{module}")
        for module, names in classes.items()
        for name in names
    ]


class PanelLink:
    """From a task that starts an operation to its own panel."""

    name: ClassVar[str] = "Operation panel"
    xcom_key: ClassVar[str] = "_link_PanelLink"
    operators: ClassVar[list[Any]] = _stand_ins(STARTS_OPERATIONS)

    def get_link(self, operator: Any, *, ti_key: TaskInstanceKey) -> str:  # noqa: ARG002  # Airflow's
        """Return the address, relative to the base of Airflow's own page, wherever that is."""
        names = (ti_key.dag_id, ti_key.run_id, ti_key.task_id)
        dag, run, task = (quote(each, safe="") for each in names)
        return f"dags/{dag}/runs/{run}/tasks/{task}{_mapped(ti_key)}/plugin/{PANEL_ROUTE}"


class PageLink(PanelLink):
    """From any other task of ours to the Operations page, with what its Dag has started."""

    name: ClassVar[str] = "Operations page"
    xcom_key: ClassVar[str] = "_link_PageLink"
    operators: ClassVar[list[Any]] = _stand_ins(STARTS_NONE)

    def get_link(self, operator: Any, *, ti_key: TaskInstanceKey) -> str:  # noqa: ARG002  # Airflow's
        """Return the address, relative to the base of Airflow's own page, wherever that is."""
        return f"plugin/{PAGE_ROUTE}?{urlencode({'dag_id': ti_key.dag_id})}"


def _mapped(ti_key: TaskInstanceKey) -> str:
    return f"/mapped/{ti_key.map_index}" if ti_key.map_index >= 0 else ""
