# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What holds for any request whatever: an answer of the API, and nothing done if it is refused."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator.protos import plain_type
from tests.emulator.support.fuzzed_requests import changes_of, with_changes
from tests.emulator.support.fuzzed_world import FuzzedWorld, good_request

_EXAMPLES = 30

_WORLD = FuzzedWorld()
_METHODS = _WORLD.engine.methods


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(_METHODS), ids=lambda path: path.rpartition(".")[2])
@settings(
    max_examples=_EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_any_request_gets_an_answer_and_a_refused_one_changes_nothing(
    path: str, data: st.DataObject
) -> None:
    """No request makes the emulator fail, and one that is refused leaves no trace."""
    type_ = _METHODS[path].request
    good = st.sampled_from([good_request(path, type_), plain_type(type_)()])
    request = with_changes(data.draw(good), data.draw(changes_of(plain_type(type_))))
    before = _WORLD.contents()

    answer = _WORLD.ask(path, request)

    after = _WORLD.contents()
    if before != after:
        # what was granted must not make it fail later, either
        _WORLD.go_on()
        _WORLD.restore()
    assert answer.error is None or Code.INTERNAL != answer.error.code
    assert answer.error is None or before == after


@pytest.mark.parametrize("path", sorted(_METHODS), ids=lambda path: path.rpartition(".")[2])
def test_an_empty_request_is_refused_for_what_it_lacks(path: str) -> None:
    """A request without anything in it has no name, and that is what its answer says."""
    answer = _WORLD.ask(path, plain_type(_METHODS[path].request)())

    assert answer.error is not None
    expected = {
        "WaitOperation": Code.UNIMPLEMENTED,
        "InternalUpdateGraphOperation": Code.PERMISSION_DENIED,
    }
    assert expected.get(path.rpartition("/")[2], Code.INVALID_ARGUMENT) == answer.error.code
