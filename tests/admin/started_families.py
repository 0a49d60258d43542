# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Several operations of each family, started in the emulator, and what was asked about them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core import kinds
from airflow_spanner_lro.emulator import Plan
from airflow_spanner_lro.emulator.configs.base_configs import BASE_CONFIGS

from .every_kind import INSTANCE, PROJECT, REQUESTS

if TYPE_CHECKING:
    from airflow_spanner_lro.admin.client import SpannerAdminClient
    from airflow_spanner_lro.core.kinds import OperationKind
    from airflow_spanner_lro.core.names import OperationName
    from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator

HOUR_LONG = timedelta(hours=1)
HOUR = Plan(duration=HOUR_LONG)
COUNT = 4
_CUSTOM = next(
    dict(request["instance_config"])
    for kind, request in REQUESTS
    if kind is kinds.CREATE_INSTANCE_CONFIG
)


class World:
    """Starts operations in the emulator."""

    def __init__(
        self, emulator: SpannerAdminEmulator, client: SpannerAdminClient, clock: ManualClock
    ) -> None:
        self.emulator = emulator
        self._client = client
        self._clock = clock

    def end_all(self, *, late: timedelta = timedelta(hours=1)) -> None:
        """Let all operations end.

        :param late: how long ago that is then
        """
        self._clock.advance(HOUR_LONG + late)

    def databases(self, count: int = COUNT) -> list[OperationName]:
        """Change the schemas of as many databases."""
        return [self._change_schema(f"d{number:03}") for number in range(count)]

    def backups(self, count: int = COUNT) -> list[OperationName]:
        """Back up as many databases."""
        return [self._back_up(f"d{number:03}") for number in range(count)]

    def partitions(self) -> list[OperationName]:
        """Create partitions of the instance."""
        # no two partitions may have one configuration
        regions = sorted(each for each in BASE_CONFIGS if each.startswith("regional-"))
        return [
            self._start(
                kinds.CREATE_INSTANCE_PARTITION,
                parent=INSTANCE,
                instance_partition_id=f"part-{number}",
                instance_partition={
                    "config": f"{PROJECT}/instanceConfigs/{region}",
                    "display_name": f"Part {number}",
                    "node_count": 1,
                },
            )
            for number, region in enumerate(regions[:COUNT])
        ]

    def configs(self) -> list[OperationName]:
        """Create configurations."""
        return [
            self._start(
                kinds.CREATE_INSTANCE_CONFIG,
                parent=PROJECT,
                instance_config_id=f"custom-{number}",
                instance_config=_CUSTOM
                | {
                    "name": f"{PROJECT}/instanceConfigs/custom-{number}",
                    "display_name": f"Config {number}",
                },
            )
            for number in range(COUNT)
        ]

    def instances(self) -> list[OperationName]:
        """Resize one instance time and again; all but the last have ended then."""
        names = []
        for nodes in range(2, 2 + COUNT):
            self.end_all()
            names.append(
                self._start(
                    kinds.UPDATE_INSTANCE,
                    instance={"name": INSTANCE, "node_count": nodes},
                    field_mask={"paths": ["node_count"]},
                )
            )
        return names

    def lists(self) -> set[str]:
        """Return the methods that have listed operations."""
        return {call.method for call in self.emulator.calls if call.method.startswith("List")}

    def gets(self) -> int:
        """Return how many operations were got."""
        return len(self.emulator.calls.of("GetOperation"))

    def _change_schema(self, database_id: str) -> OperationName:
        self.emulator.create_database(f"{INSTANCE}/databases/{database_id}")
        return self._start(
            kinds.UPDATE_DATABASE_DDL,
            database=f"{INSTANCE}/databases/{database_id}",
            statements=["ANALYZE"],
        )

    def _back_up(self, database_id: str) -> OperationName:
        self.emulator.create_database(f"{INSTANCE}/databases/{database_id}")
        backup = {
            "database": f"{INSTANCE}/databases/{database_id}",
            "expire_time": self._clock.now() + timedelta(days=7),
        }
        return self._start(
            kinds.CREATE_BACKUP, parent=INSTANCE, backup_id=f"of-{database_id}", backup=backup
        )

    def _start(self, kind: OperationKind, **request: Any) -> OperationName:
        self.emulator.plan(HOUR, times=1)
        return self._client.start(kind=kind, request=kind.request_type()(**request)).name
