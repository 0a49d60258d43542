# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Spanner Omni, the Spanner that one runs oneself: how a connection names it, and what it serves.

It has one project and one instance, both called ``default``. It knows nobody's Google credentials:
a server with TLS is checked by a certificate authority that the connection names, and may ask for a
client certificate in return. Databases, their schemas and their operations are as in Google Cloud.
Backups go to storage of its owner's, by commands of its own, and instances, configurations and
partitions there are none; so whatever needs one of these is refused here, and nothing is sent.

An endpoint of Omni has a scheme of its own wherever it is written down, in triggers and ledgers: it
is never taken for an emulator's, nor for one that is given Google's credentials.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.errors import UnusableConnectionError
from airflow_spanner_lro.core.kinds import Service
from airflow_spanner_lro.core.lists.queries import ListCall
from airflow_spanner_lro.core.names import DatabaseName

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from airflow_spanner_lro.core.kinds import OperationKind
    from airflow_spanner_lro.core.lists.queries import OperationQuery

PROJECT = INSTANCE = "default"
"""What Omni's one project and one instance are called."""

TYPE_EXTRA = "spanner_type"
CA_EXTRA = "spanner_ca_certificate"
CERTIFICATE_EXTRA = "spanner_client_certificate"
KEY_EXTRA = "spanner_client_key"
FILE_EXTRAS = (CA_EXTRA, CERTIFICATE_EXTRA, KEY_EXTRA)
"""Extras of a connection that name files for TLS."""

_HIGHEST_PORT = 65_535
_DATABASE_METHODS = frozenset(
    {
        "cancel_operation",
        "create_database",
        "drop_database",
        "get_database",
        "get_database_ddl",
        "get_operation",
        "list_database_operations",
        "list_operations",
        "update_database",
        "update_database_ddl",
    }
)
"""Methods of the generated database admin client that are sent to Omni."""


class NotOnOmniError(UnusableConnectionError):
    """Spanner Omni does not serve this, or not in this way; nothing was sent."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"Not on Spanner Omni: {what}. Nothing was sent. Databases, their schemas and their "
            "operations can be worked on there; for anything else use a connection to Google Cloud."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OmniConnection:
    """Where a Spanner Omni answers, and by which files it and we know each other.

    :param address: ``host:port``
    :param ca_certificate: path of the authority's certificate by which the server is known; empty
        for plain text
    :param client_certificate: path of the certificate by which the server knows us; empty if none
    :param client_key: path of its private key
    """

    address: str
    ca_certificate: str = ""
    client_certificate: str = ""
    client_key: str = ""


def omni_connection(
    extra: Callable[[str], Any], *, endpoint: str, gcp_conn_id: str
) -> OmniConnection | None:
    """Return what a connection says of Spanner Omni; None if it is one to Google Cloud.

    :param extra: returns an extra of the connection by its name; None if there is none
    :param endpoint: the connection's extra ``spanner_endpoint``
    :raises UnusableConnectionError: if what it says does not go together
    """
    kind = str(extra(TYPE_EXTRA) or "").strip().lower()
    files = {name: str(extra(name) or "").strip() for name in FILE_EXTRAS}
    given = [name for name, path in files.items() if path]
    if kind in {"", "cloud"}:
        if given:
            # without the type the server would be sent Google's credentials
            problem = f"{given[0]} is for Spanner Omni, so set {TYPE_EXTRA} to 'omni' too."
            raise _unusable(gcp_conn_id, problem)
        return None
    if kind != "omni":
        raise _unusable(gcp_conn_id, f"{TYPE_EXTRA} is {kind!r}, and there are 'omni' and 'cloud'.")
    if (project := extra("project")) and project != PROJECT:
        problem = f"Spanner Omni has one project, {PROJECT!r}: remove the extra project={project!r}"
        raise _unusable(gcp_conn_id, f"{problem}.")
    scheme, address = _parse_endpoint(endpoint)
    if not address:
        problem = (
            f"spanner_endpoint={endpoint!r} is no endpoint of Spanner Omni, which is host:port "
            "with TLS and http://host:port without; Omni's own port is 15000."
        )
        raise _unusable(gcp_conn_id, problem)
    if problem := _mismatch(files, given, plain_text=scheme == "http"):
        raise _unusable(gcp_conn_id, problem)
    return OmniConnection(
        address=address,
        ca_certificate=files[CA_EXTRA],
        client_certificate=files[CERTIFICATE_EXTRA],
        client_key=files[KEY_EXTRA],
    )


def _parse_endpoint(text: str) -> tuple[str, str]:
    """Return the scheme and ``host:port``, which is empty if there is something else."""
    scheme, separator, address = text.strip().rstrip("/").rpartition("://")
    scheme = scheme.lower()
    if separator and scheme not in {"http", "https"}:
        return scheme, ""
    host, _, port = address.rpartition(":")
    is_port = port.isascii() and port.isdecimal() and 0 < int(port) <= _HIGHEST_PORT
    return scheme, address if host and is_port and not set(host) & set("/@?# ") else ""


def _mismatch(files: Mapping[str, str], given: Sequence[str], *, plain_text: bool) -> str:
    """Return what is wrong with the files that a connection names; empty if nothing is."""
    if plain_text and given:
        return (
            f"{' and '.join(given)} would not be used, because spanner_endpoint begins with "
            "http://, which is plain text: remove either."
        )
    if not plain_text and not files[CA_EXTRA]:
        return (
            f"{CA_EXTRA} is missing, the file with the certificate of the authority by which "
            "Spanner Omni is known; for plain text let spanner_endpoint begin with http://."
        )
    if bool(files[CERTIFICATE_EXTRA]) != bool(files[KEY_EXTRA]):
        missing = KEY_EXTRA if files[CERTIFICATE_EXTRA] else CERTIFICATE_EXTRA
        return f"{given[-1]} is set and {missing} is not: give both, or neither."
    return ""


def _unusable(gcp_conn_id: str, problem: str) -> UnusableConnectionError:
    return UnusableConnectionError(f"Connection {gcp_conn_id!r} is not usable: {problem}")


def require_call(service: Service, method: str) -> None:
    """Refuse a call that Spanner Omni is not asked to answer.

    :param method: of the generated client
    :raises NotOnOmniError: if it is one
    """
    if service is Service.DATABASE_ADMIN and method in _DATABASE_METHODS:
        return
    if service is Service.INSTANCE_ADMIN:
        what = "it is one instance itself, so no instance, configuration or partition is managed"
    elif "backup" in method or method == "restore_database":
        what = (
            "its preview has neither backups nor restores, and later releases keep them in storage "
            "of your own, by Omni's own command line"
        )
    else:
        what = f"{method} is none of the calls that it is known to answer"
    raise NotOnOmniError(what)


def require_kind(kind: OperationKind) -> None:
    """Refuse to start what Spanner Omni does not do.

    :raises NotOnOmniError: if it does not
    """
    require_call(kind.service, str(kind.rpc))


def require_project(project: str | None) -> None:
    """Refuse to work in a project that Spanner Omni does not have.

    :param project: None for the connection's own
    :raises NotOnOmniError: if it is another one
    """
    if project and project != PROJECT:
        raise NotOnOmniError(f"project_id is {project!r}, and its one project is {PROJECT!r}")


def can_list(query: OperationQuery) -> bool:
    """Tell whether Spanner Omni is asked for a list of operations; of backups it has none."""
    return query.call is ListCall.OF_DATABASES or (
        query.call is ListCall.OF_RESOURCE and isinstance(query.parent, DatabaseName)
    )


def runs_nothing(query: OperationQuery) -> bool:
    """Tell whether a query asks what runs of something that Spanner Omni is not asked about.

    Whoever waits until nothing runs on a database waits for the operations of the database there.
    """
    return query.pending and not can_list(query)
