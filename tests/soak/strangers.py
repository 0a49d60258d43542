# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Clients that know nothing of Airflow, and work with the kinds and the target ids of its tasks.

A colleague at a console, a script, another Airflow: they start, cancel, finish and delete, and
whatever they have started is nobody else's to touch.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from google.api_core.exceptions import GoogleAPICallError
from google.cloud.spanner_admin_database_v1 import types

from airflow_spanner_lro.admin.client import SpannerAdminClient
from airflow_spanner_lro.admin.connect import Endpoint
from airflow_spanner_lro.core import kinds
from airflow_spanner_lro.core.names import OperationName, parse_resource
from airflow_spanner_lro.core.operations.snapshot import OperationState
from airflow_spanner_lro.core.status import Code, code_of
from airflow_spanner_lro.emulator import Plan
from tests.soak.dag_specs import (
    DDL,
    INSTANCE,
    ORIGIN_ID,
    OTHER_BACKUP,
    SOURCE_BACKUP,
    Kind,
    resource_id,
    target,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from airflow_spanner_lro.core.kinds import OperationKind
    from airflow_spanner_lro.emulator import OperationView
    from tests.soak.second_endpoint import TwoEndpointEmulator

KINDS: dict[Kind, OperationKind] = {
    Kind.BACKUP: kinds.CREATE_BACKUP,
    Kind.COPY: kinds.COPY_BACKUP,
    Kind.RESTORE: kinds.RESTORE_DATABASE,
    Kind.CREATE: kinds.CREATE_DATABASE,
    Kind.DDL: kinds.UPDATE_DATABASE_DDL,
}
_KEEP = timedelta(days=30)
_OTHER_KEEP = timedelta(days=2)
_OTHER_DDL = ("CREATE TABLE IF NOT EXISTS Others (Id INT64) PRIMARY KEY (Id)",)
_ALIKE = 0.4
"""At how many of their starts strangers ask for just what the task asks for."""
PAUSE = 0.7
"""Seconds between a deletion and what is made in its place. Spanner deletes by name alone, so who
looks first and deletes then needs that moment."""
PATIENCE = 15.0
"""Seconds for which a stranger waits until a name is free."""
LASTING = timedelta(seconds=45)
"""How long a stranger's operation may last before it is in the way of a calm end."""
_UNANSWERED = (Code.UNAVAILABLE, Code.DEADLINE_EXCEEDED, Code.UNKNOWN, Code.INTERNAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a stranger wants on the target of a task.

    :param share: decides on all that is left open, 0 to 1
    """

    run_id: str
    kind: Kind
    share: float

    @property
    def target(self) -> str:
        """The full name of it."""
        return target(self.run_id, self.kind)

    @property
    def alike(self) -> bool:
        """Whether it is just what the task wants."""
        return self.share < _ALIKE

    def request(self, *, database: str) -> Any:
        """Return the request.

        :param database: the one that the task backs up
        """
        own_id = resource_id(self.run_id, self.kind)
        backup = f"{INSTANCE}/backups/{SOURCE_BACKUP if self.alike else OTHER_BACKUP}"
        expires = datetime.now(tz=UTC) + (_KEEP if self.alike else _OTHER_KEEP)
        match self.kind:
            case Kind.BACKUP:
                source = f"{INSTANCE}/databases/{database if self.alike else ORIGIN_ID}"
                made = types.Backup(database=source, expire_time=expires)
                return types.CreateBackupRequest(parent=INSTANCE, backup_id=own_id, backup=made)
            case Kind.COPY:
                return types.CopyBackupRequest(
                    parent=INSTANCE, backup_id=own_id, source_backup=backup, expire_time=expires
                )
            case Kind.RESTORE:
                return types.RestoreDatabaseRequest(
                    parent=INSTANCE, database_id=own_id, backup=backup
                )
            case Kind.CREATE:
                return types.CreateDatabaseRequest(
                    parent=INSTANCE,
                    create_statement=f"CREATE DATABASE `{own_id}`",
                    extra_statements=() if self.alike else _OTHER_DDL,
                )
            case Kind.DDL:
                statements = DDL if self.alike else _OTHER_DDL
                return types.UpdateDatabaseDdlRequest(database=self.target, statements=statements)


class Strangers:
    """All strangers there are, for as long as a context lasts. May be used in any thread.

    :param emulator: whose second entrance they use
    """

    def __init__(self, emulator: TwoEndpointEmulator) -> None:
        self._emulator = emulator
        self._endpoint = Endpoint(target=emulator.strangers_endpoint, plain_text=True)
        self._databases: dict[str, str] = {}
        self._planned: set[str] = set()
        self._started: dict[str, Wish] = {}
        self._threads: list[threading.Thread] = []
        self._resting = threading.Event()
        self._client: SpannerAdminClient | None = None

    def __enter__(self) -> Self:
        self._client = SpannerAdminClient(self._endpoint)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.rest()
        if self._client:
            self._client.close()

    @property
    def started(self) -> dict[str, Wish]:
        """What they have started so far, by the name of the operation."""
        return dict(self._started)

    def learn(self, run_id: str, *, database: str) -> None:
        """Get to know which database the task of a run backs up."""
        self._databases[run_id] = database

    # -- what they do

    def start(self, wish: Wish) -> bool:
        """Start an operation; tell whether Spanner took it."""
        if wish.kind.makes and self.sees(wish.target):
            return False
        kind = KINDS[wish.kind]
        if wish.target not in self._planned:
            self._planned.add(wish.target)
            # it ends in the midst of what the tasks do
            plan = Plan(
                duration=timedelta(seconds=5 + 25 * wish.share),
                cancel_delay=timedelta(seconds=2 * wish.share),
            )
            self._emulator.plan(plan, kind=kind, target=wish.target, times=1)
        request = wish.request(database=self._databases.get(wish.run_id, ORIGIN_ID))

        def ask(client: SpannerAdminClient) -> None:
            snapshot = client.start(kind=kind, request=request)
            self._started[str(snapshot.name)] = wish
            self._planned.discard(wish.target)

        return self._ask(ask)

    def cancel(self, operation: str) -> bool:
        """Cancel an operation, whosever it is; tell whether Spanner took it."""
        name = OperationName.parse(operation)
        return self._ask(lambda client: client.cancel(name=name))

    def delete(self, resource: str) -> bool:
        """Delete a resource, whosever it is; tell whether it was there and could be deleted."""
        if not self.sees(resource):
            return False
        name = parse_resource(resource)
        return self._ask(lambda client: client.delete_resource(name=name))

    def replace(self, wish: Wish) -> bool:
        """Delete what is there, and start the same in its place a moment later."""
        if wish.kind.makes and (not self.delete(wish.target) or self._resting.wait(PAUSE)):
            return False
        return self.start(wish)

    def take(self, wish: Wish, *, told: Callable[[bool], None]) -> None:
        """Start as soon as the name is free, in the background.

        :param told: is told whether it came to that
        """

        def attempt() -> None:
            until = time.monotonic() + PATIENCE
            while time.monotonic() < until and not self._resting.wait(0.2):
                if self.start(wish):
                    told(True)
                    return
            told(False)

        self.later(PAUSE, attempt)

    def withdraw(self, share: float) -> bool:
        """Cancel one of their operations, or delete what one has made; tell whether it worked."""
        mine = [each for each in self._emulator.operations() if each.name in self._started]
        there = {each.name for each in self._emulator.resources()}
        mine = [each for each in mine if not each.done or each.target in there]
        if not mine:
            return False
        chosen = mine[int(share * len(mine))]
        if not chosen.done:
            return self.cancel(chosen.name)
        return self.delete(chosen.target)

    # -- in the background

    def later(self, seconds: float, do: Callable[[], object]) -> None:
        """Do something later, unless they rest by then."""

        def act() -> None:
            if not self._resting.wait(seconds):
                do()

        thread = threading.Thread(target=act, name="stranger")
        self._threads.append(thread)
        thread.start()

    def rest(self) -> None:
        """End what is under way in the background; what they have running goes on."""
        self._resting.set()
        while self._threads:
            self._threads.pop().join()
        self._resting.clear()

    def end_what_lasts(self) -> None:
        """Cancel those of their own that run for longer than strangers usually want."""
        now = self._emulator.clock.now()
        for each in self.running():
            if each.name in self._started and now - each.started > LASTING:
                self.cancel(each.name)

    # -- what they see

    def running(self) -> tuple[OperationView, ...]:
        """Return all operations that run, whosever they are."""
        return tuple(
            each for each in self._emulator.operations() if each.state is OperationState.RUNNING
        )

    def sees(self, resource: str) -> bool:
        """Tell whether a resource is there, whosever it is."""
        return any(each.name == resource for each in self._emulator.resources())

    def _ask(self, do: Callable[[SpannerAdminClient], None]) -> bool:
        assert self._client is not None, "strangers ask within their context"
        try:
            do(self._client)
        except GoogleAPICallError as exc:
            # without an answer nobody knows whose an operation is
            if code_of(exc) in _UNANSWERED:
                raise
            return False
        return True
