# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Operators that act on an operation by its name, whoever started it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_spanner_lro import settings
from airflow_spanner_lro.core.errors import CancelNotSettledError
from airflow_spanner_lro.failing import failing_for_good
from airflow_spanner_lro.operators.base import SpannerAdminOperator

if TYPE_CHECKING:
    from airflow.sdk import Context


class SpannerCancelOperationOperator(SpannerAdminOperator):
    """Cancel an operation and wait for what becomes of it.

    Returns how it ended: ``cancelled``, ``finished first`` or ``gone``. An operation that was done
    already is no error. One that the service would not cancel, or that is still running when the
    time is up, fails the task, which says why.

    :param operation_name: full name of the operation
    :param settle_timeout: how long to wait for the outcome, in seconds; by default
        ``[spanner_lro] settle_timeout``

    Also accepts the parameters of
    :class:`~airflow_spanner_lro.operators.base.SpannerAdminOperator`.
    """

    template_fields = (*SpannerAdminOperator.template_fields, "operation_name")

    def __init__(
        self, *, operation_name: str, settle_timeout: float | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.operation_name = operation_name
        self.settle_timeout = settle_timeout

    def execute(self, context: Context) -> str:  # noqa: ARG002  # Airflow's signature
        """Cancel the operation.

        :raises CancelNotSettledError: if it goes on, or may go on
        """
        timeout = self.settle_timeout
        with failing_for_good():
            settlement = self.hook.cancel_operation(
                name=self.operation_name,
                settle_timeout=settings.settle_timeout() if timeout is None else timeout,
            )
        self.log.info(settlement.sentence)
        if not settlement.settled:
            raise CancelNotSettledError(settlement)
        return settlement.ending.value
