# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Cloud Spanner's long-running operations in Apache Airflow: start, watch, cancel, resume.

Importing the package loads nothing else: every Airflow process does it at provider discovery.
"""

from __future__ import annotations

import sys

if sys.version_info < (3, 11):  # noqa: UP036  # pip refuses; a checkout on the path passes it by
    _MESSAGE = (
        f"airflow-spanner-lro needs Python 3.11 or newer, and this is {sys.version.split()[0]}."
    )
    raise ImportError(_MESSAGE)

__version__ = "0.2.0"
