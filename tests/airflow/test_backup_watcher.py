# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The watcher fires once for each backup that becomes complete, whoever made it, for ever."""

from __future__ import annotations

import asyncio
import json
from dataclasses import fields
from typing import TYPE_CHECKING

import pytest
from airflow.sdk import AssetWatcher
from airflow.serialization.encoders import encode_trigger
from airflow.triggers.base import BaseEventTrigger

from airflow_spanner_lro.assets import backups_asset
from airflow_spanner_lro.core.errors import InvalidArgumentError, InvalidNameError
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.triggers.backup_watcher import SpannerBackupWatcherTrigger
from tests.airflow.backup_watcher_runs import (
    LIST,
    WHERE,
    FakeAssetStore,
    SharedAssetStore,
    begin,
    first,
    made_before,
    until_shutdown,
    upon_look,
    watcher,
)
from tests.airflow.fakes import BACKUP, DATABASE, LATER, LONG, FakeTask
from tests.airflow.task_runner import backup

if TYPE_CHECKING:
    from tests.airflow.fakes import Stage


@pytest.fixture
def store() -> FakeAssetStore:
    """Return an empty state store."""
    return FakeAssetStore()


async def test_fires_when_a_backup_becomes_complete(stage: Stage) -> None:
    """A backup that is begun during the watch fires when it is READY, with its facts."""
    stage.emulator.plan(LONG)
    upon_look(stage, 2, begin("nightly"))
    upon_look(stage, 4, lambda: stage.clock.advance(LATER))

    (payload,) = await first(watcher())

    assert (BACKUP, DATABASE, "READY") == (
        payload["name"],
        payload["database"],
        payload["state"],
    )
    assert "spanner://test/main/backups/nightly" == payload["uri"]
    assert {"create_time", "version_time", "expire_time", "size_bytes", "schedules"} <= set(payload)
    assert payload == json.loads(json.dumps(payload))


async def test_existing_backups_do_not_fire(stage: Stage) -> None:
    """A watch begins now: what was there before is not news."""
    made_before(stage, "old-one")
    upon_look(stage, 2, lambda: made_before(stage, "new-one"))

    (payload,) = await first(watcher())

    assert payload["name"].endswith("/new-one")


async def test_existing_backups_fire_if_wanted(stage: Stage) -> None:
    """With include_existing they come first, the oldest first."""
    made_before(stage, "b-1")
    made_before(stage, "b-2")

    payloads = await first(watcher(include_existing=True), 2)

    assert ["b-1", "b-2"] == [each["name"].rpartition("/")[2] for each in payloads]


async def test_backup_under_way_fires(stage: Stage) -> None:
    """A backup that was begun before the watch and is complete later is news."""
    stage.emulator.plan(LONG)
    begin("nightly")()
    upon_look(stage, 2, lambda: stage.clock.advance(LATER))

    (payload,) = await first(watcher())

    assert BACKUP == payload["name"]


async def test_other_databases_do_not_fire(stage: Stage) -> None:
    """Only backups of the watched database fire."""
    stage.emulator.create_database(f"{DATABASE}2")
    upon_look(
        stage,
        2,
        lambda: backup(
            backup_id="another", database_id="orders2", wait_for_completion=False
        ).execute(FakeTask().context),
    )
    upon_look(stage, 3, lambda: made_before(stage, "nightly"))

    (payload,) = await first(watcher())

    assert BACKUP == payload["name"]


async def test_restart_repeats_nothing(stage: Stage, store: FakeAssetStore) -> None:
    """A watcher that starts again goes on where it was, and has missed nothing meanwhile."""
    upon_look(stage, 2, lambda: made_before(stage, "b-1"))
    output = await until_shutdown(watcher(store), stage, looks=4)
    made_before(stage, "b-2")

    (payload,) = await first(watcher(store))

    assert 1 == len(output)
    assert payload["name"].endswith("/b-2")


async def test_event_that_was_not_noted_is_told_again(stage: Stage, store: FakeAssetStore) -> None:
    """A crash between an event and its note repeats the event: better than to lose it."""
    upon_look(stage, 2, lambda: made_before(stage, "nightly"))
    (once,) = await first(watcher(store))

    (again,) = await first(watcher(store))

    assert once == again


async def test_note_waits_until_airflow_has_the_event(
    stage: Stage, store: FakeAssetStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An event is on its way for a moment: a triggerer that ends then must tell it again."""
    made_before(stage, "nightly")
    trigger = watcher(store, include_existing=True, poll_interval=60)
    notes: list[tuple[float, int]] = []

    async def pause(seconds: float) -> None:
        notes.append((seconds, len(store.values)))
        if len(notes) > 1:
            raise asyncio.CancelledError

    monkeypatch.setattr(trigger, "_pause", pause)

    with pytest.raises(asyncio.CancelledError):
        await first(trigger, 2)

    assert [(5.0, 0), (60, 1)] == notes


async def test_note_that_fails_is_made_later(stage: Stage, store: FakeAssetStore) -> None:
    """When Airflow cannot be asked, the watch goes on and the note is made at the next poll."""
    store.refusals = 2
    upon_look(stage, 5, lambda: made_before(stage, "nightly"))

    await first(watcher(store))

    assert 0 == store.refusals
    assert 1 == len(store.values)


async def test_unreadable_note_begins_anew(stage: Stage, store: FakeAssetStore) -> None:
    """A note that something else has written is replaced, with a word in the log."""
    made_before(stage, "old-one")
    await store.aset(f"spanner_lro_backups:{DATABASE}", {"what": "else"})
    upon_look(stage, 2, lambda: made_before(stage, "new-one"))

    (payload,) = await first(watcher(store))

    assert payload["name"].endswith("/new-one")


async def test_shared_watcher_works_without_notes(stage: Stage) -> None:
    """A trigger that several assets share has no store of its own, and fires all the same."""
    upon_look(stage, 2, lambda: made_before(stage, "nightly"))

    (payload,) = await first(watcher(SharedAssetStore()))

    assert BACKUP == payload["name"]


@pytest.mark.parametrize("code", [Code.UNAVAILABLE, Code.PERMISSION_DENIED])
async def test_trouble_is_told_once_and_waited_out(
    stage: Stage, capsys: pytest.CaptureFixture[str], code: Code
) -> None:
    """Nobody sees an error, so it is logged once, and the watch goes on."""
    stage.script.fail(method=LIST, code=code, times=3)
    upon_look(stage, 2, lambda: made_before(stage, "nightly"))

    (payload,) = await first(watcher())

    output = capsys.readouterr().out.splitlines()
    assert BACKUP == payload["name"]
    assert 1 == len([each for each in output if "cannot be listed" in each and code.name in each])
    assert 1 == len([each for each in output if "can be listed again" in each])


async def test_missing_connection_is_waited_for(
    stage: Stage, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that does not exist yet is logged once, and used when it is there."""
    monkeypatch.delenv("SPANNER_EMULATOR_HOST")
    trigger = watcher(gcp_conn_id="later")
    tell = trigger._log_trouble

    def tell_and_create(exc: Exception) -> None:
        tell(exc)
        extra = json.dumps({"spanner_endpoint": f"http://{stage.emulator.endpoint}"})
        value = json.dumps({"conn_type": "google_cloud_platform", "extra": extra})
        monkeypatch.setenv("AIRFLOW_CONN_LATER", value)
        upon_look(stage, 2, lambda: made_before(stage, "nightly"))

    monkeypatch.setattr(trigger, "_log_trouble", tell_and_create)

    (payload,) = await first(trigger)

    assert BACKUP == payload["name"]
    assert 1 == capsys.readouterr().out.count("there is no such connection")


def test_stored_as_primitives() -> None:
    """Arguments are those of the author and lie in Airflow's database as JSON."""
    trigger = SpannerBackupWatcherTrigger(**WHERE)
    path, arguments = trigger.serialize()

    assert "airflow_spanner_lro.triggers.backup_watcher.SpannerBackupWatcherTrigger" == path
    own = {each.name for each in fields(SpannerBackupWatcherTrigger)}
    assert own | {"version"} == set(arguments)
    assert arguments == json.loads(json.dumps(arguments))
    assert arguments["endpoint"] is None
    assert 60.0 == arguments["poll_interval"]


def test_airflow_tells_watchers_apart() -> None:
    """Equal watchers are one trigger for Airflow, others are not."""
    hashes = [
        BaseEventTrigger.hash(*SpannerBackupWatcherTrigger(**WHERE | more).serialize())
        for more in ({}, {}, {"database_id": "another"})
    ]

    assert hashes[0] == hashes[1]
    assert hashes[0] != hashes[2]


def test_watcher_of_an_asset() -> None:
    """Airflow takes it as the watcher of an asset, and can write it into a Dag."""
    watcher = AssetWatcher(name="backups", trigger=SpannerBackupWatcherTrigger(**WHERE))
    asset = backups_asset(**WHERE, watchers=[watcher])

    encoded = encode_trigger(asset.watchers[0].trigger)

    assert encoded["classpath"].endswith("SpannerBackupWatcherTrigger")


@pytest.mark.parametrize("seconds", [0, 0.5, float("nan")])
def test_interval_has_a_minimum(seconds: float) -> None:
    """A watcher that would poll too often is an error of the Dag file."""
    with pytest.raises(InvalidArgumentError, match="poll_interval"):
        SpannerBackupWatcherTrigger(**WHERE, poll_interval=seconds)


def test_wrong_id_is_an_error_of_the_dag_file() -> None:
    """An id that breaks its rule is reported where it is written."""
    with pytest.raises(InvalidNameError, match="database id='ORDERS'"):
        SpannerBackupWatcherTrigger(**WHERE | {"database_id": "ORDERS"})
