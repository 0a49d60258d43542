# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""For each kind of operation a request, and for each thing it asks for one that asks otherwise."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core import kinds
from airflow_spanner_lro.core.facets import Label
from airflow_spanner_lro.emulator import Plan

from .scripted_client import NOW

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spanner_lro.admin.client import SpannerAdminClient
    from airflow_spanner_lro.core.kinds import OperationKind
    from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator

PROJECT = "projects/test"
INSTANCE, PLAIN = (f"{PROJECT}/instances/{each}" for each in ("main", "plain"))
CONFIGS = f"{PROJECT}/instanceConfigs"
REGION, OTHER_REGION = f"{CONFIGS}/regional-europe-west1", f"{CONFIGS}/regional-us-central1"
CUSTOM = f"{CONFIGS}/custom-mine"
PARTITION = f"{INSTANCE}/instancePartitions/part"
ORDERS, USERS, SECRETS = (f"{INSTANCE}/databases/{each}" for each in ("orders", "users", "secrets"))
SOURCE, OTHER_SOURCE = (f"{INSTANCE}/backups/{each}" for each in ("source", "other"))
RING = f"{PROJECT}/locations/nam6/keyRings/ring/cryptoKeys"
KEY, OTHER_KEY = f"{RING}/one", f"{RING}/two"
TABLE = "CREATE TABLE Orders (Id INT64) PRIMARY KEY (Id)"
OTHER_TABLE = "CREATE TABLE Users (Id INT64) PRIMARY KEY (Id)"
START = NOW + timedelta(minutes=30)
"""When the operations are started."""

# the fields of a request by their dotted paths
Flat = dict[str, Any]
_MADE_BY = dict.fromkeys((kinds.UPDATE_INSTANCE_CONFIG,), kinds.CREATE_INSTANCE_CONFIG)
_MADE_BY[kinds.UPDATE_INSTANCE_PARTITION] = kinds.CREATE_INSTANCE_PARTITION


def _days(number: int) -> Any:
    return START + timedelta(days=number, microseconds=123456)


def _keys(key: str) -> Flat:
    return {
        "encryption_config.encryption_type": "CUSTOMER_MANAGED_ENCRYPTION",
        "encryption_config.kms_key_name": key,
    }


def _scaled(prefix: str, most: int) -> Flat:
    scaling = f"{prefix}.autoscaling_config"
    return {
        f"{scaling}.autoscaling_limits": {"min_nodes": 1, "max_nodes": most},
        f"{scaling}.autoscaling_targets": {
            "high_priority_cpu_utilization_percent": 65,
            "storage_utilization_percent": 90,
        },
    }


def _replicas(also: str) -> list[Flat]:
    of_base: list[Flat] = [
        {"location": "us-east4", "type_": "READ_WRITE", "default_leader_location": True},
        {"location": "us-east4", "type_": "READ_WRITE", "default_leader_location": True},
        {"location": "us-east1", "type_": "READ_WRITE"},
        {"location": "us-east1", "type_": "READ_WRITE"},
        {"location": "us-central1", "type_": "WITNESS"},
    ]
    return [*of_base, {"location": also, "type_": "READ_ONLY"}]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A request, and one that asks for something else in one respect.

    :param asked: fields beside those that all requests of the kind have
    :param other: the fields that are otherwise, None for those that are not set
    :param follows: what cannot but be otherwise then
    """

    kind: OperationKind
    label: Label
    asked: Flat = field(default_factory=dict)
    other: Flat
    follows: tuple[Label, ...] = ()

    def __str__(self) -> str:
        return f"{self.kind.rpc}-{self.label.replace(' ', '-')}"

    def request(self, *, otherwise: bool = False) -> Any:
        """Return the request, or the other one."""
        fields = USUAL[self.kind] | self.asked | (self.other if otherwise else {})
        return self.kind.request_type()(_nested(fields))


def usual_request(kind: OperationKind) -> Any:
    """Return a request of this kind."""
    return kind.request_type()(_nested(USUAL[kind]))


def _nested(fields: Flat) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for path, value in fields.items():
        *parents, last = path.split(".")
        place = nested
        for parent in parents:
            place = place.setdefault(parent, {})
        if value is not None:
            place[last] = value
    return nested


USUAL: Mapping[OperationKind, Flat] = {
    kinds.CREATE_BACKUP: {
        "parent": INSTANCE,
        "backup_id": "nightly",
        "backup.database": ORDERS,
        "backup.expire_time": _days(30),
    },
    kinds.COPY_BACKUP: {
        "parent": INSTANCE,
        "backup_id": "copy",
        "source_backup": SOURCE,
        "expire_time": _days(30),
    },
    kinds.CREATE_DATABASE: {
        "parent": INSTANCE,
        "create_statement": "CREATE DATABASE `fresh`",
        "database_dialect": "GOOGLE_STANDARD_SQL",
        "extra_statements": [TABLE, "CREATE INDEX ById ON Orders (Id)"],
    },
    kinds.RESTORE_DATABASE: {"parent": INSTANCE, "database_id": "restored", "backup": SOURCE},
    kinds.UPDATE_DATABASE: {
        "database.name": ORDERS,
        "database.enable_drop_protection": True,
        "update_mask.paths": ["enable_drop_protection"],
    },
    kinds.UPDATE_DATABASE_DDL: {"database": ORDERS, "statements": [TABLE, "ANALYZE"]},
    kinds.CREATE_INSTANCE: {
        "parent": PROJECT,
        "instance_id": "second",
        "instance.name": f"{PROJECT}/instances/second",
        "instance.config": REGION,
        "instance.display_name": "Second",
        "instance.node_count": 2,
    },
    kinds.UPDATE_INSTANCE: {
        "instance.name": PLAIN,
        "instance.node_count": 10,
        "field_mask.paths": ["node_count", "autoscaling_config"],
    },
    kinds.MOVE_INSTANCE: {"name": INSTANCE, "target_config": OTHER_REGION},
    kinds.CREATE_INSTANCE_CONFIG: {
        "parent": PROJECT,
        "instance_config_id": "custom-mine",
        "instance_config.name": CUSTOM,
        "instance_config.display_name": "My own",
        "instance_config.base_config": f"{CONFIGS}/nam3",
        "instance_config.replicas": _replicas("us-west2"),
    },
    kinds.UPDATE_INSTANCE_CONFIG: {
        "instance_config.name": CUSTOM,
        "instance_config.display_name": "Your own",
        "update_mask.paths": ["display_name"],
    },
    kinds.CREATE_INSTANCE_PARTITION: {
        "parent": INSTANCE,
        "instance_partition_id": "part",
        "instance_partition.config": OTHER_REGION,
        "instance_partition.display_name": "A part",
        "instance_partition.node_count": 1,
    },
    kinds.UPDATE_INSTANCE_PARTITION: {
        "instance_partition.name": PARTITION,
        "instance_partition.node_count": 2,
        "field_mask.paths": ["node_count", "autoscaling_config"],
    },
}
"""A request of each kind."""


def _case(kind: OperationKind, label: Label, asked: Flat, other: Flat, *follows: Label) -> Case:
    return Case(kind=kind, label=label, asked=asked, other=other, follows=follows)


CASES = (
    _case(kinds.CREATE_BACKUP, Label.SOURCE_DATABASE, {}, {"backup.database": USERS}),
    _case(kinds.CREATE_BACKUP, Label.EXPIRY, {}, {"backup.expire_time": _days(1)}),
    _case(
        kinds.CREATE_BACKUP,
        Label.VERSION_TIME,
        {"backup.version_time": NOW + timedelta(minutes=1)},
        {"backup.version_time": NOW + timedelta(minutes=2)},
    ),
    _case(kinds.CREATE_BACKUP, Label.ENCRYPTION, _keys(KEY), _keys(OTHER_KEY)),
    _case(kinds.COPY_BACKUP, Label.SOURCE_BACKUP, {}, {"source_backup": OTHER_SOURCE}),
    _case(kinds.COPY_BACKUP, Label.EXPIRY, {}, {"expire_time": _days(1)}),
    _case(
        kinds.COPY_BACKUP,
        Label.ENCRYPTION,
        {"encryption_config.encryption_type": "GOOGLE_DEFAULT_ENCRYPTION"},
        _keys(KEY),
    ),
    _case(
        kinds.CREATE_DATABASE,
        Label.DIALECT,
        {"extra_statements": None},
        {"create_statement": 'CREATE DATABASE "fresh"', "database_dialect": "POSTGRESQL"},
    ),
    _case(
        kinds.CREATE_DATABASE,
        Label.ENCRYPTION,
        {"encryption_config.kms_key_name": KEY},
        {"encryption_config.kms_key_name": OTHER_KEY},
    ),
    _case(kinds.CREATE_DATABASE, Label.SCHEMA, {}, {"extra_statements": [OTHER_TABLE]}),
    _case(kinds.RESTORE_DATABASE, Label.SOURCE_BACKUP, {}, {"backup": OTHER_SOURCE}),
    _case(
        kinds.RESTORE_DATABASE,
        Label.ENCRYPTION,
        _keys(KEY),
        {
            "encryption_config.encryption_type": "GOOGLE_DEFAULT_ENCRYPTION",
            "encryption_config.kms_key_name": None,
        },
    ),
    _case(
        kinds.UPDATE_DATABASE, Label.DROP_PROTECTION, {}, {"database.enable_drop_protection": False}
    ),
    _case(
        kinds.UPDATE_DATABASE,
        Label.ENCRYPTION,
        {
            "database.name": SECRETS,
            "database.encryption_config.kms_key_name": KEY,
            "update_mask.paths": ["encryption_config"],
        },
        {"database.encryption_config.kms_key_name": OTHER_KEY},
    ),
    _case(kinds.UPDATE_DATABASE_DDL, Label.STATEMENTS, {}, {"statements": [OTHER_TABLE]}),
    _case(kinds.CREATE_INSTANCE, Label.CONFIGURATION, {}, {"instance.config": OTHER_REGION}),
    _case(
        kinds.CREATE_INSTANCE,
        Label.INSTANCE_TYPE,
        {"instance.instance_type": "PROVISIONED"},
        {"instance.instance_type": "FREE_INSTANCE", "instance.node_count": None},
    ),
    _case(
        kinds.CREATE_INSTANCE,
        Label.CAPACITY,
        {},
        {"instance.node_count": None, "instance.processing_units": 300},
    ),
    _case(
        kinds.CREATE_INSTANCE,
        Label.AUTOSCALING,
        {"instance.node_count": None, **_scaled("instance", 3)},
        _scaled("instance", 5),
    ),
    _case(
        kinds.CREATE_INSTANCE,
        Label.EDITION,
        {"instance.edition": "STANDARD"},
        {"instance.edition": "ENTERPRISE"},
    ),
    _case(
        kinds.CREATE_INSTANCE,
        Label.BACKUP_SCHEDULE,
        {"instance.default_backup_schedule_type": "NONE"},
        {"instance.default_backup_schedule_type": "AUTOMATIC"},
    ),
    _case(kinds.CREATE_INSTANCE, Label.DISPLAY_NAME, {}, {"instance.display_name": "Another"}),
    _case(
        kinds.CREATE_INSTANCE,
        Label.LABELS,
        {"instance.labels": {"team": "shop", "cost": "low"}},
        {"instance.labels": {"team": "shop"}},
    ),
    _case(kinds.UPDATE_INSTANCE, Label.CAPACITY, {}, {"instance.node_count": 3}),
    _case(
        kinds.UPDATE_INSTANCE,
        Label.AUTOSCALING,
        {
            "instance.node_count": None,
            "field_mask.paths": ["autoscaling_config"],
            **_scaled("instance", 3),
        },
        _scaled("instance", 5),
    ),
    _case(
        kinds.UPDATE_INSTANCE,
        Label.EDITION,
        {"instance.edition": "ENTERPRISE_PLUS", "field_mask.paths": ["edition"]},
        {"instance.edition": "ENTERPRISE"},
    ),
    _case(
        kinds.UPDATE_INSTANCE,
        Label.BACKUP_SCHEDULE,
        {
            "instance.default_backup_schedule_type": "NONE",
            "field_mask.paths": ["default_backup_schedule_type"],
        },
        {"instance.default_backup_schedule_type": "AUTOMATIC"},
    ),
    _case(
        kinds.UPDATE_INSTANCE,
        Label.DISPLAY_NAME,
        {"instance.display_name": "The main one", "field_mask.paths": ["display_name"]},
        {"instance.display_name": "Another"},
    ),
    _case(
        kinds.UPDATE_INSTANCE,
        Label.LABELS,
        {"instance.labels": {"team": "shop"}, "field_mask.paths": ["labels"]},
        {"instance.labels": {"team": "store"}},
    ),
    _case(kinds.MOVE_INSTANCE, Label.CONFIGURATION, {}, {"target_config": f"{CONFIGS}/nam3"}),
    _case(
        kinds.CREATE_INSTANCE_CONFIG,
        Label.BASE_CONFIGURATION,
        {},
        {
            "instance_config.base_config": f"{CONFIGS}/regional-us-central1",
            "instance_config.replicas": [
                *({"location": "us-central1", "type_": "READ_WRITE"},) * 3,
                {"location": "us-west3", "type_": "READ_ONLY"},
            ],
        },
        # which include those of the base
        Label.REPLICAS,
    ),
    _case(
        kinds.CREATE_INSTANCE_CONFIG,
        Label.REPLICAS,
        {},
        {"instance_config.replicas": _replicas("europe-west1")},
    ),
    _case(
        kinds.CREATE_INSTANCE_CONFIG,
        Label.DISPLAY_NAME,
        {},
        {"instance_config.display_name": "Another"},
    ),
    _case(
        kinds.CREATE_INSTANCE_CONFIG,
        Label.LABELS,
        {"instance_config.labels": {"team": "shop"}},
        {"instance_config.labels": {"team": "store"}},
    ),
    _case(
        kinds.UPDATE_INSTANCE_CONFIG,
        Label.DISPLAY_NAME,
        {},
        {"instance_config.display_name": "Another"},
    ),
    _case(
        kinds.UPDATE_INSTANCE_CONFIG,
        Label.LABELS,
        {"instance_config.labels": {"team": "shop"}, "update_mask.paths": ["labels"]},
        {"instance_config.labels": {"team": "store"}},
    ),
    _case(
        kinds.CREATE_INSTANCE_PARTITION,
        Label.CONFIGURATION,
        {},
        {"instance_partition.config": f"{CONFIGS}/regional-us-west1"},
    ),
    _case(
        kinds.CREATE_INSTANCE_PARTITION,
        Label.CAPACITY,
        {},
        {"instance_partition.node_count": 2},
    ),
    _case(
        kinds.CREATE_INSTANCE_PARTITION,
        Label.AUTOSCALING,
        {"instance_partition.node_count": None, **_scaled("instance_partition", 3)},
        _scaled("instance_partition", 5),
    ),
    _case(
        kinds.CREATE_INSTANCE_PARTITION,
        Label.DISPLAY_NAME,
        {},
        {"instance_partition.display_name": "Another"},
    ),
    _case(
        kinds.UPDATE_INSTANCE_PARTITION,
        Label.CAPACITY,
        {},
        {
            "instance_partition.node_count": None,
            "instance_partition.processing_units": 3000,
            "field_mask.paths": ["processing_units", "autoscaling_config"],
        },
    ),
    _case(
        kinds.UPDATE_INSTANCE_PARTITION,
        Label.AUTOSCALING,
        {
            "instance_partition.node_count": None,
            "field_mask.paths": ["autoscaling_config"],
            **_scaled("instance_partition", 3),
        },
        _scaled("instance_partition", 5),
    ),
    _case(
        kinds.UPDATE_INSTANCE_PARTITION,
        Label.DISPLAY_NAME,
        {"instance_partition.display_name": "Overseas", "field_mask.paths": ["display_name"]},
        {"instance_partition.display_name": "Another"},
    ),
)
"""For each facet of each kind a request, and one that asks otherwise for that."""


def prepare(
    kind: OperationKind,
    emulator: SpannerAdminEmulator,
    client: SpannerAdminClient,
    clock: ManualClock,
) -> None:
    """Put everything there that the requests of a kind need, and let the time come to start it."""
    emulator.create_instance(PLAIN)  # in a single region, so that it may be of any edition
    emulator.create_database(USERS)
    if kind in (kinds.COPY_BACKUP, kinds.RESTORE_DATABASE):
        emulator.create_backup(SOURCE, ORDERS)
        emulator.create_backup(OTHER_SOURCE, USERS)
    if kind is kinds.UPDATE_DATABASE:
        request: Any = kinds.CREATE_DATABASE.request_type()(
            parent=INSTANCE,
            create_statement="CREATE DATABASE `secrets`",
            encryption_config={"kms_key_name": OTHER_KEY},
        )
        _make(kinds.CREATE_DATABASE, request, emulator, client)
    if kind in _MADE_BY:
        _make(_MADE_BY[kind], usual_request(_MADE_BY[kind]), emulator, client)
    clock.advance(START - clock.now())


def _make(
    kind: OperationKind, request: Any, emulator: SpannerAdminEmulator, client: SpannerAdminClient
) -> None:
    emulator.plan(Plan(duration=timedelta()), times=1)
    client.start(kind=kind, request=request)
