# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What is used of Airflow beyond its public interface, each function with what it relies on.

Here is what a task's process or a triggerer asks its supervisor; the task state store, the metadata
database and the serialised Dags, which only commands and servers can read, have a module each. All
of it was read and tried in Airflow 3.3.2 (Task SDK 1.3.2), and imports lazily: most of it is heavy.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.airflow_internals.xcom_classes import allow_values
from airflow_spanner_lro.core.errors import SpannerLroError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from airflow.sdk.types import TaskInstanceKey

USER_ACTION = "__airflow_user_action__"
"""The message of the cancel with which a triggerer ends a trigger because a user acted; from
``airflow.jobs.triggerer_job_runner``, where it is private."""


class AirflowDatabaseError(SpannerLroError):
    """Airflow's database cannot be used, for now or from here."""


def runs_tasks_in_process() -> bool:
    """Tell whether this process runs its tasks without a supervisor: ``airflow dags test``.

    Relies on the class of ``SUPERVISOR_COMMS`` there; ``airflow tasks test`` is the same.
    """
    runner = sys.modules.get("airflow.sdk.execution_time.task_runner")
    comms = getattr(runner, "SUPERVISOR_COMMS", None)
    return type(comms).__name__ == "InProcessSupervisorComms"


def task_states(
    *, dag_id: str, run_id: str, task_ids: Collection[str] | None, map_index: int | None = None
) -> Mapping[str, str | None]:
    """Return the states of the task instances of a run; the keys of mapped ones end in their index.

    Relies on ``RuntimeTaskInstance.get_task_states``, which asks the supervisor; blocks.

    :param task_ids: None for all
    :raises airflow.sdk.exceptions.AirflowRuntimeError: if Airflow cannot be asked
    """
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance  # noqa: PLC0415

    states = RuntimeTaskInstance.get_task_states(
        dag_id=dag_id,
        task_ids=None if task_ids is None else sorted(task_ids),
        run_ids=[run_id],
        map_index=map_index,
    )
    found: Mapping[str, str | None] = states.get(run_id, {})
    return found


def xcom_of(*, key: str, dag_id: str, task_id: str, run_id: str, map_index: int) -> Any:
    """Return an XCom of any task instance; None if there is none.

    Relies on ``XCom.get_one``, which asks the supervisor; blocks.

    :raises airflow.sdk.exceptions.AirflowRuntimeError: if Airflow cannot be asked
    """
    from airflow.sdk.execution_time.xcom import XCom  # noqa: PLC0415

    allow_values()
    return XCom.get_one(key=key, dag_id=dag_id, task_id=task_id, run_id=run_id, map_index=map_index)


def pushed_value(key: str, *, ti_key: TaskInstanceKey) -> Any:
    """Return an XCom for a link; None if there is none.

    Relies on ``XCom.get_value``, which asks the supervisor, and in the api-server the database.
    """
    from airflow.sdk.execution_time.xcom import XCom  # noqa: PLC0415

    return XCom.get_value(ti_key=ti_key, key=key)


def why_unreadable(conn_id: str) -> str:
    """Return why a connection cannot be read just now; empty if it really does not exist.

    Airflow raises ``AirflowNotFoundException`` for both: a backend that raises is passed over, and
    an error that the supervisor answers counts as "not here" (``execution_time/context.py``,
    ``secrets/execution_api.py``). Relies on the backends that the first one asks, and on the
    question that the second one sends; blocks.
    """
    from airflow.sdk.exceptions import ErrorType  # noqa: PLC0415
    from airflow.sdk.execution_time import task_runner  # noqa: PLC0415
    from airflow.sdk.execution_time.comms import ErrorResponse, GetConnection  # noqa: PLC0415
    from airflow.sdk.execution_time.secrets.execution_api import (  # noqa: PLC0415
        ExecutionAPISecretsBackend,
    )
    from airflow.sdk.execution_time.supervisor import (  # noqa: PLC0415
        ensure_secrets_backend_loaded,
    )

    for backend in ensure_secrets_backend_loaded():
        answer: Any
        try:
            if isinstance(backend, ExecutionAPISecretsBackend):
                answer = task_runner.SUPERVISOR_COMMS.send(GetConnection(conn_id=conn_id))
            else:
                answer = backend.get_connection(conn_id=conn_id)
        except Exception as exc:  # noqa: BLE001  # it is what was asked for
            return f"{type(backend).__name__}: {type(exc).__name__}: {exc}"
        if not isinstance(answer, ErrorResponse):
            if answer is not None:
                return "it was there a moment later"
        elif answer.error != ErrorType.CONNECTION_NOT_FOUND:
            return f"{answer.error.value}: {answer.detail}"
    return ""


def variable_for_task(key: str) -> str | None:
    """Return a Variable of the database to a task's process; None if it is not there; blocks.

    Relies on ``SUPERVISOR_COMMS`` and ``GetVariable``: ``Variable.get`` would ask secrets backends
    first, which may charge for it.

    :raises AirflowDatabaseError: if Airflow cannot be asked, or does not let this task read it
    """
    from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType  # noqa: PLC0415
    from airflow.sdk.execution_time import comms, task_runner  # noqa: PLC0415

    supervisor = getattr(task_runner, "SUPERVISOR_COMMS", None)
    if supervisor is None:
        message = "This is not a task's process."
        raise AirflowDatabaseError(message)
    try:
        answer = supervisor.send(comms.GetVariable(key=key))
    except AirflowRuntimeError as exc:
        answer = exc.error
    if isinstance(answer, comms.VariableResult):
        return answer.value
    error = getattr(answer, "error", None)
    if error is ErrorType.VARIABLE_NOT_FOUND:
        return None
    message = f"Airflow could not be asked for the Variable {key}: {error}"
    raise AirflowDatabaseError(message)
