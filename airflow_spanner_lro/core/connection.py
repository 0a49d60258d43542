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

A connection to Spanner Omni (``omni.py``) reaches that and nothing else, and what was at Omni is
reached by a connection to the same Omni only: its certificates are shown to nobody else.

| argument | connection | environment | endpoint |
|---|---|---|---|
| none, or the same Omni | Omni | none | the connection's |
| none | Omni | an emulator | refused |
| the same Omni | Omni | an emulator | the connection's, which somebody has decided before |
| anything else | Omni | any | refused |
| Omni | anything else | any | refused |
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.errors import UnusableConnectionError

if TYPE_CHECKING:
    from collections.abc import Mapping


INSECURE_SCHEME = "http://"
OMNI_SCHEME = "omni://"
OMNI_INSECURE_SCHEME = "omni+http://"
"""How an endpoint of Spanner Omni begins, with TLS and without."""
TIME_SCALE_HEADER = "x-spanner-lro-time-scale"
"""What our emulator says with each answer over gRPC: emulated seconds for each real one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionSpec:
    """A connection, whom to impersonate, and where the admin API answers.

    :param gcp_conn_id: Airflow connection of type ``google_cloud_platform``
    :param impersonation_chain: service accounts, the last of which is impersonated
    :param endpoint: ``host:port`` for TLS, ``http://host:port`` for plain text without credentials
        (an emulator), ``omni://host:port`` and ``omni+http://host:port`` for Spanner Omni with TLS
        and without, empty for Google's own endpoint; None where nobody has decided yet, so that
        whoever asks first looks at its own connection and environment
    """

    gcp_conn_id: str
    impersonation_chain: tuple[str, ...] = ()
    endpoint: str | None = ""

    @property
    def plain_text(self) -> bool:
        """The endpoint is spoken to without TLS and without credentials."""
        return (self.endpoint or "").startswith((INSECURE_SCHEME, OMNI_INSECURE_SCHEME))

    @property
    def emulated(self) -> bool:
        """It is an emulator's: whatever speaks plain text, and is no Spanner Omni."""
        return (self.endpoint or "").startswith(INSECURE_SCHEME)

    @property
    def omni(self) -> bool:
        """It is one of Spanner Omni, which takes no Google credentials."""
        return is_omni(self.endpoint or "")

    @property
    def in_google_cloud(self) -> bool:
        """It leads to Google Cloud, as far as it is decided: what is there has a console."""
        return not (self.emulated or self.omni)

    @property
    def target(self) -> str:
        """The ``host:port`` of the endpoint, empty for Google's own."""
        target = self.endpoint or ""
        for scheme in (INSECURE_SCHEME, OMNI_SCHEME, OMNI_INSECURE_SCHEME):
            target = target.removeprefix(scheme)
        return target

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
    def emulated(self) -> bool:
        """It is an emulator's: spoken to without TLS and without credentials."""
        return self.address.startswith(INSECURE_SCHEME)


def is_omni(endpoint: str) -> bool:
    """Tell whether an endpoint is one of Spanner Omni."""
    return endpoint.startswith((OMNI_SCHEME, OMNI_INSECURE_SCHEME))


def choose_endpoint(
    *, argument: str | None, connection: str, environment: str, gcp_conn_id: str
) -> NamedEndpoint:
    """Return the endpoint that counts.

    :param argument: what was decided before; empty for Google's own, None if nothing was
    :param connection: the connection's extra, or its endpoint of Spanner Omni; empty if it has none
    :param environment: the variable for an emulator; empty if it is not set
    :param gcp_conn_id: id of the connection, for the error
    :raises UnusableConnectionError: if connection and environment contradict each other
    """
    if is_omni(connection) or is_omni(argument or ""):
        return _omni(
            argument=argument,
            connection=connection,
            environment=environment,
            gcp_conn_id=gcp_conn_id,
        )
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
    if not endpoint.emulated:
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


def _omni(
    *, argument: str | None, connection: str, environment: str, gcp_conn_id: str
) -> NamedEndpoint:
    """Return the endpoint of Spanner Omni, if the connection is one to it and nothing differs."""
    if argument is not None and argument != connection:
        leads = f"leads to {connection}" if is_omni(connection) else "is not one to Spanner Omni"
        raise UnusableConnectionError(
            f"Another endpoint, and nothing was sent to either: {argument or 'Google Cloud'!r} is "
            f"asked for, and the connection {gcp_conn_id!r} {leads}. What was begun there is "
            "reached by a connection that leads there; give that one, or change this one back."
        )
    if argument is None and environment:
        raise UnusableConnectionError(
            f"Two endpoints, and nothing was sent to either: {EMULATOR_VARIABLE}={environment!r} "
            f"names an emulator, and the connection {gcp_conn_id!r} leads to Spanner Omni at "
            f"{connection}. To work there, unset {EMULATOR_VARIABLE} in this process; to work on "
            "the emulator, use another connection."
        )
    source = EndpointSource.CONNECTION if argument is None else EndpointSource.ARGUMENT
    return NamedEndpoint(address=connection, source=source)


def _contradiction(*, own: str, emulator: str, gcp_conn_id: str) -> UnusableConnectionError:
    target = emulator.removeprefix(INSECURE_SCHEME)
    sort = "another emulator" if own.startswith(INSECURE_SCHEME) else "a server with TLS"
    return UnusableConnectionError(
        f"Two endpoints, and nothing was sent to either: {EMULATOR_VARIABLE}={target!r} names an "
        f"emulator, and the connection {gcp_conn_id!r} has {ENDPOINT_EXTRA}={own!r}, {sort}. "
        f"To work on {own}, unset {EMULATOR_VARIABLE} in this process; to work on the emulator, "
        f"remove {ENDPOINT_EXTRA} from the connection."
    )
