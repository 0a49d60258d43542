# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The data plane: whether there are rows, since when, and which data calls may see them.

It is Google's emulator behind ours, where its binary is present. Whatever becomes of it, the admin
plane goes on, and data calls say in one sentence what is the matter.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.errors import InvalidNameError
from airflow_spanner_lro.core.names import DatabaseName
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.data.binary import HOW_TO_GET_IT, find_binary
from airflow_spanner_lro.emulator.data.notes import WorldNotes
from airflow_spanner_lro.emulator.data.process import DataStartError, GoogleEmulator
from airflow_spanner_lro.emulator.data.times import RealTimes
from airflow_spanner_lro.emulator.databases.model import DatabaseState

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import grpc

    from airflow_spanner_lro.emulator.clock import Clock
    from airflow_spanner_lro.emulator.data.mirror import Mirror
    from airflow_spanner_lro.emulator.engine import Engine
    from airflow_spanner_lro.emulator.errors import RpcError

log = logging.getLogger(__name__)

_CHECK_EVERY = 0.1
"""How often, in real seconds, a call that waits checks whether its client is there."""
_MARKER = "/sessions/"


class DataPlane:
    """The rows of an emulator. Safe to use from any thread.

    :param clock: the emulated time
    :param binary: the ``emulator_main`` to use; None for one that is found
    :ivar notes: what the world tells it
    """

    def __init__(self, *, clock: Clock, binary: Path | None = None) -> None:
        self.notes = WorldNotes(clock=clock, times=RealTimes(clock.anchor()))
        self.binary = binary or find_binary()
        self._google: GoogleEmulator | None = None
        self._mirror: Mirror | None = None
        self._engine: Engine | None = None
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()
        self._closing = threading.Event()
        self._problem = ""
        self._starts = 0

    @property
    def problem(self) -> str:
        """Why there are no rows, in one sentence; empty if there are, or may yet be."""
        return self._problem

    @property
    def pid(self) -> int:
        """The number of the process that holds the rows; 0 if there is none."""
        return 0 if self._google is None else self._google.pid

    def start(self, engine: Engine) -> None:
        """Begin to start Google's emulator, beside everything else."""
        self._engine = engine
        self._ready.clear()
        self._closing.clear()
        self._problem = ""
        if self._starts:
            # the process of before has taken the rows along
            with engine.locked() as (world, _):
                self.notes.watch(world)
        self._starts += 1
        if self.binary is None:
            self._fail(f"Google's Spanner emulator is not on this machine: {HOW_TO_GET_IT}.")
            return
        self._google = GoogleEmulator(self.binary)
        self._thread = threading.Thread(
            target=self._run, args=(self._google, engine), name="data-mirror", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """End Google's emulator, and with it all rows; nothing of it is left afterwards."""
        self._closing.set()
        thread, self._thread = self._thread, None
        google, self._google = self._google, None
        self._ready.set()
        self.notes.ignore()
        if google is not None:
            google.stop()
        if thread is not None:
            thread.join()

    def wait_until_started(self, timeout: float) -> bool:
        """Wait until it is known whether there are rows; return False if that takes longer."""
        return self._ready.wait(timeout)

    def channel_for(self, resource: str, *, go_on: Callable[[], None]) -> grpc.Channel:
        """Return the way to the rows of a database, as soon as they are as they should be.

        :param resource: the database, or a session in it
        :param go_on: is asked while that takes time; it raises what ends the wait
        :raises RpcError: if there is no such database, it is not ready, or there are no rows.
        """
        name = _name_in(resource)
        if name is not None and self._engine is not None:
            with self._engine.locked() as (world, _):
                database = world.resources.database(name)
                if database.state is DatabaseState.CREATING:
                    raise errors.not_ready(name)
        while not self._ready.wait(_CHECK_EVERY):
            go_on()
        google = self._require()
        if name is not None:
            self.notes.wait_for(name, go_on=go_on, every=_CHECK_EVERY)
            google = self._require()
            if self._mirror is not None and (problem := self._mirror.problem_of(name)):
                raise errors.rows_missing(name, reason=problem)
        return google.channel

    def error_of(self, exc: grpc.RpcError) -> RpcError | None:
        """Return what to say instead of an error, if that is the end of Google's emulator."""
        if exc.code().name != Code.UNAVAILABLE.name:
            return None
        google = self._google
        if google is not None and not google.ended(within=1.0):
            return None
        return self._unavailable()

    def _require(self) -> GoogleEmulator:
        google = self._google
        if self._problem or google is None:
            raise self._unavailable()
        return google

    def _unavailable(self) -> RpcError:
        return errors.rows_unavailable(self._problem)

    def _run(self, google: GoogleEmulator, engine: Engine) -> None:
        try:
            google.start(on_end=lambda: self._note_end(google))
            self._serve(google, engine)
        except DataStartError as exc:
            self._fail(f"Google's Spanner emulator does not start: {exc}. {google.binary}")
        except Exception as exc:
            # a bug here must not leave data calls waiting for ever
            log.exception("The emulator failed to keep rows")
            self._fail(f"There are no rows, because the emulator has a bug: {exc!r}.")

    def _serve(self, google: GoogleEmulator, engine: Engine) -> None:
        # the client library's messages take long to load; whoever has no rows needs none of them
        from airflow_spanner_lro.emulator.data.mirror import Mirror  # noqa: PLC0415

        def catch_up() -> None:
            with engine.locked():
                pass

        mirror = Mirror(google=google, notes=self.notes, catch_up=catch_up, closing=self._closing)
        self._mirror = mirror
        self._ready.set()
        mirror.run()

    def _note_end(self, google: GoogleEmulator) -> None:
        self._fail(
            f"Google's Spanner emulator is gone, and the rows with it: {google.why_ended}. "
            f"Start this emulator again to begin anew without rows. {google.binary}"
        )

    def _fail(self, problem: str) -> None:
        if not self._closing.is_set() and not self._problem:
            self._problem = problem
            log.warning("%s The admin API goes on; data calls are refused.", problem)
        self.notes.ignore()
        self._ready.set()


def database_in(resource: str) -> str:
    """Return the full name of the database that a resource is in, or of the resource itself."""
    return resource.partition(_MARKER)[0]


def _name_in(resource: str) -> DatabaseName | None:
    """Return which database a call is about; None if it names none, which Google's tells."""
    try:
        return DatabaseName.parse(database_in(resource))
    except InvalidNameError:
        return None
