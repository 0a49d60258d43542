# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What the Dags of the soak are: one table, read by the Dag file, by the plan and by the judge.

What a task makes is named after its run and the task, and after nothing else: so the emulator's
side of the story can be told task by task without asking Airflow.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

PROJECT = "soak"
INSTANCE_ID = "main"
INSTANCE = f"projects/{PROJECT}/instances/{INSTANCE_ID}"
SOURCE_BACKUP = "source"
"""What is copied and restored."""
OTHER_BACKUP = "other"
"""What strangers copy and restore when they want something else than a task."""
ORIGIN_ID = "origin"
"""The database of both; strangers back it up when they want something else than a task."""


class Kind(StrEnum):
    """What a task does; the value is its task id."""

    BACKUP = "backup"
    COPY = "copy"
    RESTORE = "restore"
    CREATE = "create"
    DDL = "ddl"

    @property
    def method(self) -> str:
        """The RPC that starts it."""
        return _METHODS[self]

    @property
    def cleans_up(self) -> bool:
        """Whether what it made in spite of a cancel is deleted."""
        return self in {Kind.BACKUP, Kind.COPY}

    @property
    def makes_backup(self) -> bool:
        """Whether its target is a backup; a database otherwise."""
        return self in {Kind.BACKUP, Kind.COPY}

    @property
    def makes(self) -> bool:
        """Whether it makes its target; a schema change finds it there."""
        return self is not Kind.DDL

    @property
    def can_be_presumed(self) -> bool:
        """Whether nothing tells a task's operation from one that was asked for alike.

        The id of a schema change is the task's own choice, and a backup's expiry bears its mark.
        """
        return self in {Kind.RESTORE, Kind.CREATE}


_METHODS = {
    Kind.BACKUP: "CreateBackup",
    Kind.COPY: "CopyBackup",
    Kind.RESTORE: "RestoreDatabase",
    Kind.CREATE: "CreateDatabase",
    Kind.DDL: "UpdateDatabaseDdl",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DagSpec:
    """One Dag.

    :param kinds: its tasks, side by side
    :param timeout: execution_timeout in seconds
    :param cancel_on_kill: whether its operations are cancelled with their tasks
    :param endless: its operations end only if somebody cancels them
    """

    name: str
    kinds: tuple[Kind, ...]
    deferrable: bool = True
    retries: int = 0
    timeout: float | None = None
    cancel_on_kill: bool = True
    endless: bool = False

    @property
    def dag_id(self) -> str:
        """The id of the Dag."""
        return f"soak_{self.name}"

    @property
    def needs_user(self) -> bool:
        """Whether it ends only if a user does something."""
        return self.endless and self.timeout is None


def _dag_specs() -> tuple[DagSpec, ...]:
    each: list[DagSpec] = []
    for kind in Kind:
        each += [
            DagSpec(name=f"{kind}_deferred", kinds=(kind,), retries=2),
            DagSpec(name=f"{kind}_worker", kinds=(kind,), retries=2, deferrable=False),
        ]
    for kind in (Kind.BACKUP, Kind.RESTORE, Kind.DDL):
        each += [
            DagSpec(name=f"{kind}_once", kinds=(kind,)),
            DagSpec(name=f"{kind}_spared", kinds=(kind,), retries=1, cancel_on_kill=False),
            DagSpec(name=f"{kind}_limited", kinds=(kind,), retries=1, timeout=35),
            DagSpec(name=f"{kind}_endless", kinds=(kind,), retries=1, endless=True),
        ]
    each += [
        DagSpec(name="backup_overruns", kinds=(Kind.BACKUP,), timeout=35, endless=True),
        DagSpec(
            name="ddl_overruns_worker",
            kinds=(Kind.DDL,),
            timeout=35,
            endless=True,
            deferrable=False,
        ),
        DagSpec(
            name="copy_endless_worker",
            kinds=(Kind.COPY,),
            retries=1,
            endless=True,
            deferrable=False,
        ),
        DagSpec(name="backup_once_worker", kinds=(Kind.BACKUP,), deferrable=False),
        DagSpec(name="pair", kinds=(Kind.BACKUP, Kind.DDL), retries=1),
        DagSpec(name="trio_endless", kinds=(Kind.BACKUP, Kind.COPY, Kind.DDL), endless=True),
    ]
    return tuple(each)


DAG_SPECS = {recipe.name: recipe for recipe in _dag_specs()}


def resource_id(run_id: str, kind: Kind) -> str:
    """Return the id of what a task makes or changes."""
    return f"{run_id}-{kind}"


def target(run_id: str, kind: Kind) -> str:
    """Return the full name of what a task makes or changes."""
    collection = "backups" if kind.makes_backup else "databases"
    return f"{INSTANCE}/{collection}/{resource_id(run_id, kind)}"


def task_of(name: str) -> tuple[str, Kind] | None:
    """Return the run and the task whose target or operation bears a full name, if it is one."""
    resource = name.partition("/operations/")[0]
    run_id, dash, kind = resource.rpartition("/")[2].rpartition("-")
    if not dash or kind not in set(Kind):
        return None
    return run_id, Kind(kind)


DDL = (
    "CREATE TABLE IF NOT EXISTS First (Id INT64) PRIMARY KEY (Id)",
    "CREATE INDEX IF NOT EXISTS FirstById ON First(Id)",
    "CREATE TABLE IF NOT EXISTS Last (Id INT64) PRIMARY KEY (Id)",
)
"""A schema change that does not mind to run twice, so that nothing but the judge would notice."""
MADE_BY_DDL = ("First", "FirstById", "Last")
