# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Makes a database ready for Celery, once, before scheduler and workers come and all try at once.

Run as ``python -m airflow_spanner_lro.demo.broker DATABASE_URL``.
Separate, and without Airflow, which would take seconds longer.
"""

from __future__ import annotations

import sys

QUEUE = "default"
"""Where Airflow sends tasks that name no other queue."""


def main() -> int:
    """Create the tables of messages, with the usual queue, and those of results."""
    from celery import Celery  # noqa: PLC0415  # of the development environment only
    from kombu import Exchange, Queue  # noqa: PLC0415

    url = sys.argv[1]
    app = Celery(broker=f"sqla+{url}", backend=f"db+{url}")
    with app.connection_for_write() as connection:
        Queue(QUEUE, Exchange(QUEUE), routing_key=QUEUE, channel=connection.channel()).declare()
    app.backend.ResultSession().close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
