# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Tasks that wait for their turn are lines of the list: by their intents, and by their triggers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from airflow.models.trigger import Trigger
from sqlalchemy import update

from airflow_spanner_lro.airflow_internals import task_instances
from airflow_spanner_lro.triggers.slot import SpannerPauseTrigger, SpannerSlotTrigger
from airflow_spanner_lro.web.ledger.index import WAITING
from airflow_spanner_lro.web.ledger.states import State

from .ledgers import NOW, entry, only, statements

if TYPE_CHECKING:
    from .ledgers import Ledgers

SLOT = "airflow_spanner_lro.triggers.slot.SpannerSlotTrigger"
QUERY = {
    "call": "OF_BACKUPS",
    "parent": "projects/test/instances/main",
    "types": ["type.googleapis.com/google.spanner.admin.database.v1.CreateBackupMetadata"],
    "pending": True,
    "filter": "",
}
HOLDER = "projects/test/instances/main/backups/other/operations/o"


def test_a_task_that_waits_for_its_turn_is_a_line(ledgers: Ledgers) -> None:
    """Its closed intent shows what it is about, and its trigger what it waits for."""
    scope = ledgers.tables.add_task(state="running", run_state="running")
    intent = entry(operation=None, evidence=None)
    ledgers.tables.write(scope, intent.close())
    on_worker = only(ledgers.index.view())
    arguments = {"query": QUERY, "holders": [HOLDER], "limit": "one backup at a time"}
    ledgers.wait_for_turn(scope, SLOT, arguments | {"deadline": NOW.isoformat()})

    line = only(ledgers.later())

    assert (State.WAITING, None) == (on_worker.shown.state, on_worker.turn)
    assert State.WAITING is line.shown.state
    assert "projects/test/instances/main/backups/nightly" == line.target
    assert line.turn is not None
    assert ((HOLDER,), NOW) == (line.turn.holders, line.turn.deadline)


def test_a_task_that_waits_and_has_no_entry_is_a_line_of_its_own(ledgers: Ledgers) -> None:
    """Such as a deletion that waits for readers: it is listed by its trigger, until that fires."""
    scope = ledgers.tables.add_task(state="running", run_state="running")
    number = ledgers.wait_for_turn(scope, SLOT, {"query": QUERY, "limit": "one\x1b at a time"})

    line = only(ledgers.index.view())

    assert (f"w{number}", State.WAITING) == (line.id, line.shown.state)
    assert "projects/test/instances/main" == line.instance
    assert "one\\x1b at a time" in line.shown.text
    with statements(ledgers) as quiet:
        ledgers.later()
    assert not any("trigger.kwargs" in each for each in quiet), "they are read once"
    ledgers.tables.change_task(scope, state="running", trigger_id=None)
    assert () == ledgers.later().lines


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"query": 7, "holders": "abc", "limit": ["x"], "deadline": 5, "until": "tomorrow"},
        {"query": {"call": "DROP", "parent": "x"}, "holders": [1, None], "deadline": "2026-01-01"},
        {"query": {"call": "OF_BACKUPS", "parent": 3}, "limit": "x" * 60_000},
    ],
)
def test_arguments_that_nobody_of_ours_wrote_are_passed_over(
    ledgers: Ledgers, arguments: dict[str, Any]
) -> None:
    """The task is listed all the same, and says no more than what can be read."""
    scope = ledgers.tables.add_task(state="running", run_state="running")
    ledgers.wait_for_turn(scope, SLOT, arguments)

    line = only(ledgers.index.view())

    assert line.turn is not None
    assert ((), None, None) == (line.turn.holders, line.turn.deadline, line.turn.until)
    assert len(line.shown.text) < 300


def test_arguments_under_another_key_are_passed_over(ledgers: Ledgers) -> None:
    """A trigger whose arguments cannot be decrypted is listed without them."""
    scope = ledgers.tables.add_task(state="running", run_state="running")
    ledgers.wait_for_turn(scope, SLOT, {})
    ledgers.tables.execute(update(Trigger).values(encrypted_kwargs="gAAAAAB-of-another-key"))

    assert State.WAITING is only(ledgers.index.view()).shown.state


def test_a_trigger_that_has_fired_meanwhile_says_nothing(ledgers: Ledgers) -> None:
    """It was there when the waiting tasks were listed, and is gone when it is to be read."""
    del ledgers

    assert task_instances.trigger_arguments(99_999) is None


def test_classes_of_triggers_are_named_as_they_are() -> None:
    """The index knows them by their paths, which lie in databases."""
    classes = (SpannerSlotTrigger, SpannerPauseTrigger)

    assert WAITING == tuple(f"{each.__module__}.{each.__qualname__}" for each in classes)
