# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""From an endpoint and credentials to the generated clients of Google's library.

The generated admin clients ignore ``SPANNER_EMULATOR_HOST`` and always speak TLS, so an endpoint
in plain text needs a channel of our own making (google-cloud-spanner 3.71.0).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import grpc
from google.api_core.gapic_v1.client_info import ClientInfo
from google.cloud import spanner_admin_database_v1, spanner_admin_instance_v1

from airflow_spanner_lro import __version__
from airflow_spanner_lro.core.kinds import Service

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.auth.credentials import Credentials

_CLIENTS: Mapping[Service, tuple[Any, Any]] = {
    Service.DATABASE_ADMIN: (
        spanner_admin_database_v1.DatabaseAdminClient,
        spanner_admin_database_v1.DatabaseAdminAsyncClient,
    ),
    Service.INSTANCE_ADMIN: (
        spanner_admin_instance_v1.InstanceAdminClient,
        spanner_admin_instance_v1.InstanceAdminAsyncClient,
    ),
}

_PLAIN_TEXT = (("grpc.use_local_subchannel_pool", 1),)
"""Emulators come and go at the same port. By default gRPC's channels share connections by address,
and then a new channel fails at once because an older one, still open, waits before it tries again.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where the admin API answers, and as whom to ask.

    :param target: ``host:port``; empty for Google's own endpoint
    :param plain_text: speak without TLS and without credentials, as to an emulator
    :param credentials: required unless ``plain_text``
    """

    target: str = ""
    plain_text: bool = False
    credentials: Credentials | None = None

    def sync_client(self, service: Service) -> Any:
        """Return a generated sync client of the service; its channel connects at the first call."""
        client, _ = _CLIENTS[service]
        transport = client.get_transport_class("grpc")
        if self.plain_text:
            channel = grpc.insecure_channel(self.target, options=_PLAIN_TEXT)
            return client(transport=transport(channel=channel))
        return client(transport=transport(**self._secure()))

    def async_client(self, service: Service) -> Any:
        """Return a generated async client, bound to the running event loop."""
        _, client = _CLIENTS[service]
        transport = client.get_transport_class("grpc_asyncio")
        if self.plain_text:
            channel = grpc.aio.insecure_channel(self.target, options=_PLAIN_TEXT)
            return client(transport=transport(channel=channel))
        return client(transport=transport(**self._secure()))

    def _secure(self) -> dict[str, Any]:
        arguments: dict[str, Any] = {
            "credentials": self.credentials,
            "client_info": ClientInfo(user_agent=f"airflow-spanner-lro/{__version__}"),
        }
        return arguments | ({"host": self.target} if self.target else {})
