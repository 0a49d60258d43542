# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The replicas of a user's instance configuration: all of its base, and at least one on top."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow_spanner_lro.core.errors import InvalidArgumentError
from airflow_spanner_lro.core.kinds import Service
from airflow_spanner_lro.core.protobuf import message_from_mapping

Replicas = Sequence[Mapping[str, Any]]
"""Each a ``ReplicaInfo`` as a mapping."""

_ADDED_FIELD = "add_replicas"


def given_replicas(given: object) -> list[Any]:
    """Return replicas as messages.

    :param given: mappings in the shape of ``ReplicaInfo``
    :raises InvalidArgumentError: if there are none, or one of them has another shape
    """
    type_ = Service.INSTANCE_ADMIN.message("ReplicaInfo")
    each = _several(given, field="replicas", rule="expected a list of mappings like ReplicaInfo")
    return [message_from_mapping(replica, field="replicas", type_=type_) for replica in each]


def locations(given: object) -> list[str]:
    """Return locations to add replicas in; one can be named repeatedly.

    :raises InvalidArgumentError: if there are none, or they are not text
    """
    rule = "expected a list of one or more locations, such as ['us-central1']"
    each = _several(given, field=_ADDED_FIELD, rule=rule)
    if not all(isinstance(location, str) and location for location in each):
        raise InvalidArgumentError(field=_ADDED_FIELD, value=given, rule=rule)
    return each


def replicas_of(base: Any, *, added: Sequence[str]) -> list[Any]:
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


def _several(given: object, *, field: str, rule: str) -> list[Any]:
    # text is a sequence too, of letters
    if not isinstance(given, Sequence) or isinstance(given, str | bytes) or not given:
        raise InvalidArgumentError(field=field, value=given, rule=rule)
    return list(given)
