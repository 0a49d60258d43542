# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What Google's packages say on stderr that whoever typed a command can do nothing about."""

from __future__ import annotations

import warnings


def hush_advice_on_python() -> None:
    """Keep Google's advice to use a newer Python out of a process that is a command of ours.

    The google-api-core that Airflow's constraints hold says it four times in each process on Python
    3.11, a year before that Python's end. This has to be called before Google's packages are
    imported, and only where the process is ours: Airflow's own processes go on telling it.
    """
    warnings.filterwarnings(
        "ignore", message=r"You are using a (non-supported )?Python version", category=FutureWarning
    )
