# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Operators that create, update and delete instance partitions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.arguments.choices import field_mask
from airflow_spanner_lro.core.arguments.instances import (
    capacity_fields,
    capacity_mask_paths,
    parse_display_name,
    require_capacity,
)
from airflow_spanner_lro.core.kinds import CREATE_INSTANCE_PARTITION, UPDATE_INSTANCE_PARTITION
from airflow_spanner_lro.core.names import InstanceConfigName, InstancePartitionName, resolve_name
from airflow_spanner_lro.operators.base import SpannerDeleteResourceOperator
from airflow_spanner_lro.operators.operation import SpannerOperationOperator

if TYPE_CHECKING:
    from airflow_spanner_lro.core.arguments.instances import Autoscaling, WholeNumber

_CHANGEABLE = ("display_name", "node_count", "processing_units", "autoscaling")


class SpannerCreateInstancePartitionOperator(SpannerOperationOperator):
    """Create a partition of an instance, with compute and storage of its own in another place.

    Returns the partition as a dictionary. A partition whose creation is cancelled, on kill or on
    timeout, is removed by Spanner; one that was finished before the cancel took hold stays, and
    costs money, unless ``clean_up=True``.

    A partition has exactly one of ``node_count``, ``processing_units`` and ``autoscaling``.

    :param instance_id: instance to partition, of the edition ``ENTERPRISE_PLUS``
    :param partition_id: id of the new partition
    :param config_id: configuration that says where it is: an id such as ``regional-europe-west1``,
        or a full name
    :param display_name: what people see, 4 to 30 characters, unique in the project; by default the
        id, if it has as many
    :param node_count: number of nodes
    :param processing_units: number of processing units: a multiple of 100 below 1000, or of 1000
        from there on
    :param autoscaling: limits and targets of the autoscaler, as the API's ``AutoscalingConfig``

    Also accepts the parameters of
    :class:`~airflow_spanner_lro.operators.operation.SpannerOperationOperator`.
    """

    kind = CREATE_INSTANCE_PARTITION
    template_fields = (
        *SpannerOperationOperator.template_fields,
        "instance_id",
        "partition_id",
        "config_id",
        *_CHANGEABLE,
    )
    template_fields_renderers = {"autoscaling": "json"}  # noqa: RUF012  # as Airflow declares it

    def __init__(
        self,
        *,
        instance_id: str,
        partition_id: str,
        config_id: str,
        display_name: str | None = None,
        node_count: WholeNumber | None = None,
        processing_units: WholeNumber | None = None,
        autoscaling: Autoscaling | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.instance_id = instance_id
        self.partition_id = partition_id
        self.config_id = config_id
        self.display_name = display_name
        self.node_count = node_count
        self.processing_units = processing_units
        self.autoscaling = autoscaling

    @property
    def target(self) -> InstancePartitionName:
        """The partition to make."""
        return InstancePartitionName(
            project=self.project, instance=self.instance_id, partition=self.partition_id
        )

    def build_request(self) -> Any:
        """Return the CreateInstancePartitionRequest."""
        target = self.target
        size = capacity_fields(
            node_count=self.node_count,
            processing_units=self.processing_units,
            autoscaling=self.autoscaling,
        )
        partition: dict[str, Any] = {
            "name": str(target),
            "config": str(resolve_name(InstanceConfigName, self.config_id, within=target)),
            "display_name": parse_display_name(self.display_name, default=target.partition),
            **require_capacity(size),
        }
        return self.kind.request_type()(
            parent=str(target.instance_name),
            instance_partition_id=target.partition,
            instance_partition=partition,
        )


class SpannerUpdateInstancePartitionOperator(SpannerOperationOperator):
    """Update an instance partition: its capacity, or how it is called.

    Returns the partition as a dictionary. What is not given stays as it is. An update that is
    cancelled, on kill or on timeout, is undone by Spanner: the partition has the capacity that it
    had before.

    :param instance_id: instance that is partitioned
    :param partition_id: partition to update
    :param display_name: what people see, 4 to 30 characters, unique in the project
    :param node_count: number of nodes; turns the autoscaler off, if there is one
    :param processing_units: number of processing units: a multiple of 100 below 1000, or of 1000
        from there on; turns the autoscaler off, if there is one
    :param autoscaling: limits and targets of the autoscaler, all of them, in the shape of the API's
        ``AutoscalingConfig``; turns it on

    Also accepts the parameters of
    :class:`~airflow_spanner_lro.operators.operation.SpannerOperationOperator`.
    """

    kind = UPDATE_INSTANCE_PARTITION
    template_fields = (
        *SpannerOperationOperator.template_fields,
        "instance_id",
        "partition_id",
        *_CHANGEABLE,
    )
    template_fields_renderers = {"autoscaling": "json"}  # noqa: RUF012  # as Airflow declares it

    def __init__(
        self,
        *,
        instance_id: str,
        partition_id: str,
        display_name: str | None = None,
        node_count: WholeNumber | None = None,
        processing_units: WholeNumber | None = None,
        autoscaling: Autoscaling | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.instance_id = instance_id
        self.partition_id = partition_id
        self.display_name = display_name
        self.node_count = node_count
        self.processing_units = processing_units
        self.autoscaling = autoscaling

    @property
    def target(self) -> InstancePartitionName:
        """The partition to update."""
        return InstancePartitionName(
            project=self.project, instance=self.instance_id, partition=self.partition_id
        )

    def build_request(self) -> Any:
        """Return the UpdateInstancePartitionRequest."""
        size = capacity_fields(
            node_count=self.node_count,
            processing_units=self.processing_units,
            autoscaling=self.autoscaling,
        )
        partition: dict[str, Any] = {"name": str(self.target), **size}
        paths = capacity_mask_paths(size)
        if self.display_name is not None:
            partition["display_name"] = parse_display_name(self.display_name)
            paths.append("display_name")
        return self.kind.request_type()(
            instance_partition=partition, field_mask=field_mask(paths, arguments=_CHANGEABLE)
        )


class SpannerDeleteInstancePartitionOperator(SpannerDeleteResourceOperator):
    """Delete an instance partition. Succeeds if there is none, so it can be repeated.

    Spanner refuses to delete a partition that databases use, and any while the instance moves.

    :param instance_id: instance that is partitioned
    :param partition_id: partition to delete

    Also accepts the parameters of
    :class:`~airflow_spanner_lro.operators.base.SpannerDeleteResourceOperator`.
    """

    template_fields = (
        *SpannerDeleteResourceOperator.template_fields,
        "instance_id",
        "partition_id",
    )

    def __init__(self, *, instance_id: str, partition_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.instance_id = instance_id
        self.partition_id = partition_id

    @property
    def target(self) -> InstancePartitionName:
        """The partition to delete."""
        return InstancePartitionName(
            project=self.project, instance=self.instance_id, partition=self.partition_id
        )
