# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The routes that change something, and those that say beforehand what they would change."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter()
