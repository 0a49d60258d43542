# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The two command lines, ``spanner-lro`` and ``airflow spanner-lro``, and what both say of options.

Every ``airflow`` process imports this package for its commands, so nothing is loaded here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

RESOURCE_HELP = "full name of a database or backup, or of an instance for everything in it"
OPERATION_HELP = "full name of the operation"
WAIT_TIMEOUT_HELP = "give up after this many seconds"
POLL_INTERVAL_HELP = "the longest time between two polls, in seconds (default: 30)"
CANCEL_TIMEOUT_HELP = "seconds to wait for the outcome (default: 60)"
CANCEL_TIMEOUT = 60.0


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command ``spanner-lro``; return its exit code."""
    from airflow_spanner_lro.cli import standalone  # noqa: PLC0415  # see above

    return standalone.main(argv)
