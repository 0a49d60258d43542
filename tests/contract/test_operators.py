# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What every operator and sensor keeps: its parameters are attributes, templates and documents."""

from __future__ import annotations

import inspect
import json
import re
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.serialization.serialized_objects import DagSerialization

from airflow_spanner_lro.operators.base import SpannerAdminOperator
from airflow_spanner_lro.operators.operation import SpannerOperationOperator
from airflow_spanner_lro.sensors.base import SpannerInstanceSensor, SpannerSensor
from tests.contract.conftest import PACKAGE
from tests.contract.required import REQUIRED

CONCRETE = pytest.mark.parametrize("class_", REQUIRED, ids=lambda class_: class_.__name__)
BASES = (SpannerAdminOperator, SpannerOperationOperator, SpannerSensor, SpannerInstanceSensor)
DOCUMENTED = pytest.mark.parametrize(
    "class_",
    [*REQUIRED, *BASES],
    ids=lambda class_: class_.__name__,
)


def own_parameters(class_: type[Any]) -> list[str]:
    """Return the parameters that a class adds to those of its base."""
    signature = inspect.signature(vars(class_)["__init__"])
    return [
        name
        for name, parameter in signature.parameters.items()
        if name != "self" and parameter.kind is not inspect.Parameter.VAR_KEYWORD
    ]


@CONCRETE
def test_template_fields_are_attributes(class_: type[Any]) -> None:
    """Each template field is an attribute of an operator, named once."""
    operator = class_(task_id="task", **REQUIRED[class_])

    assert [] == [name for name in class_.template_fields if not hasattr(operator, name)]
    assert len(set(class_.template_fields)) == len(class_.template_fields)


@CONCRETE
def test_every_identifier_is_a_template(class_: type[Any]) -> None:
    """What says where and what can be templated, with the base's fields first."""
    fields = list(class_.template_fields)

    assert set(REQUIRED[class_]) <= set(fields)
    assert {"gcp_conn_id", "impersonation_chain"} <= set(fields)
    if issubclass(class_, SpannerAdminOperator):
        base = list(SpannerAdminOperator.template_fields)
        assert base == fields[: len(base)]


@CONCRETE
def test_template_fields_are_in_order(class_: type[Any]) -> None:
    """The order of template fields is that of the code: a tuple, never a set."""
    own = [name for name in class_.template_fields if name in own_parameters(class_)]

    assert isinstance(class_.template_fields, tuple)
    assert [name for name in own_parameters(class_) if name in own] == own


@DOCUMENTED
def test_docstring_has_exactly_the_own_parameters(class_: type[Any]) -> None:
    """A docstring documents each own parameter, in order, and leaves the base's to the base."""
    documented = re.findall(r":param (\w+):", inspect.getdoc(class_) or "")

    assert own_parameters(class_) == documented


@DOCUMENTED
def test_docstring_leads_to_the_base(class_: type[Any]) -> None:
    """A docstring says where the other parameters are, unless the base is Airflow's own."""
    bases = [base.__name__ for base in class_.__bases__]
    text = inspect.getdoc(class_) or ""

    assert any(base in text for base in bases) or class_ is SpannerAdminOperator


@CONCRETE
def test_parameters_are_keywords(class_: type[Any]) -> None:
    """Every parameter is given by keyword."""
    kinds = {
        parameter.kind
        for name, parameter in inspect.signature(vars(class_)["__init__"]).parameters.items()
        if name != "self"
    }

    assert kinds <= {inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD}


@CONCRETE
def test_default_args_reach_parameters(class_: type[Any]) -> None:
    """A Dag's default_args fill required, shared and own parameters alike."""
    shared: dict[str, Any] = {"gcp_conn_id": "elsewhere", "impersonation_chain": ["a@example.com"]}
    if issubclass(class_, SpannerAdminOperator):
        shared |= {"project_id": "project"}
    if issubclass(class_, SpannerOperationOperator):
        shared |= {
            "wait_for_completion": False,
            "deferrable": True,
            "poll_interval": 5.0,
            "operation_timeout": timedelta(hours=1),
            "cancel_on_kill": False,
            "cancel_on_timeout": False,
            "clean_up": True,
            "durable": False,
            "wait_for_slot": False,
        }
    arguments = REQUIRED[class_] | shared

    with DAG("dag", schedule=None, default_args=arguments):
        operator = class_(task_id="task")

    assert arguments == {name: getattr(operator, name) for name in arguments}


@CONCRETE
def test_mapping(class_: type[Any]) -> None:
    """An operator can be expanded over one of its parameters."""
    rest = dict(REQUIRED[class_])
    name, value = rest.popitem()

    with DAG("dag", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)) as dag:
        class_.partial(task_id="task", **rest).expand(**{name: [value]})

    assert dag.get_task("task").is_mapped


@CONCRETE
def test_templates_are_rendered(class_: type[Any]) -> None:
    """Each text among the required arguments may be a template."""
    texts = {name for name, value in REQUIRED[class_].items() if isinstance(value, str)}
    arguments = REQUIRED[class_] | {name: f"{{{{ params.{name} }}}}" for name in texts}
    operator = class_(task_id="task", **arguments)

    operator.render_template_fields({"params": REQUIRED[class_]})

    assert REQUIRED[class_] == {name: getattr(operator, name) for name in REQUIRED[class_]}


@CONCRETE
def test_survives_serialisation(class_: type[Any]) -> None:
    """The scheduler sees the templates of an operator as the Dag author wrote them."""
    with DAG("dag", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)) as dag:
        class_(task_id="task", **REQUIRED[class_])

    restored = DagSerialization.from_dict(json.loads(json.dumps(DagSerialization.to_dict(dag))))

    task = restored.get_task("task")
    assert class_.__name__ == task.task_type
    assert list(class_.template_fields) == list(task.template_fields)
    for name, value in REQUIRED[class_].items():
        if isinstance(value, str | list):
            assert value == getattr(task, name)


@CONCRETE
def test_dag_files_do_not_depend_on_the_settings(
    class_: type[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistake in the configuration fails tasks, and not the Dag that has them."""
    monkeypatch.setenv("AIRFLOW__SPANNER_LRO__POLL_INTERVAL", "abc")
    monkeypatch.setenv("AIRFLOW__SPANNER_LRO__COLOUR", "blue")

    with DAG("dag", schedule=None) as dag:
        class_(task_id="task", **REQUIRED[class_])

    assert ["task"] == dag.task_ids


def test_none_is_forgotten() -> None:
    """Every operator and sensor of the package takes part in these tests."""
    families = ("operators", "sensors")
    public = {
        getattr(import_module(f"airflow_spanner_lro.{family}.{path.stem}"), name)
        for family in families
        for path in (PACKAGE / family).glob("[a-z]*.py")
        for name in re.findall(r"^class (Spanner\w+)\(", path.read_text(), re.MULTILINE)
    }

    assert {class_ for class_ in public if not inspect.isabstract(class_)} - set(BASES) == set(
        REQUIRED
    )
