# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The plugin as Airflow finds it, by the entry point ``airflow.plugins``.

An Airflow that is too old starts without it, and its log has a line that says so: it passes over
what is no plugin.
"""

from __future__ import annotations

import logging

from airflow_spanner_lro.compatibility import airflow_problem

if (_problem := airflow_problem()) is None:
    from airflow_spanner_lro.plugin.definition import SpannerLroPlugin
else:
    logging.getLogger(__name__).warning("Plugin left out: %s", _problem)
    SpannerLroPlugin = None  # type: ignore[assignment,misc]  # what Airflow passes over

__all__ = ["SpannerLroPlugin"]
