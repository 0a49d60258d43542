# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The Dags of the guarantee's rows in which time passes: one a row.

All of them start at the same time; the timeouts are long enough for all to be waiting by then.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import (  # type: ignore[attr-defined]  # Airflow's stub does not know them
    AsyncCallback,
    DeadlineAlert,
    DeadlineReference,
)
from guarantee_parts import (  # type: ignore[import-not-found]  # Airflow finds it in this folder
    ON_WORKER,
    single,
)

from airflow_spanner_lro.notifications.cancel import SpannerCancelOperationNotifier

TASK = timedelta(seconds=40)
RUN = timedelta(seconds=75)
ALERT = DeadlineAlert(
    reference=DeadlineReference.DAGRUN_QUEUED_AT,
    interval=RUN,
    callback=AsyncCallback(SpannerCancelOperationNotifier),
)

e1 = single("e1", execution_timeout=TASK, **ON_WORKER)
e2 = single("e2", execution_timeout=TASK)
e3 = single("e3", operation_timeout=TASK)
e10a = single("e10a", dag={"dagrun_timeout": RUN})
e10b = single("e10b", dag={"dagrun_timeout": RUN}, **ON_WORKER)
e14 = single("e14", operation_timeout=TASK, soft_fail=True)
e20d = single("e20d", dag={"deadline": ALERT})
e21c = single("e21c", execution_timeout=TASK, **ON_WORKER)
k8c = single("k8c", execution_timeout=TASK, cancel_on_timeout=False)
