# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The routes that only read."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter()
