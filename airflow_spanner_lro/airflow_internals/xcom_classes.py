# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Let what the hook's verbs return come back from an XCom as what it was.

Airflow makes no class out of an XCom unless its configuration allows that, which by itself allows
Airflow's own classes alone (``[core] allowed_deserialization_classes``). Ours are values without
any effect, and check what they are made of; so a process that reads XComs allows them by itself,
by ``allow_class`` of Airflow 3.3.2 (Task SDK 1.3.2).
"""

from __future__ import annotations


def allow_values() -> None:
    """Allow the values of the hook's verbs in this process; it may be done again."""
    from airflow.sdk.serde import allow_class  # noqa: PLC0415  # heavy where nobody has loaded it

    from airflow_spanner_lro.core.names import OperationName  # noqa: PLC0415  # when needed
    from airflow_spanner_lro.core.operations.settlement import Settlement  # noqa: PLC0415
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot  # noqa: PLC0415

    for value in (OperationName, OperationSnapshot, Settlement):
        allow_class(value)
