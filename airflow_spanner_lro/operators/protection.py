# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Drop protection, which no database can be made with: it takes an update of its own afterwards.

Apart from the operators, because one asks for that update and another goes on with it unasked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.arguments.choices import field_mask
from airflow_spanner_lro.core.kinds import UPDATE_DATABASE
from airflow_spanner_lro.core.operations.snapshot import FollowUp

if TYPE_CHECKING:
    from airflow_spanner_lro.admin.client import SpannerAdminClient
    from airflow_spanner_lro.core.names import DatabaseName

UPDATABLE = ("enable_drop_protection", "kms_key_names")
"""The arguments that stand for what of a database can be updated."""


def update_request(target: DatabaseName, **changes: Any) -> Any:
    """Return the request that changes these fields of a database, and no other.

    :raises InvalidArgumentError: if there are none
    """
    mask = field_mask(changes, arguments=UPDATABLE)
    return UPDATE_DATABASE.request_type()(
        database={"name": str(target), **changes}, update_mask=mask
    )


def protect(target: DatabaseName, *, client: SpannerAdminClient) -> FollowUp | None:
    """Return the operation to wait for until a database is protected; None if it is.

    An update that is pending comes first, whoever started it: Spanner does one at a time, and it
    may be this very one, of an earlier try.
    """
    if client.get_resource(name=target).enable_drop_protection:
        return None
    for operation in client.list(resource=target):
        if operation.kind is UPDATE_DATABASE and not operation.done:
            return FollowUp(name=operation.name)
    request = update_request(target, enable_drop_protection=True)
    return FollowUp(name=client.start(kind=UPDATE_DATABASE, request=request).name, ours=True)
