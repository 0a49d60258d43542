# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A reaper whose sleep lets the emulator's time pass, and operations for it to find."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from google.cloud.spanner_admin_database_v1 import CreateBackupRequest

from airflow_spanner_lro.admin.client import SpannerAdminClient
from airflow_spanner_lro.admin.clock import StoppableClock
from airflow_spanner_lro.admin.connect import Endpoint
from airflow_spanner_lro.core.connection import ConnectionSpec
from airflow_spanner_lro.core.kinds import CREATE_BACKUP
from airflow_spanner_lro.core.ledger.entry import LedgerEntry
from airflow_spanner_lro.core.ledger.evidence import Evidence
from airflow_spanner_lro.core.names import BackupName, OperationName
from airflow_spanner_lro.emulator import Faults
from airflow_spanner_lro.reaper.rounds import ReaperRound, RoundOptions, RoundSummary

from .airflow_tables import LONG_AGO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow.state import TaskScope

    from airflow_spanner_lro.emulator import CallHistory, ManualClock, SpannerAdminEmulator
    from airflow_spanner_lro.emulator.faults import FaultEffect

    from .airflow_tables import AirflowTables

INSTANCE = "projects/test/instances/main"
DATABASE = f"{INSTANCE}/databases/orders"
BACKUP = f"{INSTANCE}/backups/nightly"
GRACE = timedelta(seconds=60)


class FaultsWithHooks(Faults):
    """Faults, and what happens at the moment when a call arrives."""

    def __init__(self) -> None:
        super().__init__()
        self.acts: dict[str, Callable[[], object]] = {}

    def take(self, *, method: str, resource: str, filter_: str = "") -> FaultEffect:
        """Act once if there is a cue for this call, and let the faults happen."""
        if act := self.acts.pop(method, None):
            act()
        return super().take(method=method, resource=resource, filter_=filter_)


class PassingClock(StoppableClock):
    """Time that passes in the emulator while the reaper sleeps, and nowhere else."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__()
        self._clock = clock
        self._slept = 0.0

    def now(self) -> datetime:
        """Return the real time, and what was slept."""
        return datetime.now(tz=UTC) + timedelta(seconds=self._slept)

    def sleep(self, seconds: float) -> None:
        """Let the emulator's time pass."""
        super().sleep(0)
        self._slept += seconds
        self._clock.advance(timedelta(seconds=seconds))


@dataclass(slots=True, kw_only=True)
class ReaperHarness:
    """A reaper, Airflow's database and Spanner.

    :param logged: what the reaper has said
    :param warned: what it could not do
    """

    tables: AirflowTables
    emulator: SpannerAdminEmulator
    time: ManualClock
    client: SpannerAdminClient
    clock: PassingClock
    logged: list[str] = field(default_factory=list)
    warned: list[str] = field(default_factory=list)

    @classmethod
    @contextmanager
    def at_work(
        cls, *, tables: AirflowTables, emulator: SpannerAdminEmulator, clock: ManualClock
    ) -> Iterator[ReaperHarness]:
        """Return a reaper for a while."""
        client = SpannerAdminClient(Endpoint(target=emulator.endpoint, plain_text=True))
        yield cls(
            tables=tables, emulator=emulator, time=clock, client=client, clock=PassingClock(clock)
        )
        client.close()

    def upon(self, method: str, act: Callable[[], object]) -> None:
        """Do something once, just before the next call of a method is answered."""
        faults = self.emulator.faults
        assert isinstance(faults, FaultsWithHooks)
        faults.acts[method] = act

    def reap(
        self, *, dry_run: bool = False, dag_ids: tuple[str, ...] = (), claim: bool = False
    ) -> RoundSummary:
        """Let the reaper make a round."""
        options = RoundOptions(
            grace=GRACE, settle_timeout=60, dry_run=dry_run, dag_ids=dag_ids, claim=claim
        )
        return ReaperRound(
            options=options, clock=self.clock, log_info=self.logged.append, warn=self.warned.append
        ).run()

    def start_backup(self, request: CreateBackupRequest | None = None) -> OperationName:
        """Start to back up, as a task did that nobody has heard of since."""
        return self.client.start(kind=CREATE_BACKUP, request=request or self.request()).name

    def request(self, backup_id: str = "nightly") -> CreateBackupRequest:
        """Return a request for a backup, whose expiry no other request has."""
        backup = {"database": DATABASE, "expire_time": self.time.now() + timedelta(days=9)}
        return CreateBackupRequest(parent=INSTANCE, backup_id=backup_id, backup=backup)

    def entry(self, operation: OperationName | None, **fields: Any) -> LedgerEntry:
        """Return the entry of a backup that was started long ago."""
        usual: dict[str, Any] = {
            "kind": CREATE_BACKUP,
            "target": BackupName.parse(BACKUP),
            "fingerprint": "as rendered",
            "intended": datetime.now(tz=UTC) - LONG_AGO,
            "try_number": 1,
            "connection_spec": ConnectionSpec(
                gcp_conn_id="google_cloud_default", endpoint=f"http://{self.emulator.endpoint}"
            ),
            "operation": operation,
            "evidence": Evidence.ANSWERED if operation else None,
        }
        return LedgerEntry(**usual | fields)

    def orphan(self, *, state: str | None = "failed", **fields: Any) -> TaskScope:
        """Let a task start a backup, and come to a state without a word to anybody."""
        scope = self.tables.add_task(state=state)
        self.tables.write(scope, self.entry(self.start_backup(), **fields))
        return scope

    @property
    def cancels(self) -> CallHistory:
        """The calls to cancel so far."""
        return self.emulator.calls.of("CancelOperation")

    def has(self, name: str) -> bool:
        """Tell whether there is such a resource."""
        return any(each.name == name for each in self.emulator.resources())
