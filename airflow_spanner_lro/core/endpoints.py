# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Which endpoint counts, of those that an argument, a connection and the environment name.

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

from airflow_spanner_lro.core.access import INSECURE_SCHEME
from airflow_spanner_lro.core.errors import AccessError

EMULATOR_VARIABLE = "SPANNER_EMULATOR_HOST"
ENDPOINT_EXTRA = "spanner_endpoint"

_SECURE_SCHEME = "https://"


class Source(Enum):
    """Who names an endpoint, as a person is told."""

    ARGUMENT = "the argument endpoint"
    CONNECTION = f"the connection's extra {ENDPOINT_EXTRA}"
    ENVIRONMENT = EMULATOR_VARIABLE
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedEndpoint:
    """An endpoint, and who names it.

    :param address: as in :class:`~airflow_spanner_lro.core.access.Access`
    :param source: who names it
    """

    address: str
    source: Source

    @property
    def plain_text(self) -> bool:
        """It is spoken to without TLS and without credentials, as emulators are."""
        return self.address.startswith(INSECURE_SCHEME)


def decide(
    *, argument: str | None, connection: str, environment: str, gcp_conn_id: str
) -> NamedEndpoint:
    """Return the endpoint that counts.

    :param argument: what was decided before; empty for Google's own, None if nothing was
    :param connection: the connection's extra; empty if it has none
    :param environment: the variable for an emulator; empty if it is not set
    :param gcp_conn_id: id of the connection, for the error
    :raises AccessError: if connection and environment contradict each other
    """
    if argument is not None:
        return NamedEndpoint(address=_address(argument), source=Source.ARGUMENT)
    own, emulator = _address(connection), _address(environment)
    if emulator and not emulator.startswith(INSECURE_SCHEME):
        emulator = f"{INSECURE_SCHEME}{emulator}"
    if own and emulator and own != emulator:
        raise _contradiction(own=own, emulator=emulator, gcp_conn_id=gcp_conn_id)
    if own:
        return NamedEndpoint(address=own, source=Source.CONNECTION)
    if emulator:
        return NamedEndpoint(address=emulator, source=Source.ENVIRONMENT)
    return NamedEndpoint(address="", source=Source.NOBODY)


def require_no_emulator(endpoint: NamedEndpoint, *, gcp_conn_id: str) -> None:
    """Refuse an endpoint without TLS, where emulators are not allowed.

    :raises AccessError: if it is one
    """
    if not endpoint.plain_text:
        return
    remedy = {
        Source.ARGUMENT: "Give none, or one with TLS",
        Source.CONNECTION: f"Remove that extra from the connection {gcp_conn_id!r}",
        Source.ENVIRONMENT: f"Unset {EMULATOR_VARIABLE} in this process",
    }[endpoint.source]
    message = (
        f"No emulator is allowed here: {endpoint.address} speaks no TLS (it comes from "
        f"{endpoint.source.value}), and [spanner_lro] allow_emulator is False. Nothing was sent. "
        f"{remedy}, or set allow_emulator to True."
    )
    raise AccessError(message)


def _address(text: str) -> str:
    """Return an endpoint as an access has it: a scheme only where there is no TLS."""
    address = text.strip().rstrip("/")
    for scheme, kept in ((_SECURE_SCHEME, ""), (INSECURE_SCHEME, INSECURE_SCHEME)):
        if address.lower().startswith(scheme):
            return kept + address[len(scheme) :]
    return address


def _contradiction(*, own: str, emulator: str, gcp_conn_id: str) -> AccessError:
    target = emulator.removeprefix(INSECURE_SCHEME)
    sort = "another emulator" if own.startswith(INSECURE_SCHEME) else "a server with TLS"
    return AccessError(
        f"Two endpoints, and nothing was sent to either: {EMULATOR_VARIABLE}={target!r} names an "
        f"emulator, and the connection {gcp_conn_id!r} has {ENDPOINT_EXTRA}={own!r}, {sort}. "
        f"To work on {own}, unset {EMULATOR_VARIABLE} in this process; to work on the emulator, "
        f"remove {ENDPOINT_EXTRA} from the connection."
    )
