# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Where ledger entries are kept: in the task's own state store, one key for each operation.

The store survives retries and clears, which XComs do not. It can be read by key only, so the keys
are numbered. Only code on a worker can reach it: triggers read the XCom that ``publish`` writes.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, cast

from airflow.sdk import NEVER_EXPIRE  # type: ignore[attr-defined]  # missing in its stub only

from airflow_spanner_lro.core.tries.ledger import RECORD_KEY, LedgerEntry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk import Context
    from airflow.sdk.execution_time.context import TaskStateStoreAccessor

KEY_PREFIX = "spanner_lro:"

log = logging.getLogger(__name__)


class TaskLedger:
    """The ledger of one task instance.

    :param context: the template context of the running task
    """

    def __init__(self, context: Context) -> None:
        self._store: TaskStateStoreAccessor = context["task_state_store"]
        self._ti = context["ti"]
        self.count = self._count()

    @property
    def try_number(self) -> int:
        """The try that is running now."""
        return int(self._ti.try_number)

    def latest(self) -> LedgerEntry | None:
        """Return the newest entry; None if there is none, or none that this release can read."""
        if not self.count:
            return None
        record = self._store.get(self._key(self.count))
        try:
            return LedgerEntry.from_record(cast("Mapping[str, object]", record))
        except (AttributeError, KeyError, TypeError, ValueError) as exc:
            log.warning("Ledger entry %s cannot be read and is left alone: %s", self.count, exc)
            return None

    def append(self, entry: LedgerEntry) -> None:
        """Write an entry under a key of its own.

        An intent that came to nothing gives its key away: a task may be refused many times before
        it is its turn.
        """
        latest = self.latest()
        if latest is None or latest.operation or not latest.closed:
            self.count += 1
        self.update(entry)

    def update(self, entry: LedgerEntry) -> None:
        """Write the newest entry again, with what is known by now.

        While something is owed it must not expire, however long the operation takes.
        """
        retention = None if entry.closed else NEVER_EXPIRE
        self._store.set(self._key(self.count), entry.to_record(), retention=retention)

    def publish(self, entry: LedgerEntry) -> None:
        """Push the entry as an XCom, for those who cannot read the store."""
        self._ti.xcom_push(key=RECORD_KEY, value=entry.to_record())

    def _count(self) -> int:
        count = 0
        while self._store.get(self._key(count + 1)) is not None:
            count += 1
        return count

    @staticmethod
    def _key(number: int) -> str:
        return f"{KEY_PREFIX}{number}"
