# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Choose who executes tasks: children of the scheduler, or Celery workers.

Celery's messages go through the database that is there anyway, so no broker has to be installed.
Such workers cannot be asked anything by others, and look for messages once a second; all else is
as it is with a broker of its own.
Run as ``python -m tests.cluster.executors DATABASE_URL`` this module creates Celery's tables, once,
before scheduler and workers come and all try at once; without Airflow, which would take seconds
longer.
"""

from __future__ import annotations

import sys
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


DEFAULT_QUEUE = "default"
"""Where Airflow sends tasks that name no other queue."""


def main() -> int:
    """Create the tables of messages, with the usual queue, and those of results."""
    from celery import Celery  # noqa: PLC0415  # of the development environment only
    from kombu import Exchange, Queue  # noqa: PLC0415

    url = sys.argv[1]
    app = Celery(broker=f"sqla+{url}", backend=f"db+{url}")
    with app.connection_for_write() as connection:
        Queue(
            DEFAULT_QUEUE,
            Exchange(DEFAULT_QUEUE),
            routing_key=DEFAULT_QUEUE,
            channel=connection.channel(),
        ).declare()
    app.backend.ResultSession().close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
