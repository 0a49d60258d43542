# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Snapshots, settlements, outcomes and resource states: values, events, and what Dags see."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from google.cloud import (
    spanner_admin_database_v1 as database_v1,
    spanner_admin_instance_v1 as instance_v1,
)
from hypothesis import given

from airflow_spanner_lro.core.kinds import (
    KINDS,
    RESTORE_DATABASE,
    UPDATE_DATABASE_DDL,
    OperationKind,
)
from airflow_spanner_lro.core.links import console_url
from airflow_spanner_lro.core.names import parse_resource
from airflow_spanner_lro.core.operations.outcome import WaitOutcome
from airflow_spanner_lro.core.operations.settlement import Ending, Settlement
from airflow_spanner_lro.core.operations.snapshot import (
    OperationSnapshot,
    ResourceState,
    StatementProgress,
    resource_state,
    snapshot_to_dict,
)
from airflow_spanner_lro.core.status import Code

from . import strategies
from .sample_values import BACKUP, NAME, NOW, OTHER, cancelled, failed, running, succeeded


@given(snapshot=strategies.snapshots)
def test_a_snapshot_survives_its_event(snapshot: OperationSnapshot) -> None:
    """Nothing is lost in the primitives, nor in their way through JSON."""
    event = snapshot.to_event()

    assert event == json.loads(json.dumps(event))
    assert snapshot == OperationSnapshot.from_event(json.loads(json.dumps(event)))


@given(settlement=strategies.settlements)
def test_a_settlement_survives_its_event(settlement: Settlement) -> None:
    """Nothing is lost in the primitives, nor in their way through JSON."""
    event = settlement.to_event()

    assert event == json.loads(json.dumps(event))
    assert settlement == Settlement.from_event(json.loads(json.dumps(event)))


@pytest.mark.slow
@given(outcome=strategies.outcomes)
def test_an_outcome_survives_its_event(outcome: WaitOutcome) -> None:
    """Nothing is lost in the primitives, nor in their way through JSON."""
    event = outcome.to_event()

    assert event == json.loads(json.dumps(event))
    assert outcome == WaitOutcome.from_event(json.loads(json.dumps(event)))


@pytest.mark.parametrize(
    ("snapshot", "done", "success", "cancel"),
    [
        pytest.param(running(), False, False, False, id="running"),
        pytest.param(succeeded(), True, True, False, id="succeeded"),
        pytest.param(failed(), True, False, False, id="failed"),
        pytest.param(cancelled(), True, False, True, id="cancelled"),
    ],
)
def test_a_snapshot_answers_the_three_questions(
    snapshot: OperationSnapshot, done: bool, success: bool, cancel: bool
) -> None:
    """Whether it is done, succeeded, or was cancelled follows from its state."""
    assert (done, success, cancel) == (snapshot.done, snapshot.succeeded, snapshot.cancelled)


def test_a_snapshot_has_a_title() -> None:
    """An operation of an unknown kind is simply called an operation."""
    assert "Create backup" == running().title
    assert "Operation" == running(kind=None).title


def test_a_snapshot_counts_committed_statements() -> None:
    """A statement at 100 % that is not committed does not count."""
    statements = (
        StatementProgress(label="A", percent=100, committed=NOW),
        StatementProgress(label="B", percent=100),
    )

    assert 1 == running(statements=statements).committed


def settlement(
    ending: Ending,
    snapshot: OperationSnapshot | None = None,
    detail: str = "",
    code: Code | None = None,
) -> Settlement:
    """Return a settlement of the backup operation."""
    return Settlement(name=NAME, ending=ending, snapshot=snapshot, detail=detail, code=code)


@pytest.mark.parametrize(
    ("value", "settled", "succeeded_first"),
    [
        pytest.param(settlement(Ending.CANCELLED, cancelled()), True, False, id="cancelled"),
        pytest.param(settlement(Ending.FINISHED_FIRST, succeeded()), True, True, id="succeeded"),
        pytest.param(settlement(Ending.FINISHED_FIRST, failed()), True, False, id="failed"),
        pytest.param(settlement(Ending.FINISHED_FIRST), True, False, id="finished, unseen"),
        pytest.param(settlement(Ending.GONE), True, False, id="gone"),
        pytest.param(settlement(Ending.STILL_RUNNING, running()), False, False, id="running"),
        pytest.param(settlement(Ending.REFUSED, running()), False, False, id="refused"),
        pytest.param(settlement(Ending.REFUSED, succeeded()), False, False, id="not by ending"),
    ],
)
def test_a_settlement_answers_two_questions(
    value: Settlement, settled: bool, succeeded_first: bool
) -> None:
    """Whether anything of it goes on, and whether the work was done in spite of the cancel."""
    assert (settled, succeeded_first) == (value.settled, value.succeeded_first)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        pytest.param(
            settlement(Ending.CANCELLED, cancelled()),
            "Create backup nightly was cancelled.",
            id="cancelled",
        ),
        pytest.param(
            settlement(Ending.CANCELLED), "Operation on backup nightly was cancelled.", id="unseen"
        ),
        pytest.param(
            settlement(
                Ending.CANCELLED,
                cancelled(
                    statements=(
                        StatementProgress(label="A", percent=100, committed=NOW),
                        StatementProgress(label="B", percent=10),
                    )
                ),
            ),
            "Create backup nightly was cancelled: 1 of 2 statements were committed and stay.",
            id="schema change cancelled",
        ),
        pytest.param(
            settlement(Ending.FINISHED_FIRST, succeeded()),
            "Create backup nightly finished first: it had succeeded before the cancel.",
            id="succeeded",
        ),
        pytest.param(
            settlement(Ending.FINISHED_FIRST, failed()),
            "Create backup nightly finished first: it had failed (RESOURCE_EXHAUSTED: no room) "
            "before the cancel.",
            id="failed",
        ),
        pytest.param(
            settlement(Ending.FINISHED_FIRST, failed(error=None)),
            "Create backup nightly finished first: it had failed before the cancel.",
            id="failed without an error",
        ),
        pytest.param(
            settlement(Ending.GONE),
            "Operation on backup nightly is gone: Spanner no longer knows it; nothing was "
            "cancelled.",
            id="gone",
        ),
        pytest.param(
            settlement(Ending.FINISHED_FIRST, succeeded()).with_clean_up("the backup"),
            "Create backup nightly finished first: it had succeeded before the cancel. "
            "What it had made was deleted.",
            id="cleaned up",
        ),
    ],
)
def test_a_settlement_is_a_sentence(value: Settlement, sentence: str) -> None:
    """A person reads what happened."""
    assert sentence == value.sentence


@pytest.mark.parametrize("ending", Ending)
def test_a_settlement_says_the_word_of_its_ending(ending: Ending) -> None:
    """Whoever has read the word in a ledger or a metric finds it in the sentence."""
    assert ending in settlement(ending, detail="why").sentence


@pytest.mark.parametrize(
    ("value", "words"),
    [
        pytest.param(
            settlement(Ending.STILL_RUNNING),
            ["not confirmed yet;", "spanner-lro describe"],
            id="still running",
        ),
        pytest.param(
            settlement(Ending.STILL_RUNNING, detail="UNAVAILABLE: try later"),
            ["not confirmed yet (UNAVAILABLE: try later);", "spanner-lro describe"],
            id="still running, and why it is not known",
        ),
        pytest.param(
            settlement(Ending.REFUSED, detail="PERMISSION_DENIED: no", code=Code.PERMISSION_DENIED),
            ["(PERMISSION_DENIED: no)", "goes on", "spanner.backupAdmin"],
            id="refused",
        ),
    ],
)
def test_an_open_settlement_says_what_to_do(value: Settlement, words: list[str]) -> None:
    """Where the operation may go on, a person reads why and what to do now."""
    assert [] == [each for each in words if each not in value.sentence]


@pytest.mark.parametrize(
    ("outcome", "timed_out", "settled"),
    [
        pytest.param(WaitOutcome(name=NAME, snapshot=succeeded()), False, True, id="done"),
        pytest.param(WaitOutcome(name=NAME), True, False, id="left alone"),
        pytest.param(
            WaitOutcome(name=NAME, settlement=settlement(Ending.CANCELLED)),
            True,
            True,
            id="cancelled",
        ),
        pytest.param(
            WaitOutcome(name=NAME, settlement=settlement(Ending.REFUSED)),
            True,
            False,
            id="refused",
        ),
    ],
)
def test_an_outcome_answers_two_questions(
    outcome: WaitOutcome, timed_out: bool, settled: bool
) -> None:
    """Whether the deadline passed, and whether anything of the operation goes on."""
    assert (timed_out, settled) == (outcome.timed_out, outcome.settled)


def test_an_operation_that_failed() -> None:
    """What is known is there in plain words and numbers, and the rest is None."""
    told = snapshot_to_dict(failed(percent=40, start_time=NOW, end_time=NOW + timedelta(minutes=5)))

    assert told == {
        "name": str(NAME),
        "resource": str(BACKUP),
        "kind": "CreateBackup",
        "title": "Create backup",
        "done": True,
        "state": "FAILED",
        "percent": 40,
        "start_time": "2026-11-21T12:00:00+00:00",
        "end_time": "2026-11-21T12:05:00+00:00",
        "cancel_time": None,
        "error": {"code": "RESOURCE_EXHAUSTED", "message": "no room"},
        "statements": [],
        "throttled": False,
        "follow_up": None,
    }


def test_a_schema_change() -> None:
    """Each statement tells how far it is, and when it was committed."""
    statements = (
        StatementProgress(label="CREATE TABLE A", percent=100, committed=NOW),
        StatementProgress(label="CREATE INDEX B", percent=10),
    )

    told = snapshot_to_dict(
        running(kind=UPDATE_DATABASE_DDL, statements=statements, throttled=True)
    )

    assert [
        {
            "label": "CREATE TABLE A",
            "percent": 100,
            "committed": "2026-11-21T12:00:00+00:00",
        },
        {"label": "CREATE INDEX B", "percent": 10, "committed": None},
    ] == told["statements"]
    assert ("RUNNING", False, True) == (told["state"], told["done"], told["throttled"])


def test_a_restore_names_what_follows() -> None:
    """The operation that goes on with the work can be waited for by its name."""
    told = snapshot_to_dict(succeeded(kind=RESTORE_DATABASE, follow_up=OTHER))

    assert ("RestoreDatabase", str(OTHER)) == (told["kind"], told["follow_up"])


def test_an_unknown_kind() -> None:
    """An operation of a kind that this release does not know has a title all the same."""
    told = snapshot_to_dict(running(kind=None))

    assert (None, "Operation") == (told["kind"], told["title"])


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_kinds_are_called_as_their_calls_are(kind: OperationKind) -> None:
    """The name of a kind is that of the call that starts it; and everything is JSON."""
    told = snapshot_to_dict(running(kind=kind))

    assert told["kind"] == (kind.method or "OptimizeRestoredDatabase")
    assert told == json.loads(json.dumps(told))


INSTANCE = "projects/p/instances/main"
CONFIG = "projects/p/instanceConfigs/custom-mine"


@pytest.mark.parametrize(
    ("message", "state"),
    [
        pytest.param(
            database_v1.Backup(name="n", state="CREATING", create_time=NOW), "CREATING", id="backup"
        ),
        pytest.param(
            database_v1.Database(name="n", state="READY_OPTIMIZING", create_time=NOW),
            "READY_OPTIMIZING",
            id="database",
        ),
        pytest.param(
            instance_v1.Instance(name="n", state="READY", create_time=NOW), "READY", id="instance"
        ),
        pytest.param(
            instance_v1.InstancePartition(name="n", state="READY", create_time=NOW),
            "READY",
            id="partition",
        ),
    ],
)
def test_a_resource_has_a_state_and_a_create_time(message: Any, state: str) -> None:
    """Whatever its type, a resource is told by name, state and create time."""
    assert ResourceState(name="n", state=state, create_time=NOW) == resource_state(message)


@pytest.mark.parametrize(
    ("message", "state"),
    [
        pytest.param(database_v1.Backup(name="n"), "STATE_UNSPECIFIED", id="not filled in"),
        pytest.param(
            instance_v1.InstanceConfig(name="n", state="READY"), "READY", id="no create time"
        ),
        pytest.param(instance_v1.MoveInstanceRequest(name="n"), "", id="no state either"),
    ],
)
def test_a_resource_may_lack_them(message: Any, state: str) -> None:
    """A create time that is not told is None; a type without states has an empty one."""
    assert ResourceState(name="n", state=state) == resource_state(message)


@pytest.mark.parametrize(
    ("resource", "page"),
    [
        pytest.param(
            f"{INSTANCE}/databases/orders",
            "/main/databases/orders/details/tables?project=p",
            id="database",
        ),
        pytest.param(INSTANCE, "/main/details/databases?project=p", id="instance"),
        pytest.param(str(BACKUP), "/main/details/backups/list?project=test", id="backup"),
        pytest.param(
            f"{INSTANCE}/instancePartitions/eu",
            "/main/details/databases?project=p",
            id="partition",
        ),
        pytest.param(CONFIG, "?project=p", id="configuration"),
        pytest.param(f"{CONFIG}/ssdCaches/hot", "?project=p", id="SSD cache"),
    ],
)
def test_every_resource_has_a_page(resource: str, page: str) -> None:
    """A resource without a page of its own is linked by the nearest thing that has one."""
    expected = f"https://console.cloud.google.com/spanner/instances{page}"

    assert expected == console_url(parse_resource(resource))
