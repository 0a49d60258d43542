# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Entries about Spanner Omni: the reaper shows its certificate to the connection's Omni only."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from airflow.providers.google.common.hooks.base_google import GoogleBaseHook
from google.cloud.spanner_admin_database_v1 import CreateDatabaseRequest

from airflow_spanner_lro.core.connection import ConnectionSpec
from airflow_spanner_lro.core.kinds import CREATE_DATABASE
from airflow_spanner_lro.core.names import DatabaseName
from airflow_spanner_lro.emulator import Plan
from airflow_spanner_lro.operators.databases import SpannerCreateDatabaseOperator
from tests.support.omni_gateway import OMNI_INSTANCE, OmniGateway

from .test_forged_entries import listening, untouched

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from airflow.state import TaskScope

    from .harness import ReaperHarness

NEW = f"{OMNI_INSTANCE}/databases/new"


def create(task_id: str, conn_id: str = "omni") -> SpannerCreateDatabaseOperator:
    """Write a task that creates a database."""
    return SpannerCreateDatabaseOperator(
        task_id=task_id, gcp_conn_id=conn_id, instance_id="default", database_id="new"
    )


@pytest.fixture
def omni(
    reaper: ReaperHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[OmniGateway]:
    """Return what stands for Omni, with a connection to it; Google gives no token."""
    monkeypatch.delenv("SPANNER_EMULATOR_HOST")

    def asked(*_: object, **__: object) -> None:
        pytest.fail("Google's credentials were asked for")

    monkeypatch.setattr(GoogleBaseHook, "get_credentials_and_project_id", asked)
    reaper.emulator.create_instance(OMNI_INSTANCE)
    with OmniGateway(reaper.emulator.endpoint, tmp_path) as gateway:
        connect(monkeypatch, gateway.extras())
        yield gateway


def connect(monkeypatch: pytest.MonkeyPatch, extras: dict[str, str]) -> None:
    """Let the connection have these extras."""
    stored = json.dumps({"conn_type": "google_cloud_platform", "extra": extras})
    monkeypatch.setenv("AIRFLOW_CONN_OMNI", stored)


def orphan(reaper: ReaperHarness, omni: OmniGateway, **fields: Any) -> TaskScope:
    """Let a task start to create a database at Omni, and die."""
    reaper.emulator.plan(Plan(duration=timedelta(hours=9)))
    request = CreateDatabaseRequest(parent=OMNI_INSTANCE, create_statement="CREATE DATABASE `new`")
    name = reaper.client.start(kind=CREATE_DATABASE, request=request).name
    spec = ConnectionSpec(gcp_conn_id="omni", endpoint=f"omni://{omni.target}")
    entry = reaper.entry(
        name, kind=CREATE_DATABASE, target=DatabaseName.parse(NEW), connection_spec=spec
    )
    scope = reaper.tables.add_task(author=create)
    reaper.tables.write(scope, replace(entry, **fields))
    return scope


def test_orphan_is_cancelled_by_certificate(reaper: ReaperHarness, omni: OmniGateway) -> None:
    """What a task has left running at Omni is cancelled there, as whom the certificate names."""
    orphan(reaper, omni)

    summary = reaper.reap()

    assert 1 == summary.reaped
    assert ("CancelOperation", "airflow") in omni.seen
    assert {"airflow"} == {name for _, name in omni.seen}
    assert not omni.authorised


@pytest.mark.parametrize("scheme", ["omni://", "omni+http://", "http://", ""])
def test_entry_with_an_endpoint_of_its_own(
    reaper: ReaperHarness, omni: OmniGateway, scheme: str
) -> None:
    """An entry that names another place is refused, and nobody comes there."""
    with listening() as (address, visited):
        spec = ConnectionSpec(gcp_conn_id="omni", endpoint=f"{scheme}{address}")
        orphan(reaper, omni, connection_spec=spec)

        summary = reaper.reap()
        came = visited()

    assert [0, 1] == [summary.reaped, summary.left]
    assert f"it was started at {scheme}{address}, and connection omni" in reaper.warned[0]
    assert not came
    assert not omni.seen
    assert untouched(reaper)


def test_entry_that_names_google(reaper: ReaperHarness, omni: OmniGateway) -> None:
    """An entry that says that it was at Google's is not looked for at Omni, nor at Google's."""
    orphan(reaper, omni, connection_spec=ConnectionSpec(gcp_conn_id="omni", endpoint=""))

    reaper.reap()

    assert "it was started at Google's own endpoint, and connection omni" in reaper.warned[0]
    assert not omni.seen
    assert untouched(reaper)


def test_connection_that_leads_elsewhere_by_now(
    reaper: ReaperHarness, omni: OmniGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that was changed to another Omni is not asked about what is at the old one."""
    orphan(reaper, omni)
    with listening() as (address, visited):
        connect(monkeypatch, omni.extras(spanner_endpoint=address))

        reaper.reap()
        came = visited()

    assert f"leads to omni://{address} from here" in reaper.warned[0]
    assert not came
    assert not omni.seen
    assert untouched(reaper)


def test_certificate_that_is_gone(reaper: ReaperHarness, omni: OmniGateway) -> None:
    """A file that is not on this machine is told with its path, and the operation is left."""
    orphan(reaper, omni)
    omni.files["client_key"].unlink()

    summary = reaper.reap()

    assert [0, 1] == [summary.reaped, summary.left]
    (said,) = [each for each in reaper.warned if "spanner_client_key" in each]
    assert f"{omni.files['client_key']}' cannot be read (No such file or directory)" in said
    assert untouched(reaper)
