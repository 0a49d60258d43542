# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""How an error reads inside a sentence."""

from __future__ import annotations

import pytest
from google.api_core import exceptions
from google.auth.exceptions import RefreshError, TransportError

from airflow_spanner_lro.core.error_text import code_name, error_text, said
from airflow_spanner_lro.core.errors import AccessError
from airflow_spanner_lro.core.status import Code


@pytest.mark.parametrize(
    ("exc", "text"),
    [
        pytest.param(
            exceptions.from_grpc_status(Code.UNAVAILABLE.value, "Socket closed."),
            "UNAVAILABLE: Socket closed",
            id="Google's",
        ),
        pytest.param(
            exceptions.from_grpc_status(Code.INTERNAL.value, ""), "INTERNAL: 500", id="no text"
        ),
        pytest.param(TransportError("no route"), "TransportError: no route", id="credentials"),
        pytest.param(
            RefreshError("invalid_grant: expired"),
            "RefreshError: invalid_grant: expired",
            id="credentials, refused",
        ),
        pytest.param(
            AccessError("The connection x does not exist."),
            "The connection x does not exist",
            id="of this package",
        ),
        pytest.param(KeyError("name"), "KeyError: 'name'", id="another"),
        pytest.param(TimeoutError(), "TimeoutError", id="nothing said"),
    ],
)
def test_an_error_says_what_kind_it_is_and_what_it_means(exc: Exception, text: str) -> None:
    """The code comes first; no full stop ends it, because a sentence goes on behind it."""
    assert text == error_text(exc)
    assert text.endswith(said(exc))


def test_the_name_of_trouble_does_not_vary_with_its_text() -> None:
    """A line about trouble is told once, as long as its name stays the same."""
    one, other = (exceptions.ServiceUnavailable(text) for text in ("one", "other"))

    assert code_name(one) == code_name(other)
    assert "TransportError" == code_name(TransportError("x"))
