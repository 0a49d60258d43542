# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Connection specs: which connection, whom to impersonate, and which endpoint counts.

A spec holds ids and an endpoint only, never a credential. It is made once, on the worker that
starts the operation, and carried along: a triggerer whose environment lacks
``SPANNER_EMULATOR_HOST`` must not go and ask production instead.

An emulator in the environment means "nothing of this is to happen in production", and an endpoint
of the connection means "it happens there". Where they contradict each other nothing is guessed:

| argument | connection | environment | endpoint |
|---|---|---|---|
| given | any | any | the argument's, which somebody has decided before |
| none | with TLS | an emulator | refused |
| none | plain text | another address | refused |
| none | plain text | the same address | that one |
| none | given | none | the connection's |
| none | none | an emulator | the environment's |
| none | none | none | Google's own |
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.errors import UnusableConnectionError

if TYPE_CHECKING:
    from collections.abc import Mapping


INSECURE_SCHEME = "http://"
TIME_SCALE_HEADER = "x-spanner-lro-time-scale"
"""What our emulator says with each answer over gRPC: emulated seconds for each real one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionSpec:
    """A connection, whom to impersonate, and where the admin API answers.

    :param gcp_conn_id: Airflow connection of type ``google_cloud_platform``
    :param impersonation_chain: service accounts, the last of which is impersonated
    :param endpoint: ``host:port`` for TLS, ``http://host:port`` for plain text without credentials
        (an emulator), empty for Google's own endpoint; None where nobody has decided yet, so that
        whoever asks first looks at its own connection and environment
    """

    gcp_conn_id: str
    impersonation_chain: tuple[str, ...] = ()
    endpoint: str | None = ""

    @property
    def plain_text(self) -> bool:
        """The endpoint is spoken to without TLS and without credentials."""
        return (self.endpoint or "").startswith(INSECURE_SCHEME)

    @property
    def target(self) -> str:
        """The ``host:port`` of the endpoint, empty for Google's own."""
        return (self.endpoint or "").removeprefix(INSECURE_SCHEME)

    def to_dict(self) -> dict[str, Any]:
        """Return this connection spec as primitives."""
        return {
            "gcp_conn_id": self.gcp_conn_id,
            "impersonation_chain": list(self.impersonation_chain),
            "endpoint": self.endpoint,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ConnectionSpec:
        """Return the connection spec that ``to_dict`` described."""
        return cls(
            gcp_conn_id=data["gcp_conn_id"],
            impersonation_chain=tuple(data["impersonation_chain"]),
            endpoint=data["endpoint"],
        )


EMULATOR_VARIABLE = "SPANNER_EMULATOR_HOST"
ENDPOINT_EXTRA = "spanner_endpoint"

_SECURE_SCHEME = "https://"


class EndpointSource(Enum):
    """Who names an endpoint, in words for errors."""

    ARGUMENT = "the argument endpoint"
    CONNECTION = f"the connection's extra {ENDPOINT_EXTRA}"
    ENVIRONMENT = EMULATOR_VARIABLE
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedEndpoint:
    """An endpoint, and who names it.

    :param address: as in :class:`~airflow_spanner_lro.core.connection.ConnectionSpec`
    :param source: who names it
    """

    address: str
    source: EndpointSource

    @property
    def plain_text(self) -> bool:
        """It is spoken to without TLS and without credentials, as emulators are."""
        return self.address.startswith(INSECURE_SCHEME)


def choose_endpoint(
    *, argument: str | None, connection: str, environment: str, gcp_conn_id: str
) -> NamedEndpoint:
    """Return the endpoint that counts.

    :param argument: what was decided before; empty for Google's own, None if nothing was
    :param connection: the connection's extra; empty if it has none
    :param environment: the variable for an emulator; empty if it is not set
    :param gcp_conn_id: id of the connection, for the error
    :raises UnusableConnectionError: if connection and environment contradict each other
    """
    if argument is not None:
        return NamedEndpoint(address=_address(argument), source=EndpointSource.ARGUMENT)
    own, emulator = _address(connection), _address(environment)
    if emulator and not emulator.startswith(INSECURE_SCHEME):
        emulator = f"{INSECURE_SCHEME}{emulator}"
    if own and emulator and own != emulator:
        raise _contradiction(own=own, emulator=emulator, gcp_conn_id=gcp_conn_id)
    if own:
        return NamedEndpoint(address=own, source=EndpointSource.CONNECTION)
    if emulator:
        return NamedEndpoint(address=emulator, source=EndpointSource.ENVIRONMENT)
    return NamedEndpoint(address="", source=EndpointSource.NOBODY)


def refuse_emulator(endpoint: NamedEndpoint, *, gcp_conn_id: str) -> None:
    """Refuse an endpoint without TLS, where emulators are not allowed.

    :raises UnusableConnectionError: if it is one
    """
    if not endpoint.plain_text:
        return
    remedy = {
        EndpointSource.ARGUMENT: "Give none, or one with TLS",
        EndpointSource.CONNECTION: f"Remove that extra from the connection {gcp_conn_id!r}",
        EndpointSource.ENVIRONMENT: f"Unset {EMULATOR_VARIABLE} in this process",
    }[endpoint.source]
    message = (
        f"No emulator is allowed here: {endpoint.address} speaks no TLS (it comes from "
        f"{endpoint.source.value}), and [spanner_lro] allow_emulator is False. Nothing was sent. "
        f"{remedy}, or set allow_emulator to True."
    )
    raise UnusableConnectionError(message)


def _address(text: str) -> str:
    """Return an endpoint as a connection spec has it: a scheme only where there is no TLS."""
    address = text.strip().rstrip("/")
    for scheme, kept in ((_SECURE_SCHEME, ""), (INSECURE_SCHEME, INSECURE_SCHEME)):
        if address.lower().startswith(scheme):
            return kept + address[len(scheme) :]
    return address


def _contradiction(*, own: str, emulator: str, gcp_conn_id: str) -> UnusableConnectionError:
    target = emulator.removeprefix(INSECURE_SCHEME)
    sort = "another emulator" if own.startswith(INSECURE_SCHEME) else "a server with TLS"
    return UnusableConnectionError(
        f"Two endpoints, and nothing was sent to either: {EMULATOR_VARIABLE}={target!r} names an "
        f"emulator, and the connection {gcp_conn_id!r} has {ENDPOINT_EXTRA}={own!r}, {sort}. "
        f"To work on {own}, unset {EMULATOR_VARIABLE} in this process; to work on the emulator, "
        f"remove {ENDPOINT_EXTRA} from the connection."
    )
