# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The Dag that is deleted while its task is deferred, in a file that can be removed."""

from __future__ import annotations

from guarantee_parts import single  # type: ignore[import-not-found]  # found in this folder

dag = single("e15")
