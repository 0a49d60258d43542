# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The lines that one part has logged: threads of other tests, and gRPC's loops, have lines too."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def logged(
    caplog: pytest.LogCaptureFixture, *loggers: str, level: int = logging.NOTSET
) -> list[str]:
    """Return the messages of loggers, and of those below them, from a level on."""
    return [
        each.getMessage()
        for each in caplog.records
        if each.levelno >= level
        and any(each.name == name or each.name.startswith(f"{name}.") for name in loggers)
    ]
