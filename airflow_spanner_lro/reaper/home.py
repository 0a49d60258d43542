# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Whether this database is the one whose ledgers are ours to see to, or a copy of it.

A copy of Airflow's database has all entries of the original, with tasks that seem to have ended
long ago; their operations are waited for elsewhere. So the first round leaves a mark in the
database that says where it is, and a database that is somewhere else with that mark is a copy, or
has moved.
"""

from __future__ import annotations

from airflow_spanner_lro import airflow_internals
from airflow_spanner_lro.airflow_internals import AirflowDatabaseError

COPY = (
    "Nothing was touched: Airflow's database is not where its ledgers were reaped before. A copy "
    "of it must not be reaped, because the operations in it are the original's. If the database "
    "has moved and the original is gone, say so once: `airflow spanner-lro reap "
    "--claim-deployment`."
)


def is_ours(*, claim: bool, leave_mark: bool) -> bool:
    """Tell whether the ledgers in this database may be acted on.

    :param claim: somebody says so
    :param leave_mark: write down where the database is, if that is to be
    :raises AirflowDatabaseError: if the database cannot be used
    """
    here = airflow_internals.database_digest()
    home = airflow_internals.home_of_ledgers()
    if home == here:
        return True
    if home is not None and not claim:
        return False
    if leave_mark:
        try:
            airflow_internals.mark_home(here, anew=claim)
        except AirflowDatabaseError:
            # another first round may have been faster
            return airflow_internals.home_of_ledgers() == here
    return True
