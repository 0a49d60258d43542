# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The sensor that waits for operations by their names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.links import SpannerOperationLink
from airflow_spanner_lro.sensors.base import SpannerSensor
from airflow_spanner_lro.triggers.conditions import SpannerOperationsTrigger

if TYPE_CHECKING:
    from collections.abc import Sequence


class SpannerOperationSensor(SpannerSensor):
    """Wait until operations have succeeded. It never cancels: somebody else started them.

    Returns the name of the operation that succeeded; with several names and ``wait_for="all"`` the
    list of them. Fails without retrying when an operation failed or was cancelled (with
    ``wait_for="any"``: when all of them were), or is skipped then with ``soft_fail=True``. When
    Spanner cannot be asked for a while, it goes on waiting. A kill or a timeout ends the wait and
    leaves the operations alone.

    :param operation_name: full name of an operation, such as the output of an operator with
        ``wait_for_completion=False``, or several
    :param wait_for: ``all`` of them, or ``any``

    Also accepts the parameters of :class:`~airflow_spanner_lro.sensors.base.SpannerSensor`.
    """

    operator_extra_links = (SpannerOperationLink(),)
    template_fields: Sequence[str] = (*SpannerSensor.template_fields, "operation_name", "wait_for")
    trigger_type = SpannerOperationsTrigger

    def __init__(
        self, *, operation_name: str | Sequence[str], wait_for: str = "all", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.operation_name = operation_name
        self.wait_for = wait_for
        self._begin_in_triggerer()
