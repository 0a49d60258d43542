# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""By which way the operation of an entry may be reached: what the decision needs, and where it is.

The entry itself is only what somebody claims. Its task comes from the serialised Dag, what its
templates came to from what Airflow rendered, the rest from this deployment's configuration; the
decision is in ``core/tries/authority.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spanner_lro import settings
from airflow_spanner_lro.airflow_serialised import SerialisedDags, rendered_fields
from airflow_spanner_lro.core.tries.authority import Grant, Reason, Refusal, authorise

if TYPE_CHECKING:
    from airflow_spanner_lro.core.tries.authority import AuthoredTask
    from airflow_spanner_lro.core.tries.ledger import LedgerEntry
    from airflow_spanner_lro.reaper.records import LedgerRow


class Authority:
    """Decides for the entries of one round, by the settings at its beginning.

    :raises SettingsError: if an option of ``[spanner_lro]`` cannot be used
    """

    def __init__(self) -> None:
        self.deployment = settings.deployment()
        self._allowed = settings.reaper_connections()
        self._dags = SerialisedDags()

    def permit(self, record: LedgerRow, entry: LedgerEntry) -> Grant | Refusal:
        """Decide about an entry: by its task, as any version of the Dag has it that may have run.

        :raises AirflowDatabaseError: if the database cannot be read
        """
        if entry.deployment != self.deployment:
            # neither Dags nor connections have to be read for it
            return self._judge(entry, None, None)
        rendered = rendered_fields(record.stored)
        first: Refusal | None = None
        for task in self._dags.tasks(record.stored):
            verdict = self._judge(entry, task, rendered)
            if isinstance(verdict, Grant):
                return verdict
            first = first or verdict
        return first or self._judge(entry, None, rendered)

    def _judge(
        self,
        entry: LedgerEntry,
        task: AuthoredTask | None,
        rendered: dict[str, object] | None,
    ) -> Grant | Refusal:
        return authorise(
            entry,
            task=task,
            rendered=rendered,
            allowed=self._allowed,
            deployment=self.deployment,
        )


def of_another_deployment(refusal: Refusal) -> bool:
    """Tell whether a refusal is about an entry that another deployment sees to."""
    return refusal.reason is Reason.DEPLOYMENT
