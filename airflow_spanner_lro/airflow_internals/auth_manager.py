# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What Airflow's auth manager allows a user, and Airflow's audit log; in the api-server only.

Relies on ``airflow.api_fastapi.app.get_auth_manager``, on its ``is_authorized_dag`` and the values
that it takes (Airflow 3.3.2), and on the table ``log``. An auth manager that keeps users in teams
is told the team of a Dag, as Airflow's own routes tell it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from airflow_spanner_lro.airflow_internals.metadata_database import database_session

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from airflow_spanner_lro.airflow_internals.state_store import StoredValue

Method = Literal["GET", "PUT", "DELETE"]
"""To see task instances, to change what becomes of them, to delete what they have left."""


def may(user: Any, method: Method, *, dag_ids: Collection[str]) -> frozenset[str]:
    """Return the Dags whose task instances a user may see, change or delete; blocks.

    :param user: as Airflow's ``get_user`` returns it
    :param dag_ids: which Dags to ask about; they need not exist any more
    """
    from airflow.api_fastapi.app import get_auth_manager  # noqa: PLC0415
    from airflow.api_fastapi.auth.managers.models.resource_details import (  # noqa: PLC0415
        DagAccessEntity,
        DagDetails,
    )

    manager = get_auth_manager()
    teams = _teams(dag_ids)
    return frozenset(
        dag_id
        for dag_id in dag_ids
        if manager.is_authorized_dag(
            method=method,
            access_entity=DagAccessEntity.TASK_INSTANCE,
            details=DagDetails(id=dag_id, team_name=teams.get(dag_id)),
            user=user,
        )
    )


def _teams(dag_ids: Collection[str]) -> Mapping[str, str | None]:
    from airflow.models.dag import DagModel  # noqa: PLC0415

    with database_session() as session:
        found: Mapping[str, str | None] = DagModel.get_dag_id_to_team_name_mapping(
            list(dag_ids), session=session
        )
        return found


def write_audit_log(
    event: str, *, user_id: str, user_name: str, about: StoredValue | None, extra: Mapping[str, Any]
) -> None:
    """Write a line into Airflow's audit log.

    :param event: at most sixty characters
    :param user_id: who it was, as Airflow's own lines have it
    :param about: the task instance; None for what concerns many
    :param extra: what else there is to say
    :raises AirflowDatabaseError: if it cannot be written
    """
    from airflow.models.log import Log  # noqa: PLC0415

    task: dict[str, Any] = {}
    if about is not None:
        names = ("dag_id", "run_id", "task_id", "map_index")
        task = {name: getattr(about, name) for name in names}
        task["try_number"] = about.task.try_number
    with database_session() as session:
        session.add(
            Log(
                event=event,
                owner=user_id,
                owner_display_name=user_name,
                extra=json.dumps(extra),
                **task,
            )
        )
