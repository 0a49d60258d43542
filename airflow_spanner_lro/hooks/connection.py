# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Turn an Airflow connection into credentials, an endpoint and a client; the hook adds the verbs.

Connections, key files, impersonation and universes are the Google provider's business and come
from its base hook. What is added is where to ask: a connection may name an endpoint, and
``SPANNER_EMULATOR_HOST`` is honoured, which the generated admin clients do not do by themselves;
and a fingerprint, by which a change of the connection is noticed.
Spanner's client library loads when it is first used, not when this module is imported.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from airflow.providers.google.common.hooks.base_google import GoogleBaseHook
from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowNotFoundException

from airflow_spanner_lro import settings
from airflow_spanner_lro.airflow_internals import why_unreadable
from airflow_spanner_lro.core.connection import (
    EMULATOR_VARIABLE,
    ENDPOINT_EXTRA,
    OMNI_INSECURE_SCHEME,
    OMNI_SCHEME,
    ConnectionSpec,
    NamedEndpoint,
    choose_endpoint,
    is_omni,
    refuse_emulator,
)
from airflow_spanner_lro.core.errors import ConnectionUnreadableError, UnusableConnectionError
from airflow_spanner_lro.core.omni import (
    FILE_EXTRAS,
    PROJECT,
    TYPE_EXTRA,
    NotOnOmniError,
    OmniConnection,
    omni_connection,
    require_kind,
    require_project,
)
from airflow_spanner_lro.metrics import AirflowTelemetry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from google.auth.credentials import Credentials

    from airflow_spanner_lro.admin.client import SpannerAdminClient
    from airflow_spanner_lro.admin.connect import Endpoint
    from airflow_spanner_lro.admin.rows import RowReader
    from airflow_spanner_lro.core.kinds import OperationKind
    from airflow_spanner_lro.core.names import DatabaseName


_FILES = ("key_path", "credential_config_file", *FILE_EXTRAS)
"""Extras of a connection that name a file with credentials; also with a prefix."""
_PREFIX = "extra__google_cloud_platform__"
_DEFAULT_CREDENTIALS = "GOOGLE_APPLICATION_CREDENTIALS"
_SALT = secrets.token_bytes(32)
"""Of this process: nobody can find out from a fingerprint what a connection holds."""


def fingerprint_of(connection: Connection) -> bytes:
    """Return the fingerprint of what a connection holds; reads its files, so it may block."""
    digest = hashlib.blake2b(key=_SALT)
    for part in _parts(connection):
        # one field's end is not the next one's beginning
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()


def _parts(connection: Connection) -> Iterator[bytes]:
    for field in ("conn_type", "host", "login", "password", "schema", "port", "extra"):
        yield repr(getattr(connection, field)).encode()
    extras = connection.extra_dejson
    named = [extras.get(name) or extras.get(_PREFIX + name) for name in _FILES]
    for path in (*named, os.environ.get(_DEFAULT_CREDENTIALS)):
        yield _content(path) if isinstance(path, str) and path else b""


def _content(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError) as exc:
        # a file that comes back is another one; some name none, but hold the configuration itself
        return repr(exc).encode()


class SpannerConnectionHook(GoogleBaseHook):
    """Reach the Spanner admin API through an Airflow connection.

    The endpoint is, in this order: the argument; the connection's extra ``spanner_endpoint``
    (``host:port``, or ``http://host:port`` for plain text); ``SPANNER_EMULATOR_HOST``; Google's.
    Extra and variable must not contradict each other. Towards a plain-text endpoint no credentials
    are used, and the connection may be missing; ``[spanner_lro] allow_emulator`` can forbid it.
    A connection with ``spanner_type`` ``omni`` leads to Spanner Omni, and to nothing else.

    :param gcp_conn_id: connection of type ``google_cloud_platform``
    :param impersonation_chain: service account to impersonate, or a chain of them
    :param endpoint: overrides connection and environment; empty for Google's own endpoint
    :raises UnusableConnectionError: if the connection does not exist
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
        self._chain = impersonation_chain
        self._endpoint = endpoint
        self._warned = False

    @classmethod
    def from_connection(cls, connection_spec: ConnectionSpec) -> Self:
        """Return the hook that reaches what was reached before."""
        return cls(
            gcp_conn_id=connection_spec.gcp_conn_id,
            impersonation_chain=list(connection_spec.impersonation_chain) or None,
            endpoint=connection_spec.endpoint,
        )

    @classmethod
    def fingerprint(cls, connection_spec: ConnectionSpec) -> bytes:
        """Return what changes whenever a connection would lead to other credentials. May block.

        :raises UnusableConnectionError: if the connection does not exist
        :raises ConnectionUnreadableError: if Airflow does not know just now
        """
        return fingerprint_of(cls.get_connection(connection_spec.gcp_conn_id))

    @classmethod
    def get_connection(cls, conn_id: str) -> Connection:
        """Get the connection; with an emulator in the environment it need not exist.

        :raises UnusableConnectionError: if it does not exist
        :raises ConnectionUnreadableError: if Airflow does not know just now
        """
        try:
            return cls._require_connection(conn_id)
        except UnusableConnectionError:
            # one that cannot be read for now is another matter: it may say where to ask
            if os.environ.get(EMULATOR_VARIABLE):
                return Connection(conn_id=conn_id, conn_type="google_cloud_platform")
            raise

    @classmethod
    def _require_connection(cls, conn_id: str) -> Connection:
        try:
            connection: Connection = super().get_connection(conn_id)
        except AirflowNotFoundException as exc:
            # a secrets backend in trouble looks the same to Airflow
            if why := why_unreadable(conn_id):
                raise ConnectionUnreadableError(conn_id, why=why) from exc
            message = (
                f"gcp_conn_id={conn_id!r}: there is no such connection. Create it with "
                f"`airflow connections add {conn_id} --conn-type google_cloud_platform`, or set "
                f"{EMULATOR_VARIABLE} to use an emulator."
            )
            raise UnusableConnectionError(message) from exc
        return connection

    @cached_property
    def connection_spec(self) -> ConnectionSpec:
        """How this hook reaches Spanner: ids and an endpoint, no credentials.

        :raises UnusableConnectionError: if the endpoint is not certain, or an emulator and none
            is allowed
        """
        chain = self.impersonation_chain or ()
        endpoint = self._named_endpoint
        if self._omni and (chain or self._get_field("impersonation_chain")):
            message = (
                f"Connection {self.gcp_conn_id!r} leads to Spanner Omni, which knows no service "
                "accounts: remove impersonation_chain. As whom to work there the client "
                "certificate says."
            )
            raise UnusableConnectionError(message)
        if endpoint.emulated and not settings.allow_emulator():
            refuse_emulator(endpoint, gcp_conn_id=self.gcp_conn_id)
        return ConnectionSpec(
            gcp_conn_id=self.gcp_conn_id,
            impersonation_chain=(chain,) if isinstance(chain, str) else tuple(chain),
            endpoint=endpoint.address,
        )

    @cached_property
    def _omni(self) -> OmniConnection | None:
        """What the connection says of Spanner Omni; None if it leads to Google Cloud."""
        return omni_connection(
            self._get_field,
            endpoint=str(self._get_field(ENDPOINT_EXTRA) or ""),
            gcp_conn_id=self.gcp_conn_id,
        )

    @cached_property
    def _named_endpoint(self) -> NamedEndpoint:
        own = str(self._get_field(ENDPOINT_EXTRA) or "")
        if omni := self._omni:
            scheme = OMNI_SCHEME if omni.ca_certificate else OMNI_INSECURE_SCHEME
            own = f"{scheme}{omni.address}"
        elif is_omni(own.strip().lower()):
            message = (
                f"Connection {self.gcp_conn_id!r} is not usable: {ENDPOINT_EXTRA}={own!r} names "
                f"Spanner Omni; give host:port there, and set {TYPE_EXTRA} to 'omni'."
            )
            raise UnusableConnectionError(message)
        return choose_endpoint(
            argument=self._endpoint,
            connection=own,
            environment=os.environ.get(EMULATOR_VARIABLE, ""),
            gcp_conn_id=self.gcp_conn_id,
        )

    def warn_if_emulated(self, *, warn: Callable[..., None]) -> None:
        """Say that nothing of what follows happens in Google Cloud, if it does not.

        A variable that is left over must not give green tasks without a word. Whoever starts
        something calls this, and whoever only looks does not. It is said once.

        :param warn: writes a warning, as a logger does
        """
        if self.connection_spec.emulated and not self._warned:
            self._warned = True
            warn(
                "EMULATOR: this works on %s, which %s names, and not on Google Cloud. In "
                "production, [spanner_lro] allow_emulator = False refuses it.",
                self.connection_spec.target,
                self._named_endpoint.source.value,
            )

    def require_served(self, *, kind: OperationKind | None = None, project: str | None) -> None:
        """Refuse what Spanner Omni does not serve, if this leads there, before anything is sent.

        :param kind: what is to be started; None if nothing is
        :param project: what the task names; None for the connection's own
        :raises NotOnOmniError: if it does not serve that
        """
        if self.connection_spec.omni:
            require_project(project)
            if kind is not None:
                require_kind(kind)

    @property
    def project_id(self) -> str:
        """The connection's project, or that of its credentials.

        :raises UnusableConnectionError: if neither names one
        """
        if self.connection_spec.omni:
            return PROJECT
        if self.connection_spec.emulated:
            project = self._get_field("project") or os.environ.get("GOOGLE_CLOUD_PROJECT")
        else:
            project = super().project_id
        if not project:
            message = (
                f"No Google Cloud project: give the operator a project_id, or the connection "
                f"{self.gcp_conn_id!r} a project."
            )
            raise UnusableConnectionError(message)
        return str(project)

    def get_credentials_and_project_id(self) -> tuple[Credentials, str | None]:
        """Return the credentials of the connection, and their project.

        :raises UnusableConnectionError: if the connection does not exist, or to Spanner Omni
        """
        if self._omni:
            message = (
                f"Connection {self.gcp_conn_id!r} leads to Spanner Omni, which takes no Google "
                "credentials, so none were asked for."
            )
            raise UnusableConnectionError(message)
        if os.environ.get(EMULATOR_VARIABLE):
            # it may be missing so far, and the machine's own credentials are not what was asked for
            self._require_connection(self.gcp_conn_id)
        credentials, project = super().get_credentials_and_project_id()
        return credentials, project

    def connect(self) -> Endpoint:
        """Return endpoint and credentials for a client. Reads the key, so it may block."""
        from airflow_spanner_lro.admin.connect import Endpoint  # noqa: PLC0415  # loads gRPC
        from airflow_spanner_lro.hooks.certificates import read_certificates  # noqa: PLC0415

        spec = self.connection_spec
        return Endpoint(
            target=spec.target,
            plain_text=spec.plain_text,
            omni=spec.omni,
            certificates=(
                read_certificates(self._omni, gcp_conn_id=self.gcp_conn_id) if self._omni else None
            ),
            credentials=self.get_credentials() if spec.in_google_cloud else None,
            origin=f"connection {self.gcp_conn_id!r}",
            # one of its own: each poller tells how many operations it waits for
            telemetry=AirflowTelemetry(),
        )

    def reconnect(self) -> Endpoint:
        """Return the same endpoint with the credentials that the connection holds by now.

        Reads the connection anew, so it may block; not from within a signal handler.
        """
        fresh = type(self)(
            gcp_conn_id=self.gcp_conn_id,
            impersonation_chain=self._chain,
            endpoint=self.connection_spec.endpoint,
            quota_project_id=self.quota_project_id,
        )
        return fresh.connect()

    @cached_property
    def client(self) -> SpannerAdminClient:
        """The client of this hook, made when first used; renews refused credentials by itself."""
        from airflow_spanner_lro.admin.client import SpannerAdminClient  # noqa: PLC0415

        return SpannerAdminClient(self.connect(), renew=self.reconnect)

    def row_reader(
        self,
        *,
        database: DatabaseName,
        moment: datetime | None = None,
        query_timeout: float | None = None,
    ) -> RowReader:
        """Return what reads rows of a database, and can write none.

        :param moment: read as of then; by default as of each query
        :param query_timeout: how long a query may take, in seconds; by default an hour
        :raises NotOnOmniError: of Spanner Omni; nothing here that reads rows can be done there
        """
        if self.connection_spec.omni:
            what = "rows are read to check what was restored, and nothing is restored there"
            raise NotOnOmniError(what)
        from airflow_spanner_lro.admin.rows import QUERY_TIMEOUT, RowReader  # noqa: PLC0415

        return RowReader(
            endpoint=self.connect(),
            database=database,
            moment=moment,
            query_timeout=QUERY_TIMEOUT if query_timeout is None else query_timeout,
        )

    def new_client(self) -> SpannerAdminClient:
        """Return a client with channels of its own, for use beside one that may be blocked.

        It asks Airflow for nothing, whose channel to the supervisor may be blocked as well.
        """
        from airflow_spanner_lro.admin.client import SpannerAdminClient  # noqa: PLC0415

        return SpannerAdminClient(self.connect())
