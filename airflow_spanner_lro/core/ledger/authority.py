# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Whether a record may send us to Spanner, and by which way: pure decisions.

A ledger entry or its XCom is written by whoever may edit the task instance; what the task itself
asks for is written by the author of its Dag. So the author's task says through which connection, as
whom, and on what; a record that says something else is refused before any request is sent.

The connection, by the first row that fits (*assumed*: nothing is written where Airflow keeps it, so
the class says it, or a task group):

======== ======== =========== ======================================== =========================
Dag      written  allow-list  record says                              verdict
======== ======== =========== ======================================== =========================
gone     any      no          anything                                 refused: Dag is gone
gone     any      yes         no impersonation                         the record's way
gone     any      yes         an impersonation chain                   refused: Dag is gone
here     literal  any         the same                                 the task's way
here     literal  any         another                                  refused: another way
here     assumed  any         the default, and was rendered as that    the task's way
here     template no          anything                                 refused: a template
here     template yes         as rendered, or nobody knows             the record's way
here     template yes         not as rendered                          refused: another way
======== ======== =========== ======================================== =========================

What is assumed and does not fit its row is judged as a template. An impersonation chain is judged
by the same rows, with its connection in the allow-list; but where nobody knows what it was rendered
to, there must be none. What a user can render the task with, the task itself has used.

The operator's class: one of ours starts one kind, and no other; one that starts nothing starts
nothing. A class that is not ours cannot be checked, and may be a subclass of one of ours.

The target, id by id: as the literal says; else as rendered; refused where neither is known. A
project that the task does not name is the connection's, which whoever has the way must compare.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.connection import ConnectionSpec
from airflow_spanner_lro.core.kinds import KINDS
from airflow_spanner_lro.core.names import same_project
from airflow_spanner_lro.core.text import escape_unprintable, shorten

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from airflow_spanner_lro.core.kinds import OperationKind
    from airflow_spanner_lro.core.ledger.entry import LedgerEntry
    from airflow_spanner_lro.core.names import ResourceName

CONNECTION, CHAIN, PROJECT = "gcp_conn_id", "impersonation_chain", "project_id"
"""Parameters of every operator of ours."""
OURS = "airflow_spanner_lro."
"""What the module of a class of ours begins with."""

_STARTERS = {f"Spanner{kind.method}Operator": kind for kind in KINDS if kind.rpc}
"""Our operators by what they start."""
# whatever might be a template in some delimiters, or the representation of an object, is none
_LITERAL = re.compile(r"[\w.:@/-]+", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthoredTask:
    """A task as the author of its Dag wrote it, before anything was rendered.

    :param task_type: name of its operator's class
    :param module: where that class is
    :param written: its parameters; None is a value, and what is missing it does not have
    :param assumed: those for which nothing is written where Airflow keeps it
    """

    task_type: str
    module: str
    written: Mapping[str, object]
    assumed: frozenset[str] = frozenset()

    def literal(self, name: str) -> bool:
        """Tell whether it is known what a parameter was for every instance of the task."""
        if name not in self.written or name in self.assumed:
            return False
        value = self.written[name]
        return all(map(_is_literal, value)) if isinstance(value, list) else _is_literal(value)


def _is_literal(value: object) -> bool:
    return value is None or (isinstance(value, str) and bool(_LITERAL.fullmatch(value)))


class Reason(StrEnum):
    """Why a record is refused, in a few words."""

    DEPLOYMENT = "another deployment"
    DAG_GONE = "its Dag is gone"
    TEMPLATE = "connection made by a template"
    WAY = "another connection"
    ENDPOINT = "another endpoint"
    KIND = "another kind"
    TARGET = "another target"
    NOT_RENDERED = "target not known any more"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A record that nobody acts on.

    :param sentence: what is wrong, and what to do
    """

    reason: Reason
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """The way to an operation; its endpoint is decided by the connection and the environment here.

    :param own_project: the target must be in the connection's own project
    """

    connection_spec: ConnectionSpec
    own_project: bool = False


def authorise_published(
    entry: LedgerEntry, *, task: AuthoredTask, allowed: Collection[str], deployment: str
) -> Grant | Refusal:
    """Decide the same of what a task has published, where nobody can see what it rendered to.

    The target is checked as far as its ids are literals.
    """
    if entry.deployment != deployment:
        return _other_deployment(entry, deployment=deployment)
    refusal = (
        _way(entry, task=task, rendered=None, allowed=allowed)
        or check_kind(entry.kind, task=task)
        or check_written(entry.target, task=task)
    )
    own_project = task.literal(PROJECT) and not task.written[PROJECT]
    return refusal or Grant(
        connection_spec=_undecided(entry.connection_spec), own_project=own_project
    )


def authorise_given(
    entry: LedgerEntry, *, connection_spec: ConnectionSpec, deployment: str
) -> Grant | Refusal:
    """Decide the same where no task is at hand, and the way is given by who asks.

    :param connection_spec: with an endpoint that is not decided yet
    """
    if entry.deployment != deployment:
        return _other_deployment(entry, deployment=deployment)
    if _undecided(entry.connection_spec) == connection_spec:
        return Grant(connection_spec=connection_spec)
    chain = list(entry.connection_spec.impersonation_chain)
    also = f", impersonation_chain={_shown(chain)}" if chain else ""
    return Refusal(
        reason=Reason.WAY,
        sentence=(
            f"Refused: it was started through {_way_of(entry.connection_spec)}, and no Dag is at "
            "hand that vouches for it. If that is right, give the notifier gcp_conn_id="
            f"{_shown(repr(entry.connection_spec.gcp_conn_id))}{also}."
        ),
    )


def authorise(
    entry: LedgerEntry,
    *,
    task: AuthoredTask | None,
    rendered: Mapping[str, object] | None,
    allowed: Collection[str],
    deployment: str,
) -> Grant | Refusal:
    """Decide by which way an entry's operation may be reached, if at all.

    :param task: None if its Dag, or the task in it, is gone
    :param rendered: what its templates came to; None if Airflow does not have it any more
    :param allowed: connections that an entry may name where the task does not
    :param deployment: the name of this one
    """
    if entry.deployment != deployment:
        return _other_deployment(entry, deployment=deployment)
    if task is None:
        return _orphaned(entry, allowed=allowed)
    refusal = (
        _way(entry, task=task, rendered=rendered, allowed=allowed)
        or check_kind(entry.kind, task=task)
        or check_target(entry.target, task=task, rendered=rendered)
    )
    if refusal:
        return refusal
    known = task.written.get(PROJECT) if task.literal(PROJECT) else (rendered or {}).get(PROJECT)
    return Grant(connection_spec=_undecided(entry.connection_spec), own_project=not known)


def confirm(
    entry: LedgerEntry, *, connection_spec: ConnectionSpec, project: str | None = None
) -> Refusal | None:
    """Check an entry against where its way leads from here; None if it leads to the same.

    :param connection_spec: with the endpoint of the connection and the environment here
    :param project: the connection's own, if the target must be in it
    """
    if connection_spec.endpoint != entry.connection_spec.endpoint:
        return Refusal(
            reason=Reason.ENDPOINT,
            sentence=(
                f"Refused: the entry says that it was started at {_at(entry.connection_spec)}, and "
                f"connection {_shown(connection_spec.gcp_conn_id)} leads to {_at(connection_spec)} "
                "from here. If the worker had another SPANNER_EMULATOR_HOST or connection, run "
                "this where it is the same."
            ),
        )
    target = entry.target
    if project is not None and not same_project(target.project, project):
        return _other_target("project", project, "the project of its connection")
    return None


def check_kind(kind: OperationKind, *, task: AuthoredTask) -> Refusal | None:
    """Check that a task may have started an operation of a kind; None if so, or nobody knows."""
    starts = _STARTERS.get(task.task_type)
    known = starts is not None or task.module.startswith(OURS)
    if kind.rpc and (not known or kind is starts):
        return None
    return Refusal(
        reason=Reason.KIND,
        sentence=f"Refused: its task is a {_shown(task.task_type)}, which does not start this: "
        f"{kind.title}.",
    )


def check_target(
    target: ResourceName, *, task: AuthoredTask, rendered: Mapping[str, object] | None
) -> Refusal | None:
    """Check that a target is what a task asks for; None if it is."""
    for field in fields(target):
        name, id_ = f"{field.name}_id", getattr(target, field.name)
        if task.literal(name):
            asked, by = task.written[name], "written in its Dag"
        elif name in task.written and rendered is not None and name in rendered:
            asked, by = rendered[name], "what Airflow has rendered for its task"
        else:
            return _not_rendered(task, name)
        if name == PROJECT:
            if asked and not same_project(id_, str(asked)):
                return _other_target(field.name, asked, by)
        elif asked != id_:
            return _other_target(field.name, asked, by)
    return None


def check_written(target: ResourceName, *, task: AuthoredTask) -> Refusal | None:
    """Check a target against those ids that are written in the Dag, where nothing more is known."""
    for field in fields(target):
        name, id_ = f"{field.name}_id", getattr(target, field.name)
        if not task.literal(name):
            continue
        asked = task.written[name]
        same = not asked or same_project(id_, str(asked)) if name == PROJECT else asked == id_
        if not same:
            return _other_target(field.name, asked, "written in its Dag")
    return None


def _orphaned(entry: LedgerEntry, *, allowed: Collection[str]) -> Grant | Refusal:
    spec = entry.connection_spec
    if spec.gcp_conn_id in allowed and not spec.impersonation_chain:
        return Grant(connection_spec=_undecided(spec))
    return Refusal(
        reason=Reason.DAG_GONE,
        sentence=(
            "Refused: its task is not in Airflow's Dags any more, so nobody vouches for "
            f"{_way_of(spec)}. {_allow(spec)}"
        ),
    )


def _way(
    entry: LedgerEntry,
    *,
    task: AuthoredTask,
    rendered: Mapping[str, object] | None,
    allowed: Collection[str],
) -> Refusal | None:
    spec, values = entry.connection_spec, rendered or {}
    for name, says in (
        (CONNECTION, spec.gcp_conn_id),
        (CHAIN, spec.impersonation_chain),
    ):
        written = _compared(task.written.get(name), name)
        if task.literal(name):
            if written != says:
                return _other_way(spec, task.written[name], name, "its task")
            continue
        known = name in values
        made = _compared(values[name], name) if known else None
        if name in task.assumed and known and made == says == written:
            continue
        if spec.gcp_conn_id not in allowed:
            return _templated(spec, name, task)
        if known and made != says:
            return _other_way(spec, values[name], name, "its task, as rendered,")
        if not known and name == CHAIN and says:
            return _templated(spec, name, task)
    return None


def _compared(value: object, name: str) -> object:
    """Return a connection id, or a chain as a tuple, in the form of a connection spec."""
    if name == CONNECTION:
        return value
    if value is None or value == "":
        return ()
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def _undecided(spec: ConnectionSpec) -> ConnectionSpec:
    return ConnectionSpec(
        gcp_conn_id=spec.gcp_conn_id,
        impersonation_chain=spec.impersonation_chain,
        endpoint=None,
    )


def _other_deployment(entry: LedgerEntry, *, deployment: str) -> Refusal:
    return Refusal(
        reason=Reason.DEPLOYMENT,
        sentence=(
            f"Refused: deployment {_shown(entry.deployment) or '(none)'} wrote the entry, and this "
            f"is {_shown(deployment) or '(none)'} ([spanner_lro] deployment)."
        ),
    )


def _templated(spec: ConnectionSpec, name: str, task: AuthoredTask) -> Refusal:
    if name in task.assumed or name not in task.written:
        why = f"{name} of its task is not written where Airflow keeps it"
    else:
        why = f"{name} of its task is made by a template"
    return Refusal(
        reason=Reason.TEMPLATE,
        sentence=f"Refused: {why}, so nobody vouches for {_way_of(spec)}. {_allow(spec)}",
    )


def _other_way(spec: ConnectionSpec, asked: object, name: str, who: str) -> Refusal:
    return Refusal(
        reason=Reason.WAY,
        sentence=f"Refused: the entry names {_way_of(spec)}, and {who} has "
        f"{name}={_shown(asked) or 'none'}.",
    )


def _other_target(field: str, asked: object, by: str) -> Refusal:
    return Refusal(
        reason=Reason.TARGET,
        sentence=f"Refused: the {field} is {_shown(asked)}, {by}, and the entry names another one.",
    )


def _not_rendered(task: AuthoredTask, name: str) -> Refusal:
    if name in task.written:
        why = f"{name} is made by a template, and Airflow does not have what it came to any more"
    else:
        why = f"its task, a {_shown(task.task_type)}, has no {name} that Airflow keeps"
    return Refusal(
        reason=Reason.NOT_RENDERED,
        sentence=f"Refused: {why}, so the target cannot be checked. See to its operation yourself.",
    )


def _allow(spec: ConnectionSpec) -> str:
    return (
        "If it is right, see to its operation yourself, or add the connection to [spanner_lro] "
        f"reaper_connections: {_shown(spec.gcp_conn_id)}."
    )


def _way_of(spec: ConnectionSpec) -> str:
    chain = "".join(f" as {_shown(each)}" for each in spec.impersonation_chain[-1:])
    return f"connection {_shown(spec.gcp_conn_id)}{chain}"


def _at(spec: ConnectionSpec) -> str:
    return _shown(spec.endpoint) or "Google's own endpoint"


def _shown(value: object) -> str:
    return shorten(escape_unprintable(str(value)), length=100) if value else ""
