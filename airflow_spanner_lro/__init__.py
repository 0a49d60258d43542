# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Cloud Spanner's long-running operations in Apache Airflow: start, watch, cancel, resume.

Importing the package loads nothing else: every Airflow process does it at provider discovery.
"""

from __future__ import annotations

__version__ = "0.2.0"
