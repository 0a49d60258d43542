# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Render a missing operation name as None: what is to be cancelled may never have been started.

``backup.output["operation_name"]`` is how an author names the operation of another task. Airflow
fails a task whose parameter is an XCom that is not there, before the task could say anything about
it. So whoever cancels takes that XCom, and no other, for None; and whoever cleans up after a task
does so with the entry of its ledger.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk.exceptions import XComNotFound

from airflow_spanner_lro.core.ledger.entry import OPERATION_NAME_KEY

if TYPE_CHECKING:
    import jinja2
    from airflow.sdk import Context


class OptionalOperationXCom:
    """A template renderer for which the operation of a task that has started none is None."""

    optional_xcoms: ClassVar[frozenset[str]] = frozenset({OPERATION_NAME_KEY})
    """Keys of the XComs that may be missing."""

    def render_template(
        self,
        content: Any,
        context: Context,
        jinja_env: jinja2.Environment | None = None,
        seen_oids: set[int] | None = None,
    ) -> Any:
        """Render a value; lists of values come here again, one by one."""
        try:
            return super().render_template(content, context, jinja_env, seen_oids)  # type: ignore[misc]  # Airflow's, which comes after this
        except XComNotFound:
            if getattr(content, "key", None) not in self.optional_xcoms:
                raise
            return None
