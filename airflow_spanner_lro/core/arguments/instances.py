# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Read what describes an instance, a partition or a configuration: size, replicas, labels.

Creating and updating set the same fields by the same rules, which are those of the messages
Instance, InstanceConfig and InstancePartition in the API.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.arguments.choices import parse_enum
from airflow_spanner_lro.core.errors import InvalidArgumentError
from airflow_spanner_lro.core.kinds import Service
from airflow_spanner_lro.core.protobuf import message_from_mapping

if TYPE_CHECKING:
    from collections.abc import Iterable


WholeNumber = int | str
"""A whole number, or the same as text, as templates give it."""
Autoscaling = Mapping[str, Any]
"""An ``AutoscalingConfig`` as a mapping."""

AUTOSCALING_FIELD = "autoscaling_config"

_WAYS = "node_count, processing_units and autoscaling"
_UNITS_PER_NODE = 1000
_SMALL_STEP = 100
_INT32_MAX = 2**31 - 1
"""What the API's fields hold."""


def capacity_fields(
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
        return {"node_count": _whole_number(node_count, field="node_count")}
    if processing_units is not None:
        return {"processing_units": _units(processing_units)}
    if autoscaling is not None:
        type_ = Service.INSTANCE_ADMIN.message("AutoscalingConfig")
        return {
            AUTOSCALING_FIELD: message_from_mapping(autoscaling, field="autoscaling", type_=type_)
        }
    return {}


def require_capacity(fields: dict[str, Any]) -> dict[str, Any]:
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


def capacity_mask_paths(fields: Iterable[str]) -> list[str]:
    """Return what an update of the capacity names in its field mask.

    Whoever asks for a fixed capacity wants no autoscaler; while there is one, Spanner takes no
    other capacity. So a fixed capacity clears it, which changes nothing where there is none.
    """
    named = list(fields)
    if named and AUTOSCALING_FIELD not in named:
        named.append(AUTOSCALING_FIELD)
    return named


def _units(value: object) -> int:
    units = _whole_number(value, field="processing_units")
    step = _SMALL_STEP if units < _UNITS_PER_NODE else _UNITS_PER_NODE
    if units % step:
        raise InvalidArgumentError(
            field="processing_units",
            value=value,
            rule="expected a multiple of 100 below 1000, or of 1000 from there on",
        )
    return units


def _whole_number(value: object, *, field: str) -> int:
    text = value.strip() if isinstance(value, str) else value
    if isinstance(text, str) and text.isascii() and text.isdecimal():
        text = int(text) if len(text) <= len(str(_INT32_MAX)) else _INT32_MAX + 1
    # a bool is an int to Python, and a mistake here
    if not isinstance(text, int) or isinstance(text, bool) or not 1 <= text <= _INT32_MAX:
        raise InvalidArgumentError(
            field=field, value=value, rule=f"expected a whole number from 1 to {_INT32_MAX}"
        )
    return text


_DISPLAY_NAME_LENGTHS = range(4, 31)
_LABEL_KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}", re.ASCII)
_LABEL_VALUE = re.compile(r"[a-z0-9_-]{0,63}", re.ASCII)
_MAX_LABELS = 64


def parse_display_name(given: object, *, default: str | None = None) -> str:
    """Return the display name of an instance or an instance partition.

    :param given: as it was asked for; None for the default
    :param default: usually the id, where that can serve
    :raises InvalidArgumentError: if it is too short or too long
    """
    name = default if given is None else given
    if isinstance(name, str) and len(name) in _DISPLAY_NAME_LENGTHS:
        return name
    shortest, longest = _DISPLAY_NAME_LENGTHS.start, _DISPLAY_NAME_LENGTHS.stop - 1
    rule = f"a display name has {shortest} to {longest} characters"
    if given is None:
        rule += f", so the id {default!r} cannot stand in for it"
    raise InvalidArgumentError(field="display_name", value=given, rule=rule)


def parse_config_display_name(given: object) -> str:
    """Return the display name of an instance configuration, which may be of any length.

    :raises InvalidArgumentError: if it is empty
    """
    if isinstance(given, str) and given:
        return given
    raise InvalidArgumentError(field="display_name", value=given, rule="expected text, not empty")


def parse_labels(given: object) -> dict[str, str]:
    """Return labels that follow the API's rules; none at all are fine, and clear those there are.

    :raises InvalidArgumentError: if a key or a value does not, or there are too many
    """
    if not isinstance(given, Mapping):
        raise _refused_labels(given, "expected a mapping of keys to values")
    if len(given) > _MAX_LABELS:
        raise _refused_labels(
            given, f"a resource has at most {_MAX_LABELS} labels, and these are {len(given)}"
        )
    for key, value in given.items():
        if not isinstance(key, str) or not _LABEL_KEY.fullmatch(key):
            rule = "has 1 to 63 lower-case letters, digits, hyphens and underscores, a letter first"
            raise _refused_labels(given, f"a key {rule}, unlike {key!r}")
        if not isinstance(value, str) or not _LABEL_VALUE.fullmatch(value):
            rule = "is text of up to 63 lower-case letters, digits, hyphens and underscores"
            raise _refused_labels(given, f"a value {rule}, unlike {value!r}")
    return dict(given)


def _refused_labels(given: object, rule: str) -> InvalidArgumentError:
    return InvalidArgumentError(field="labels", value=given, rule=rule)


_FREE = "FREE_INSTANCE"


def size_fields(
    *,
    node_count: WholeNumber | None,
    processing_units: WholeNumber | None,
    autoscaling: Autoscaling | None,
    instance_type: str | None,
) -> dict[str, Any]:
    """Return what says how large a new instance is: its capacity, or that it is a free one.

    :param instance_type: the API's name of the type; None for the API's default, ``PROVISIONED``
    :raises InvalidArgumentError: if a free instance has a capacity, or another one has none
    """
    given = capacity_fields(
        node_count=node_count, processing_units=processing_units, autoscaling=autoscaling
    )
    if instance_type is None:
        return require_capacity(given)
    types = Service.INSTANCE_ADMIN.message("Instance").InstanceType
    type_ = parse_enum(instance_type, field="instance_type", enum=types)
    if type_.name != _FREE:
        return {"instance_type": type_, **require_capacity(given)}
    if given:
        raise InvalidArgumentError(
            field="instance_type",
            value=instance_type,
            rule="a free instance has no node_count, processing_units or autoscaling",
        )
    return {"instance_type": type_}


def settings_fields(
    *,
    edition: str | None,
    labels: Mapping[str, str] | None,
    default_backup_schedule_type: str | None,
) -> dict[str, Any]:
    """Return the fields that are set besides name and size: those that are not None.

    :param edition: the API's name of the edition
    :param labels: all labels; an empty mapping clears them
    :param default_backup_schedule_type: the API's name of what new databases get
    :raises InvalidArgumentError: if one of them is not what the API knows
    """
    message = Service.INSTANCE_ADMIN.message("Instance")
    fields: dict[str, Any] = {}
    if edition is not None:
        fields["edition"] = parse_enum(edition, field="edition", enum=message.Edition)
    if labels is not None:
        fields["labels"] = parse_labels(labels)
    if default_backup_schedule_type is not None:
        fields["default_backup_schedule_type"] = parse_enum(
            default_backup_schedule_type,
            field="default_backup_schedule_type",
            enum=message.DefaultBackupScheduleType,
        )
    return fields


Replicas = Sequence[Mapping[str, Any]]
"""Each a ``ReplicaInfo`` as a mapping."""

_ADDED_FIELD = "add_replicas"


def parse_replicas(given: object) -> list[Any]:
    """Return replicas as messages.

    :param given: mappings in the shape of ``ReplicaInfo``
    :raises InvalidArgumentError: if there are none, or one of them has another shape
    """
    type_ = Service.INSTANCE_ADMIN.message("ReplicaInfo")
    each = _non_empty_list(
        given, field="replicas", rule="expected a list of mappings like ReplicaInfo"
    )
    return [message_from_mapping(replica, field="replicas", type_=type_) for replica in each]


def parse_locations(given: object) -> list[str]:
    """Return locations to add replicas in; one can be named repeatedly.

    :raises InvalidArgumentError: if there are none, or they are not text
    """
    rule = "expected a list of one or more locations, such as ['us-central1']"
    each = _non_empty_list(given, field=_ADDED_FIELD, rule=rule)
    if not all(isinstance(location, str) and location for location in each):
        raise InvalidArgumentError(field=_ADDED_FIELD, value=given, rule=rule)
    return each


def replicas_with_optional(base: Any, *, added: Sequence[str]) -> list[Any]:
    """Return the replicas of a base configuration, and those of its optional ones that are wanted.

    :param base: the ``InstanceConfig`` to build upon
    :param added: locations of optional replicas
    :raises InvalidArgumentError: if the base offers none in one of these places
    """
    offered = {replica.location: replica for replica in base.optional_replicas}
    if unknown := sorted(set(added) - set(offered)):
        places = ", ".join(sorted(offered)) or "no place"
        raise InvalidArgumentError(
            field=_ADDED_FIELD, value=unknown, rule=f"{base.name} allows more replicas in {places}"
        )
    return [*base.replicas, *(offered[location] for location in added)]


def _non_empty_list(given: object, *, field: str, rule: str) -> list[Any]:
    # text is a sequence too, of letters
    if not isinstance(given, Sequence) or isinstance(given, str | bytes) or not given:
        raise InvalidArgumentError(field=field, value=given, rule=rule)
    return list(given)
