# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Databases and backups as assets: one scheme, checked by Airflow itself where it is installed."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from airflow.providers.common.compat.openlineage import facet
from airflow.sdk import Asset
from airflow.sdk.lineage import HookLineageCollector
from airflow.sdk.providers_manager_runtime import ProvidersManagerTaskRuntime

from airflow_spanner_lro import assets
from airflow_spanner_lro.assets import backup_asset, backups_asset, create_asset, database_asset
from airflow_spanner_lro.core.errors import InvalidArgumentError, InvalidNameError
from airflow_spanner_lro.core.links import DatabaseBackups, asset_uri, parse_asset_uri
from airflow_spanner_lro.core.names import BackupName, DatabaseName

WHERE: dict[str, Any] = {"project_id": "test", "instance_id": "main"}
DATABASE = DatabaseName(project="test", instance="main", database="orders")
BACKUP = BackupName(project="test", instance="main", backup="nightly")
URIS = [
    pytest.param(DATABASE, "spanner://test/main/databases/orders", id="database"),
    pytest.param(BACKUP, "spanner://test/main/backups/nightly", id="backup"),
    pytest.param(
        DatabaseBackups(database=DATABASE),
        "spanner://test/main/databases/orders/backups",
        id="backups",
    ),
    pytest.param(
        DatabaseName(project="example.com:pp", instance="main", database="orders"),
        "spanner://example.com:pp/main/databases/orders",
        id="domain-scoped project",
    ),
]
WRONG = [
    pytest.param("spanner://test/main", id="an instance"),
    pytest.param("spanner://test/main/databases/orders/tables/t", id="a table"),
    pytest.param("spanner://test/main/databases/O", id="a database id that cannot be"),
    pytest.param("spanner://test/main/backups/nightly?x=1", id="a query"),
    pytest.param("spanner:///main/backups/nightly", id="no project"),
]


@pytest.mark.parametrize(("resource", "uri"), URIS)
def test_address_and_back(resource: Any, uri: str) -> None:
    """Each address stands for one resource, and is that resource's address."""
    assert uri == asset_uri(resource)
    assert resource == parse_asset_uri(uri)


def test_assets_have_these_addresses() -> None:
    """The functions for Dag authors give the address from ids."""
    made = [
        database_asset(**WHERE, database_id="orders"),
        backup_asset(**WHERE, backup_id="nightly"),
        backups_asset(**WHERE, database_id="orders"),
    ]

    assert [each.values[1] for each in URIS[:3]] == [asset.uri for asset in made]


def test_asset_can_be_named() -> None:
    """Whatever else Airflow's Asset takes is passed on to it."""
    asset = backups_asset(**WHERE, database_id="orders", name="order backups", group="drills")

    assert ("order backups", "drills") == (asset.name, asset.group)


def test_wrong_id_is_told_where_it_is_written() -> None:
    """An id that breaks its rule is found when the Dag file is read."""
    with pytest.raises(InvalidNameError, match="database id='ORDERS'"):
        backups_asset(**WHERE, database_id="ORDERS")


def test_airflow_knows_the_scheme() -> None:
    """The installed package registers its handler, factory and converter for the scheme."""
    manager = ProvidersManagerTaskRuntime()

    assert assets.sanitize_uri is manager.asset_uri_handlers["spanner"]
    assert assets.create_asset is manager.asset_factories["spanner"]
    assert assets.convert_asset_to_openlineage is manager.asset_to_openlineage_converters["spanner"]


@pytest.mark.parametrize("uri", WRONG)
def test_airflow_refuses_other_addresses(uri: str) -> None:
    """An asset with our scheme that stands for nothing is an error of the Dag file."""
    with pytest.raises(InvalidArgumentError):
        Asset(uri=uri)


def test_airflow_leaves_our_addresses_alone() -> None:
    """An address is the same after Airflow has looked at it, but for a slash at its end."""
    assert (
        "spanner://test/main/backups/nightly" == Asset("spanner://test/main/backups/nightly/").uri
    )


def test_sanitizer_returns_what_it_got() -> None:
    """The handler checks, and changes nothing."""
    parts = urlsplit("spanner://test/main/databases/orders")

    assert parts == assets.sanitize_uri(parts)


def test_other_schemes_are_not_ours() -> None:
    """An address of something else stands for nothing here."""
    with pytest.raises(InvalidArgumentError, match="expected spanner://"):
        parse_asset_uri("gs://bucket/key")


@pytest.mark.parametrize(
    ("ids", "uri"),
    [
        pytest.param({"database_id": "orders"}, URIS[0].values[1], id="database"),
        pytest.param({"backup_id": "nightly"}, URIS[1].values[1], id="backup"),
    ],
)
def test_lineage_collector_makes_our_assets(ids: dict[str, str], uri: str) -> None:
    """A hook that gives Airflow's collector scheme and ids gets the asset."""
    collector = HookLineageCollector()

    asset = collector.create_asset(scheme="spanner", asset_kwargs=WHERE | ids)

    assert asset is not None
    assert uri == asset.uri


@pytest.mark.parametrize("ids", [{}, {"database_id": "orders", "backup_id": "nightly"}])
def test_factory_needs_one_thing(ids: dict[str, Any]) -> None:
    """Neither id, or both, is an error that names the two."""
    with pytest.raises(InvalidArgumentError, match="database_id, backup_id"):
        create_asset(**WHERE, **ids)


@pytest.mark.parametrize(
    ("asset", "name"),
    [
        pytest.param(database_asset(**WHERE, database_id="orders"), "orders", id="database"),
        pytest.param(backup_asset(**WHERE, backup_id="nightly"), "backups/nightly", id="backup"),
        pytest.param(backups_asset(**WHERE, database_id="orders"), "orders/backups", id="backups"),
    ],
)
def test_openlineage_names(asset: Asset, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In OpenLineage the instance is the namespace, as its naming rules say."""
    monkeypatch.setattr(facet, "Dataset", lambda namespace, name: (namespace, name))

    dataset: Any = assets.convert_asset_to_openlineage(asset, None)  # type: ignore[arg-type]

    assert ("spanner://test:main", name) == dataset
