# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Requests, metadata and resources read as facets, and the differences between two sides in words.

Against what the emulator really answers they are held in ``tests/admin``; here are the rules.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from airflow_spanner_lro.core import kinds
from airflow_spanner_lro.core.comparison import (
    Difference,
    differences,
    operation_facets,
    requested_facets,
    resource_facets,
)
from airflow_spanner_lro.core.facets import MAX_LENGTH, Label

INSTANCE = "projects/test/instances/main"
ORDERS, USERS = (f"{INSTANCE}/databases/{each}" for each in ("orders", "users"))
KEYS = [f"projects/test/locations/{at}/keyRings/r/cryptoKeys/k" for at in ("here", "there")]
MOMENT = datetime(2027, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
MOMENT_TEXT = "2027-01-02T03:04:05.678901+00:00"


def backup_request(*, encryption: dict[str, Any] | None = None, **fields: Any) -> Any:
    """Return a request for a backup."""
    backup = {"database": ORDERS, "expire_time": MOMENT} | fields
    return kinds.CREATE_BACKUP.request_type()(
        parent=INSTANCE, backup_id="nightly", backup=backup, encryption_config=encryption
    )


def database(**fields: Any) -> Any:
    """Return a database that is ready."""
    usual = {"name": ORDERS, "state": "READY"}
    return kinds.Service.DATABASE_ADMIN.message("Database")(usual | fields)


def instance(**fields: Any) -> Any:
    """Return an instance that is ready."""
    usual = {"name": INSTANCE, "state": "READY"}
    return kinds.Service.INSTANCE_ADMIN.message("Instance")(usual | fields)


def instance_request(**fields: Any) -> dict[str, str]:
    """Return what the request for an instance asks for."""
    request = kinds.CREATE_INSTANCE.request_type()(instance=fields)
    return requested_facets(kinds.CREATE_INSTANCE, request)


def instance_update(*paths: str, **fields: Any) -> dict[str, str]:
    """Return what the request for an update asks for."""
    request = kinds.UPDATE_INSTANCE.request_type()(
        instance=fields | {"name": INSTANCE}, field_mask={"paths": paths}
    )
    return requested_facets(kinds.UPDATE_INSTANCE, request)


def test_only_what_was_given_is_asked_for() -> None:
    """A request that leaves version time and encryption to Spanner asks for neither."""
    asked = requested_facets(kinds.CREATE_BACKUP, backup_request())

    assert {"source database": ORDERS, "expiry": MOMENT_TEXT} == asked


def test_times_are_in_utc_with_microseconds() -> None:
    """The same moment reads the same, whatever its time zone, and however round it is."""
    elsewhere = timezone(timedelta(hours=5, minutes=30))
    request = backup_request(
        expire_time=MOMENT.astimezone(elsewhere), version_time=MOMENT.replace(microsecond=0)
    )

    asked = requested_facets(kinds.CREATE_BACKUP, request)

    assert MOMENT_TEXT == asked["expiry"]
    assert "2027-01-02T03:04:05.000000+00:00" == asked["version time"]


def test_a_message_reads_as_the_one_beneath_it() -> None:
    """The client library's wrapper makes no difference, for requests and for metadata."""
    request = backup_request()
    metadata = kinds.CREATE_BACKUP.metadata_type()(database=ORDERS)

    assert requested_facets(kinds.CREATE_BACKUP, request) == requested_facets(
        kinds.CREATE_BACKUP, type(request).pb(request)
    )
    assert operation_facets(kinds.CREATE_BACKUP, metadata) == operation_facets(
        kinds.CREATE_BACKUP, type(metadata).pb(metadata)
    )


def test_an_update_asks_only_for_what_its_mask_names() -> None:
    """What an update carries beside its mask does not count."""
    asked = instance_update("node_count", node_count=3, display_name="Main one")

    assert {"compute capacity": "3 nodes"} == asked


def test_an_update_may_ask_for_nothing_to_be_there() -> None:
    """A masked field without a value is cleared, which is something to ask for."""
    protection = kinds.UPDATE_DATABASE.request_type()(
        database={"name": ORDERS}, update_mask={"paths": ["enable_drop_protection"]}
    )

    assert {"labels": "none"} == instance_update("labels")
    assert {"drop protection": "false"} == requested_facets(kinds.UPDATE_DATABASE, protection)


def test_a_mask_may_name_a_field_as_a_whole_or_in_part() -> None:
    """Keys are asked for by the mask of their message, and by that of one of its fields."""
    for path in ("encryption_config", "encryption_config.kms_key_names"):
        request = kinds.UPDATE_DATABASE.request_type()(
            database={"name": ORDERS, "encryption_config": {"kms_key_names": KEYS}},
            update_mask={"paths": [path]},
        )

        assert {"encryption": ", ".join(KEYS)} == requested_facets(kinds.UPDATE_DATABASE, request)


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"node_count": 1}, "1 node"),
        ({"node_count": 3}, "3 nodes"),
        ({"processing_units": 3000}, "3 nodes"),
        ({"processing_units": 3000, "node_count": 3}, "3 nodes"),
        ({"processing_units": 500}, "500 processing units"),
        ({"autoscaling_config": {"autoscaling_limits": {"min_nodes": 1}}}, "autoscaled"),
    ],
)
def test_capacity_reads_the_same_in_each_unit(fields: dict[str, Any], text: str) -> None:
    """A node is a thousand processing units, and Spanner shows both."""
    assert text == instance_request(**fields)["compute capacity"]


def test_labels_are_sorted() -> None:
    """Labels read the same in whatever order they were given."""
    assert "a=1, b=2" == instance_request(labels={"b": "2", "a": "1"})["labels"]


@pytest.mark.parametrize(
    ("encryption", "text"),
    [
        ({"encryption_type": "USE_DATABASE_ENCRYPTION"}, None),
        ({"encryption_type": "GOOGLE_DEFAULT_ENCRYPTION"}, "Google's keys"),
        (
            {"encryption_type": "CUSTOMER_MANAGED_ENCRYPTION", "kms_key_name": KEYS[0]},
            KEYS[0],
        ),
        (
            {"encryption_type": "CUSTOMER_MANAGED_ENCRYPTION", "kms_key_names": KEYS[::-1]},
            ", ".join(KEYS),
        ),
    ],
)
def test_encryption_is_told_by_its_keys(encryption: dict[str, Any], text: str | None) -> None:
    """Keys are sorted; to be encrypted as the database is says nothing of the keys."""
    asked = requested_facets(kinds.CREATE_BACKUP, backup_request(encryption=encryption))

    assert text == asked.get("encryption")


def test_what_is_kept_is_short_and_fit_for_json() -> None:
    """Long lists are kept as a digest, or as their beginning; always in the same words."""
    labels = {f"key-{number}": "v" * 60 for number in range(64)}
    request = kinds.CREATE_DATABASE.request_type()(
        extra_statements=[f"CREATE TABLE {'T' * 60}{number} (Id INT64)" for number in range(99)]
    )

    asked = [
        instance_request(labels=labels),
        instance_request(labels=dict(reversed(labels.items()))),
        requested_facets(kinds.CREATE_DATABASE, request),
    ]

    assert asked[0] == asked[1]
    assert asked[0] != instance_request(labels=labels | {"key-9": "w"})
    assert all(len(text) <= MAX_LENGTH for each in asked for text in each.values())
    assert asked == json.loads(json.dumps(asked))
    assert asked[2]["schema"].endswith(", and 94 more")


# --- what Spanner tells ---


def test_what_is_not_ready_shows_no_capacity() -> None:
    """An instance without resources yet says nothing of how many it was asked for."""
    shown = resource_facets(kinds.CREATE_INSTANCE, instance(state="CREATING", node_count=0))

    assert {} == shown


def test_nothing_in_what_is_ready_says_something() -> None:
    """A database that is ready and shows no backup and no keys was made without them."""
    creating = resource_facets(kinds.RESTORE_DATABASE, database(state="CREATING"))
    optimizing = resource_facets(kinds.RESTORE_DATABASE, database(state="READY_OPTIMIZING"))

    assert {} == creating
    assert {"source backup": "none", "encryption": "Google's keys"} == optimizing


def test_what_is_being_updated_shows_nothing_of_the_update() -> None:
    """A resource that says that it is changing has its old values still."""
    shown = resource_facets(kinds.UPDATE_DATABASE, database(reconciling=True))

    assert {} == shown


def test_an_operation_that_tells_its_request_tells_its_mask() -> None:
    """Of the request that an update of a database tells, only what its mask names counts."""
    request = {
        "database": {"name": ORDERS, "encryption_config": {"kms_key_name": KEYS[0]}},
        "update_mask": {"paths": ["enable_drop_protection"]},
    }
    metadata = kinds.UPDATE_DATABASE.metadata_type()(request=request)

    assert {"drop protection": "false"} == operation_facets(kinds.UPDATE_DATABASE, metadata)


def test_versions_of_keys_do_not_count() -> None:
    """Spanner tells which version of a key it has used; nobody asks for one."""
    shown = kinds.Service.DATABASE_ADMIN.message("Backup")(
        state="READY",
        encryption_information=[
            {
                "encryption_type": "CUSTOMER_MANAGED_ENCRYPTION",
                "kms_key_version": f"{key}/cryptoKeyVersions/7",
            }
            for key in reversed(KEYS)
        ],
    )

    assert {"encryption": ", ".join(KEYS)} == resource_facets(kinds.CREATE_BACKUP, shown)


def test_a_value_that_is_newer_than_the_client_library_is_a_number() -> None:
    """An edition without a name yet is told by its number, and is no error."""
    shown = instance()
    type(shown).pb(shown).edition = 77

    assert "77" == resource_facets(kinds.CREATE_INSTANCE, shown)["edition"]


def test_the_follow_up_of_a_restore_has_nothing_to_compare() -> None:
    """Nobody asks for what the service starts by itself."""
    kind = kinds.OPTIMIZE_RESTORED_DATABASE

    assert {} == operation_facets(kind, kind.metadata_type()(name=ORDERS))
    assert {} == resource_facets(kind, database())


# --- how they differ ---


def test_a_difference_is_told_with_what_was_found() -> None:
    """Each difference has its label, both texts, and whether it can ever change."""
    asked = {"source database": USERS, "expiry": MOMENT_TEXT}
    found = {"source database": ORDERS, "expiry": "2027-01-01T00:00:00.000000+00:00"}

    differing = differences(kinds.CREATE_BACKUP, asked, found)

    assert (
        Difference(label="source database", asked=USERS, found=ORDERS, fixed=True),
        Difference(
            label="expiry",
            asked=MOMENT_TEXT,
            found="2027-01-01T00:00:00.000000+00:00",
            fixed=False,
        ),
    ) == differing
    assert (
        "source database: asked for …/databases/users, but it is made from …/databases/orders; "
        "expiry: asked for 2027-01-02T03:04:05.678901+00:00, "
        "but it has 2027-01-01T00:00:00.000000+00:00"
    ) == "; ".join(each.sentence for each in differing)


def test_what_one_side_alone_has_says_nothing() -> None:
    """Neither what Spanner chose nor what it does not show is a difference."""
    asked, found = {"version time": MOMENT_TEXT}, {"expiry": MOMENT_TEXT}

    assert () == differences(kinds.CREATE_BACKUP, asked, found)


def test_labels_of_another_release_say_nothing() -> None:
    """A ledger entry may hold what this release does not compare."""
    assert () == differences(kinds.CREATE_BACKUP, {"colour": "red"}, {"colour": "blue"})


@pytest.mark.parametrize(
    ("found", "same"),
    [
        ("projects/test/instances/main/databases/orders", True),
        ("projects/1234567/instances/main/databases/orders", True),
        ("projects/other/instances/main/databases/orders", False),
        ("projects/1234567/instances/main/databases/users", False),
        ("1234567", False),
        ("", False),
    ],
)
def test_a_project_may_be_told_by_its_number(found: str, same: bool) -> None:
    """A number stands for any project's id, as nobody knows whose it is; an id only for itself."""
    differing = differences(
        kinds.CREATE_BACKUP, {"source database": ORDERS}, {"source database": found}
    )

    assert same == (not differing)


def test_several_keys_may_be_told_by_the_number_of_their_project() -> None:
    """Each key is compared as a name of its own; one that is missing is a difference."""
    asked = {"encryption": ", ".join(KEYS)}
    numbered = ", ".join(sorted(key.replace("/test/", "/77/") for key in KEYS))

    assert () == differences(kinds.CREATE_BACKUP, asked, {"encryption": numbered})
    assert differences(kinds.CREATE_BACKUP, asked, {"encryption": KEYS[0]})
    assert differences(kinds.CREATE_BACKUP, {"encryption": KEYS[0]}, asked)


def test_other_texts_are_no_names() -> None:
    """What looks like a name but is called otherwise has to be the same to the letter."""
    asked, found = ({"display name": f"projects/{each}/x"} for each in ("7", "a"))

    assert differences(kinds.CREATE_INSTANCE, asked, found)


def test_the_autoscaler_may_have_settings_that_nobody_asked_for() -> None:
    """What Spanner adds by default is no difference; what it has otherwise is."""
    limits = {"min_nodes": 1, "max_nodes": 3}
    asked = instance_request(autoscaling_config={"autoscaling_limits": limits})
    more = {"storage_utilization_percent": 95}
    in_units = {"min_processing_units": 1000, "max_processing_units": 3000}

    def found(**config: Any) -> dict[str, str]:
        shown = instance(autoscaling_config=config, node_count=2, processing_units=2000)
        return resource_facets(kinds.CREATE_INSTANCE, shown)

    same = found(autoscaling_limits=in_units, autoscaling_targets=more)
    other = found(autoscaling_limits=in_units | {"max_processing_units": 9000})

    assert () == differences(kinds.CREATE_INSTANCE, asked, same)
    assert (
        "autoscaling: asked for max_processing_units=3000, "
        "but it has max_processing_units=9000, min_processing_units=1000"
    ) == "; ".join(each.sentence for each in differences(kinds.CREATE_INSTANCE, asked, other))


def test_an_autoscaler_for_some_replicas_is_told_by_their_place() -> None:
    """What holds for one location is a setting apart from what holds for all."""
    overrides = {"autoscaling_limits": {"min_nodes": 2}, "disable_total_cpu_autoscaling": True}
    option = {"replica_selection": {"location": "us-east1"}, "overrides": overrides}
    config = {"asymmetric_autoscaling_options": [option]}

    asked = instance_request(autoscaling_config=config)

    assert (
        "us-east1 disable_total_cpu_autoscaling=true, us-east1 min_processing_units=2000"
    ) == asked["autoscaling"]


def test_a_fixed_capacity_is_not_what_an_autoscaler_happens_to_give() -> None:
    """Three nodes were asked for, and there are three, but only for now."""
    config = {"autoscaling_limits": {"min_nodes": 1}}
    found = resource_facets(
        kinds.CREATE_INSTANCE, instance(node_count=3, autoscaling_config=config)
    )

    differing = differences(kinds.CREATE_INSTANCE, instance_request(node_count=3), found)

    assert "compute capacity: asked for 3 nodes, but it has autoscaled" == "; ".join(
        each.sentence for each in differing
    )


def test_replicas_are_compared_by_place_and_type() -> None:
    """Which of them leads by default is Spanner's to choose; a type that was not given, too."""

    def asked(*replicas: dict[str, Any]) -> str | None:
        request = kinds.CREATE_INSTANCE_CONFIG.request_type()(
            instance_config={"replicas": replicas}
        )
        return requested_facets(kinds.CREATE_INSTANCE_CONFIG, request).get("replicas")

    near, far = ({"location": at, "type_": "READ_ONLY"} for at in ("near", "far"))

    assert "1 x far READ_ONLY, 2 x near READ_ONLY" == asked(near, far, near)
    assert asked(near) == asked(near | {"default_leader_location": True})
    assert None is asked(near, {"location": "far"})


def test_a_sentence_is_one_line_whatever_a_ledger_holds() -> None:
    """Control characters of an entry that somebody made up do not reach a terminal."""
    differing = differences(
        kinds.CREATE_BACKUP, {"expiry": "\x1b[2J\nnever"}, {"expiry": MOMENT_TEXT}
    )

    assert "; ".join(each.sentence for each in differing).isprintable()


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (USERS, "…/databases/users"),
        (ORDERS.replace("main", "far"), "…/instances/far/databases/orders"),
        (ORDERS.replace("test", "prod"), ORDERS.replace("test", "prod")),
        (f"{ORDERS}/operations/x", f"{ORDERS}/operations/x"),
        ("none", "none"),
    ],
)
def test_names_are_told_from_where_they_differ(found: str, told: str) -> None:
    """What both have in common is left out, unless nothing would be left."""
    difference = Difference(label="source database", asked=ORDERS, found=found, fixed=True)

    assert difference.sentence.endswith(f", but it is made from {told}")


def test_labels_never_change() -> None:
    """Ledgers hold these texts: a label that is spelled otherwise no longer reads what is kept."""
    assert {
        "source database",
        "source backup",
        "version time",
        "expiry",
        "encryption",
        "dialect",
        "schema",
        "statements",
        "drop protection",
        "instance configuration",
        "base configuration",
        "replicas",
        "compute capacity",
        "autoscaling",
        "edition",
        "instance type",
        "default backup schedule",
        "display name",
        "labels",
    } == {label.value for label in Label}
