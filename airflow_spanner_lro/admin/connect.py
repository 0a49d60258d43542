# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""From an endpoint and credentials to the generated clients of Google's library.

The generated admin clients ignore ``SPANNER_EMULATOR_HOST`` and always speak TLS, so an endpoint
in plain text needs a channel of our own making (google-cloud-spanner 3.71.0). So does Spanner Omni,
whose certificates they do not take: the channel is the one that Google's own ``Client`` makes with
``instance_type="omni"``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import grpc
from google.api_core.gapic_v1.client_info import ClientInfo
from google.cloud import spanner_admin_database_v1, spanner_admin_instance_v1

from airflow_spanner_lro import __version__
from airflow_spanner_lro.admin.emulated import AsyncTimeScaleReader, TimeScaleReader
from airflow_spanner_lro.admin.telemetry import NO_TELEMETRY, counted, counters
from airflow_spanner_lro.core.kinds import Service

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.auth.credentials import Credentials

    from airflow_spanner_lro.admin.telemetry import Telemetry

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

_OWN_CONNECTION = (("grpc.use_local_subchannel_pool", 1),)
"""By default gRPC's channels share connections by address. Then a new channel would get the very
connection that has gone silent; and one to an emulator that was started again at the same port
would fail at once because an older channel, still open, waits before it tries again."""

_OWN_CHANNEL = (
    *_OWN_CONNECTION,
    # as Google's transports set them: a schema may be several MB long
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    # and no pings between calls, which servers take for an attack (too_many_pings): whether a
    # connection is dead, the next request finds out (channels.py)
    ("grpc.keepalive_time_ms", 120_000),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """What a server and we know each other by, each as the content of its PEM file; never shown.

    :param authority: certificate of the authority that vouches for the server
    :param own: certificate by which the server knows us, if it asks for one
    :param key: its private key
    """

    authority: bytes = field(repr=False)
    own: bytes | None = field(default=None, repr=False)
    key: bytes | None = field(default=None, repr=False)

    def channel_credentials(self) -> grpc.ChannelCredentials:
        """Return them as a channel takes them."""
        return grpc.ssl_channel_credentials(
            root_certificates=self.authority, private_key=self.key, certificate_chain=self.own
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where the admin API answers, and as whom to ask.

    :param target: ``host:port``; empty for Google's own endpoint
    :param plain_text: speak without TLS and without credentials, as to an emulator
    :param omni: it is Spanner Omni, which takes no credentials, and in plain text is no emulator
    :param certificates: instead of credentials, for an Omni that speaks TLS
    :param credentials: required unless ``plain_text`` or ``omni``
    :param origin: where the credentials come from, in words, for whoever has to put them right
    :param telemetry: counts every request; endpoints are equal whoever listens
    """

    target: str = ""
    plain_text: bool = False
    omni: bool = False
    certificates: Certificates | None = None
    credentials: Credentials | None = None
    origin: str = field(default="", compare=False)
    telemetry: Telemetry = field(default=NO_TELEMETRY, compare=False, repr=False)

    def sync_client(self, service: Service) -> Any:
        """Return a generated sync client of the service; its channel connects at the first call."""
        client, _ = _CLIENTS[service]
        return self._sync_client(client)

    def data_client(self) -> Any:
        """Return a generated sync client of the service that reads and writes rows."""
        # a third of a second that only those pay who read rows
        from google.cloud.spanner_v1.services.spanner import SpannerClient  # noqa: PLC0415

        return self._sync_client(SpannerClient)

    def _sync_client(self, client: Any) -> Any:
        transport = client.get_transport_class("grpc")
        if self.omni:
            own = self._omni_channel(grpc)
            return client(transport=transport(channel=counted(own, telemetry=self.telemetry)))
        if self.plain_text:
            channel = grpc.intercept_channel(
                grpc.insecure_channel(self.target, options=_OWN_CHANNEL),
                TimeScaleReader(self.target),
            )
            return client(transport=transport(channel=counted(channel, telemetry=self.telemetry)))

        def connect(*args: Any, **kwargs: Any) -> grpc.Channel:
            made = transport.create_channel(*args, **_own_connection(kwargs))
            return counted(made, telemetry=self.telemetry)

        return client(transport=transport(channel=connect, **self._secure()))

    def async_client(self, service: Service) -> Any:
        """Return a generated async client, bound to the running event loop."""
        _, client = _CLIENTS[service]
        transport = client.get_transport_class("grpc_asyncio")
        interceptors = counters(self.telemetry)
        if self.omni:
            own = self._omni_channel(grpc.aio, interceptors=interceptors)
            return client(transport=transport(channel=own))
        if self.plain_text:
            readers = [AsyncTimeScaleReader(self.target)]
            channel = grpc.aio.insecure_channel(
                self.target, options=_OWN_CHANNEL, interceptors=[*(interceptors or ()), *readers]
            )
            return client(transport=transport(channel=channel))

        def connect(*args: Any, **kwargs: Any) -> grpc.aio.Channel:
            own = _own_connection(kwargs)
            made: grpc.aio.Channel = transport.create_channel(
                *args, interceptors=interceptors, **own
            )
            return made

        return client(transport=transport(channel=connect, **self._secure()))

    def _omni_channel(self, api: Any, **arguments: Any) -> Any:
        """Return a channel to Spanner Omni.

        :param api: ``grpc`` or ``grpc.aio``
        """
        if self.certificates is None:
            return api.insecure_channel(self.target, options=_OWN_CHANNEL, **arguments)
        proof = self.certificates.channel_credentials()
        return api.secure_channel(self.target, proof, options=_OWN_CHANNEL, **arguments)

    def _secure(self) -> dict[str, Any]:
        arguments: dict[str, Any] = {
            "credentials": self.credentials,
            "client_info": ClientInfo(user_agent=f"airflow-spanner-lro/{__version__}"),
        }
        return arguments | ({"host": self.target} if self.target else {})


def _own_connection(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return a channel's arguments, so that it shares no connection with other channels."""
    return arguments | {"options": [*arguments.get("options", ()), *_OWN_CONNECTION]}
