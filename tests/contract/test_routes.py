# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The emulator's REST routes, compared with those that Google's clients were generated with."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from google.cloud.spanner_admin_database_v1.services.database_admin.transports.rest_base import (
    _BaseDatabaseAdminRestTransport as DatabaseTransport,
)
from google.cloud.spanner_admin_instance_v1.services.instance_admin.transports.rest_base import (
    _BaseInstanceAdminRestTransport as InstanceTransport,
)

from airflow_spanner_lro.core.kinds import Service
from airflow_spanner_lro.emulator.clock import SystemClock
from airflow_spanner_lro.emulator.engine import Engine
from airflow_spanner_lro.emulator.http.routes import HTTP_RULES, HttpRule, Router

VARIABLE = re.compile(r"\{[^=]+=([^}]+)\}")
PREFIX = "_Base"
TRANSPORTS = {
    Service.DATABASE_ADMIN: DatabaseTransport,
    Service.INSTANCE_ADMIN: InstanceTransport,
}
OPERATIONS = "google.longrunning.Operations"
OF_OPERATIONS = ("ListOperations", "GetOperation", "CancelOperation", "DeleteOperation")
ONLY_OURS = {
    HttpRule(
        f"/{Service.DATABASE_ADMIN}/ChangeQuorum",
        "POST",
        "/v1/{name=projects/*/instances/*/databases/*}:changequorum",
        "*",
    )
}
"""In the service's reference, but not in the Python client."""


def routes_of_clients() -> set[HttpRule]:
    """Return what the installed clients send, in the form of our table."""
    routes = set()
    for service, transport in TRANSPORTS.items():
        for name, rpc in vars(transport).items():
            # a private RPC has a class, but no route
            if not (name.startswith(PREFIX) and hasattr(rpc, "_get_http_options")):
                continue
            rpc_name = name.removeprefix(PREFIX)
            owner = OPERATIONS if rpc_name in OF_OPERATIONS else service
            for option in rpc._get_http_options():
                verb, uri, body = option["method"].upper(), option["uri"], option.get("body")
                routes.add(HttpRule(f"/{owner}/{rpc_name}", verb, uri, body))
    return routes


def test_the_routes_are_those_of_the_clients() -> None:
    """Every RPC has the verb, path and body that the clients give it, and none is missing."""
    clients = routes_of_clients()

    assert len(clients) > 70
    assert clients == set(HTTP_RULES) - ONLY_OURS
    assert set(HTTP_RULES) >= ONLY_OURS


def test_every_route_has_a_handler() -> None:
    """No request is routed to an RPC that the emulator lacks."""
    methods = Engine(clock=SystemClock()).methods

    assert {route.rpc for route in HTTP_RULES} <= set(methods)


def test_no_route_stands_twice() -> None:
    """A request means one RPC."""
    counts = Counter((route.verb, VARIABLE.sub(r"\1", route.uri)) for route in HTTP_RULES)

    assert {1} == set(counts.values())


@pytest.mark.parametrize("route", HTTP_RULES, ids=lambda route: f"{route.verb} {route.uri}")
def test_an_example_of_each_route_finds_it(route: HttpRule) -> None:
    """The path that a template expands to leads back to its route, with the name in its field."""
    variable, _, pattern = route.uri.partition("{")[2].partition("}")[0].partition("=")
    name = pattern.replace("*", "a-1")
    path = route.uri.replace(f"{{{variable}={pattern}}}", name)

    found = Router(HTTP_RULES).find(route.verb, path)

    assert found is not None
    assert (route, {variable: name}) == (found.route, found.variables)
