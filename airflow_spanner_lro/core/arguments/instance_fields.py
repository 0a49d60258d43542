# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The fields of an ``Instance`` that its owner can set, from arguments as a Dag author gives them.

Separate from the operators: to create an instance and to update one is to set the same fields.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.arguments.capacity import capacity, needed
from airflow_spanner_lro.core.arguments.choices import choice
from airflow_spanner_lro.core.arguments.labelling import labels as checked_labels
from airflow_spanner_lro.core.errors import InvalidArgumentError
from airflow_spanner_lro.core.kinds import Service

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spanner_lro.core.arguments.capacity import Autoscaling, Count

_FREE = "FREE_INSTANCE"


def size(
    *,
    node_count: Count | None,
    processing_units: Count | None,
    autoscaling: Autoscaling | None,
    instance_type: str | None,
) -> dict[str, Any]:
    """Return what says how large a new instance is: its capacity, or that it is a free one.

    :param instance_type: the API's name of the type; None for the API's default, ``PROVISIONED``
    :raises InvalidArgumentError: if a free instance has a capacity, or another one has none
    """
    given = capacity(
        node_count=node_count, processing_units=processing_units, autoscaling=autoscaling
    )
    if instance_type is None:
        return needed(given)
    types = Service.INSTANCE_ADMIN.message("Instance").InstanceType
    type_ = choice(instance_type, field="instance_type", enum=types)
    if type_.name != _FREE:
        return {"instance_type": type_, **needed(given)}
    if given:
        raise InvalidArgumentError(
            field="instance_type",
            value=instance_type,
            rule="a free instance has no node_count, processing_units or autoscaling",
        )
    return {"instance_type": type_}


def settings(
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
        fields["edition"] = choice(edition, field="edition", enum=message.Edition)
    if labels is not None:
        fields["labels"] = checked_labels(labels)
    if default_backup_schedule_type is not None:
        fields["default_backup_schedule_type"] = choice(
            default_backup_schedule_type,
            field="default_backup_schedule_type",
            enum=message.DefaultBackupScheduleType,
        )
    return fields
