# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""How a connection names Spanner Omni, and what is asked of it: decided without any request."""

from __future__ import annotations

import pytest

from airflow_spanner_lro.core.connection import ConnectionSpec, EndpointSource, choose_endpoint
from airflow_spanner_lro.core.errors import UnavailableError, UnusableConnectionError
from airflow_spanner_lro.core.kinds import KINDS, Service
from airflow_spanner_lro.core.links import console_link
from airflow_spanner_lro.core.lists.queries import ListCall, OperationQuery
from airflow_spanner_lro.core.names import DatabaseName, InstanceName
from airflow_spanner_lro.core.omni import (
    NotOnOmniError,
    OmniConnection,
    can_list,
    omni_connection,
    require_call,
    require_kind,
    require_project,
    runs_nothing,
)

FILES = {
    "spanner_ca_certificate": "/ca",
    "spanner_client_certificate": "/own",
    "spanner_client_key": "/key",
}
INSTANCE = InstanceName(project="default", instance="default")
DATABASE = DatabaseName(project="default", instance="default", database="orders")


def read(endpoint: str, **extras: object) -> OmniConnection | None:
    """Read a connection with these extras."""
    return omni_connection(extras.get, endpoint=endpoint, gcp_conn_id="mine")


@pytest.mark.parametrize("kind", ["", None, "cloud", " Cloud "])
def test_without_type_it_is_google_cloud(kind: str | None) -> None:
    """A connection that does not name Spanner Omni leads to Google Cloud."""
    assert read("localhost:15000", spanner_type=kind) is None


@pytest.mark.parametrize(
    ("endpoint", "address"),
    [
        ("omni.example:15000", "omni.example:15000"),
        (" HTTPS://omni.example:15000/ ", "omni.example:15000"),
        ("[::1]:15000", "[::1]:15000"),
    ],
)
def test_with_tls(endpoint: str, address: str) -> None:
    """TLS is the default, and takes the authority's certificate, a client's as well if it asks."""
    both = read(endpoint, spanner_type="Omni", **FILES)
    one_sided = read(endpoint, spanner_type="omni", spanner_ca_certificate=" /ca ")

    assert both == OmniConnection(
        address=address, ca_certificate="/ca", client_certificate="/own", client_key="/key"
    )
    assert one_sided == OmniConnection(address=address, ca_certificate="/ca")


def test_plain_text() -> None:
    """An endpoint with http:// is spoken to in plain text, and needs no files."""
    found = read("http://localhost:15000", spanner_type="omni", project="default")

    assert found == OmniConnection(address="localhost:15000")


@pytest.mark.parametrize(
    ("endpoint", "extras", "problem"),
    [
        ("a:1", {"spanner_type": "onmi"}, "spanner_type is 'onmi', and there are 'omni'"),
        ("a:1", FILES, "spanner_ca_certificate is for Spanner Omni, so set spanner_type to"),
        (
            "a:1",
            {"spanner_type": "cloud", "spanner_client_key": "/key"},
            "spanner_client_key is for Spanner Omni",
        ),
        ("a:1", {"spanner_type": "omni", "project": "mine"}, "remove the extra project='mine'."),
        ("a:1", {"spanner_type": "omni"}, "spanner_ca_certificate is missing"),
        (
            "a:1",
            FILES | {"spanner_type": "omni", "spanner_client_key": ""},
            "spanner_client_certificate is set and spanner_client_key is not",
        ),
        (
            "a:1",
            FILES | {"spanner_type": "omni", "spanner_client_certificate": None},
            "spanner_client_key is set and spanner_client_certificate is not",
        ),
        (
            "http://a:1",
            {"spanner_type": "omni", "spanner_ca_certificate": "/ca"},
            "spanner_ca_certificate would not be used, because spanner_endpoint begins with http",
        ),
        *(
            (endpoint, {"spanner_type": "omni"} | FILES, "is no endpoint of Spanner Omni")
            for endpoint in (
                "",
                "omni.example",
                "omni.example:",
                ":15000",
                "a:0",
                "a:65536",
                "a:grpc",
                "a:²",
                "ftp://a:1",
                "omni://a:1",
                "user@a:1",
                "a/b:1",
                "a b:1",
            )
        ),
    ],
)
def test_what_does_not_go_together(endpoint: str, extras: dict[str, object], problem: str) -> None:
    """Extras that do not go together are refused in one sentence, which names the connection."""
    with pytest.raises(UnusableConnectionError) as caught:
        read(endpoint, **extras)

    assert str(caught.value).startswith("Connection 'mine' is not usable: ")
    assert problem in str(caught.value)


def test_which_operations_are_started() -> None:
    """Databases are created, updated and changed; nothing else is started, and each says why."""
    served, reasons = set(), {}
    for kind in KINDS:
        if not kind.rpc:
            continue
        try:
            require_kind(kind)
        except NotOnOmniError as exc:
            reasons[kind.method] = str(exc)
        else:
            served.add(kind.method)

    assert {"CreateDatabase", "UpdateDatabase", "UpdateDatabaseDdl"} == served
    for method in ("CreateBackup", "CopyBackup", "RestoreDatabase"):
        assert "its preview has neither backups nor restores" in reasons.pop(method)
    assert all("no instance, configuration or partition" in each for each in reasons.values())


@pytest.mark.parametrize(
    ("service", "method", "reason"),
    [
        (Service.DATABASE_ADMIN, "list_backups", "neither backups nor restores"),
        (Service.DATABASE_ADMIN, "create_backup_schedule", "neither backups nor restores"),
        (Service.DATABASE_ADMIN, "delete_operation", "none of the calls"),
        (Service.INSTANCE_ADMIN, "get_instance", "one instance itself"),
    ],
)
def test_calls_that_are_not_made(service: Service, method: str, reason: str) -> None:
    """A call that is not known to be served is refused, and the error says that none was made."""
    with pytest.raises(NotOnOmniError, match=reason) as caught:
        require_call(service, method)

    assert "Nothing was sent." in str(caught.value)


def test_one_project() -> None:
    """Only its one project is worked in."""
    require_project(None)
    require_project("default")
    with pytest.raises(NotOnOmniError, match="project_id is 'mine'"):
        require_project("mine")


@pytest.mark.parametrize(
    ("call", "parent", "expected"),
    [
        (ListCall.OF_DATABASES, INSTANCE, True),
        (ListCall.OF_RESOURCE, DATABASE, True),
        (ListCall.OF_RESOURCE, INSTANCE, False),
        (ListCall.OF_BACKUPS, INSTANCE, False),
        (ListCall.OF_PARTITIONS, INSTANCE, False),
    ],
)
def test_lists(*, call: ListCall, parent: InstanceName | DatabaseName, expected: bool) -> None:
    """Operations of databases are listed; of all else nothing is known to run."""
    assert expected == can_list(OperationQuery(call=call, parent=parent))
    assert expected != runs_nothing(OperationQuery(call=call, parent=parent, pending=True))
    assert not runs_nothing(OperationQuery(call=call, parent=parent))


@pytest.mark.parametrize(
    ("endpoint", "target", "plain_text", "emulated", "omni", "in_google_cloud"),
    [
        ("omni://a:1", "a:1", False, False, True, False),
        ("omni+http://a:1", "a:1", True, False, True, False),
        ("http://a:1", "a:1", True, True, False, False),
        ("a:1", "a:1", False, False, False, True),
        ("", "", False, False, False, True),
        (None, "", False, False, False, True),
    ],
)
def test_what_an_endpoint_is(  # one for each column
    *,
    endpoint: str | None,
    target: str,
    plain_text: bool,
    emulated: bool,
    omni: bool,
    in_google_cloud: bool,
) -> None:
    """Plain text is an emulator's unless it is Omni's, and neither is in Google Cloud."""
    spec = ConnectionSpec(gcp_conn_id="mine", endpoint=endpoint)

    assert (target, plain_text) == (spec.target, spec.plain_text)
    assert (emulated, omni, in_google_cloud) == (spec.emulated, spec.omni, spec.in_google_cloud)
    assert spec == ConnectionSpec.from_dict(spec.to_dict())


@pytest.mark.parametrize("argument", [None, "omni://a:1"])
def test_its_endpoint(argument: str | None) -> None:
    """A connection to Omni leads there, also whoever was told so before."""
    found = choose_endpoint(
        argument=argument, connection="omni://a:1", environment="", gcp_conn_id="mine"
    )

    source = EndpointSource.ARGUMENT if argument else EndpointSource.CONNECTION
    assert ("omni://a:1", source, False) == (found.address, found.source, found.emulated)


def test_a_variable_that_is_left_over() -> None:
    """What was begun at Omni goes on there, whatever the environment of a triggerer names."""
    found = choose_endpoint(
        argument="omni://a:1", connection="omni://a:1", environment="c:3", gcp_conn_id="mine"
    )

    assert "omni://a:1" == found.address


@pytest.mark.parametrize(
    ("argument", "connection", "environment", "problem"),
    [
        (None, "omni://a:1", "c:3", "SPANNER_EMULATOR_HOST='c:3' names an emulator, and"),
        ("", "omni://a:1", "", "'Google Cloud' is asked for, and the connection 'mine' leads to"),
        ("b:2", "omni://a:1", "", "'b:2' is asked for"),
        ("http://a:1", "omni+http://a:1", "", "'http://a:1' is asked for"),
        ("omni+http://a:1", "omni://a:1", "", "'omni+http://a:1' is asked for"),
        ("omni://b:2", "omni://a:1", "", "'mine' leads to omni://a:1"),
        ("omni://a:1", "", "", "'mine' is not one to Spanner Omni"),
        ("omni://a:1", "a:1", "", "'mine' is not one to Spanner Omni"),
        ("omni+http://a:1", "http://a:1", "a:1", "'mine' is not one to Spanner Omni"),
    ],
)
def test_another_endpoint(
    *, argument: str | None, connection: str, environment: str, problem: str
) -> None:
    """Omni's certificates and Google's credentials are shown to nobody but whom they are for."""
    with pytest.raises(UnusableConnectionError, match="nothing was sent to either") as caught:
        choose_endpoint(
            argument=argument, connection=connection, environment=environment, gcp_conn_id="mine"
        )

    assert problem in str(caught.value)


def test_no_console() -> None:
    """The console of Google Cloud does not show what is not there."""
    spec = ConnectionSpec(gcp_conn_id="mine", endpoint="omni://a:1")

    link = console_link(DATABASE, connection_spec=spec)

    assert "Spanner Omni at a:1: this is not in Google Cloud." == link


@pytest.mark.parametrize(
    ("said", "check"),
    [
        ("Tls handshake failed: CERTIFICATE_VERIFY_FAILED", "by which the server is known"),
        ("ipv4:127.0.0.1:1: Socket closed", "or a client certificate that it trusts"),
    ],
)
def test_what_tls_trouble_means(said: str, check: str) -> None:
    """Where TLS may be why nobody answers, the error says which file to look at."""
    assert check in str(UnavailableError(said))
    assert check not in str(UnavailableError("connection refused"))
