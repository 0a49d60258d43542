# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What tasks return: resources as plain dictionaries, with names for enums, fit for XCom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.operations.errors import UnexpectedStateError
from airflow_spanner_lro.core.protobuf import message_to_dict
from airflow_spanner_lro.core.status import Code, code_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spanner_lro.admin.client import SpannerAdminClient
    from airflow_spanner_lro.core.names import ResourceName


def ready_resource(
    client: SpannerAdminClient,
    name: ResourceName,
    *,
    verify: Callable[[Any], None] | None = None,
) -> dict[str, Any]:
    """Get a resource that an operation has left, as a dictionary.

    :param verify: raises if the resource is not what was asked for
    :raises UnexpectedStateError: if it is not in a state that means that it can be used, or gone
    """
    from airflow_spanner_lro.admin.requests import calls_for  # noqa: PLC0415  # loads gRPC

    expected = calls_for(name).ready
    try:
        resource = client.get_resource(name=name)
    except Exception as exc:
        if code_of(exc) is not Code.NOT_FOUND:
            raise
        # no parameter is wrong, and a retry makes it anew
        raise UnexpectedStateError(target=name, state="", expected=expected) from exc
    if resource.state.name not in expected:
        raise UnexpectedStateError(target=name, state=resource.state.name, expected=expected)
    if verify is not None:
        verify(resource)
    return message_to_dict(resource)
