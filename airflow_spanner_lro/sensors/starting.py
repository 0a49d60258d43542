# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Which sensors can begin to wait in the triggerer, without a worker before; and with what.

There Airflow renders the trigger's parameters, with less at hand than on a worker (Airflow 3.3.2):
no macros or filters of the Dag's own, no native rendering, and whatever asks for something that a
triggerer is not told, such as ``ti.xcom_pull`` without an index, waits for ever. So only what is
known to work goes that way; a sensor with anything else begins on a worker, and then defers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import jinja2
from airflow.sdk.definitions.xcom_arg import PlainXComArg
from jinja2 import meta

from airflow_spanner_lro.triggers.conditions import XCOM

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator

_NAMES = frozenset(
    {
        "dag_run",
        "data_interval_end",
        "data_interval_start",
        "ds",
        "ds_nodash",
        "logical_date",
        "macros",
        "params",
        "run_id",
        "ts",
        "ts_nodash",
        "ts_nodash_with_tz",
    }
)
"""What a template may use: values of the run, which are sent along."""
_FILTERS = ("ds", "ds_nodash", "ts", "ts_nodash", "ts_nodash_with_tz")
"""What Airflow adds to Jinja's own filters."""


class NeedsWorkerError(Exception):
    """A parameter has to be rendered on a worker."""


def plain(value: Any) -> Any:
    """Return a rendered value as primitives; one that cannot be is left for the checks to refuse.

    Moments and durations become ISO 8601 text, and all sequences lists.
    """
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return f"PT{round(value.total_seconds())}S"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(each) for each in value]
    return value


def unrendered(value: Any, *, sensor: BaseOperator) -> Any:
    """Return a value as its author wrote it, as primitives that a trigger can render.

    :raises NeedsWorkerError: if the triggerer could not
    """
    if isinstance(value, PlainXComArg):
        upstream = value.operator
        if upstream.is_mapped or upstream.get_closest_mapped_task_group():
            raise NeedsWorkerError
        return {XCOM: [upstream.task_id, value.key]}
    if isinstance(value, list | tuple):
        return [unrendered(each, sensor=sensor) for each in value]
    if isinstance(value, str):
        if not _renders(value, sensor=sensor):
            raise NeedsWorkerError
        return value
    if value is None or isinstance(value, int | float | datetime | timedelta):
        return plain(value)
    raise NeedsWorkerError


def _renders(text: str, *, sensor: BaseOperator) -> bool:
    """Tell whether a text means the same in the triggerer as on a worker."""
    if not any(opening in text for opening in ("{{", "{%", "{#")):
        return True
    if "{%" in text or "{#" in text or _has_own_jinja(sensor):
        return False
    environment = jinja2.Environment()  # noqa: S701  # only looks, never renders
    environment.filters.update(dict.fromkeys(_FILTERS, str))
    try:
        names = meta.find_undeclared_variables(environment.parse(text))
    except jinja2.TemplateSyntaxError:
        # also a filter that is missing; what is wrong with it a worker says
        return False
    return names <= _NAMES


def _has_own_jinja(sensor: BaseOperator) -> bool:
    """Tell whether the Dag renders in ways of its own, or is not known yet."""
    if not sensor.has_dag():
        return True
    own: Mapping[str, Any] | None = sensor.dag.jinja_environment_kwargs
    native = sensor.render_template_as_native_obj
    return bool(own or (sensor.dag.render_template_as_native_obj if native is None else native))
