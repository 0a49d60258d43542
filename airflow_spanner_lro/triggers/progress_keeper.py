# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Write what a triggerer's pollers have seen into Airflow's database.

A thread in the main process, which has the database. It looks at the memory that the process of the
triggers shows its records in, and writes each into a Variable of this triggerer's own. Whoever
writes also deletes what triggerers have left that are not there any more: one that lives writes
every minute while it waits for anything. What cannot be written is left to the next record: nobody
waits for it.
"""

from __future__ import annotations

import base64
import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from airflow_spanner_lro.airflow_internals import AirflowDatabaseError
from airflow_spanner_lro.airflow_internals.job_processes import ThreadAfterFork, TriggererThread
from airflow_spanner_lro.triggers.progress_page import open_page

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Event

    from airflow_spanner_lro.triggers.progress_page import ProgressPage

KEY_PREFIX = "spanner_lro_progress_"
"""What the Airflow Variables that hold the records are called, before the digits of each."""
DESCRIPTION = "What a triggerer has last seen of Spanner operations; the Operations page reads it."
FORGOTTEN_AFTER = timedelta(minutes=15)
"""Age of a record that nobody believes any more; clocks may differ by a few minutes."""
_LOOK_EVERY = 1.0
_TIDY_EVERY = timedelta(minutes=5)
_LONGEST_HOST = 100

log = logging.getLogger(__name__)


class ProgressKeeper:
    """Writes the records of one triggerer.

    :param page: where the process of the triggers shows them
    :param host: the name of this machine
    :param holder: which process this is
    """

    def __init__(
        self,
        *,
        page: ProgressPage,
        host: str,
        holder: str,
        now: Callable[[], datetime] = lambda: datetime.now(tz=UTC),
    ) -> None:
        self._page = page
        self._host = host[:_LONGEST_HOST]
        self._holder = holder
        self._now = now
        self._number = 0
        self._wrote = False
        self._tidied: datetime | None = None
        self._logged_failure = False
        self.key = f"{KEY_PREFIX}{holder}"

    def run(self, stopped: Event) -> None:
        """Write until told to stop; then take back what was written: nobody sees it any more."""
        while not stopped.wait(_LOOK_EVERY):
            self.look()
        self.leave()

    def look(self) -> None:
        """Write what is shown, if that is new."""
        if self._page.number == self._number:
            return
        number, shown = self._page.read()
        if not number:
            # it is being written at this moment
            return
        self._number = number
        from airflow_spanner_lro.airflow_internals.published_variables import (  # noqa: PLC0415  # lazily
            publish,
        )

        try:
            publish(self.key, self._record(shown), description=DESCRIPTION)
            self._wrote = True
            self._tidy()
        except AirflowDatabaseError as exc:
            if not self._logged_failure:
                log.warning(
                    "Progress not published: %s. The Operations page shows what was seen before; "
                    "tried again with what is seen next.",
                    str(exc).rstrip("."),
                )
            self._logged_failure = True
        else:
            self._logged_failure = False

    def leave(self) -> None:
        """Take back what was written."""
        if not self._wrote:
            return
        from airflow_spanner_lro.airflow_internals.published_variables import (  # noqa: PLC0415  # lazily
            withdraw,
        )

        try:
            withdraw([self.key])
        except AirflowDatabaseError as exc:
            log.debug("The record of what was seen stays until it is old: %s", exc)

    def _record(self, shown: bytes) -> str:
        from airflow_spanner_lro.core.polling.seen_record import (  # noqa: PLC0415  # lazily
            read_head,
            write_head,
        )

        head, _, packed = shown.partition(b"\n")
        named = replace(read_head(head.decode()), holder=self._holder, host=self._host)
        return f"{write_head(named)}\n{base64.b64encode(packed).decode()}"

    def _tidy(self) -> None:
        """Delete what was left by triggerers that are not there any more."""
        now = self._now()
        if self._tidied is not None and now - self._tidied < _TIDY_EVERY:
            return
        self._tidied = now
        from airflow_spanner_lro.airflow_internals import published_variables  # noqa: PLC0415
        from airflow_spanner_lro.core.polling.seen_record import (  # noqa: PLC0415
            LONGEST_HEAD,
            SeenFormatError,
            read_head,
        )

        old = []
        heads = published_variables.published_heads(KEY_PREFIX, characters=LONGEST_HEAD)
        for key, text in heads.items():
            try:
                at = read_head(text).at
            except SeenFormatError:
                # a later release may have written it, and will tidy it
                continue
            if now - at > FORGOTTEN_AFTER and key != self.key:
                old.append(key)
        if old:
            published_variables.withdraw(old)


def thread_of_triggerer(*, hostname: str) -> ThreadAfterFork:
    """Return what publishes the records of this process's fork."""
    keeper = ProgressKeeper(page=open_page(), host=hostname, holder=uuid4().hex[:12])
    return ThreadAfterFork(
        name="spanner-lro-progress",
        work=keeper.run,
        failed="What is seen is not published any more; nobody else is affected.",
    )


hosted = TriggererThread(thread_of_triggerer)
