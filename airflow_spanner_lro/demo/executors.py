# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Who executes the tasks of a local Airflow: children of its scheduler, or Celery workers.

Celery's messages go through the database that is there anyway, so no broker has to be installed.
Such workers cannot be asked anything by others, and look for messages once a second; all else is
as it is with a broker of its own. Separate, and without imports of Airflow, because the tests'
rows name executors too.
"""

from __future__ import annotations

from enum import StrEnum
from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Executor(StrEnum):
    """Airflow's executors that a local Airflow can have; the value is what Airflow calls it."""

    LOCAL = "LocalExecutor"
    CELERY = "CeleryExecutor"


WORKER_ARGUMENTS = (
    # the log servers listen on all addresses
    "--skip-serve-logs",
    # a database does not pass on what workers would tell each other
    "--without-gossip",
    "--without-mingle",
)
"""Arguments of the command that starts a Celery worker."""

READY = r"celery@\S+ ready\."
"""What a Celery worker writes when it takes tasks, as a regular expression."""


def celery_options(*, database_url: str, parallelism: int, workers: int) -> Mapping[str, str]:
    """Return the options of Airflow's section ``celery``.

    :param parallelism: tasks at a time, which the workers share
    """
    return {
        "broker_url": f"sqla+{database_url}",
        "result_backend": f"db+{database_url}",
        "worker_concurrency": str(ceil(parallelism / workers)),
        "worker_enable_remote_control": "False",
        # else each batch of tasks is sent by a process of its own, which is forked first
        "sync_parallelism": "1",
        # a second is little on a busy machine
        "operation_timeout": "10",
    }
