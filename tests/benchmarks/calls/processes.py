# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Run tasks by Airflow's own task runner, with a supervisor that counts what it is asked.

What a task's process wants of Airflow goes to its supervisor, message by message, and each message
is a request to the api-server. Here the runner is the real one, from the rendering of templates to
the links after the end, and only the supervisor is not: it keeps in memory what it is given.
"""

from __future__ import annotations

import json
import os
import signal
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast
from unittest.mock import patch
from uuid import UUID, uuid4

import structlog
from airflow.sdk import DAG
from airflow.sdk._shared.module_loading import import_string
from airflow.sdk.api.datamodels._generated import DagRun, DagRunState, DagRunType, TIRunContext
from airflow.sdk.exceptions import ErrorType
from airflow.sdk.execution_time import task_runner
from airflow.sdk.execution_time.comms import (
    ConnectionResult,
    DeferTask,
    ErrorResponse,
    GetConnection,
    GetTaskStateStore,
    GetVariable,
    GetXCom,
    SetTaskStateStore,
    SetXCom,
    SucceedTask,
    TaskStateStoreResult,
    XComResult,
)
from airflow.sdk.serde import deserialize, serialize

from tests.airflow.task_runner import fire

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from airflow.sdk import BaseOperator
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    from airflow_spanner_lro.emulator import SpannerAdminEmulator

_CONNECTION = "AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT"
_CONNECTION_TYPE = "google_cloud_platform"
_LINK = "_link_"
"""With this the keys of XComs begin that Airflow makes of links."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """What one process of a task has asked.

    :param links: how many of the XComs that it wrote are links
    :param others: messages to Airflow that are about neither ledger nor XComs
    :param spanner: requests to Spanner
    """

    ledger_reads: int
    ledger_writes: int
    xcom_reads: int
    xcom_writes: int
    links: int
    others: int
    spanner: int

    @property
    def airflow(self) -> int:
        """All messages to Airflow."""
        return (
            self.ledger_reads
            + self.ledger_writes
            + self.xcom_reads
            + self.xcom_writes
            + self.others
        )


class CountingSupervisor:
    """A supervisor that keeps what a task instance leaves, and what it was asked for.

    :param extra: what Airflow's connection holds beside its type
    """

    def __init__(self, *, extra: Mapping[str, Any]) -> None:
        self.messages: list[Any] = []
        self.succeeded_at = 0.0
        """When a task has told that it has succeeded, as by ``time.time()``."""
        self._extra = json.dumps(extra)
        self._xcoms: dict[str, Any] = {}
        self._ledger: dict[str, Any] = {}

    def send(self, msg: Any) -> Any:
        """Answer a message as Airflow would."""
        self.messages.append(msg)
        match msg:
            case SetXCom():
                self._xcoms[msg.key] = msg.value
            case GetXCom():
                return XComResult(key=msg.key, value=self._xcoms.get(msg.key))
            case SetTaskStateStore():
                self._ledger[msg.key] = msg.value
            case GetTaskStateStore() if msg.key in self._ledger:
                return TaskStateStoreResult(value=self._ledger[msg.key])
            case GetTaskStateStore():
                return ErrorResponse(error=ErrorType.TASK_STORE_NOT_FOUND)
            case GetVariable():
                return ErrorResponse(error=ErrorType.VARIABLE_NOT_FOUND)
            case GetConnection():
                given = {"conn_id": msg.conn_id, "conn_type": _CONNECTION_TYPE}
                rest = dict.fromkeys(("host", "schema", "login", "password", "port"))
                return ConnectionResult.model_validate({**given, **rest, "extra": self._extra})
            case SucceedTask():
                self.succeeded_at = time.time()
            case _:
                pass
        return None

    def of(self, *types: type, since: int = 0) -> list[Any]:
        """Return the messages of these types, from a number on."""
        return [each for each in self.messages[since:] if isinstance(each, types)]


@dataclass(kw_only=True)
class PlayedTask:
    """A task instance in its first try, process after process.

    :param operator: as its Dag has it, or without one
    :param extra: what Airflow's connection holds beside its type
    """

    operator: BaseOperator
    emulator: SpannerAdminEmulator
    extra: Mapping[str, Any]
    supervisor: CountingSupervisor = field(init=False)
    id: UUID = field(default_factory=uuid4)
    begun: datetime = field(default_factory=lambda: datetime.now(tz=UTC))

    def __post_init__(self) -> None:
        self.supervisor = CountingSupervisor(extra=self.extra)
        if not self.operator.has_dag():
            self.operator.dag = DAG("counted", schedule=None)

    def execute(self) -> Calls:
        """Let a first process begin, and run to its end."""
        return self._run()

    def resume(self, event: dict[str, Any]) -> Calls:
        """Let the next process go on with what a trigger has fired."""
        deferral = self._deferral
        kwargs = serialize({**cast("dict[str, Any]", deferral.next_kwargs), "event": event})
        return self._run(next_method=deferral.next_method, next_kwargs=kwargs)

    def fired(self) -> dict[str, Any]:
        """Let the trigger of the deferral run until it fires, and return its event."""
        connection = {"conn_type": _CONNECTION_TYPE, "extra": self.extra}
        with patch.dict(os.environ, {_CONNECTION: json.dumps(connection)}):
            trigger = import_string(self._deferral.classpath)
            arguments: Any = self._deferral.trigger_kwargs
            return fire(trigger(**cast("dict[str, Any]", deserialize(arguments))))

    @property
    def _deferral(self) -> DeferTask:
        message: DeferTask = self.supervisor.of(DeferTask)[-1]
        return message

    @property
    def succeeded(self) -> bool:
        """Whether the task has told Airflow that it has."""
        return bool(self.supervisor.of(SucceedTask))

    def _run(self, **going_on: Any) -> Calls:
        before, requests = len(self.supervisor.messages), len(self.emulator.calls)
        instance = self._instance(**going_on)
        context = instance.get_template_context()
        log = structlog.get_logger("task")
        with _supervised_by(self.supervisor):
            state, _, error = task_runner.run(instance, context, log)
            if error is not None:
                raise error
            task_runner.finalize(instance, state, context, log, error)
        return self._counted(since=before, requests=len(self.emulator.calls) - requests)

    def _instance(self, **going_on: Any) -> RuntimeTaskInstance:
        dag_id = self.operator.dag_id
        run = DagRun(
            dag_id=dag_id,
            run_id="manual__1",
            logical_date=None,
            data_interval_start=None,
            data_interval_end=None,
            run_after=self.begun,
            start_date=self.begun,
            end_date=None,
            run_type=DagRunType.MANUAL,
            state=DagRunState.RUNNING,
            consumed_asset_events=[],
            partition_key=None,
        )
        context = TIRunContext(dag_run=run, max_tries=0, **going_on)
        return task_runner.RuntimeTaskInstance.model_construct(
            id=self.id,
            task_id=self.operator.task_id,
            dag_id=dag_id,
            run_id=run.run_id,
            try_number=1,
            map_index=-1,
            task=self.operator,
            _ti_context_from_server=context,
            start_date=self.begun,
        )

    def _counted(self, *, since: int, requests: int) -> Calls:
        supervisor = self.supervisor
        written = supervisor.of(SetXCom, since=since)
        reads = len(supervisor.of(GetTaskStateStore, since=since))
        writes = len(supervisor.of(SetTaskStateStore, since=since))
        looked_up = len(supervisor.of(GetXCom, since=since))
        of_these = reads + writes + looked_up + len(written)
        return Calls(
            ledger_reads=reads,
            ledger_writes=writes,
            xcom_reads=looked_up,
            xcom_writes=len(written),
            links=sum(each.key.startswith(_LINK) for each in written),
            others=len(supervisor.messages) - since - of_these,
            spanner=requests,
        )


@contextmanager
def _supervised_by(supervisor: CountingSupervisor) -> Iterator[None]:
    handler = signal.getsignal(signal.SIGTERM)
    try:
        with patch.object(task_runner, "SUPERVISOR_COMMS", supervisor, create=True):
            yield
    finally:
        # the runner has put its own there
        signal.signal(signal.SIGTERM, handler)
