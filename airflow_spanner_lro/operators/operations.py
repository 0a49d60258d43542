# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Operators that get, list, cancel and delete operations by their names, whoever started them.

Whoever may edit a task instance may write its XComs, and so name any operation. So a name that an
XCom brings is compared with what its task can have started. A name that stands in the Dag, and one
that other code of its author has returned, is the author's own word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.sdk.definitions.xcom_arg import XComArg

from airflow_spanner_lro import metrics, settings
from airflow_spanner_lro.airflow_internals.dags import authored_task
from airflow_spanner_lro.core.errors import InvalidArgumentError, InvalidNameError
from airflow_spanner_lro.core.kinds import OperationKind
from airflow_spanner_lro.core.ledger.authority import check_kind, check_written
from airflow_spanner_lro.core.ledger.entry import RECORD_KEY, LedgerEntry
from airflow_spanner_lro.core.ledger.evidence import run_began, too_early
from airflow_spanner_lro.core.ledger.record import LedgerFormatError
from airflow_spanner_lro.core.names import ProjectName, operation_name, parse_operation_names
from airflow_spanner_lro.core.operations.errors import CancelNotSettledError, OperationRunningError
from airflow_spanner_lro.core.operations.settlement import Ending, Settlement
from airflow_spanner_lro.core.operations.snapshot import snapshot_to_dict
from airflow_spanner_lro.core.status import Code, code_of
from airflow_spanner_lro.core.text import count_of
from airflow_spanner_lro.error_mapping import map_errors
from airflow_spanner_lro.execution.optional_xcom import OptionalOperationXCom
from airflow_spanner_lro.hooks.arguments import require_deletable
from airflow_spanner_lro.links import SpannerOperationLink, written_once
from airflow_spanner_lro.operators.base import SpannerAdminOperator, SpannerImmediateOperator

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import jinja2
    from airflow.sdk import Context

    from airflow_spanner_lro.core.names import OperationName, ResourceName
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot
    from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook

_FIELD = "operation_name"
_PULL = re.compile(r"xcom_pull\s*\(")
_TEXTS = re.compile(r"""(['"])(.*?)\1""")


class SpannerGetOperationOperator(SpannerImmediateOperator):
    """Look at an operation once.

    Returns what is known about it as a dictionary
    (:func:`~airflow_spanner_lro.core.operations.snapshot.snapshot_to_dict`), also when it failed:
    looking is no judgement. Fails if Spanner does not know the operation.

    :param operation_name: full name of the operation, or what a verb of the hook has returned

    Also accepts the parameters of
    :class:`~airflow_spanner_lro.operators.base.SpannerImmediateOperator`.
    """

    operator_extra_links = (SpannerOperationLink(),)
    template_fields = (*SpannerImmediateOperator.template_fields, "operation_name")

    def __init__(self, *, operation_name: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.operation_name = operation_name

    verb = "read"

    @property
    def target(self) -> ResourceName:
        """The resource that the operation works on."""
        return operation_name(self.operation_name).resource

    def act(self, context: Context) -> dict[str, Any]:  # noqa: ARG002  # needs none
        """Get the operation."""
        snapshot = self.hook.get_operation(name=self.operation_name)
        self.log.info("%s is %s. %s", snapshot.label, snapshot.state, snapshot.name)
        return snapshot_to_dict(snapshot)


class SpannerListOperationsOperator(SpannerImmediateOperator):
    """List operations: all that are pending, and those that ended within seven days.

    Returns a list with a dictionary for each, as
    :class:`~airflow_spanner_lro.operators.operations.SpannerGetOperationOperator` does. Without a
    type these are the operations of the one resource that is named, and not of anything in it.

    :param instance_id: instance to look in; exactly one of this and ``config_id``, save that a
        type of configuration operations without either lists those of the whole project
    :param database_id: only operations of this database; with type ``BACKUP`` backups of it
    :param backup_id: only operations of this backup
    :param partition_id: only operations of this instance partition
    :param config_id: only operations of this instance configuration
    :param list_type: ``INSTANCE``, ``DATABASE``, ``DATABASE_CREATE``, ``DATABASE_UPDATE_DDL``,
        ``DATABASE_CHANGE_QUORUM``, ``DATABASE_RESTORE``, ``BACKUP``, ``INSTANCE_PARTITION``,
        ``INSTANCE_CONFIG_CREATE`` or ``INSTANCE_CONFIG_UPDATE``, in any case, as
        ``gcloud spanner operations list --type`` knows them
    :param operation_filter: more, in the filter language of the API's List*Operations calls
    :param pending_only: only operations that are not done

    Also accepts the parameters of
    :class:`~airflow_spanner_lro.operators.base.SpannerImmediateOperator`.
    """

    template_fields = (
        *SpannerImmediateOperator.template_fields,
        "instance_id",
        "database_id",
        "backup_id",
        "partition_id",
        "config_id",
        "list_type",
        "operation_filter",
    )

    def __init__(
        self,
        *,
        instance_id: str | None = None,
        database_id: str | None = None,
        backup_id: str | None = None,
        partition_id: str | None = None,
        config_id: str | None = None,
        list_type: str | None = None,
        operation_filter: str | None = None,
        pending_only: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.instance_id = instance_id
        self.database_id = database_id
        self.backup_id = backup_id
        self.partition_id = partition_id
        self.config_id = config_id
        self.list_type = list_type
        self.operation_filter = operation_filter
        self.pending_only = pending_only

    verb = "read"

    @property
    def target(self) -> ProjectName:
        """The project to look in."""
        return ProjectName(project=self.project)

    def act(self, context: Context) -> list[dict[str, Any]]:  # noqa: ARG002  # needs none
        """List the operations."""
        found = self.hook.list_operations(
            project_id=self.project,
            instance_id=self.instance_id,
            database_id=self.database_id,
            backup_id=self.backup_id,
            partition_id=self.partition_id,
            config_id=self.config_id,
            list_type=self.list_type,
            filter_=self.operation_filter or "",
            pending_only=self.pending_only,
        )
        running = sum(not each.done for each in found)
        self.log.info("%s found, %s running.", count_of(len(found), "operation"), running)
        return [snapshot_to_dict(snapshot) for snapshot in found]


class SpannerCancelOperationOperator(OptionalOperationXCom, SpannerAdminOperator):
    """Cancel operations and wait for what becomes of them.

    A name that comes as the XCom of a task which starts operations must be of an operation that
    this task can have started in this run: of its kind, with the ids that stand in the Dag, and
    not begun before. Another one fails the task before anything is cancelled. A name that stands
    in the Dag, or that other code of its author has returned, is taken as it is. An operation that
    is only presumed to be its task's, because the start call was never answered, is not cancelled.

    Returns a dictionary from each name to how it ended: ``cancelled``, ``finished first`` or
    ``gone``. An operation that was done already is no error, and neither is one that was never
    started: names may be XComs of tasks that did not run. So the task can be a teardown, or run
    with ``trigger_rule="one_failed"``. All operations are asked to cancel before the first is
    waited for. Those that Spanner would not cancel, or that still run when the time is up, fail
    the task, which says why for each.

    :param operation_name: full name of the operation, or many in a list, or what XComs hold: None
        and empty text are nothing to cancel, and the result of a mapped task is a list in the list
    :param settle_timeout: how long to wait for all the outcomes, in seconds; by default
        ``[spanner_lro] settle_timeout``
    :param clean_up: delete what an operation created, if it had succeeded before the cancel; if
        that is not possible, the task fails

    Also accepts the parameters of
    :class:`~airflow_spanner_lro.operators.base.SpannerAdminOperator`.
    """

    operator_extra_links = (SpannerOperationLink(),)
    template_fields = (*SpannerAdminOperator.template_fields, "operation_name")

    def __init__(
        self,
        *,
        operation_name: str | Sequence[Any] | None,
        settle_timeout: float | None = None,
        clean_up: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.operation_name = operation_name
        self.settle_timeout = settle_timeout
        self.clean_up = clean_up

    def render_template(
        self,
        content: Any,
        context: Context,
        jinja_env: jinja2.Environment | None = None,
        seen_oids: set[int] | None = None,
    ) -> Any:
        """Render a value, and remember which names come from the XComs of which tasks."""
        rendered = super().render_template(content, context, jinja_env, seen_oids)
        # what was mapped is there already, and is nobody's word yet
        if id(content) not in (seen_oids or ()):
            self._claims.note(content, rendered, context)
        return rendered

    @cached_property
    def _claims(self) -> XComClaims:
        return XComClaims()

    def execute(self, context: Context) -> dict[str, str]:
        """Cancel the operations.

        :raises CancelNotSettledError: if any goes on, or may go on, or left something behind
        """
        timeout = self.settle_timeout
        with written_once(self), map_errors():
            names = parse_operation_names(self.operation_name)
            if not names:
                self.log.info("Nothing to cancel: no operation is named.")
                return {}
            spared = self._spared(names, context)
            settlements = self.hook.cancel_operations(
                names=[str(name) for name in names if name not in spared],
                settle_timeout=settings.settle_timeout() if timeout is None else timeout,
                clean_up=self.clean_up,
            )
        of_each = spared | {each.name: each for each in settlements}
        for settlement in settlements:
            metrics.count_cancel(settlement, cause=metrics.Cause.OPERATOR)
            self.log.info("%s %s", settlement.sentence, settlement.name)
        ends = [of_each[name] for name in names]
        if loose := [each for each in ends if not each.settled or each.left_behind]:
            raise CancelNotSettledError(*loose)
        return {str(each.name): each.ending.value for each in ends}

    def _spared(
        self, names: Sequence[OperationName], context: Context
    ) -> dict[OperationName, Settlement]:
        """Check the names that tasks have brought; return what is not to be cancelled of them.

        :raises InvalidArgumentError: if one is of an operation that its task cannot have started
        """
        claims = self._claims
        if dag := context.get("dag"):
            claims.note_expanded(self.operation_name, dag.get_task(self.task_id))
        spared = {}
        for name in names:
            if not claims.tasks(name) or (snapshot := _get_if_known(name, self.hook)) is None:
                continue
            claims.check(snapshot, context=context)
            if claims.presumed(name, context=context):
                ending = Ending.FINISHED_FIRST if snapshot.done else Ending.NOT_SENT
                spared[name] = Settlement(
                    name=name,
                    ending=ending,
                    snapshot=snapshot,
                    detail="it is only presumed to be its task's",
                )
        return spared


class SpannerDeleteOperationOperator(SpannerImmediateOperator):
    """Delete the records of finished operations, of instances, partitions and configurations.

    What the operations did stays. Succeeds if there is no such record, so it can be repeated. An
    operation that still runs fails the task, before any record is deleted: without its record it
    could be neither seen nor cancelled. Spanner does not support this for operations of databases
    and backups, and forgets those by itself.

    :param operation_name: full name of the operation, or many in a list, or what XComs hold: None
        and empty text are nothing to delete

    Also accepts the parameters of
    :class:`~airflow_spanner_lro.operators.base.SpannerImmediateOperator`.
    """

    template_fields = (*SpannerImmediateOperator.template_fields, "operation_name")

    def __init__(self, *, operation_name: str | Sequence[Any] | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.operation_name = operation_name

    verb = "deleted"

    @property
    def target(self) -> ProjectName:
        """The project that the operations belong to."""
        return ProjectName(project=self._names[0].resource.project)

    @property
    def _names(self) -> list[OperationName]:
        names = list(parse_operation_names(self.operation_name))
        for name in names:
            require_deletable(name)
        return names

    def execute(self, context: Context) -> None:
        """Delete the records, if there are any to delete."""
        with map_errors():
            names = self._names
        if names:
            super().execute(context)
        else:
            self.log.info("Nothing to delete: no operation is named.")

    def act(self, context: Context) -> None:  # noqa: ARG002  # needs none
        """Delete the records.

        :raises OperationRunningError: if one of the operations is not done
        """
        found = {name: _get_if_known(name, self.hook) for name in self._names}
        for name, snapshot in found.items():
            if snapshot is None:
                self.log.info("%s has no record: there is nothing to delete. %s", name.label, name)
            elif not snapshot.done:
                raise OperationRunningError(name)
        for name in (name for name, snapshot in found.items() if snapshot):
            try:
                self.hook.delete_operation(name=str(name))
            except Exception as exc:
                # somebody else was faster
                if code_of(exc) is not Code.NOT_FOUND:
                    raise
            self.log.info("%s was deleted: only its record is gone. %s", name.label, name)


def _get_if_known(name: OperationName, hook: SpannerAdminHook) -> OperationSnapshot | None:
    try:
        return hook.get_operation(name)
    except Exception as exc:
        if code_of(exc) is Code.NOT_FOUND:
            return None
        raise


class XComClaims:
    """Which tasks have named which operations."""

    def __init__(self) -> None:
        # values as they came, by the tasks that start operations and are asked for them; what a
        # mapped task returned is read when it is needed, and not while the parameter is rendered
        self._noted: list[tuple[list[Any], Any]] = []

    def note(self, content: Any, rendered: Any, context: Context) -> None:
        """Take note of what a part of the parameter has been rendered to."""
        if isinstance(content, list | tuple | dict | set):
            return  # each item of it is rendered, and noted, by itself
        self._noted.append((_starting(_named_in(content, context)), rendered))

    def note_expanded(self, values: Any, operator: Any) -> None:
        """Take note of what a mapped cancel operator was expanded over, which is not rendered."""
        expanded = getattr(operator, getattr(operator, "_expand_input_attr", ""), None)
        if expanded is not None:
            references = XComArg.iter_xcom_references(expanded.value)
            if tasks := _starting(each for each, _ in references):
                self._noted.append((tasks, values))

    def tasks(self, name: OperationName) -> list[Any]:
        """Return the tasks that an operation must be of; none if its name is the author's word."""
        found = [tasks for tasks, value in self._noted if name in _operations_in(value)]
        return [task for tasks in found for task in tasks] if all(found) else []

    def check(self, snapshot: OperationSnapshot, *, context: Context) -> None:
        """Check that an operation is what one of the tasks that name it is to have started.

        :raises InvalidArgumentError: if it is not
        """
        tasks = self.tasks(snapshot.name)
        wrong = [_objection(snapshot, task, context) for task in tasks]
        if wrong and all(wrong):
            rule = f"it came by XCom, and is not what that task started. {wrong[0]}"
            raise InvalidArgumentError(field=_FIELD, value=str(snapshot.name), rule=rule)

    def presumed(self, name: OperationName, *, context: Context) -> bool:
        """Tell whether a task says itself that an operation is only presumed to be its own."""
        return any(
            name in entry.operations and not entry.may_cancel
            for task in self.tasks(name)
            for entry in _published(task, context)
        )


def _objection(snapshot: OperationSnapshot, operator: Any, context: Context) -> str | None:
    if snapshot.kind is None:
        return "This release does not know its kind of operation."
    task, resource = authored_task(operator), snapshot.name.resource
    refusal = check_kind(snapshot.kind, task=task) or check_written(resource, task=task)
    if refusal:
        return refusal.sentence
    return too_early(snapshot, began=run_began(context.get("dag_run")))


def _published(operator: Any, context: Context) -> Iterator[LedgerEntry]:
    records: Any = context["ti"].xcom_pull(task_ids=operator.task_id, key=RECORD_KEY)
    many = isinstance(records, Iterable) and not isinstance(records, Mapping | str)
    for record in records if many else [records]:
        try:
            yield LedgerEntry.from_record(record)
        except LedgerFormatError:
            # none, or not to be read; the name itself was checked
            continue


def _named_in(content: Any, context: Context) -> Iterator[Any]:
    """Yield the operators of the tasks whose XComs a part of a parameter asks for."""
    if isinstance(content, XComArg):
        yield from (operator for operator, _ in content.iter_references())
    dag = context.get("dag")
    if isinstance(content, str) and dag is not None and _PULL.search(content):
        for _, text in _TEXTS.findall(content):
            if dag.has_task(text):
                yield dag.get_task(text)


def _starting(operators: Iterable[Any]) -> list[Any]:
    """Return those of some operators that start operations."""
    classes = ((each, getattr(each, "operator_class", type(each))) for each in operators)
    return [each for each, cls in classes if isinstance(getattr(cls, "kind", None), OperationKind)]


def _operations_in(value: Any) -> Iterator[OperationName]:
    if isinstance(value, Iterable) and not isinstance(value, Mapping | str | bytes):
        for each in value:
            yield from _operations_in(each)
    else:
        with suppress(InvalidNameError):
            yield operation_name(value)
