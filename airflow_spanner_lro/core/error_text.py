# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""How an error reads inside a sentence of ours: its code, then what it says, without a full stop.

Every log line and every error that quotes another one quotes it by these functions, so the same
trouble looks the same wherever it is met.
"""

from __future__ import annotations

from airflow_spanner_lro.core.errors import SpannerLroError
from airflow_spanner_lro.core.status import code_of


def said(exc: BaseException) -> str:
    """Return what an error says, without its code and without a full stop at the end.

    Google's errors begin their own text with a number of HTTP, which nobody here knows.
    """
    text = str(getattr(exc, "message", "") or exc).rstrip(". \n")
    return text or type(exc).__name__


def code_name(exc: BaseException) -> str:
    """Return the name of an error's code; where it has none, the name of its class.

    The same trouble has the same name, however its text varies: *UNAVAILABLE*, *RefreshError*.
    """
    code = code_of(exc)
    return code.name if code else type(exc).__name__


def error_text(exc: BaseException) -> str:
    """Return what kind of error it is and what it says: ``UNAVAILABLE: Socket closed``.

    Errors of this package are sentences already, and say no class.
    """
    text, name = said(exc), code_name(exc)
    if text == name or isinstance(exc, SpannerLroError):
        return text
    return f"{name}: {text}"
