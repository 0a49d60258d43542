# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What a triggerer does off its event loop to reach Spanner: read a connection, its key, its files.

The first read after a start takes seconds (Airflow 3.3.2), for it loads Google's libraries.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow.sdk.exceptions import AirflowRuntimeError

from airflow_spanner_lro.core.errors import ConnectionUnreadableError
from airflow_spanner_lro.core.status import classify

if TYPE_CHECKING:
    from airflow_spanner_lro.admin.connect import Endpoint
    from airflow_spanner_lro.core.access import Access

_FILES = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """What a connection led to.

    :param fingerprint: of what the connection held
    :param rate: requests per second that may be sent for one project
    """

    endpoint: Endpoint
    fingerprint: bytes
    rate: float


def connect(access: Access) -> Connected:
    """Load the client library, read the connection, its key and the budget: all of it blocks.

    :raises SettingsError: if the section ``[spanner_lro]`` of the configuration cannot be used
    :raises AccessError: if the connection does not exist
    """
    from airflow_spanner_lro import settings  # noqa: PLC0415
    from airflow_spanner_lro.admin import async_client  # noqa: F401, PLC0415
    from airflow_spanner_lro.admin.polling import poller  # noqa: F401, PLC0415
    from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook  # noqa: PLC0415

    settings.check()
    # first: what changes in between is then noticed by the next check
    fingerprint = SpannerAdminHook.fingerprint(access)
    return Connected(
        endpoint=SpannerAdminHook.for_access(access).connect(),
        fingerprint=fingerprint,
        rate=settings.max_admin_requests_per_second(),
    )


def fingerprint(access: Access) -> bytes:
    """Return the fingerprint of what the connection holds now; blocks."""
    from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook  # noqa: PLC0415

    return SpannerAdminHook.fingerprint(access)


def may_pass(exc: BaseException) -> bool:
    """Tell whether a connection that could not be used may be usable later, as it is.

    ============================================= ==============================================
    may pass                                      stays until somebody acts
    ============================================= ==============================================
    Airflow cannot tell whether there is one      there is no such connection
    supervisor, api-server or network in trouble  a key that is no key, a file that is not there
    a token, or a secret, that is refused         no default credentials on this machine
    ============================================= ==============================================

    A refused key is in the left column because the operation was started with one that was not:
    it is being rotated.
    """
    from google.auth.exceptions import RefreshError  # noqa: PLC0415  # loaded by then

    if isinstance(exc, _FILES):
        return False
    passing = (ConnectionUnreadableError, AirflowRuntimeError, OSError, EOFError, RefreshError)
    return isinstance(exc, passing) or classify(exc).passes
