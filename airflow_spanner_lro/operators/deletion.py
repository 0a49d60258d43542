# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What all operators that delete something share: it is gone afterwards, whoever deleted it.

Spanner answers a deletion at once, so there is no operation to see through.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spanner_lro.core.status import Code, code_of
from airflow_spanner_lro.links import SpannerInstanceLink
from airflow_spanner_lro.operators.immediate import SpannerImmediateOperator

if TYPE_CHECKING:
    from airflow.sdk import Context


class SpannerDeleteResourceOperator(SpannerImmediateOperator):
    """Delete a resource. Succeeds if there is none, so it can be repeated and used as a teardown.

    Also accepts the parameters of
    :class:`~airflow_spanner_lro.operators.immediate.SpannerImmediateOperator`.
    """

    # what was deleted has no page any more
    operator_extra_links = (SpannerInstanceLink(),)

    verb = "deleted"

    def act(self, context: Context) -> None:  # noqa: ARG002  # what was done needs none
        """Delete the resource."""
        target = self.target
        try:
            self.hook.client.delete_resource(name=target)
        except Exception as exc:
            # Spanner says so for some types of resource, and answers OK for others
            if code_of(exc) is not Code.NOT_FOUND:
                raise
            self.log.info("There is no %s", target)
        else:
            self.log.info("%s is deleted", target)
