# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Records and bases that nobody here has written are refused, and the error says what is wrong."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from google.api_core.datetime_helpers import DatetimeWithNanoseconds
from google.cloud.spanner_admin_database_v1 import types as database_types
from google.iam.v1 import policy_pb2

from airflow_spanner_lro.core.kinds import CREATE_BACKUP
from airflow_spanner_lro.emulator.journal import records
from airflow_spanner_lro.emulator.journal.base import base_of, load, time_of
from airflow_spanner_lro.emulator.journal.records import (
    RecordReader,
    RecordWriter,
    UnknownRecordError,
)
from airflow_spanner_lro.emulator.operations.registry import new_world
from airflow_spanner_lro.emulator.plans import Plan, Planner

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator.world import World

AT = datetime(2026, 1, 1, tzinfo=UTC)


def _encoded(text: bytes) -> str:
    return base64.b64encode(text).decode()


@pytest.mark.parametrize(
    "value",
    [
        None,
        (1, "a", (2.5, True)),
        AT,
        timedelta(hours=1, microseconds=3),
        DatetimeWithNanoseconds(2026, 1, 1, nanosecond=123456789, tzinfo=UTC),
        b"\x00\xff",
        CREATE_BACKUP,
        database_types.EncryptionInfo(kms_key_version="k"),
        policy_pb2.Policy(version=3),
        Plan(duration=timedelta(seconds=5)),
    ],
)
def test_a_value_is_read_as_it_was_written(value: object) -> None:
    """Through JSON and back, whatever form it has."""
    writer = RecordWriter()
    written = json.loads(json.dumps(writer.write(value)))
    shared = json.loads(json.dumps(writer.shared))

    assert value == RecordReader(shared).read(written)


@pytest.mark.parametrize("value", [{1}, {"a": 1}, [1], object(), 1j])
def test_what_has_no_form_is_not_written(value: object) -> None:
    """A class that nobody thought of is named."""
    with pytest.raises(UnknownRecordError, match=f"made of a {type(value).__name__}"):
        RecordWriter().write(value)


@pytest.mark.parametrize(
    "forged",
    [
        {},
        {"at": "x", "bytes": ""},
        {"at": 5},
        {"at": "yesterday"},
        {"microseconds": "many"},
        {"microseconds": 10**30},
        {"kind": "no_such_kind"},
        {"bytes": "no base64!"},
        {"bytes": 5},
        {"nanoseconds": "never"},
        {"shared": 7},
        {"shared": "first"},
        {"os.system": {}},
        {"World": {}},
        {"Plan": []},
        {"Plan": {"no_such_field": 1}},
        {"BackupName": "no name"},
        {"DatabaseState": "NO_SUCH_STATE"},
        {"plus": ["google.cloud.Unknown", ""]},
        {"plus": ["google.spanner.admin.database.v1.Unknown", ""]},
        {"plus": ["google.spanner.admin.database.v1.Backup", _encoded(b"\xff")]},
        {"plus": ["google.spanner.admin.database.v1.Backup"]},
        {"message": ["no.such.Message", ""]},
        {"message": ["google.iam.v1.Policy", _encoded(b"\xff")]},
    ],
)
def test_a_forged_record_is_refused(forged: object) -> None:
    """Every one is a ValueError, so that whoever reads a file or a snapshot can say so."""
    with pytest.raises(ValueError, match=r"."):
        RecordReader().read(forged)


def test_two_classes_of_one_name_would_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A record tells only the name, so a second class of that name is found at the first write."""
    modules = {}
    for name in ("first", "second"):
        modules[name] = ModuleType(name)
        namesake: Any = type("Plan", (Plan,), {"__module__": name, "__slots__": ()})
        vars(modules[name])["Plan"] = namesake
    monkeypatch.setattr(records, "_modules", lambda: iter(modules))
    monkeypatch.setattr(records, "import_module", modules.__getitem__)
    with pytest.raises(UnknownRecordError, match="two classes Plan"):
        records._classes.__wrapped__()  # the cache keeps the true ones


def _sealed(value: dict[str, Any]) -> str:
    """Return a base with the right checksum: what somebody forges who knows how."""
    value.pop("sha256", None)
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return json.dumps({"sha256": hashlib.sha256(text.encode()).hexdigest(), **value})


def _world() -> World:
    return new_world(plans=Planner(seed=1), seed=1)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"at": 5}, "no time"),
        ({"at": None}, "no time"),
        ({"at": "2026-01-01T00:00:00"}, "no time zone"),
        ({"at": "yesterday"}, "yesterday"),
    ],
)
def test_a_base_of_no_time_is_refused(changed: dict[str, Any], reason: str) -> None:
    """Its checksum is right, and still nobody knows from when it is."""
    forged = _sealed(json.loads(base_of(_world(), at=AT)) | changed)
    with pytest.raises(ValueError, match=reason):
        time_of(forged)


@pytest.mark.parametrize(
    "changed",
    [
        {"serial": None},
        {"shared": 5},
        {"rng": [1]},
        {"rng": [3, [1, 2], None]},
        {"plans": {}},
        {"plans": {"usual": {"no_such_kind": 1}, "overrides": [], "rng": [3, [], None]}},
        {"databases": [5]},
        {"databases": 5},
        {"policies": [[1]]},
        {"configs_left": [{"at": 1}]},
        {"operations": [[]]},
        {"chosen": [["x"]]},
    ],
)
def test_a_base_that_says_nothing_known_is_refused(changed: dict[str, Any]) -> None:
    """Its checksum is right, and no world can be made of it."""
    forged = _sealed(json.loads(base_of(_world(), at=AT)) | changed)
    with pytest.raises(ValueError, match=r"."):
        load(_world(), forged)


def test_a_base_that_lacks_something_is_refused() -> None:
    """Whatever is left out of it, no world is made of the rest."""
    whole = json.loads(base_of(_world(), at=AT))
    for left_out in whole.keys() - {"sha256", "at"}:
        forged = _sealed({key: each for key, each in whole.items() if key != left_out})
        with pytest.raises(ValueError, match=left_out):
            load(_world(), forged)


def test_a_base_with_blanks_is_read() -> None:
    """Whoever writes the same JSON in another way has damaged nothing."""
    text = base_of(_world(), at=AT)
    again = _world()
    load(again, json.dumps(json.loads(text), indent=1))

    assert text == base_of(again, at=AT)
    assert AT == time_of(text)
