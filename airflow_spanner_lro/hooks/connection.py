# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""From an Airflow connection to credentials, an endpoint and a client; the hook adds the verbs.

Connections, key files, impersonation and universes are the Google provider's business and come
from its base hook. What is added is where to ask: a connection may name an endpoint, and
``SPANNER_EMULATOR_HOST`` is honoured, which the generated admin clients do not do by themselves.
Spanner's client library loads when it is first used, not when this module is imported.
"""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from airflow.providers.google.common.hooks.base_google import GoogleBaseHook
from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowNotFoundException

from airflow_spanner_lro.core.access import INSECURE_SCHEME, Access
from airflow_spanner_lro.core.errors import AccessError
from airflow_spanner_lro.metrics import AirflowTelemetry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_spanner_lro.admin.client import SpannerAdminClient
    from airflow_spanner_lro.admin.connect import Endpoint

EMULATOR_VARIABLE = "SPANNER_EMULATOR_HOST"
ENDPOINT_EXTRA = "spanner_endpoint"


class SpannerConnectionHook(GoogleBaseHook):
    """Reach the Spanner admin API through an Airflow connection.

    The endpoint is, in this order: the argument; the connection's extra ``spanner_endpoint``
    (``host:port``, or ``http://host:port`` for plain text); ``SPANNER_EMULATOR_HOST``; Google's.
    Towards a plain-text endpoint no credentials are used, and the connection may be missing.

    :param gcp_conn_id: connection of type ``google_cloud_platform``
    :param impersonation_chain: service account to impersonate, or a chain of them
    :param endpoint: overrides connection and environment; empty for Google's own endpoint
    :raises AccessError: if the connection does not exist
    """

    def __init__(
        self,
        *,
        gcp_conn_id: str = "google_cloud_default",
        impersonation_chain: str | Sequence[str] | None = None,
        endpoint: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(gcp_conn_id=gcp_conn_id, impersonation_chain=impersonation_chain, **kwargs)
        self._endpoint = endpoint

    @classmethod
    def for_access(cls, access: Access) -> Self:
        """Return the hook that reaches what was reached before."""
        return cls(
            gcp_conn_id=access.gcp_conn_id,
            impersonation_chain=list(access.impersonation_chain) or None,
            endpoint=access.endpoint,
        )

    @classmethod
    def get_connection(cls, conn_id: str) -> Connection:
        """Get the connection; with an emulator in the environment it need not exist.

        :raises AccessError: if it does not exist
        """
        try:
            connection: Connection = super().get_connection(conn_id)
        except AirflowNotFoundException as exc:
            if os.environ.get(EMULATOR_VARIABLE):
                return Connection(conn_id=conn_id, conn_type="google_cloud_platform")
            message = (
                f"gcp_conn_id={conn_id!r}: there is no such connection. Create it with "
                f"`airflow connections add {conn_id} --conn-type google_cloud_platform`, or set "
                f"{EMULATOR_VARIABLE} to use an emulator."
            )
            raise AccessError(message) from exc
        return connection

    @cached_property
    def access(self) -> Access:
        """By which way this hook reaches Spanner: ids and an endpoint, no credentials."""
        chain = self.impersonation_chain or ()
        return Access(
            gcp_conn_id=self.gcp_conn_id,
            impersonation_chain=(chain,) if isinstance(chain, str) else tuple(chain),
            endpoint=self._resolve_endpoint(),
        )

    def _resolve_endpoint(self) -> str:
        if self._endpoint is not None:
            return self._endpoint
        if extra := self._get_field(ENDPOINT_EXTRA):
            return str(extra).removeprefix("https://").rstrip("/")
        if emulator := os.environ.get(EMULATOR_VARIABLE):
            return INSECURE_SCHEME + emulator.removeprefix(INSECURE_SCHEME)
        return ""

    @property
    def project_id(self) -> str:
        """The connection's project, or that of its credentials.

        :raises AccessError: if neither names one
        """
        if self.access.plain_text:
            project = self._get_field("project") or os.environ.get("GOOGLE_CLOUD_PROJECT")
        else:
            project = super().project_id
        if not project:
            message = (
                f"No Google Cloud project: give the operator a project_id, or the connection "
                f"{self.gcp_conn_id!r} a project."
            )
            raise AccessError(message)
        return str(project)

    def connect(self) -> Endpoint:
        """Return endpoint and credentials for a client. Reads the key, so it may block."""
        from airflow_spanner_lro.admin.connect import Endpoint  # noqa: PLC0415  # loads gRPC

        return Endpoint(
            target=self.access.target,
            plain_text=self.access.plain_text,
            credentials=None if self.access.plain_text else self.get_credentials(),
            # one of its own: each poller tells how many operations it waits for
            telemetry=AirflowTelemetry(),
        )

    @cached_property
    def client(self) -> SpannerAdminClient:
        """The client of this hook, made when first used."""
        return self.new_client()

    def new_client(self) -> SpannerAdminClient:
        """Return a client with channels of its own, for use beside one that may be blocked."""
        from airflow_spanner_lro.admin.client import SpannerAdminClient  # noqa: PLC0415

        return SpannerAdminClient(self.connect())
