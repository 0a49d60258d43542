# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The reaper as a process of its own, beside the process that has started it and no longer.

Whether that one is there is asked of the operating system every second: a pipe would be held open
by whatever the other process has forked.
"""

from __future__ import annotations

import os
import sys
import time
from threading import Event, Thread

_EACH = 1.0
_LEAVE_TIME = 15.0
"""Seconds for a call to Spanner to end after the parent has; no call takes longer."""


def main(hostname: str, parent: int) -> None:
    """Make rounds until the parent has ended.

    :param hostname: as Airflow knows this machine
    """
    stopped = Event()
    Thread(target=_end_with, args=(parent, stopped), daemon=True).start()
    # connections of Airflow's database are found, as by Airflow's own commands
    os.environ["_AIRFLOW_PROCESS_CONTEXT"] = "server"
    from airflow_spanner_lro import airflow_database, settings  # noqa: PLC0415
    from airflow_spanner_lro.reaper.patrol import Patrol, PatrolClock  # noqa: PLC0415

    airflow_database.open_database()
    clock = PatrolClock(stopped)
    Patrol(host=f"{hostname} (scheduler)", clock=clock).run(interval=settings.reaper_interval())


def _end_with(parent: int, stopped: Event) -> None:
    while os.getppid() == parent:
        time.sleep(_EACH)
    stopped.set()
    time.sleep(_LEAVE_TIME)
    os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
