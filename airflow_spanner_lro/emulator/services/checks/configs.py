# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What a user's instance configuration may look like, and the answer to those who only ask."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from google.cloud import spanner_admin_instance_v1 as instance_v1

from airflow_spanner_lro.core.names import InstanceConfigName
from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.request_checks import check_labels, number_in
from airflow_spanner_lro.emulator.state.base_configs import BASE_CONFIGS
from airflow_spanner_lro.emulator.state.messages import configs as messages

if TYPE_CHECKING:
    from collections.abc import Iterable


def new_message(given: instance_v1.InstanceConfig, *, project: str) -> instance_v1.InstanceConfig:
    """Return all that the owner of a new configuration can set.

    :raises RpcError: if it cannot be so.
    """
    if not given.display_name:
        raise errors.missing_field("instance_config.display_name")
    if not given.base_config:
        raise errors.missing_field("instance_config.base_config")
    base = InstanceConfigName.parse(given.base_config)
    if base.project != project:
        rule = f"expected a configuration of project {project}"
        raise errors.bad_value("instance_config.base_config", value=str(base), rule=rule)
    if not messages.is_base_config(base):
        rule = "expected a configuration that Google manages"
        raise errors.bad_value("instance_config.base_config", value=str(base), rule=rule)
    check_labels(given.labels)
    if given.etag:
        raise errors.bad_value("instance_config.etag", value=given.etag, rule="there is none yet")
    return instance_v1.InstanceConfig(
        display_name=given.display_name,
        base_config=str(base),
        replicas=_checked_replicas(given, base),
        leader_options=_checked_leaders(given, base),
        labels=given.labels,
    )


def _checked_replicas(
    given: instance_v1.InstanceConfig, base: InstanceConfigName
) -> list[instance_v1.ReplicaInfo]:
    """Return the replicas of the base, and those on top of them that it allows."""
    field = "instance_config.replicas"
    base_message = messages.base_config_message(base)
    wanted, needed = _counted(given.replicas), _counted(base_message.replicas)
    for (location, type_), count in (needed - wanted).items():
        rule = f"{count} more {type_.name} in {location} needed, as in {base}"
        raise errors.bad_value(field, value=_words(wanted), rule=rule)
    extra, possible = wanted - needed, _counted(base_message.optional_replicas)
    if not extra:
        rule = f"at least one of the optional replicas of {base} is needed"
        raise errors.bad_value(field, value=_words(wanted), rule=rule)
    if surplus := extra - possible:
        rule = f"{base} allows {_words(possible) or 'none'} on top of its own replicas"
        raise errors.bad_value(field, value=_words(surplus), rule=rule)
    added = [
        instance_v1.ReplicaInfo(location=location, type_=type_)
        for location, type_ in extra.elements()
    ]
    return [*base_message.replicas, *added]


def _checked_leaders(given: instance_v1.InstanceConfig, base: InstanceConfigName) -> list[str]:
    possible = list(BASE_CONFIGS[base.config].writers)
    for region in given.leader_options:
        if region not in possible:
            rule = f"expected regions with read-write replicas: {', '.join(possible)}"
            raise errors.bad_value("instance_config.leader_options", value=region, rule=rule)
    return list(given.leader_options) or list(BASE_CONFIGS[base.config].leaders)


def _counted(
    replicas: Iterable[instance_v1.ReplicaInfo],
) -> Counter[tuple[str, instance_v1.ReplicaInfo.ReplicaType]]:
    types = instance_v1.ReplicaInfo.ReplicaType
    counted: Counter[tuple[str, instance_v1.ReplicaInfo.ReplicaType]] = Counter()
    for each in replicas:
        number = number_in(each, "type_")
        if number not in list(types):
            rule = "there is no such type of replica"
            raise errors.bad_value("instance_config.replicas", value=number, rule=rule)
        counted[each.location, types(number)] += 1
    return counted


def _words(counted: Counter[tuple[str, instance_v1.ReplicaInfo.ReplicaType]]) -> str:
    return ", ".join(
        f"{count} {type_.name} in {location}" for (location, type_), count in counted.items()
    )
