# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The examples on assets understand the events of tasks and of watchers."""

from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException

from tests.airflow.fakes import BACKUP

EXAMPLES = Path(__file__).parents[2] / "example_dags"
FACTS = {"name": BACKUP, "size_bytes": 4096, "expire_time": "2026-12-21T02:00:00Z"}
EVENTS = [
    pytest.param(FACTS, id="of a task"),
    pytest.param({"from_trigger": True, "payload": FACTS}, id="of a watcher"),
]


@pytest.mark.parametrize("extra", EVENTS)
def test_restore_takes_the_backup_of_the_event(extra: dict[str, Any]) -> None:
    """The restore drill restores the backup that the newest event names."""
    example = runpy.run_path(str(EXAMPLES / "example_spanner_asset_restore.py"))
    older = SimpleNamespace(extra={"name": "older"})
    events = {example["BACKUPS"].uri: [older, SimpleNamespace(extra=extra)]}

    name = example["newest_backup"].function(Events(events))

    assert BACKUP == name


def test_restore_by_hand_is_skipped() -> None:
    """Without an event there is nothing to restore, and nothing fails."""
    example = runpy.run_path(str(EXAMPLES / "example_spanner_asset_restore.py"))

    with pytest.raises(AirflowSkipException, match="started by hand"):
        example["newest_backup"].function(Events({}))


@pytest.mark.parametrize("extra", EVENTS)
def test_watcher_tells_each_backup(extra: dict[str, Any]) -> None:
    """The Dag of the watcher returns the name of each new backup."""
    example = runpy.run_path(str(EXAMPLES / "example_spanner_backup_watcher.py"))
    events = {example["WATCHED"].uri: [SimpleNamespace(extra=extra)]}

    assert [BACKUP] == example["tell"].function(Events(events))


class Events:
    """Events by asset, as Airflow gives them to a task."""

    def __init__(self, events: dict[str, list[Any]]) -> None:
        self._events = events

    def get(self, asset: Any, default: Any = None) -> Any:
        """Return the events of an asset."""
        return self._events.get(asset.uri, default)
