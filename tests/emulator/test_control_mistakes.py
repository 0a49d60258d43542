# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Mistakes in requests to the control interface: each has a sentence, and changes nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import grpc
import pytest

from airflow_spanner_lro.emulator import ManualClock
from tests.emulator.conftest import DATABASE
from tests.emulator.support.channels import open_channel
from tests.emulator.support.control_client import ask, emulator

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator import SpannerAdminEmulator
    from tests.emulator.support.control_client import AskControl

__all__ = ["ask", "emulator"]


@pytest.mark.parametrize(
    ("asked", "status", "said"),
    [
        (("GET", "/nope", None), 404, "/control/clock"),
        (("PUT", "/plans", None), 405, "POST, DELETE"),
        (("GET", "/calls?who=me", None), 400, "who"),
        (("GET", "/calls?since=yesterday", None), 400, "yesterday"),
        (("POST", "/plans", b"{"), 400, "no JSON"),
        (("POST", "/plans", b"\xff"), 400, "no JSON"),
        (("POST", "/plans", b"[" * 100_000), 400, "nested too deeply"),
        (("PUT", "/state", b'{"format":' * 100_000), 400, "nested too deeply"),
        (("GET", "/calls?who=me", None), 400, "known: method, resource, since"),
        (("GET", "/calls?since=now", None), 400, "give seconds as by time.time()"),
        (("POST", "/plans", []), 400, "the body"),
        (("POST", "/plans", {}), 400, "plan"),
        (("POST", "/plans", {"plan": {"fail_at": 2}}), 400, "a fraction"),
        (("POST", "/plans", {"plan": {"fial_at": 1}}), 400, "fial_at"),
        (("POST", "/plans", {"plan": {}, "kind": "make_tea"}), 400, "expected one of"),
        (("POST", "/plans", {"plan": {"fail_with": {"code": "TEA"}}}), 400, "status code"),
        (("POST", "/clock:advance", {}), 400, "give one of"),
        (("POST", "/clock:advance", {"seconds": 1, "duration": 1}), 400, "give one of"),
        (("POST", "/clock:advance", {"until_done": []}), 400, "give one of"),
        (("POST", "/clock:advance", {"seconds": -1}), 400, "negative"),
        (("POST", "/clock:advance", {"seconds": 1e300}), 400, "seconds"),
        (("POST", "/clock:advance", {"duration": "99999999d"}), 400, "beyond"),
        (("POST", "/clock:advance", {"until_done": ["x"]}), 400, "operation name"),
        (("POST", "/faults", {"kind": "tea"}), 400, "kind must be"),
        (("POST", "/faults", {"kind": "fail", "code": "OK"}), 400, "OK"),
        (("POST", "/faults", {"kind": "fail", "times": 0}), 400, "times"),
        (("POST", "/faults", {"kind": "fail", "seconds": 1}), 400, "seconds belong"),
        (("POST", "/faults", {"kind": "outage"}), 400, "seconds belong"),
        (("POST", "/faults", {"kind": "delay_entry"}), 400, "seconds belong"),
        (("POST", "/faults", {"kind": "lose_entry", "moment": "noon"}), 400, "'start' or 'end'"),
        (("POST", "/faults", {"kind": "lose_entry", "filter": "*"}), 400, "only calls have a"),
        (("POST", "/faults", {"kind": "fail", "moment": "end"}), 400, "only entries have a"),
        (("POST", "/instances", {"name": "x"}), 400, "instance name"),
        (("POST", "/operations:fail", {"name": f"{DATABASE}/operations/_x"}), 404, "not found"),
        (("PATCH", "/limits", {"tea": 1}), 400, "pending_backups"),
        (("PATCH", "/limits", {"databases": -1}), 400, "databases"),
        (("PUT", "/quota", {}), 400, "on"),
        (("PUT", "/quota", {"on": True, "per_second": 1e-9}), 400, "at least one"),
        (("PUT", "/state", {}), 400, "no snapshot"),
        (("PUT", "/state", {"format": 9}), 400, "format 9"),
        (("PUT", "/state", []), 400, "no snapshot"),
    ],
)
def test_a_mistake_is_answered_with_a_sentence(
    ask: AskControl,
    emulator: SpannerAdminEmulator,
    asked: tuple[str, str, object],
    status: int,
    said: str,
) -> None:
    """The error has the form that Google's APIs give to theirs, and nothing has changed."""
    before = emulator.snapshot()
    found, told = ask(*asked)

    assert (status, status) == (found, told["error"]["code"])
    assert said in told["error"]["message"]
    assert {"code", "message", "status"} == set(told["error"])
    if asked[1] != "/operations:fail":
        assert before == emulator.snapshot()


@pytest.mark.parametrize(
    ("field", "value", "where"),
    [
        ("duration", "2h", "plan.duration"),
        ("duration", {"base": "x", "per_gib": 1}, "plan.duration.base"),
        ("queued", "soon", "plan.queued"),
    ],
)
def test_a_wrong_duration_is_told_in_words(
    ask: AskControl, field: str, value: object, where: str
) -> None:
    """The sentence names the field and what fits, and nothing of how it is read."""
    _, told = ask("POST", "/plans", {"plan": {field: value}})
    expected = "expected a duration: seconds such as 90, '90s', or ISO 8601 such as 'PT2H'"

    assert f"POST /control/plans: {where}: {expected}" == told["error"]["message"]


def test_half_characters_are_told_in_the_way_of_json(ask: AskControl) -> None:
    """A message may have some, and asking for it is no failure."""
    fault = {"kind": "fail", "message": "\ud800"}

    assert 200 == ask("POST", "/faults", fault)[0]
    assert "\ud800" == ask("GET", "/faults")[1]["faults"][0]["message"]


def test_a_plus_sign_in_a_time_need_not_be_encoded(ask: AskControl) -> None:
    """Nobody thinks of it on a command line, and there it arrives as a space."""
    assert 200 == ask("GET", "/calls?since=2026-01-01T00:00:00+01:00")[0]


def test_connections_can_be_dropped_by_several_at_once(
    ask: AskControl, emulator: SpannerAdminEmulator
) -> None:
    """They do not fight for the port, and it answers afterwards."""
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda _: ask("POST", "/connections:drop")[0], range(16)))
    with open_channel(emulator.endpoint) as channel:
        grpc.channel_ready_future(channel).result(timeout=10)

    assert [200] * 16 == told


def test_a_bug_does_not_look_like_an_outage(
    ask: AskControl, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An unexpected error is INTERNAL, says what it was, and is in the log with its traceback."""

    def fail(clock: ManualClock) -> None:
        message = f"no idea what time it is on {type(clock).__name__}"
        raise RuntimeError(message)

    monkeypatch.setattr(ManualClock, "anchor", fail)

    status, body = ask("GET", "/clock")

    assert 500 == status
    assert "INTERNAL" == body["error"]["status"]
    assert "no idea what" in body["error"]["message"]
    assert "Traceback" in caplog.text
