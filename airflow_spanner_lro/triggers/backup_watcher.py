# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The trigger of an asset watcher: it fires for each backup of a database that becomes complete.

Also for those of Spanner's own backup schedules, which no task of Airflow makes. Unlike the trigger
of a task it never ends, and nobody is there to see an error: whatever goes wrong is said in the
log, and asked again.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowRuntimeError
from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from airflow_spanner_lro.core.errors import SpannerLroError
from airflow_spanner_lro.core.flows.commands import ListBackups
from airflow_spanner_lro.core.links import asset_uri
from airflow_spanner_lro.core.lists.backups import BackupMemory, BackupQuery
from airflow_spanner_lro.core.names import DatabaseName
from airflow_spanner_lro.core.polling.policy import PollPolicy
from airflow_spanner_lro.core.status import code_of, error_text
from airflow_spanner_lro.triggers.base import SpannerTrigger, await_keeping_cancel_message, trigger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from airflow_spanner_lro.core.flows.commands import Flow
    from airflow_spanner_lro.core.lists.backups import BackupFacts


_HANDED_OVER = 5.0
"""Seconds after which an event lies in Airflow's database. Until then it is in the memory of the
triggerer's two processes (Airflow 3.3.2), whereas a note is written at once."""


@trigger
class SpannerBackupWatcherTrigger(SpannerTrigger, BaseEventTrigger):
    """Fire when a backup of a database becomes READY, once for each backup.

    The payload is the backup's facts: ``uri``, ``name``, ``database``, ``state``, ``create_time``,
    ``version_time``, ``expire_time``, ``size_bytes`` and ``schedules``.

    What was seen is remembered with the asset, so a restart of the triggerer repeats nothing and
    misses nothing; only one in the few seconds between an event and its note repeats that one. Give
    each asset a watcher of its own: for a trigger that several assets share nothing is remembered.
    And define an asset with its watcher once: another Dag file that defines it without takes the
    watcher away again (Airflow 3.3.2); there, refer to it by ``Asset.ref(uri=...)``.

    :param project_id: Google Cloud project
    :param instance_id: instance that holds the database and its backups
    :param database_id: database whose backups to watch
    :param include_existing: when the watch begins, fire for the backups that are there already
    :param endpoint: as in :class:`~airflow_spanner_lro.core.connection.ConnectionSpec`; by default
        what the triggerer's connection and environment say
    :param poll_interval: the time between two polls, in seconds; at least 1

    Also has the fields of :class:`~airflow_spanner_lro.triggers.base.SpannerTrigger`.
    """

    project_id: str
    instance_id: str
    database_id: str
    include_existing: bool = False
    endpoint: str | None = None
    poll_interval: float = 60.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._trouble = ""
        # nothing of a watcher is ever rendered, so a mistake is reported where it is written
        self._database = DatabaseName(
            project=self.project_id, instance=self.instance_id, database=self.database_id
        )
        PollPolicy(maximum=self.poll_interval)

    @property
    def _key(self) -> str:
        return f"spanner_lro_backups:{self._database}"

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Poll for ever, and yield an event for each backup that is newly complete."""
        saved = memory = await self._recall()
        while True:
            backups = await await_keeping_cancel_message(self._list(memory))
            if backups is not None:
                begins = memory is None
                fresh, memory = (memory or BackupMemory()).newly_ready(backups)
                handed_over = 0.0
                if begins and not self.include_existing:
                    self.log.info("Watching for backups from now on. %s", self._database)
                    fresh = []
                for backup in fresh:
                    self.log.info("%s is complete. %s", backup.name.label, backup.name)
                    yield TriggerEvent(backup.to_dict() | {"uri": asset_uri(backup.name)})
                    handed_over = min(_HANDED_OVER, self.poll_interval)
                await self._pause(handed_over)
            # noted after the events: better twice than never
            if memory is not None and memory != saved and await self._remember(memory):
                saved = memory
            await self._pause(self.poll_interval)

    async def _pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def _list(self, memory: BackupMemory | None) -> tuple[BackupFacts, ...] | None:
        """List the backups that matter; None while Spanner cannot be asked."""
        query = BackupQuery(
            instance=self._database.instance_name,
            database=self._database,
            filter_=memory.filter_ if memory else "",
        )
        try:
            answer: Any = await self._perform(_listing(query))
        except Exception as exc:  # noqa: BLE001  # it is logged; Airflow would restart us each second
            answer = exc
        if isinstance(answer, Exception):
            self._log_trouble(answer)
            return None
        if self._trouble:
            self.log.info("Backups can be listed again. %s", self._database)
            self._trouble = ""
        backups: tuple[BackupFacts, ...] = answer
        return backups

    def _log_trouble(self, exc: Exception) -> None:
        code = code_of(exc)
        text = error_text(exc)
        if text != self._trouble:
            self.log.warning(
                "Backups cannot be listed: %s. Asking again every %g s. %s",
                text,
                self.poll_interval,
                self._database,
                exc_info=None if code or isinstance(exc, SpannerLroError) else exc,
            )
        self._trouble = text

    async def _recall(self) -> BackupMemory | None:
        """Return what an earlier life of this watcher has seen; None if there was none."""
        if self.asset_state_store is None:
            return None
        try:
            record: Any = await self.asset_state_store.aget(self._key)
            return BackupMemory.from_record(record) if record else None
        except ValueError as exc:
            self.log.warning("Watching anew: what was seen before is not known (%s).", exc)
            return None

    async def _remember(self, memory: BackupMemory) -> bool:
        """Note what was seen; return whether there is no need to try again."""
        if self.asset_state_store is None:
            return True
        try:
            await self.asset_state_store.aset(self._key, memory.to_record())
        except ValueError:
            # shared by several assets, as said when the watch began
            return True
        except AirflowRuntimeError as exc:
            self.log.warning("What was seen is not on record yet; trying again: %s", exc)
            return False
        return True


def _listing(query: BackupQuery) -> Flow[Any]:
    return (yield ListBackups(query))
