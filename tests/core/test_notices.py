# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What a command of ours keeps off a terminal, and what it leaves."""

from __future__ import annotations

import warnings

import pytest

from airflow_spanner_lro.core.notices import hush_advice_on_python


def said(message: str) -> list[str]:
    """Return what is still shown of a FutureWarning after the advice was hushed."""
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        hush_advice_on_python()
        warnings.warn(message, FutureWarning, stacklevel=2)
    return [str(each.message) for each in shown]


@pytest.mark.parametrize(
    "message",
    [
        "You are using a Python version (3.11.7) which Google will stop supporting in new releases",
        "You are using a Python version (3.11.7) past its end of life. Google will update",
        "You are using a non-supported Python version (3.11.7). Google will not post any further",
    ],
)
def test_advice_to_use_a_newer_python_is_kept_off_a_terminal(message: str) -> None:
    """The three sentences of google-api-core are not shown."""
    assert [] == said(message)


def test_other_warnings_are_shown() -> None:
    """A warning about what is being done is nobody's to swallow."""
    message = "This way of asking will be refused"

    assert [message] == said(message)
