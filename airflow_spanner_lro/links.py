# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Links from a task to the Cloud console: to the operation, and to what it works on.

Airflow 3.3.2 asks for a link in the task's own process at each end of a run, also when the task
defers, and keeps the answer as an XCom, which the web server shows. So a link is found from the
rendered parameters. An empty link is not shown: where an emulator is used, where nothing was asked
of Spanner yet, where a parameter is wrong.

Each write is a request to Airflow, and each XCom another one for the next try, which deletes it. So
a link is written once, by the process that knows it first, and an empty one never. What a task is
to make has no page before it is made; what holds it is shown until then.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperatorLink
from airflow.sdk.exceptions import AirflowRuntimeError

from airflow_spanner_lro.airflow_internals import pushed_value
from airflow_spanner_lro.core.errors import SpannerLroError
from airflow_spanner_lro.core.ledger.entry import OPERATION_NAME_KEY
from airflow_spanner_lro.core.links import console_url
from airflow_spanner_lro.core.names import (
    BackupName,
    BackupScheduleName,
    DatabaseName,
    InstanceName,
    OperationName,
    ProjectName,
    operation_name,
    resolve_name,
)
from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey

    from airflow_spanner_lro.core.kinds import OperationKind
    from airflow_spanner_lro.core.names import ResourceName
    from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook


_HELD = "_held_links"
_MADE = "_made"
BEGUN = "begun"
"""The attribute by which an operator that starts operations tells which one this process began."""


class SpannerConsoleLink(BaseOperatorLink):
    """A link to what a task works on; subclasses say to which part of that."""

    name: ClassVar[str]

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """Return the address, or empty text where there is nothing to show."""
        if _hook_of(operator) is not None:
            return self.address(operator)
        try:
            return _pushed(self.xcom_key, ti_key=ti_key)
        except AirflowRuntimeError:
            return ""

    def address(self, operator: BaseOperator) -> str:
        """Return the address from what this process knows, or empty text."""
        hook = _hook_of(operator)
        if hook is None:
            return ""
        try:
            resource = self.find(operator) if hook.connection_spec.in_google_cloud else None
            if resource and _is_to_be_made(resource, operator=operator):
                resource = self.instead(resource)
        except SpannerLroError:
            # what is wrong was said when the task ran
            return ""
        return console_url(resource) if resource else ""

    def instead(self, resource: ResourceName) -> ResourceName | None:  # noqa: ARG002  # for others
        """Return what to show of a resource that has no page as long as nobody has made it."""
        return None

    @abstractmethod
    def find(self, operator: Any) -> ResourceName | None:
        """Return the resource to show, None if the task has none of this sort."""


class SpannerOperationLink(SpannerConsoleLink):
    """To the operation: the console has no page for one, so it is what the operation works on."""

    name = "Spanner operation"

    def find(self, operator: Any) -> ResourceName | None:
        """Return what the operation of the parameters works on, or that this process began."""
        given = getattr(operator, OPERATION_NAME_KEY, None)
        if isinstance(given, str | Mapping | OperationName | OperationSnapshot):
            return operation_name(given).resource if given else None
        begun: OperationName | None = getattr(operator, BEGUN, None)
        return begun.resource if begun else None

    def instead(self, resource: ResourceName) -> ResourceName | None:
        """Return what holds the resource, which a list there shows as soon as there is one."""
        if isinstance(resource, DatabaseName):
            return resource.instance_name
        return ProjectName(project=resource.project)


class SpannerBackupLink(SpannerConsoleLink):
    """To the backup: the list of the backups of its instance."""

    name = "Spanner backup"

    def find(self, operator: Any) -> ResourceName | None:
        """Return the backup that is worked on, or the one that is restored."""
        target = _target(operator)
        if isinstance(target, BackupName):
            return target
        source = getattr(operator, "source_backup", None)
        return resolve_name(BackupName, source, within=target) if source and target else None


class SpannerDatabaseLink(SpannerConsoleLink):
    """To the database."""

    name = "Spanner database"

    def find(self, operator: Any) -> ResourceName | None:
        """Return the database that is worked on, or the one that is backed up."""
        target = _target(operator)
        if isinstance(target, DatabaseName):
            return target
        if isinstance(target, BackupScheduleName):
            return target.database_name
        database = getattr(operator, "database_id", None)
        return resolve_name(DatabaseName, database, within=target) if database and target else None


class SpannerInstanceLink(SpannerConsoleLink):
    """To the instance."""

    name = "Spanner instance"

    def find(self, operator: Any) -> ResourceName | None:
        """Return the instance that is worked on, or that holds what is worked on."""
        target = _target(operator)
        if not isinstance(target, InstanceName):
            return None
        return InstanceName(project=target.project, instance=target.instance)


LINKS = (
    SpannerOperationLink(),
    SpannerBackupLink(),
    SpannerDatabaseLink(),
    SpannerInstanceLink(),
)
"""All of them, for an operator whose family is not known."""


@contextmanager
def written_once(operator: BaseOperator, *, resumed: bool = False) -> Iterator[None]:
    """Let Airflow write only links that this process is the first to know, once it ends.

    Airflow 3.3.2 writes each link that the executed operator has, and keeps what was written over a
    deferral. Links that are not ours stay.

    :param resumed: a process before this one has deferred the task
    """
    hold_back(operator)
    links: tuple[BaseOperatorLink, ...] = vars(operator)[_HELD]
    before: list[str | None] = [None for _ in links]
    try:
        yield
        if resumed:
            before = [_address(link, operator=operator) for link in links]
        vars(operator)[_MADE] = getattr(operator, "wait_for_completion", True)
    finally:
        operator.operator_extra_links = tuple(
            link
            for link, address in zip(links, before, strict=True)
            if not isinstance(link, SpannerConsoleLink)
            or _is_news(link, operator=operator, before=address, resumed=resumed)
        )


def hold_back(operator: BaseOperator) -> None:
    """Let Airflow write no console link of this process yet, whatever becomes of it.

    Airflow writes what a link returns, and a link that leads nowhere as well: a row among the
    XComs without a value.
    """
    if _HELD in vars(operator):
        return
    links = vars(operator)[_HELD] = tuple(operator.operator_extra_links)
    operator.operator_extra_links = tuple(
        link for link in links if not isinstance(link, SpannerConsoleLink)
    )


def _is_news(
    link: SpannerConsoleLink,
    *,
    operator: BaseOperator,
    before: str | None,
    resumed: bool,
) -> bool:
    """Tell whether a link leads somewhere that no process before has written down."""
    address = _address(link, operator=operator)
    if not resumed:
        # what breaks is left to Airflow, which logs it
        return address is None or bool(address)
    # an operation may have been started only now, after a wait for a slot
    begun = isinstance(link, SpannerOperationLink) and hasattr(operator, BEGUN)
    return bool(address) and (begun or (before is not None and address != before))


def _address(link: BaseOperatorLink, *, operator: BaseOperator) -> str | None:
    try:
        return link.address(operator) if isinstance(link, SpannerConsoleLink) else None
    except Exception:  # noqa: BLE001  # no link fails a task
        return None


def _is_to_be_made(resource: ResourceName, *, operator: BaseOperator) -> bool:
    """Tell whether a resource has no page of its own yet: it is being made, or could not be."""
    kind: OperationKind | None = getattr(operator, "kind", None)
    if kind is None or not kind.creates or vars(operator).get(_MADE):
        return False
    return type(resource) in {DatabaseName, InstanceName} and resource == _target(operator)


def _hook_of(operator: BaseOperator) -> SpannerAdminHook | None:
    """Return the hook, which is made when first used: without one, nothing was asked so far."""
    hook: SpannerAdminHook | None = vars(operator).get("hook")
    return hook


def _target(operator: Any) -> ResourceName | None:
    target: ResourceName | None = getattr(operator, "target", None)
    return target


def _pushed(key: str, *, ti_key: TaskInstanceKey) -> str:
    """Return the text that the task instance has pushed under a key, empty if there is none."""
    value = pushed_value(key, ti_key=ti_key)
    return value if isinstance(value, str) else ""
