# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A task as the author of its Dag wrote it, read from its operator or from the serialised Dag.

Nothing of Airflow is imported here: an operator is asked for its attributes, and a serialised Dag
is JSON, in the form of ``airflow/serialization/serialized_objects.py`` (Airflow 3.3.2):

- an operator has its template fields as they were given, except those that are None;
- a mapped one has what was given to ``partial`` and ``expand``; the Dag's default arguments stand
  beside it, those of task groups nowhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.ledger.authority import CHAIN, CONNECTION, OURS, PROJECT, AuthoredTask

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

_DEFAULTS = {PROJECT: None, CONNECTION: "google_cloud_default", CHAIN: None}
"""What ``SpannerAdminOperator`` takes where nothing is given."""
_MAPPED = object()
"""What a parameter is that each instance of a mapped task has a value of its own for."""


def tasks_of(dag: Mapping[str, Any]) -> dict[str, AuthoredTask]:
    """Return the tasks of a serialised Dag by their ids.

    :param dag: its JSON, from the key ``dag`` on
    """
    defaults = _plain(dag.get("default_args")) or {}
    grouped = set(_in_groups(dag.get("task_group") or {}))
    tasks = (each["__var"] for each in dag["tasks"])
    return {
        task["task_id"]: _serialised(task, defaults=defaults, grouped=task["task_id"] in grouped)
        for task in tasks
    }


def task_of(operator: Any) -> AuthoredTask:
    """Return a task by its operator, mapped or not, whose template fields are not rendered.

    A subclass of one of our operators is told as that operator.
    """
    class_ = getattr(operator, "operator_class", type(operator))
    ours = next((each for each in class_.__mro__ if each.__module__.startswith(OURS)), class_)
    given = getattr(operator, "partial_kwargs", None)
    if given is None:
        fields = {name: getattr(operator, name, None) for name in operator.template_fields}
        plain = {name: _listed(value) for name, value in fields.items()}
        return AuthoredTask(task_type=ours.__name__, module=ours.__module__, written=plain)
    dag, group = getattr(operator, "dag", None), getattr(operator, "task_group", None)
    expanded = getattr(operator, operator._expand_input_attr).value  # noqa: SLF001  # no other way
    written, assumed = _mapped(
        fields=operator.template_fields,
        given={name: _listed(value) for name, value in given.items()},
        expanded=_names(expanded),
        overridden=not operator._disallow_kwargs_override,  # noqa: SLF001
        defaults={**getattr(dag, "default_args", {}), **getattr(group, "default_args", {})},
        certain=ours is class_,
    )
    return AuthoredTask(
        task_type=ours.__name__, module=ours.__module__, written=written, assumed=assumed
    )


def _serialised(
    task: Mapping[str, Any], *, defaults: Mapping[str, Any], grouped: bool
) -> AuthoredTask:
    task_type, module = str(task["task_type"]), str(task["_task_module"])
    fields = task.get("template_fields", ())
    if not task.get("_is_mapped"):
        plain = {name: task.get(name) for name in fields}
        return AuthoredTask(task_type=task_type, module=module, written=plain)
    written, assumed = _mapped(
        fields=fields,
        given={name: _plain(each) for name, each in task.get("partial_kwargs", {}).items()},
        expanded=_names(_plain(task[task["_expand_input_attr"]]["value"])),
        overridden=not task.get("_disallow_kwargs_override", False),
        defaults=defaults,
        # a task group has default arguments of its own, and another class other defaults
        certain=not grouped and module.startswith(OURS),
    )
    return AuthoredTask(task_type=task_type, module=module, written=written, assumed=assumed)


def _mapped(
    *,
    fields: Iterable[str],
    given: Mapping[str, Any],
    expanded: Collection[str] | None,
    overridden: bool,
    defaults: Mapping[str, Any],
    certain: bool,
) -> tuple[Mapping[str, Any], frozenset[str]]:
    """Return what is written for a mapped task, and which of that is only assumed.

    :param expanded: what each instance has its own value for; None if only a run can tell
    :param overridden: it may be what is given as well
    :param certain: where nothing is given, the default arguments are these
    """
    written: dict[str, Any] = {}
    assumed = set()
    for name in fields:
        if name in given and not (overridden and expanded is None):
            written[name] = given[name]
        elif name in defaults or name in _DEFAULTS:
            written[name] = _listed(defaults.get(name, _DEFAULTS.get(name)))
            if expanded is None or not certain:
                assumed.add(name)
        if name in (expanded or ()) or (expanded is None and name not in written):
            written[name] = _MAPPED
            assumed.discard(name)
    return written, frozenset(assumed)


def _names(expanded: Any) -> Collection[str] | None:
    """Return the parameters that are expanded; None if that is a matter of what comes in."""
    if isinstance(expanded, dict):
        return set(expanded)
    if isinstance(expanded, list | tuple) and all(isinstance(each, dict) for each in expanded):
        return {name for each in expanded for name in each}
    return None


def _in_groups(group: Mapping[str, Any]) -> Iterable[str]:
    """Yield the tasks that are in a group within a group."""
    for kind, child in (group.get("children") or {}).values():
        if kind == "taskgroup":
            yield from _all_in(child)


def _all_in(group: Mapping[str, Any]) -> Iterable[str]:
    for kind, child in (group.get("children") or {}).values():
        if kind == "taskgroup":
            yield from _all_in(child)
        else:
            yield str(child)


def _plain(value: Any) -> Any:
    """Return a value without Airflow's wrapping of dictionaries, lists and tuples."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, dict) and value.keys() == {"__var", "__type"}:
        inner = value["__var"]
        match value["__type"]:
            case "dict":
                return {name: _plain(each) for name, each in inner.items()}
            case "tuple":
                return [_plain(each) for each in inner]
            case _:
                return _MAPPED
    return value


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
