# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What a task tells about what it made: to the outlets that stand for it, and to the lineage."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk import Asset, AssetAlias
from airflow.sdk.execution_time.context import OutletEventAccessors
from airflow.sdk.lineage import HookLineageCollector

from airflow_spanner_lro import assets
from airflow_spanner_lro.assets import backup_asset, backups_asset, database_asset
from airflow_spanner_lro.core.kinds import (
    COPY_BACKUP,
    CREATE_BACKUP,
    CREATE_INSTANCE,
    RESTORE_DATABASE,
    UPDATE_DATABASE_DDL,
    OperationKind,
)
from airflow_spanner_lro.core.names import BackupName, ResourceName, parse_resource
from tests.airflow.fakes import BACKUP, DATABASE, INSTANCE, RESTORED, SOURCE, FakeTask
from tests.airflow.task_runner import backup, play

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.airflow.fakes import Stage

WHERE = {"project_id": "test", "instance_id": "main"}
BACKUP_RESULT = {
    "name": BACKUP,
    "database": DATABASE,
    "state": "READY",
    "create_time": "2026-11-21T02:00:00Z",
    "version_time": "2026-11-21T02:00:00Z",
    "expire_time": "2026-12-21T02:00:00Z",
    "size_bytes": "4096",
}
BACKUP_FACTS = {
    "uri": "spanner://test/main/backups/nightly",
    "name": BACKUP,
    "database": DATABASE,
    "create_time": "2026-11-21T02:00:00Z",
    "version_time": "2026-11-21T02:00:00Z",
    "expire_time": "2026-12-21T02:00:00Z",
    "size_bytes": 4096,
}
RESTORE_RESULT = {
    "name": RESTORED,
    "state": "READY",
    "create_time": "2026-11-21T04:00:00Z",
    "restore_info": {
        "source_type": "BACKUP",
        "backup_info": {
            "backup": SOURCE,
            "source_database": DATABASE,
            "version_time": "2026-11-21T02:00:00Z",
        },
    },
}
RESTORE_FACTS = {
    "uri": "spanner://test/main/databases/restored",
    "name": RESTORED,
    "create_time": "2026-11-21T04:00:00Z",
    "backup": SOURCE,
    "source_database": DATABASE,
    "version_time": "2026-11-21T02:00:00Z",
}


class TellingTask(FakeTask):
    """A task instance whose outlets have events."""

    def __init__(self) -> None:
        super().__init__()
        self.events = OutletEventAccessors()

    @property
    def context(self) -> Any:
        """The context of the try that runs now, with the events."""
        return super().context | {"outlet_events": self.events}


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> HookLineageCollector:
    """Return the collector of an Airflow that has a reader of lineage."""
    made = HookLineageCollector()
    monkeypatch.setattr(assets, "get_hook_lineage_collector", lambda: made)
    return made


def told(
    *outlets: Any,
    made: str = BACKUP,
    result: object = BACKUP_RESULT,
    kind: OperationKind | None = CREATE_BACKUP,
    sources: Sequence[ResourceName] = (),
) -> OutletEventAccessors:
    """Report what was made by a task with these outlets; return its events."""
    events = OutletEventAccessors()
    context: Any = {"outlet_events": events}
    hook: Any = object()
    assets.report_made(
        context,
        outlets=outlets,
        hook=hook,
        made=parse_resource(made),
        result=result,
        kind=kind,
        sources=sources,
    )
    return events


@pytest.mark.parametrize(
    "outlet",
    [
        pytest.param(backup_asset(**WHERE, backup_id="nightly"), id="the backup"),
        pytest.param(backups_asset(**WHERE, database_id="orders"), id="all of the database"),
        pytest.param(
            backups_asset(**WHERE, database_id="orders", name="order backups"), id="with a name"
        ),
    ],
)
def test_backup_is_told_to_its_outlets(outlet: Asset) -> None:
    """The event of an outlet that stands for the backup has what a consumer wants to know."""
    events = told(outlet)

    assert BACKUP_FACTS == events[outlet].extra
    assert BACKUP_FACTS == json.loads(json.dumps(events[outlet].extra))


def test_reference_by_address_is_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """An outlet may refer to the asset by its address alone."""
    outlet = backups_asset(**WHERE, database_id="orders")
    monkeypatch.setattr(
        OutletEventAccessors, "_get_asset_from_db", staticmethod(lambda **_: outlet)
    )

    events = told(Asset.ref(uri=outlet.uri))

    assert BACKUP_FACTS == events[outlet].extra


@pytest.mark.parametrize(
    "outlet",
    [
        pytest.param(backup_asset(**WHERE, backup_id="another"), id="another backup"),
        pytest.param(backups_asset(**WHERE, database_id="another"), id="of another database"),
        pytest.param(database_asset(**WHERE, database_id="orders"), id="the database itself"),
        pytest.param(Asset("gs://bucket/key"), id="something else"),
    ],
)
def test_other_outlets_are_left_alone(outlet: Asset) -> None:
    """An outlet that stands for something else gets Airflow's own event, without facts."""
    events = told(outlet)

    assert 0 == len(events)


def test_facts_of_the_author_stay() -> None:
    """What the author has put into the event before is kept."""
    outlet = backups_asset(**WHERE, database_id="orders")
    events = OutletEventAccessors()
    events[outlet].extra["owner"] = "team"
    context: Any = {"outlet_events": events}
    hook: Any = object()

    assets.report_made(
        context,
        outlets=[outlet],
        hook=hook,
        made=BackupName.parse(BACKUP),
        result=BACKUP_RESULT,
    )

    assert {"owner": "team"} | BACKUP_FACTS == events[outlet].extra


def test_alias_gets_the_backup_as_an_asset() -> None:
    """An alias, for ids that nobody knows beforehand, gets the backup's own asset."""
    alias = AssetAlias("new backups")

    (event,) = told(alias)[alias].asset_alias_events

    assert BACKUP_FACTS["uri"] == event.dest_asset_key.uri
    assert BACKUP_FACTS == event.extra


def test_restored_database_tells_its_backup() -> None:
    """The event of a restored database says which backup it came from, and as of when."""
    outlet = database_asset(**WHERE, database_id="restored")

    events = told(outlet, made=RESTORED, result=RESTORE_RESULT, kind=RESTORE_DATABASE)

    assert RESTORE_FACTS == events[outlet].extra


@pytest.mark.parametrize("deferrable", [False, True])
def test_operator_tells_what_it_made(
    stage: Stage, collector: HookLineageCollector, deferrable: bool
) -> None:
    """A task whose operation has succeeded tells its outlets, also in the process after a wait."""
    outlet = backups_asset(**WHERE, database_id="orders")
    task = TellingTask()
    stage.finish_upon()

    result = play(backup(outlets=[outlet], deferrable=deferrable), task)

    assert (BACKUP, result["version_time"], result["expire_time"]) == tuple(
        task.events[outlet].extra[key] for key in ("name", "version_time", "expire_time")
    )
    assert [BACKUP_FACTS["uri"]] == [each.asset.uri for each in collector.collected_assets.outputs]


def test_what_is_no_asset_is_not_told(collector: HookLineageCollector) -> None:
    """An instance is no asset: nothing is told of it."""
    events = told(AssetAlias("all"), made=INSTANCE, result={}, kind=CREATE_INSTANCE)

    assert 0 == len(events)
    assert not collector.has_collected


@pytest.mark.parametrize(
    ("arguments", "inputs", "output"),
    [
        pytest.param({}, ["spanner://test/main/databases/orders"], BACKUP_FACTS, id="backup"),
        pytest.param(
            {"kind": COPY_BACKUP, "sources": [BackupName.parse(SOURCE)]},
            ["spanner://test/main/databases/orders", "spanner://test/main/backups/source"],
            BACKUP_FACTS,
            id="copy",
        ),
        pytest.param(
            {"kind": RESTORE_DATABASE, "made": RESTORED, "result": RESTORE_RESULT},
            ["spanner://test/main/backups/source"],
            RESTORE_FACTS,
            id="restore",
        ),
        pytest.param(
            {"kind": UPDATE_DATABASE_DDL, "made": RESTORED, "result": RESTORE_RESULT},
            [],
            RESTORE_FACTS,
            id="change of a restored database",
        ),
    ],
)
def test_lineage(
    collector: HookLineageCollector,
    arguments: dict[str, Any],
    inputs: list[str],
    output: dict[str, Any],
) -> None:
    """The collector is told what was made, and from what."""
    told(**arguments)

    collected = collector.collected_assets
    assert inputs == [each.asset.uri for each in collected.inputs]
    assert [(output["uri"], output)] == [
        (each.asset.uri, each.asset.extra) for each in collected.outputs
    ]


def test_what_was_only_waited_for_is_no_lineage(collector: HookLineageCollector) -> None:
    """A sensor fills its outlets too, but has made nothing."""
    outlet = backups_asset(**WHERE, database_id="orders")

    events = told(outlet, kind=None)

    assert BACKUP_FACTS == events[outlet].extra
    assert not collector.has_collected


def test_context_without_events_is_enough(collector: HookLineageCollector) -> None:
    """Where there are no outlet events, there is still the lineage."""
    hook: Any = object()
    context: Any = {}

    assets.report_made(
        context,
        outlets=[backups_asset(**WHERE, database_id="orders")],
        hook=hook,
        made=BackupName.parse(BACKUP),
        result=BACKUP_RESULT,
        kind=CREATE_BACKUP,
    )

    assert 1 == len(collector.collected_assets.outputs)
