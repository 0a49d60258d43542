# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""How much compute an instance or a partition gets: nodes, processing units, or an autoscaler.

The three exclude each other, and the same rules hold for instances and for their partitions, for
new ones and for changed ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.errors import InvalidArgumentError
from airflow_spanner_lro.core.kinds import Service
from airflow_spanner_lro.core.protobuf import message_from_mapping

if TYPE_CHECKING:
    from collections.abc import Iterable

Count = int | str
"""A whole number, or the same as text, as templates give it."""
Autoscaling = Mapping[str, Any]
"""An ``AutoscalingConfig`` as a mapping."""

AUTOSCALING_FIELD = "autoscaling_config"

_WAYS = "node_count, processing_units and autoscaling"
_UNITS_PER_NODE = 1000
_SMALL_STEP = 100
_MOST = 2**31 - 1
"""What the API's fields hold."""


def capacity(
    *, node_count: object = None, processing_units: object = None, autoscaling: object = None
) -> dict[str, Any]:
    """Return the fields of an instance or a partition that set its capacity; none if none is given.

    :param node_count: a number of nodes, or text that is one
    :param processing_units: a number of processing units, or text that is one
    :param autoscaling: a mapping in the shape of ``AutoscalingConfig``
    :raises InvalidArgumentError: if more than one is given, or what is given is no capacity
    """
    arguments = {
        "node_count": node_count,
        "processing_units": processing_units,
        "autoscaling": autoscaling,
    }
    given = {name: value for name, value in arguments.items() if value is not None}
    if len(given) > 1:
        (field, value), *others = given.items()
        also = ", ".join(f"{name}={other!r}" for name, other in others)
        raise InvalidArgumentError(
            field=field, value=value, rule=f"only one of {_WAYS} can be given; here is also {also}"
        )
    if node_count is not None:
        return {"node_count": _number(node_count, field="node_count")}
    if processing_units is not None:
        return {"processing_units": _units(processing_units)}
    if autoscaling is not None:
        type_ = Service.INSTANCE_ADMIN.message("AutoscalingConfig")
        return {
            AUTOSCALING_FIELD: message_from_mapping(autoscaling, field="autoscaling", type_=type_)
        }
    return {}


def needed(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a capacity, which a new instance or partition cannot do without.

    :raises InvalidArgumentError: if there are none
    """
    if not fields:
        raise InvalidArgumentError(
            field="node_count, processing_units, autoscaling",
            value=None,
            rule="exactly one of them is needed",
        )
    return fields


def capacity_paths(fields: Iterable[str]) -> list[str]:
    """Return what an update of the capacity names in its field mask.

    Whoever asks for a fixed capacity wants no autoscaler; while there is one, Spanner takes no
    other capacity. So a fixed capacity clears it, which changes nothing where there is none.
    """
    named = list(fields)
    if named and AUTOSCALING_FIELD not in named:
        named.append(AUTOSCALING_FIELD)
    return named


def _units(value: object) -> int:
    units = _number(value, field="processing_units")
    step = _SMALL_STEP if units < _UNITS_PER_NODE else _UNITS_PER_NODE
    if units % step:
        raise InvalidArgumentError(
            field="processing_units",
            value=value,
            rule="expected a multiple of 100 below 1000, or of 1000 from there on",
        )
    return units


def _number(value: object, *, field: str) -> int:
    text = value.strip() if isinstance(value, str) else value
    if isinstance(text, str) and text.isascii() and text.isdecimal():
        text = int(text) if len(text) <= len(str(_MOST)) else _MOST + 1
    # a bool is an int to Python, and a mistake here
    if not isinstance(text, int) or isinstance(text, bool) or not 1 <= text <= _MOST:
        raise InvalidArgumentError(
            field=field, value=value, rule=f"expected a whole number from 1 to {_MOST}"
        )
    return text
