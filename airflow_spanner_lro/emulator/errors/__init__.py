# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Every answer that is not OK, by name, so that no handler ever words an error.

Texts follow what production was seen to say where somebody recorded it, and are plain sentences
elsewhere. Handlers say ``errors.not_found(name)``, whichever module it is in. An error about one
thing is a template; one about several says by its parameters which.
"""

from airflow_spanner_lro.emulator.errors.base import RpcError as RpcError, invalid as invalid
from airflow_spanner_lro.emulator.errors.database_admin import *  # noqa: F403 - the catalogue in one place
from airflow_spanner_lro.emulator.errors.instance_admin import *  # noqa: F403
from airflow_spanner_lro.emulator.errors.requests import *  # noqa: F403
