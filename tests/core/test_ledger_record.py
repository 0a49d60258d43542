# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The stored form of a ledger entry: read in full, or refused in words; earlier releases' as well.

Whoever may edit a task may have written it, so nothing in it is taken on trust.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, strategies as st

from airflow_spanner_lro.core.connection import ConnectionSpec
from airflow_spanner_lro.core.kinds import CREATE_BACKUP, RESTORE_DATABASE, UPDATE_DATABASE_DDL
from airflow_spanner_lro.core.ledger.entry import LedgerEntry
from airflow_spanner_lro.core.ledger.evidence import Evidence
from airflow_spanner_lro.core.ledger.record import (
    VERSION,
    LedgerFormatError,
    LedgerUnreadableError,
    read_record,
)
from airflow_spanner_lro.core.names import BackupName, DatabaseName, OperationName
from airflow_spanner_lro.core.operations.schema_change import StatementRecord
from airflow_spanner_lro.core.operations.snapshot import FollowUp

from . import strategies
from .sample_values import NAME, NOW, entry

DATABASE = "projects/test/instances/main/databases/orders"
DDL = "type.googleapis.com/google.spanner.admin.database.v1.UpdateDatabaseDdlMetadata"
MINUTE = timedelta(minutes=1)

# as release 0.1.0 wrote them
BACKUP_OF_0_1_0 = """{
    "version": 1,
    "kind": "type.googleapis.com/google.spanner.admin.database.v1.CreateBackupMetadata",
    "target": "projects/test/instances/main/backups/nightly",
    "fingerprint": "6f1ed002ab559585",
    "intended": "2026-11-21T12:00:00+00:00",
    "try_number": 1,
    "access": {
        "gcp_conn_id": "google_cloud_default",
        "impersonation_chain": [],
        "endpoint": "http://127.0.0.1:9010"
    },
    "deadline": "2026-11-21T13:00:00+00:00",
    "operation": "projects/test/instances/main/backups/nightly/operations/_auto_op_1",
    "closed": false,
    "statements": [],
    "carried": 0,
    "follow_up": null,
    "cleans_up": true,
    "spared": false,
    "stopping": null,
    "adopted": null
}"""
RESTORE_OF_0_1_0 = """{
    "version": 1,
    "kind": "type.googleapis.com/google.spanner.admin.database.v1.RestoreDatabaseMetadata",
    "target": "projects/test/instances/main/databases/orders",
    "fingerprint": "b2677a771a6eb30a",
    "intended": "2026-11-21T12:00:00.123456+00:00",
    "try_number": 2,
    "access": {
        "gcp_conn_id": "spanner",
        "impersonation_chain": ["admin@test.iam.gserviceaccount.com"],
        "endpoint": ""
    },
    "deadline": null,
    "operation": "projects/test/instances/main/databases/orders/operations/_auto_op_2",
    "closed": false,
    "statements": [],
    "carried": 0,
    "follow_up": [
        "projects/test/instances/main/databases/orders/operations/_auto_op_3",
        false
    ],
    "cleans_up": false,
    "spared": true,
    "stopping": null,
    "adopted": "2026-11-21T12:01:00+00:00"
}"""
SCHEMA_CHANGE_OF_0_1_0 = """{
    "version": 1,
    "kind": "type.googleapis.com/google.spanner.admin.database.v1.UpdateDatabaseDdlMetadata",
    "target": "projects/test/instances/main/databases/orders",
    "fingerprint": "0f343b0931126a20",
    "intended": "2026-11-21T12:00:00+00:00",
    "try_number": 1,
    "access": {"gcp_conn_id": "spanner", "impersonation_chain": [], "endpoint": ""},
    "deadline": null,
    "operation": "projects/test/instances/main/databases/orders/operations/lro_0123456789abcdef",
    "closed": false,
    "statements": [
        ["1a79a4d60de6718e", "2026-11-21T11:59:00+00:00"],
        ["8b1a9953c4611296", null]
    ],
    "carried": 1,
    "follow_up": null,
    "cleans_up": false,
    "spared": false,
    "stopping": "2026-11-21T12:01:00+00:00",
    "adopted": null
}"""


def changed(**changes: Any) -> dict[str, Any]:
    """Return the record of a good entry with some fields changed."""
    return entry().to_record() | changes


def test_ending_that_nobody_knows_is_refused() -> None:
    """Whoever writes how a cancel ended uses one of the words for it."""
    with pytest.raises(LedgerFormatError, match="ending is 'somehow'"):
        read_record(changed(ending="somehow"))


def test_entry_of_an_earlier_release_has_no_ending() -> None:
    """What was written before endings were is read all the same."""
    record = changed()
    del record["ending"]

    assert LedgerEntry.from_record(record).ending is None


def test_backup_of_an_earlier_release_is_presumed() -> None:
    """Release 0.1.0 did not tell an answer from a find, so its operation is only presumed ours."""
    backup = BackupName(project="test", instance="main", backup="nightly")

    read = LedgerEntry.from_record(json.loads(BACKUP_OF_0_1_0))

    assert read == LedgerEntry(
        kind=CREATE_BACKUP,
        target=backup,
        fingerprint="6f1ed002ab559585",
        intended=NOW,
        try_number=1,
        connection_spec=ConnectionSpec(
            gcp_conn_id="google_cloud_default", endpoint="http://127.0.0.1:9010"
        ),
        deadline=NOW + timedelta(hours=1),
        operation=OperationName(resource=backup, operation="_auto_op_1"),
        cleans_up=True,
        evidence=Evidence.PRESUMED,
    )
    assert not read.may_cancel
    assert not read.may_clean_up


def test_restore_of_an_earlier_release_keeps_its_follow_up() -> None:
    """Both operations of a restore that was written by release 0.1.0 are read."""
    database = DatabaseName(project="test", instance="main", database="orders")

    read = LedgerEntry.from_record(json.loads(RESTORE_OF_0_1_0))

    assert read == LedgerEntry(
        kind=RESTORE_DATABASE,
        target=database,
        fingerprint="b2677a771a6eb30a",
        intended=datetime(2026, 11, 21, 12, 0, 0, 123456, tzinfo=UTC),
        try_number=2,
        connection_spec=ConnectionSpec(
            gcp_conn_id="spanner", impersonation_chain=("admin@test.iam.gserviceaccount.com",)
        ),
        operation=OperationName(resource=database, operation="_auto_op_2"),
        follow_up=FollowUp(
            name=OperationName(resource=database, operation="_auto_op_3"), ours=False
        ),
        exempt=True,
        adopted=NOW + MINUTE,
        evidence=Evidence.PRESUMED,
    )


def test_schema_change_of_an_earlier_release_is_named() -> None:
    """The id of a schema change was ours in release 0.1.0 as well, and proves it."""
    database = DatabaseName(project="test", instance="main", database="orders")

    read = LedgerEntry.from_record(json.loads(SCHEMA_CHANGE_OF_0_1_0))

    assert read == LedgerEntry(
        kind=UPDATE_DATABASE_DDL,
        target=database,
        fingerprint="0f343b0931126a20",
        intended=NOW,
        try_number=1,
        connection_spec=ConnectionSpec(gcp_conn_id="spanner"),
        operation=OperationName(resource=database, operation="lro_0123456789abcdef"),
        statements=(
            StatementRecord(digest="1a79a4d60de6718e", committed=NOW - MINUTE),
            StatementRecord(digest="8b1a9953c4611296"),
        ),
        carried=1,
        stopping=NOW + MINUTE,
        evidence=Evidence.NAMED,
    )
    assert read.may_cancel


def test_record_from_before_there_were_statements() -> None:
    """The oldest records lack what was added within version 1; nothing is made up for it."""
    added = ("statements", "carried", "follow_up", "cleans_up", "spared", "stopping", "adopted")
    record = json.loads(BACKUP_OF_0_1_0)
    oldest = {field: value for field, value in record.items() if field not in added}

    read = LedgerEntry.from_record(oldest)

    assert ((), 0, None, False) == (read.statements, read.carried, read.follow_up, read.cleans_up)
    assert NAME == read.operation


def test_intent_of_an_earlier_release_has_no_evidence() -> None:
    """An intent without a name says nothing about any operation, and looks for none before it."""
    read = LedgerEntry.from_record(json.loads(BACKUP_OF_0_1_0) | {"operation": None})

    assert (None, None, False) == (read.evidence, read.before, read.signed)


def test_reading_again_what_was_written_again_changes_nothing() -> None:
    """An entry of an earlier release, once adopted, keeps the evidence it was read with."""
    read = LedgerEntry.from_record(json.loads(BACKUP_OF_0_1_0))

    again = LedgerEntry.from_record(json.loads(json.dumps(read.to_record())))

    assert VERSION == read.to_record()["version"]
    assert read == again


def test_additions_of_a_later_release_of_the_same_version_do_not_matter() -> None:
    """What this release does not know is passed over, as long as the version is the same."""
    assert entry() == LedgerEntry.from_record(changed(colour="green"))


@pytest.mark.parametrize("version", [VERSION + 1, 99, 10**30])
def test_a_newer_version_is_told_as_such(version: int) -> None:
    """N12: an entry of a later release is told with both versions, and what to do follows."""
    with pytest.raises(
        LedgerFormatError, match=f"version {version}, this release knows {VERSION}"
    ) as told:
        read_record(changed(version=version))

    assert told.value.newer


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"version": None}, id="no version"),
        pytest.param({"version": True}, id="version is true"),
        pytest.param({"version": 0}, id="version 0"),
        pytest.param({"version": -1}, id="version below 0"),
        pytest.param({"version": "2"}, id="version as a text"),
        pytest.param({"version": 2.5}, id="half a version"),
        pytest.param({"version": 2.0}, id="version with a fraction"),
        pytest.param({"kind": None}, id="no kind"),
        pytest.param({"kind": "type.googleapis.com/Unheard"}, id="unknown kind"),
        pytest.param({"kind": DDL}, id="kind of another target"),
        pytest.param({"target": DATABASE}, id="target of another kind"),
        pytest.param({"target": "projects/test"}, id="target without operations"),
        pytest.param({"target": "backups/nightly"}, id="half a target"),
        pytest.param({"intended": "2026-11-21T12:00:00"}, id="naive time"),
        pytest.param({"intended": 1795262400}, id="time as a number"),
        pytest.param({"intended": "yesterday"}, id="no time"),
        pytest.param({"intended": None}, id="time missing"),
        pytest.param({"deadline": "2026-11-21T12:00:00"}, id="naive deadline"),
        pytest.param({"stopping": "2026-11-21T12:00:00"}, id="naive stopping"),
        pytest.param({"adopted": "2026-11-21T12:00:00"}, id="naive adopted"),
        pytest.param({"unanswered": "2026-11-21T12:00:00"}, id="naive unanswered"),
        pytest.param({"try_number": "1"}, id="try number as a text"),
        pytest.param({"try_number": True}, id="try number is true"),
        pytest.param({"try_number": 1.0}, id="try number with a fraction"),
        pytest.param({"try_number": -1}, id="try number below 0"),
        pytest.param({"try_number": 10**12}, id="try number beyond all tries"),
        pytest.param({"carried": True}, id="carried is true"),
        pytest.param({"closed": 1}, id="closed as a number"),
        pytest.param({"closed": "yes"}, id="closed as a text"),
        pytest.param({"cleans_up": "true"}, id="cleans_up as a text"),
        pytest.param({"signed": 1}, id="signed as a number"),
        pytest.param({"operation": "operations/1"}, id="half an operation"),
        pytest.param({"operation": f"{DATABASE}/operations/1"}, id="operation of another target"),
        pytest.param(
            {"operation": str(NAME).replace("/test/", "/production/")},
            id="operation of another project",
        ),
        pytest.param({"operation": 7}, id="operation as a number"),
        pytest.param(
            {"follow_up": [f"{DATABASE}/operations/1", True]}, id="follow-up of another target"
        ),
        pytest.param({"follow_up": [str(NAME)]}, id="follow-up without an owner"),
        pytest.param({"follow_up": [str(NAME), "yes"]}, id="follow-up with an owner as a text"),
        pytest.param({"follow_up": str(NAME)}, id="follow-up as a text"),
        pytest.param({"statements": [["a"]]}, id="statement without a time"),
        pytest.param({"statements": [["a", "2026-11-21T12:00:00"]]}, id="statement, naive time"),
        pytest.param({"statements": {"a": None}}, id="statements as a mapping"),
        pytest.param({"evidence": "certain"}, id="unknown evidence"),
        pytest.param({"evidence": ["answered"]}, id="evidence as a list"),
        pytest.param({"asked": {"expiry": 1}}, id="what was asked as a number"),
        pytest.param({"asked": ["expiry"]}, id="what was asked as a list"),
        pytest.param({"before": "all"}, id="what was before as a text"),
        pytest.param({"connection_spec": None}, id="no connection"),
        pytest.param({"connection_spec": "google_cloud_default"}, id="connection as a text"),
        pytest.param({"connection_spec": {"gcp_conn_id": "a"}}, id="half a connection"),
        pytest.param(
            {"connection_spec": {"gcp_conn_id": "a", "impersonation_chain": "b", "endpoint": ""}},
            id="impersonation as a text",
        ),
        pytest.param(
            {"connection_spec": {"gcp_conn_id": 1, "impersonation_chain": [], "endpoint": ""}},
            id="connection as a number",
        ),
        pytest.param({"fingerprint": "f" * 501}, id="huge fingerprint"),
        pytest.param({"target": f"{DATABASE}{'x' * 10**6}"}, id="huge target"),
        pytest.param({"deployment": "d" * 10**6}, id="huge deployment"),
        pytest.param({"asked": {"expiry": "e" * 501}}, id="huge request"),
    ],
)
def test_a_record_that_is_not_what_it_should_be_is_refused(changes: dict[str, Any]) -> None:
    """Nothing is half understood; one line says what is wrong, and quotes no more than a bit."""
    with pytest.raises(LedgerFormatError, match="this is no ledger entry") as told:
        LedgerEntry.from_record(changed(**changes))

    assert not told.value.newer
    assert 1 == len(str(told.value).splitlines())
    assert len(str(told.value)) < 1000


@pytest.mark.parametrize("field", sorted(entry().to_record()))
def test_the_place_of_a_mistake_is_told(field: str) -> None:
    """The error names the field."""
    with pytest.raises(LedgerFormatError, match=rf"entry: {field}\S* is "):
        read_record(changed(**{field: {"surprise": 1}}))


@pytest.mark.parametrize(
    "field",
    ["version", "kind", "target", "fingerprint", "intended", "try_number", "connection_spec"],
)
def test_what_is_missing_is_told(field: str) -> None:
    """The error names the field that every record has."""
    record = changed()
    del record[field]

    with pytest.raises(LedgerFormatError, match=f"entry: {field} is missing"):
        read_record(record)


@pytest.mark.parametrize(
    "record",
    [None, 7, "text", [], [entry().to_record()], {}, {"version": 2}, b"bytes", object(), {1: NOW}],
)
def test_something_else_altogether_is_refused(record: object) -> None:
    """What is no record at all is told as such."""
    with pytest.raises(LedgerFormatError, match="this is no ledger entry"):
        LedgerEntry.from_record(record)


def test_a_record_without_an_end_is_refused() -> None:
    """A record that holds itself, or is nested for ever, ends nothing but its own reading."""
    endless = changed()
    endless["asked"] = endless
    deep: dict[str, Any] = {}
    for _ in range(10**5):
        deep = {"deep": deep}

    for record in (endless, changed(asked=deep)):
        with pytest.raises(LedgerFormatError, match="this is no ledger entry"):
            LedgerEntry.from_record(record)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("\x1b[2J\x1b[31mall is well", id="terminal"),
        pytest.param("one\nERROR two", id="line feed"),
        pytest.param("one\rtwo", id="carriage return"),
        pytest.param("\u202eback to front", id="direction"),
        pytest.param("\u2028next", id="line separator"),
        pytest.param("\x00", id="null"),
        pytest.param("\x9b31m", id="C1"),
    ],
)
@pytest.mark.parametrize("field", ["kind", "target", "operation", "intended", "evidence"])
def test_control_characters_are_not_repeated(field: str, text: str) -> None:
    """A text that would move the reader's cursor, or forge a line, is escaped where it is told."""
    value = text if field != "operation" else f"{NAME}{text}"

    with pytest.raises(LedgerFormatError) as told:
        LedgerEntry.from_record(changed(**{field: value}))

    unreadable = LedgerUnreadableError("spanner_lro:1", told.value)
    assert str(told.value).isprintable()
    assert str(unreadable).isprintable()


@pytest.mark.parametrize(
    ("newer", "advice"),
    [
        (True, "Upgrade airflow-spanner-lro on this worker, and clear the task."),
        (False, "delete the key from the task's state store, and clear the task."),
    ],
)
def test_an_unreadable_entry_says_what_to_do(newer: bool, advice: str) -> None:
    """A try that cannot read its entry has started nothing, and says how to go on."""
    reason = LedgerFormatError("this is no ledger entry: kind is None", newer=newer)

    error = LedgerUnreadableError("spanner_lro:3", reason)

    assert str(error).startswith("Nothing was started: the task's ledger entry spanner_lro:3")
    assert advice in str(error)


_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | strategies.moments.map(str),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(field=st.sampled_from(sorted(entry().to_record())), value=_values)
def test_a_damaged_record_is_read_in_full_or_refused(field: str, value: Any) -> None:
    """Whatever stands in a field, there is an entry with the right types, or this one error."""
    record = changed(**{field: value})

    try:
        read = LedgerEntry.from_record(record)
    except LedgerFormatError as exc:
        assert str(exc).isprintable()  # noqa: PT017  # one of two good ends
    else:
        assert read == LedgerEntry.from_record(read.to_record())


@given(record=_values)
def test_anything_else_is_refused(record: Any) -> None:
    """Nothing that is drawn at random is a ledger entry."""
    with pytest.raises(LedgerFormatError):
        LedgerEntry.from_record(record)
