# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Ledger entries and accesses, as values and as the primitives that are kept."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from airflow_spanner_lro.core.connection import ConnectionSpec
from airflow_spanner_lro.core.ledger.entry import LedgerEntry
from airflow_spanner_lro.core.ledger.evidence import Evidence
from airflow_spanner_lro.core.ledger.resume import fingerprint

from . import strategies
from .builders import NOW, OTHER, entry


@given(value=strategies.entries)
def test_an_entry_survives_its_record(value: LedgerEntry) -> None:
    """Nothing is lost in the primitives, nor in their way through JSON."""
    record = value.to_record()

    assert record == json.loads(json.dumps(record))
    assert value == LedgerEntry.from_record(json.loads(json.dumps(record)))


@given(connection_spec=strategies.accesses)
def test_an_access_survives_its_dictionary(connection_spec: ConnectionSpec) -> None:
    """Nothing is lost in the primitives, nor in their way through JSON."""
    data = connection_spec.to_dict()

    assert data == json.loads(json.dumps(data))
    assert connection_spec == ConnectionSpec.from_dict(json.loads(json.dumps(data)))


def test_an_intent_becomes_an_entry() -> None:
    """Each step of an entry's life changes one thing and leaves the one before as it was."""
    intent = entry(operation=None)

    started = intent.started_as(OTHER, evidence=Evidence.ANSWERED)
    adopted = started.owned_by(2, deadline=NOW, now=NOW)
    closed = adopted.close()
    reopened = closed.owned_by(3, deadline=None, now=NOW, exempt=True)

    assert entry(operation=None) == intent
    assert entry(operation=OTHER) == started
    assert entry(operation=OTHER, try_number=2, deadline=NOW, adopted=NOW) == adopted
    assert replace(adopted, closed=True) == closed
    assert entry(operation=OTHER, try_number=3, adopted=NOW, exempt=True) == reopened


def test_a_fingerprint_ignores_the_order_of_its_parts() -> None:
    """Equal requests have equal digests, known in advance and so the same in any process."""
    assert fingerprint({"a": 1, "b": "x"}) == fingerprint({"b": "x", "a": 1})
    assert fingerprint({"a": 1, "b": "x"}) == "b2677a771a6eb30a"


class Lazy(Sequence[str]):
    """A sequence that does not tell its items, such as Airflow's of a mapped task's results."""

    def __init__(self, *items: str) -> None:
        self._items = items

    def __getitem__(self, index: Any) -> Any:
        """Return an item."""
        return self._items[index]

    def __len__(self) -> int:
        """Return the number of items."""
        return len(self._items)


def test_a_fingerprint_looks_into_sequences() -> None:
    """The items count, and not what a sequence says of itself."""
    assert fingerprint({"a": Lazy("x", "y")}) == fingerprint({"a": ["x", "y"]})
    assert fingerprint({"a": Lazy("x", "y")}) != fingerprint({"a": Lazy("x", "z")})


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"a": 2, "b": "x"}, id="a value"),
        pytest.param({"a": 1, "c": "x"}, id="a key"),
        pytest.param({"a": "1", "b": "x"}, id="a type"),
        pytest.param({"a": 1}, id="a part less"),
        pytest.param({"a": "1\nb='x'"}, id="a value that looks like two"),
    ],
)
def test_a_changed_request_has_another_fingerprint(other: dict[str, object]) -> None:
    """Whatever changes about a request changes its digest."""
    assert fingerprint({"a": 1, "b": "x"}) != fingerprint(other)


@pytest.mark.parametrize(
    ("endpoint", "plain_text", "target"),
    [
        pytest.param("", False, "", id="Google's own"),
        pytest.param("spanner.example:443", False, "spanner.example:443", id="TLS"),
        pytest.param("http://localhost:9010", True, "localhost:9010", id="emulator"),
    ],
)
def test_an_endpoint_tells_how_to_speak(endpoint: str, plain_text: bool, target: str) -> None:
    """Only an endpoint with the plain scheme is spoken to without TLS."""
    connection_spec = ConnectionSpec(gcp_conn_id="any", endpoint=endpoint)

    assert (plain_text, target) == (connection_spec.plain_text, connection_spec.target)
