# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Every answer that is not OK, by name, so that no handler ever words an error.

Texts follow what production was seen to say where somebody recorded it, and are plain sentences
elsewhere. Handlers say ``errors.not_found(name)``, whichever module it is in. An error about one
thing is a template; one about several says by its parameters which.
"""

from airflow_spanner_lro.emulator.errors.base import (
    RequestError as RequestError,
    RpcError as RpcError,
    Violation as Violation,
    invalid as invalid,
)
from airflow_spanner_lro.emulator.errors.data import (
    deadline_passed as deadline_passed,
    no_data_calls as no_data_calls,
    rows_missing as rows_missing,
    rows_unavailable as rows_unavailable,
)
from airflow_spanner_lro.emulator.errors.database_admin import *  # noqa: F403 - the catalogue in one place
from airflow_spanner_lro.emulator.errors.instance_admin import *  # noqa: F403
from airflow_spanner_lro.emulator.errors.names import bad_name_in as bad_name_in
from airflow_spanner_lro.emulator.errors.requests import *  # noqa: F403
from airflow_spanner_lro.emulator.errors.schedules import *  # noqa: F403
