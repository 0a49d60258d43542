# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Operators that create, update, move and delete instances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.arguments import instances
from airflow_spanner_lro.core.arguments.choices import field_mask
from airflow_spanner_lro.core.arguments.instances import (
    capacity_fields,
    capacity_mask_paths,
    parse_display_name,
)
from airflow_spanner_lro.core.kinds import CREATE_INSTANCE, MOVE_INSTANCE, UPDATE_INSTANCE
from airflow_spanner_lro.core.names import (
    InstanceConfigName,
    InstanceName,
    ProjectName,
    resolve_name,
)
from airflow_spanner_lro.core.operations.errors import UnexpectedStateError
from airflow_spanner_lro.operators.base import SpannerDeleteResourceOperator
from airflow_spanner_lro.operators.operation import SpannerOperationOperator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spanner_lro.core.arguments.instances import Autoscaling, WholeNumber
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot

_CHANGEABLE = (
    "display_name",
    "node_count",
    "processing_units",
    "autoscaling",
    "edition",
    "labels",
    "default_backup_schedule_type",
)
_AS_JSON = {"autoscaling": "json", "labels": "json"}


class SpannerCreateInstanceOperator(SpannerOperationOperator):
    """Create an instance.

    Returns the instance as a dictionary. An instance whose creation is cancelled, on kill or on
    timeout, is removed by Spanner; one that was finished before the cancel took hold stays, and
    costs money, unless ``clean_up=True``.

    An instance has one of ``node_count``, ``processing_units`` and ``autoscaling``; a free one has
    none of them.

    :param instance_id: id of the new instance
    :param config_id: configuration that says where it is: an id such as ``regional-europe-west1``,
        or a full name
    :param display_name: what people see, 4 to 30 characters, unique in the project; by default the
        id, if it has as many
    :param node_count: number of nodes
    :param processing_units: number of processing units: a multiple of 100 below 1000, or of 1000
        from there on
    :param autoscaling: limits and targets of the autoscaler, as the API's ``AutoscalingConfig``:
        ``{"autoscaling_limits": {"min_nodes": 1, "max_nodes": 3}, "autoscaling_targets":
        {"high_priority_cpu_utilization_percent": 65, "storage_utilization_percent": 90}}``
    :param edition: ``STANDARD``, ``ENTERPRISE`` or ``ENTERPRISE_PLUS``; by default Spanner decides
    :param labels: labels of the instance
    :param default_backup_schedule_type: ``AUTOMATIC`` gives each new database a schedule of daily
        backups, ``NONE`` does not; by default Spanner decides
    :param instance_type: ``PROVISIONED``, the default, or ``FREE_INSTANCE``

    Also accepts the parameters of
    :class:`~airflow_spanner_lro.operators.operation.SpannerOperationOperator`.
    """

    kind = CREATE_INSTANCE
    template_fields = (
        *SpannerOperationOperator.template_fields,
        "instance_id",
        "config_id",
        *_CHANGEABLE,
        "instance_type",
    )
    template_fields_renderers = _AS_JSON

    def __init__(
        self,
        *,
        instance_id: str,
        config_id: str,
        display_name: str | None = None,
        node_count: WholeNumber | None = None,
        processing_units: WholeNumber | None = None,
        autoscaling: Autoscaling | None = None,
        edition: str | None = None,
        labels: Mapping[str, str] | None = None,
        default_backup_schedule_type: str | None = None,
        instance_type: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.instance_id = instance_id
        self.config_id = config_id
        self.display_name = display_name
        self.node_count = node_count
        self.processing_units = processing_units
        self.autoscaling = autoscaling
        self.edition = edition
        self.labels = labels
        self.default_backup_schedule_type = default_backup_schedule_type
        self.instance_type = instance_type

    @property
    def target(self) -> InstanceName:
        """The instance to make."""
        return InstanceName(project=self.project, instance=self.instance_id)

    def build_request(self) -> Any:
        """Return the CreateInstanceRequest."""
        target = self.target
        instance: dict[str, Any] = {
            "name": str(target),
            "config": str(resolve_name(InstanceConfigName, self.config_id, within=target)),
            "display_name": parse_display_name(self.display_name, default=target.instance),
            **instances.size_fields(
                node_count=self.node_count,
                processing_units=self.processing_units,
                autoscaling=self.autoscaling,
                instance_type=self.instance_type,
            ),
            **instances.settings_fields(
                edition=self.edition,
                labels=self.labels,
                default_backup_schedule_type=self.default_backup_schedule_type,
            ),
        }
        return self.kind.request_type()(
            parent=str(ProjectName(project=target.project)),
            instance_id=target.instance,
            instance=instance,
        )


class SpannerUpdateInstanceOperator(SpannerOperationOperator):
    """Update an instance: its capacity, its edition, or how it is called and labelled.

    Returns the instance as a dictionary. What is not given stays as it is. An update that is
    cancelled, on kill or on timeout, is undone by Spanner: the instance has the capacity that it
    had before.

    :param instance_id: instance to update
    :param display_name: what people see, 4 to 30 characters, unique in the project
    :param node_count: number of nodes; turns the autoscaler off, if there is one
    :param processing_units: number of processing units: a multiple of 100 below 1000, or of 1000
        from there on; turns the autoscaler off, if there is one
    :param autoscaling: limits and targets of the autoscaler, all of them, in the shape of the API's
        ``AutoscalingConfig``; turns it on
    :param edition: ``STANDARD``, ``ENTERPRISE`` or ``ENTERPRISE_PLUS``
    :param labels: all labels of the instance; an empty mapping removes them
    :param default_backup_schedule_type: ``AUTOMATIC`` gives each new database a schedule of daily
        backups, ``NONE`` does not

    Also accepts the parameters of
    :class:`~airflow_spanner_lro.operators.operation.SpannerOperationOperator`.
    """

    kind = UPDATE_INSTANCE
    template_fields = (
        *SpannerOperationOperator.template_fields,
        "instance_id",
        *_CHANGEABLE,
    )
    template_fields_renderers = _AS_JSON

    def __init__(
        self,
        *,
        instance_id: str,
        display_name: str | None = None,
        node_count: WholeNumber | None = None,
        processing_units: WholeNumber | None = None,
        autoscaling: Autoscaling | None = None,
        edition: str | None = None,
        labels: Mapping[str, str] | None = None,
        default_backup_schedule_type: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.instance_id = instance_id
        self.display_name = display_name
        self.node_count = node_count
        self.processing_units = processing_units
        self.autoscaling = autoscaling
        self.edition = edition
        self.labels = labels
        self.default_backup_schedule_type = default_backup_schedule_type

    @property
    def target(self) -> InstanceName:
        """The instance to update."""
        return InstanceName(project=self.project, instance=self.instance_id)

    def build_request(self) -> Any:
        """Return the UpdateInstanceRequest."""
        size = capacity_fields(
            node_count=self.node_count,
            processing_units=self.processing_units,
            autoscaling=self.autoscaling,
        )
        rest = instances.settings_fields(
            edition=self.edition,
            labels=self.labels,
            default_backup_schedule_type=self.default_backup_schedule_type,
        )
        if self.display_name is not None:
            rest["display_name"] = parse_display_name(self.display_name)
        return self.kind.request_type()(
            instance={"name": str(self.target), **size, **rest},
            field_mask=field_mask([*capacity_mask_paths(size), *rest], arguments=_CHANGEABLE),
        )


class SpannerMoveInstanceOperator(SpannerOperationOperator):
    """Move an instance with its databases to another configuration, while they stay in use.

    Returns the instance as a dictionary. A move that is cancelled, on kill or on timeout, goes
    back: that takes about as long as the move has run, and meanwhile the instance cannot be
    changed. Spanner moves no instance that has backups, less than one node, databases with keys
    of their own, or that is free.

    :param instance_id: instance to move
    :param target_config_id: configuration to move it to: an id such as ``regional-europe-west1``,
        or a full name

    Also accepts the parameters of
    :class:`~airflow_spanner_lro.operators.operation.SpannerOperationOperator`.
    """

    kind = MOVE_INSTANCE
    template_fields = (
        *SpannerOperationOperator.template_fields,
        "instance_id",
        "target_config_id",
    )

    def __init__(self, *, instance_id: str, target_config_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.instance_id = instance_id
        self.target_config_id = target_config_id

    @property
    def target(self) -> InstanceName:
        """The instance to move."""
        return InstanceName(project=self.project, instance=self.instance_id)

    def build_request(self) -> Any:
        """Return the MoveInstanceRequest."""
        return self.kind.request_type()(
            name=str(self.target), target_config=str(self._target_config)
        )

    def result(self, snapshot: OperationSnapshot | None) -> Any:
        """Return the instance, which is in the other configuration now.

        :raises UnexpectedStateError: if it is not
        """
        instance = super().result(snapshot)
        # by their ids: a name may come back with the number of the project instead of its id
        config = InstanceConfigName.parse(instance["config"])
        if config.config != self._target_config.config:
            raise UnexpectedStateError(
                target=self.target,
                state=f"{instance['state']} in {config}",
                expected=(f"{instance['state']} in {self._target_config}",),
            )
        return instance

    @property
    def _target_config(self) -> InstanceConfigName:
        return resolve_name(InstanceConfigName, self.target_config_id, within=self.target)


class SpannerDeleteInstanceOperator(SpannerDeleteResourceOperator):
    """Delete an instance with its databases. Succeeds if there is none, so it can be repeated.

    Its data cannot be brought back. Spanner refuses to delete an instance that has backups or
    partitions, that holds a protected database, or that is moving.

    :param instance_id: instance to delete

    Also accepts the parameters of
    :class:`~airflow_spanner_lro.operators.base.SpannerDeleteResourceOperator`.
    """

    template_fields = (*SpannerDeleteResourceOperator.template_fields, "instance_id")

    def __init__(self, *, instance_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.instance_id = instance_id

    @property
    def target(self) -> InstanceName:
        """The instance to delete."""
        return InstanceName(project=self.project, instance=self.instance_id)
