# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Operators that create, update and delete a user's own instance configurations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.arguments.choices import field_mask
from airflow_spanner_lro.core.arguments.instances import (
    parse_config_display_name,
    parse_labels,
    parse_locations,
    parse_replicas,
    replicas_with_optional,
)
from airflow_spanner_lro.core.errors import InvalidArgumentError
from airflow_spanner_lro.core.kinds import CREATE_INSTANCE_CONFIG, UPDATE_INSTANCE_CONFIG
from airflow_spanner_lro.core.names import InstanceConfigName, ProjectName, resolve_name
from airflow_spanner_lro.operators.base import SpannerDeleteResourceOperator
from airflow_spanner_lro.operators.operation import SpannerOperationOperator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_spanner_lro.core.arguments.instances import Replicas

_OWN_PREFIX = "custom-"


class SpannerCreateInstanceConfigOperator(SpannerOperationOperator):
    """Create an instance configuration: one of Google's, with read-only replicas in more places.

    Returns the configuration as a dictionary. A configuration whose creation is cancelled, on kill
    or on timeout, is removed by Spanner; one that was finished before the cancel took hold stays,
    unless ``clean_up=True``.

    Its replicas are those of the base, which is read for that, and ``add_replicas`` on top; or
    exactly ``replicas``.

    :param config_id: id of the new configuration; it starts with ``custom-``
    :param base_config_id: configuration of Google's to build upon: an id such as ``nam3``, or a
        full name
    :param add_replicas: locations of the replicas on top, out of the base's ``optional_replicas``,
        such as ``["us-central1"]``
    :param replicas: all replicas, those of the base included, each as the API's ``ReplicaInfo``:
        ``{"location": "us-central1", "type": "READ_ONLY"}``
    :param display_name: what people see; by default the id
    :param labels: labels of the configuration

    Also accepts the parameters of
    :class:`~airflow_spanner_lro.operators.operation.SpannerOperationOperator`.
    """

    kind = CREATE_INSTANCE_CONFIG
    template_fields = (
        *SpannerOperationOperator.template_fields,
        "config_id",
        "base_config_id",
        "add_replicas",
        "replicas",
        "display_name",
        "labels",
    )
    template_fields_renderers = {  # noqa: RUF012  # as Airflow declares it
        "add_replicas": "json",
        "replicas": "json",
        "labels": "json",
    }

    def __init__(
        self,
        *,
        config_id: str,
        base_config_id: str,
        add_replicas: Sequence[str] | None = None,
        replicas: Replicas | None = None,
        display_name: str | None = None,
        labels: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.config_id = config_id
        self.base_config_id = base_config_id
        self.add_replicas = add_replicas
        self.replicas = replicas
        self.display_name = display_name
        self.labels = labels

    @property
    def target(self) -> InstanceConfigName:
        """The configuration to make."""
        return InstanceConfigName(project=self.project, config=self.config_id)

    def build_request(self) -> Any:
        """Return the CreateInstanceConfigRequest; may read the base configuration."""
        target = self.target
        if not target.config.startswith(_OWN_PREFIX):
            rule = f"the id of a configuration of your own starts with {_OWN_PREFIX!r}"
            raise InvalidArgumentError(field="config_id", value=self.config_id, rule=rule)
        base = resolve_name(InstanceConfigName, self.base_config_id, within=target)
        config: dict[str, Any] = {
            "name": str(target),
            "base_config": str(base),
            "display_name": parse_config_display_name(
                target.config if self.display_name is None else self.display_name
            ),
            "labels": parse_labels({} if self.labels is None else self.labels),
            # last, as it may ask Spanner
            "replicas": self._replicas(base),
        }
        return self.kind.request_type()(
            parent=str(ProjectName(project=target.project)),
            instance_config_id=target.config,
            instance_config=config,
        )

    def _replicas(self, base: InstanceConfigName) -> list[Any]:
        if (self.add_replicas is None) == (self.replicas is None):
            raise InvalidArgumentError(
                field="add_replicas, replicas",
                value=(self.add_replicas, self.replicas),
                rule="exactly one of them is needed",
            )
        if self.replicas is not None:
            return parse_replicas(self.replicas)
        added = parse_locations(self.add_replicas)
        return replicas_with_optional(self.hook.client.get_resource(name=base), added=added)


class SpannerUpdateInstanceConfigOperator(SpannerOperationOperator):
    """Update how an instance configuration of your own is called and labelled.

    Returns the configuration as a dictionary. What is not given stays as it is; nothing else of a
    configuration can be changed. An update that is cancelled, on kill or on timeout, is undone by
    Spanner.

    :param config_id: configuration to update
    :param display_name: what people see
    :param labels: all labels of the configuration; an empty mapping removes them

    Also accepts the parameters of
    :class:`~airflow_spanner_lro.operators.operation.SpannerOperationOperator`.
    """

    kind = UPDATE_INSTANCE_CONFIG
    template_fields = (
        *SpannerOperationOperator.template_fields,
        "config_id",
        "display_name",
        "labels",
    )
    template_fields_renderers = {"labels": "json"}  # noqa: RUF012  # as Airflow declares it

    def __init__(
        self,
        *,
        config_id: str,
        display_name: str | None = None,
        labels: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.config_id = config_id
        self.display_name = display_name
        self.labels = labels

    @property
    def target(self) -> InstanceConfigName:
        """The configuration to update."""
        return InstanceConfigName(project=self.project, config=self.config_id)

    def build_request(self) -> Any:
        """Return the UpdateInstanceConfigRequest."""
        changes: dict[str, Any] = {}
        if self.display_name is not None:
            changes["display_name"] = parse_config_display_name(self.display_name)
        if self.labels is not None:
            changes["labels"] = parse_labels(self.labels)
        return self.kind.request_type()(
            instance_config={"name": str(self.target), **changes},
            update_mask=field_mask(changes, arguments=("display_name", "labels")),
        )


class SpannerDeleteInstanceConfigOperator(SpannerDeleteResourceOperator):
    """Delete an instance configuration. Succeeds if there is none, so it can be repeated.

    Spanner refuses to delete a configuration that instances or partitions use, for a while after
    the last of them is gone, and those of Google.

    :param config_id: configuration to delete

    Also accepts the parameters of
    :class:`~airflow_spanner_lro.operators.base.SpannerDeleteResourceOperator`.
    """

    template_fields = (*SpannerDeleteResourceOperator.template_fields, "config_id")

    def __init__(self, *, config_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.config_id = config_id

    @property
    def target(self) -> InstanceConfigName:
        """The configuration to delete."""
        return InstanceConfigName(project=self.project, config=self.config_id)
