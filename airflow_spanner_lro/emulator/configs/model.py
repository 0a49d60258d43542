# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Instance configurations: what is remembered of them, how clients see them, what they may be."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from google.cloud import spanner_admin_instance_v1 as instance_v1

from airflow_spanner_lro.core.names import InstanceConfigName
from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.configs.base_configs import (
    BASE_CONFIGS,
    EMULATOR_CONFIG,
    STORAGE_LIMIT_PER_PROCESSING_UNIT,
    ConfigTopology,
)
from airflow_spanner_lro.emulator.databases.encryption import KeyPlaces
from airflow_spanner_lro.emulator.request_checks import check_labels, number_in
from airflow_spanner_lro.emulator.tables import ReconciledRow, Table

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from airflow_spanner_lro.emulator.configs.base_configs import BaseConfig, Places
    from airflow_spanner_lro.emulator.tables import EventQueue


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceConfig(ReconciledRow):
    """A configuration that a user made.

    :param message: all that its owner can set, as it is in force
    :param reconciling: whether it is being created or updated
    """

    name: InstanceConfigName
    message: instance_v1.InstanceConfig
    reconciling: bool = False


LINGER = timedelta(minutes=5)
"""For how long a configuration counts as used after its last user is gone.

The documentation does not say; clients have seen a deletion refused after the last instance went.
"""

_TYPES = instance_v1.ReplicaInfo.ReplicaType
_STATES = instance_v1.InstanceConfig.State
_AVAILABILITY = instance_v1.InstanceConfig.FreeInstanceAvailability


def base_configs(project: str) -> list[InstanceConfigName]:
    """Return the names of the configurations that every project has."""
    return [InstanceConfigName(project=project, config=config) for config in BASE_CONFIGS]


def is_base_config(name: InstanceConfigName) -> bool:
    """Tell whether a configuration is one that Google manages."""
    return name.config in BASE_CONFIGS


def require_config(name: InstanceConfigName) -> None:
    """Make sure that Google manages a configuration of this name; those of users are resources.

    :raises RpcError: NOT_FOUND if it does not.
    """
    if not is_base_config(name):
        raise errors.not_found(name)


def base_config_message(name: InstanceConfigName) -> instance_v1.InstanceConfig:
    """Return a configuration that Google manages as clients see it."""
    base = BASE_CONFIGS[name.config]
    return instance_v1.InstanceConfig(
        name=str(name),
        display_name=base.display_name,
        config_type=instance_v1.InstanceConfig.Type.GOOGLE_MANAGED,
        replicas=base_replicas(base),
        optional_replicas=_replicas(base.optional, _TYPES.READ_ONLY),
        leader_options=base.leaders,
        state=_STATES.READY,
        free_instance_availability=(
            _AVAILABILITY.AVAILABLE if base.free else _AVAILABILITY.UNSUPPORTED
        ),
        quorum_type=int(base.topology),
        storage_limit_per_processing_unit=STORAGE_LIMIT_PER_PROCESSING_UNIT,
    )


def config_message(config: InstanceConfig) -> instance_v1.InstanceConfig:
    """Return a configuration that a user made as clients see it."""
    message = instance_v1.InstanceConfig(config.message)
    base = BASE_CONFIGS[InstanceConfigName.parse(message.base_config).config]
    message.name = str(config.name)
    types = instance_v1.InstanceConfig.Type
    message.config_type = types(types.USER_MANAGED)
    message.state = _STATES(_STATES.READY if config.ready else _STATES.CREATING)
    message.reconciling = config.reconciling
    message.etag = config.etag
    message.free_instance_availability = _AVAILABILITY(_AVAILABILITY.UNSUPPORTED)
    message.quorum_type = instance_v1.InstanceConfig.QuorumType(int(base.topology))
    message.storage_limit_per_processing_unit = STORAGE_LIMIT_PER_PROCESSING_UNIT
    return message


class ConfigTable(Table[InstanceConfigName, InstanceConfig]):
    """The configurations that users made; it knows those of Google, too."""

    def __init__(self, events: EventQueue) -> None:
        super().__init__(events)
        self._left: dict[InstanceConfigName, datetime] = {}

    def message_of(self, name: InstanceConfigName) -> instance_v1.InstanceConfig:
        """Return a configuration of either kind as clients see it.

        :raises RpcError: NOT_FOUND if there is none of this name.
        """
        return base_config_message(name) if is_base_config(name) else config_message(self.get(name))

    def base_of(self, name: InstanceConfigName) -> BaseConfig | None:
        """Return the topology of a configuration or of what it was made from; None if unknown."""
        return BASE_CONFIGS.get(self.base_name_of(name).config)

    def single_region(self, name: InstanceConfigName) -> bool:
        """Tell whether the votes of a configuration come from one region; False if unknown."""
        base = self.base_of(name)
        return base is not None and base.topology is ConfigTopology.REGION

    def base_name_of(self, name: InstanceConfigName) -> InstanceConfigName:
        """Return the configuration of Google's that one was made from, or is."""
        made = self.row(name)
        return name if made is None else InstanceConfigName.parse(made.message.base_config)

    def key_places(self, name: InstanceConfigName) -> KeyPlaces | None:
        """Return where keys must be for an instance in a configuration.

        There are keys for all of a multi-region configuration of Google's by its own name. Dual
        regions and configurations of users want one in each of their regions.

        :return: None for the configuration of Google's emulator, where any key will do.
        """
        if name.config == EMULATOR_CONFIG:
            return None
        message = self.message_of(name)
        regions = tuple(dict.fromkeys(each.location for each in message.replicas))
        whole = ""
        if is_base_config(name):
            topology = BASE_CONFIGS[name.config].topology
            whole = {
                ConfigTopology.REGION: regions[0],
                ConfigTopology.MULTI_REGION: name.config,
            }.get(topology, "")
        return KeyPlaces(regions=regions, whole=whole)

    def read_only_locations(self, name: InstanceConfigName) -> tuple[str, ...]:
        """Return where a configuration has read-only replicas."""
        replicas = self.message_of(name).replicas
        found = (each.location for each in replicas if each.type_ == _TYPES.READ_ONLY)
        return tuple(dict.fromkeys(found))

    def usable(self, text: str, *, field: str, project: str) -> InstanceConfigName:
        """Return the name of a configuration in which something can be made.

        :raises RpcError: if there is none of this name, or it is not ready.
        """
        if not text:
            raise errors.missing_field(field)
        name = InstanceConfigName.parse(text)
        if name.project != project:
            rule = f"expected a configuration of project {project}"
            raise errors.bad_value(field, value=text, rule=rule)
        if not is_base_config(name) and not self.get(name).ready:
            raise errors.config_not_usable(name)
        return name

    def left(self) -> tuple[tuple[InstanceConfigName, datetime], ...]:
        """Return when something in a configuration went last, for each of which it did."""
        return tuple(self._left.items())

    def note_left(self, config: InstanceConfigName, *, at: datetime) -> None:
        """Note that an instance or a partition in a configuration is gone."""
        self._left[config] = at

    def recently_used(self, config: InstanceConfigName, *, now: datetime) -> bool:
        """Tell whether a configuration that nothing uses still counts as used."""
        left = self._left.get(config)
        return left is not None and now < left + LINGER


def base_replicas(base: BaseConfig) -> list[instance_v1.ReplicaInfo]:
    """Return the replicas of a configuration that Google manages, the leader's first."""
    replicas = [
        *_replicas(base.writers, _TYPES.READ_WRITE),
        *_replicas(base.readers, _TYPES.READ_ONLY),
        *_replicas(base.witnesses, _TYPES.WITNESS),
    ]
    replicas[0].default_leader_location = True
    return replicas


def _replicas(places: Places, type_: int) -> list[instance_v1.ReplicaInfo]:
    return [
        instance_v1.ReplicaInfo(location=location, type_=type_)
        for location, count in places.items()
        for _ in range(count)
    ]


def new_config_message(
    given: instance_v1.InstanceConfig, *, project: str
) -> instance_v1.InstanceConfig:
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
    if not is_base_config(base):
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
    base_message = base_config_message(base)
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
