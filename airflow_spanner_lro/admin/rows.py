# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Read rows of a database, as of one moment, and nothing else.

Each query runs in a read-only transaction of its own, in which Spanner refuses whatever changes
something, and with low priority, because it runs beside the application. It is asked for in a
thread: a kill or a timeout, which Airflow lets strike the main thread anywhere, ends the wait, and
never hangs within gRPC.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Self

from google.api_core.exceptions import GoogleAPICallError
from google.cloud.spanner_v1 import RequestOptions, TransactionOptions, TransactionSelector
from google.cloud.spanner_v1.streamed import StreamedResultSet

from airflow_spanner_lro.core.errors import NoRowsError, SpannerLroError
from airflow_spanner_lro.core.status import Code, code_of

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_spanner_lro.admin.connect import Endpoint
    from airflow_spanner_lro.core.names import DatabaseName

QUERY_TIMEOUT = 3600.0
"""Seconds that a query may take; Spanner's own limit."""
MOST_ROWS = 10_000
"""How many rows a query may return: all are held in memory."""

_ATTEMPTS = 4
_PAUSE = 1.0
"""Seconds before a query is asked again that could not be answered, doubled each time."""
_SESSION_TIMEOUT = 60.0


class ReadStoppedError(SpannerLroError):
    """The task was killed while it read."""

    def __init__(self) -> None:
        super().__init__("Reading was stopped: the task was killed.")


class TooManyRowsError(SpannerLroError):
    """A query returns more rows than are held in memory."""

    def __init__(self) -> None:
        super().__init__(
            f"a query may return up to {MOST_ROWS:,} rows, and this one returns more: "
            "let it count or add up"
        )


class RowReader:
    """Reads rows of one database; a context manager.

    :param endpoint: where, and as whom
    :param database: which database
    :param moment: read as of then; by default each query reads what is there when it is made
    :param query_timeout: how long a query may take, in seconds
    """

    def __init__(
        self,
        *,
        endpoint: Endpoint,
        database: DatabaseName,
        moment: datetime | None = None,
        query_timeout: float = QUERY_TIMEOUT,
    ) -> None:
        self.database = database
        self.moment = moment
        self._query_timeout = query_timeout
        self._target = endpoint.target or "Google's own endpoint"
        self._client = endpoint.data_client()
        self._session = ""
        self._stopped = threading.Event()
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query, with the client library's Python values.

        :param sql: one query, in the database's dialect
        :raises TooManyRowsError: if there are more than 10,000
        :raises ReadStoppedError: if the task is killed meanwhile
        :raises NoRowsError: if the endpoint answers no queries, such as an emulator without rows
        """
        rows, _ = self._ask(sql)
        return rows

    def value(self, sql: str) -> Any:
        """Return the one value of a query of one row and one column."""
        ((value,),) = self.query(sql)
        return value

    def now(self) -> datetime:
        """Return the moment as of which a query reads, by Spanner's own clock."""
        _, moment = self._ask("SELECT 1")
        return moment

    def stop(self) -> None:
        """End a query that is under way, from any thread or signal handler."""
        self._stopped.set()

    def close(self) -> None:
        """Give the session back and close the channel, without waiting for either."""
        self._stopped.set()
        if self._closed:
            return
        self._closed = True
        # on the main thread an exception may have struck in the middle of a call
        threading.Thread(target=self._close, name="close-row-reader", daemon=True).start()

    def _close(self) -> None:
        try:
            if self._session:
                self._client.delete_session(name=self._session, timeout=_PAUSE, retry=None)
        except GoogleAPICallError:
            # Spanner forgets it by itself after an hour
            pass
        finally:
            self._client.transport.close()

    def _ask(self, sql: str) -> tuple[list[tuple[Any, ...]], datetime]:
        pause, attempt = _PAUSE, 1
        while True:
            try:
                return self._ask_once(sql)
            except Exception as exc:
                if code_of(exc) is Code.UNIMPLEMENTED:
                    raise NoRowsError(self._target) from exc
                if code_of(exc) is not Code.UNAVAILABLE or attempt == _ATTEMPTS:
                    raise
            self._stopped.wait(pause)
            pause *= 2
            attempt += 1

    def _ask_once(self, sql: str) -> tuple[list[tuple[Any, ...]], datetime]:
        """Let a thread ask, and wait for it until the reader is stopped."""
        answer: list[tuple[list[tuple[Any, ...]], datetime]] = []
        trouble: list[BaseException] = []
        done = threading.Event()

        def ask() -> None:
            try:
                answer.append(self._read(sql))
            except BaseException as exc:  # noqa: BLE001  # raised again where it is waited for
                trouble.append(exc)
            finally:
                done.set()

        threading.Thread(target=ask, name="row-reader", daemon=True).start()
        while not done.wait(timeout=0.1):
            if self._stopped.is_set():
                raise ReadStoppedError
        if self._stopped.is_set():
            raise ReadStoppedError
        if trouble:
            raise trouble[0]
        return answer[0]

    def _read(self, sql: str) -> tuple[list[tuple[Any, ...]], datetime]:
        if not self._session:
            self._session = self._client.create_session(
                database=str(self.database), retry=None, timeout=_SESSION_TIMEOUT
            ).name
        when: dict[str, Any] = {"read_timestamp": self.moment} if self.moment else {"strong": True}
        read_only = TransactionOptions.ReadOnly(return_read_timestamp=True, **when)
        stream = self._client.execute_streaming_sql(
            request={
                "session": self._session,
                "sql": sql,
                "transaction": TransactionSelector(
                    single_use=TransactionOptions(read_only=read_only)
                ),
                "request_options": RequestOptions(priority=RequestOptions.Priority.PRIORITY_LOW),
            },
            metadata=[("google-cloud-resource-prefix", str(self.database))],
            retry=None,
            timeout=self._query_timeout,
        )
        try:
            results = StreamedResultSet(stream)
            rows = []
            for row in results:
                rows.append(tuple(row))
                if len(rows) > MOST_ROWS or self._stopped.is_set():
                    break
            if len(rows) > MOST_ROWS:
                raise TooManyRowsError
            return rows, results.metadata.transaction.read_timestamp
        finally:
            stream.cancel()
