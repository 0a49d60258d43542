# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The form of refusals: a truth table over the catalogue, and real answers word for word.

Where an answer of Spanner's was published, the docstring says where.
"""

from __future__ import annotations

import inspect
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from google.api_core import exceptions
from google.cloud import (
    spanner_admin_database_v1 as database_v1,
    spanner_admin_instance_v1 as instance_v1,
)
from google.rpc import error_details_pb2

from airflow_spanner_lro.core.names import (
    BackupName,
    BackupScheduleName,
    DatabaseName,
    InstanceConfigName,
    InstanceName,
    InstancePartitionName,
    OperationName,
)
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.errors import base, names, requests
from airflow_spanner_lro.emulator.errors.base import Form, RequestError, form_of, from_outside

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from airflow_spanner_lro.emulator import SpannerAdminEmulator
    from airflow_spanner_lro.emulator.errors import RpcError

INSTANCE = "projects/test/instances/main"
DATABASE = f"{INSTANCE}/databases/orders"
NAMES: dict[str, object] = {
    "BackupName": BackupName.parse(f"{INSTANCE}/backups/nightly"),
    "BackupScheduleName": BackupScheduleName.parse(f"{DATABASE}/backupSchedules/daily"),
    "DatabaseName": DatabaseName.parse(DATABASE),
    "InstanceConfigName": InstanceConfigName.parse("projects/test/instanceConfigs/custom-one"),
    "InstanceName": InstanceName.parse(INSTANCE),
    "InstancePartitionName": InstancePartitionName.parse(f"{INSTANCE}/instancePartitions/part"),
    "OperationName": OperationName.parse(f"{DATABASE}/operations/_auto_op_1"),
    "ResourceName": InstancePartitionName.parse(f"{INSTANCE}/instancePartitions/other"),
}
WITH_DETAILS_OF_A_RESOURCE = set(NAMES) - {"OperationName"}
INSTANCE_RULE = (
    "Instance ID must start with a lowercase letter, be 2-64 characters long, contain only "
    "lowercase letters, numbers, or hyphens, and not end with a hyphen."
)
PROJECT_RULE = (
    "Project ID must be 1-64 characters long, and contain only lower case letters a-z, upper case "
    "letters A-Z, numbers, underscores, hyphens, full colons, equal signs, or periods"
)
NO_REFUSALS = {"about", "bad_name_in", "invalid", "bad_payload"}
"""What makes refusals, and is none."""


def catalogue() -> dict[str, Callable[..., RpcError]]:
    """Return everything in the catalogue that makes a refusal, by its name."""
    own = {
        name
        for module in (base, names, requests)
        for name, value in vars(module).items()
        if inspect.isclass(value) or getattr(value, "__module__", "") == base.__name__
    }
    return {
        name: value
        for name, value in vars(errors).items()
        if callable(value) and not name.startswith("_") and name not in own | NO_REFUSALS
    }


def an_argument(parameter: inspect.Parameter) -> object:
    """Return something that can be given for a parameter, by its annotation."""
    annotation = str(parameter.annotation)
    for name, value in NAMES.items():
        if name in annotation and "Sequence" not in annotation:
            return value
    if "Sequence" in annotation or "Iterable" in annotation:
        return ("one",)
    if "timedelta" in annotation:
        return timedelta(hours=1)
    if "datetime" in annotation:
        return datetime(2026, 1, 1, tzinfo=UTC)
    return 7 if "int" in annotation else "name"


def refusals() -> list[tuple[str, RpcError]]:
    """Make each refusal once, with arguments that fit."""
    made = []
    for name, make in sorted(catalogue().items()):
        if isinstance(make, base.Invalid):
            made.append((name, make("name")))
            continue
        if isinstance(make, base.RefusalTemplate):
            made.append((name, make(NAMES["DatabaseName"])))
            continue
        parameters = inspect.signature(make).parameters.values()
        positional: list[object] = []
        by_name: dict[str, object] = {}
        for each in parameters:
            if each.default is not each.empty or each.kind is each.VAR_POSITIONAL:
                continue
            if each.kind is each.KEYWORD_ONLY:
                by_name[each.name] = an_argument(each)
            else:
                positional.append(an_argument(each))
        made_one = make(*positional, **by_name)
        if isinstance(made_one, base.RpcError):
            made.append((name, made_one))
    return made


REFUSALS = refusals()


@pytest.mark.parametrize("code", [code for code in Code if code is not Code.OK])
@pytest.mark.parametrize("field", ["", "backup_id"])
@pytest.mark.parametrize("kind", ["None", "str", *NAMES])
def test_the_form_is_decided_by_code_field_and_resource(code: Code, field: str, kind: str) -> None:
    """A field makes a bad request of INVALID_ARGUMENT, a resource tells whether it exists."""
    described = kind in WITH_DETAILS_OF_A_RESOURCE
    name = NAMES.get(kind, None if kind == "None" else "a text")
    match code:
        case Code.INVALID_ARGUMENT:
            expected = Form.REQUEST if field else Form.TEXT
        case Code.NOT_FOUND | Code.ALREADY_EXISTS:
            expected = Form.RESOURCE if described else Form.TEXT
        case _:
            expected = Form.TEXT

    assert expected is form_of(code, field=field, name=name)


def test_the_catalogue_is_looked_through() -> None:
    """There are dozens of refusals, so the tests below look at something."""
    assert 80 < len(REFUSALS)


@pytest.mark.parametrize(("name", "refusal"), REFUSALS, ids=[name for name, _ in REFUSALS])
def test_every_refusal_has_the_details_of_its_form(name: str, refusal: RpcError) -> None:
    """No answer of Spanner's with other details was ever published, so none is made up."""
    answer = refusal.answering("CreateBackup", database_v1.CreateBackupRequest.pb().DESCRIPTOR)
    found = [type(each) for each in answer.details]

    if isinstance(refusal, RequestError):
        assert (Code.INVALID_ARGUMENT, [error_details_pb2.BadRequest]) == (answer.code, found)
        assert answer.message.endswith("CreateBackup request.")
        assert refusal.violation.field
    elif name == "quota_exceeded":
        assert [error_details_pb2.ErrorInfo] == found
    elif found:
        assert [error_details_pb2.ResourceInfo] == found
        assert answer.code in {Code.NOT_FOUND, Code.ALREADY_EXISTS}
    assert answer.message


@pytest.mark.parametrize(("name", "refusal"), REFUSALS, ids=[name for name, _ in REFUSALS])
def test_whoever_calls_without_a_wire_reads_what_is_wrong(name: str, refusal: RpcError) -> None:
    """In Python and on the command line an error says its reason, not only whose request it was."""
    reason = refusal.violation.description if isinstance(refusal, RequestError) else refusal.message

    assert reason == str(refusal), name
    assert not str(refusal).startswith("Invalid CreateBackup request.")


@pytest.mark.parametrize(
    ("request_", "field", "expected"),
    [
        (instance_v1.CreateInstanceRequest, "display_name", "instance.display_name"),
        (instance_v1.CreateInstanceRequest, "instance", "instance"),
        (instance_v1.CreateInstanceRequest, "instance.config", "instance.config"),
        (instance_v1.UpdateInstanceConfigRequest, "labels", "instance_config.labels"),
        (instance_v1.CreateInstancePartitionRequest, "node_count", "instance_partition.node_count"),
        (database_v1.CreateBackupRequest, "expire_time", "backup.expire_time"),
        (database_v1.CreateBackupScheduleRequest, "spec.cron_spec.text",
         "backup_schedule.spec.cron_spec.text"),
        (database_v1.ListBackupsRequest, "page_token", "page_token"),
        (database_v1.ListBackupsRequest, "nowhere", "nowhere"),
    ],
)  # fmt: skip
def test_fields_are_named_from_the_outside(request_: Any, field: str, expected: str) -> None:
    """Who checks a display name need not know whose it is; the answer does."""
    assert expected == from_outside(field, request_.pb().DESCRIPTOR)


def violations(caught: pytest.ExceptionInfo[exceptions.InvalidArgument]) -> list[tuple[str, str]]:
    """Return the fields and descriptions of a refusal."""
    (details,) = caught.value.details
    return [(each.field, each.description) for each in details.field_violations]


def create(instances: instance_v1.InstanceAdminClient, **fields: Any) -> None:
    """Create an instance that lacks nothing but what is given."""
    given = {"display_name": "An instance", "config": "projects/test/instanceConfigs/nam3"}
    instances.create_instance(
        parent="projects/test",
        instance_id="fresh",
        instance=instance_v1.Instance(**{**given, "node_count": 1, **fields}),
    )


@pytest.mark.usefixtures("emulator")
def test_a_short_display_name(instances: instance_v1.InstanceAdminClient) -> None:
    """Word for word as in googleapis/google-cloud-java#6421."""
    with pytest.raises(exceptions.InvalidArgument) as caught:
        create(instances, display_name="abc")

    assert "Invalid CreateInstance request." == caught.value.message
    expected = "Display name must be between 4-30 characters long. Got: abc"
    assert [("instance.display_name", expected)] == violations(caught)


@pytest.mark.usefixtures("emulator")
def test_a_size_that_there_is_not(instances: instance_v1.InstanceAdminClient) -> None:
    """Word for word as in hashicorp/terraform-provider-google#21652."""
    with pytest.raises(exceptions.InvalidArgument) as caught:
        create(instances, node_count=0, processing_units=150)

    (violation,) = violations(caught)
    assert ("instance", 3) == (violation[0], len(violation[1].splitlines()))
    assert violation[1].startswith("Processing units (or node count) must be specified in: \n- ")


@pytest.mark.usefixtures("emulator")
def test_a_name_that_goes_on(instances: instance_v1.InstanceAdminClient) -> None:
    """As in GoogleCloudPlatform/k8s-config-connector#5478."""
    with pytest.raises(exceptions.InvalidArgument) as caught:
        create(instances, config="projects/x/instanceConfigs/projects/x/instanceConfigs/nam3")

    assert [
        (
            "instance.config",
            (
                "Expected projects/{project ID}/instanceConfigs/{instance config ID}\n"
                "Got: projects/x/instanceConfigs/projects/x/instanceConfigs/nam3\n"
                "Error: Unrecognized characters at end of uri: `/x/instanceConfigs/nam3`."
            ),
        )
    ] == violations(caught)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (
            "projects/p/instances/pg18.0/databases/one",
            f"Invalid instance ID: `pg18.0`.  {INSTANCE_RULE}",
        ),
        ("projects//instances/main/databases/one", f"Invalid project ID: ``. {PROJECT_RULE}"),
        (f"{DATABASE}/", "Unrecognized characters at end of uri: `/`."),
        (f"{DATABASE}/x/y", "Unrecognized characters at end of uri: `/x/y`."),
        (f"/{DATABASE}", f"Invalid uri: `/{DATABASE}`."),
        ("", "Invalid uri: ``."),
    ],
)
@pytest.mark.usefixtures("emulator")
def test_a_name_that_cannot_be_one(
    databases: database_v1.DatabaseAdminClient, name: str, reason: str
) -> None:
    """As in vdesabou/kafka-docker-playground#7292 and GoogleCloudPlatform/…-migration-tool#1022.

    A slash at its end is no part of a name; Google's emulator looks for one that ends so.
    """
    with pytest.raises(exceptions.InvalidArgument) as caught:
        databases.get_database(name=name)

    assert "Invalid GetDatabase request." == caught.value.message
    pattern = "projects/{project ID}/instances/{instance ID}/databases/{database name}"
    assert [("name", f"Expected {pattern}\nGot: {name}\nError: {reason}")] == violations(caught)


@pytest.mark.usefixtures("emulator")
def test_an_update_that_names_no_field(instances: instance_v1.InstanceAdminClient) -> None:
    """Word for word as in GoogleCloudPlatform/magic-modules#13269."""
    with pytest.raises(exceptions.InvalidArgument) as caught:
        instances.update_instance(instance=instance_v1.Instance(name=INSTANCE), field_mask=None)

    assert "Invalid UpdateInstance request." == caught.value.message
    assert [("field_mask", "Must specify a non-empty field mask.")] == violations(caught)


@pytest.mark.usefixtures("emulator")
def test_a_backup_for_too_long(databases: database_v1.DatabaseAdminClient) -> None:
    """Word for word as in GoogleCloudPlatform/dotnet-docs-samples#1046: a text, and no details."""
    with pytest.raises(exceptions.InvalidArgument) as caught:
        databases.create_backup(
            parent=INSTANCE,
            backup_id="nightly",
            backup=database_v1.Backup(
                database=DATABASE, expire_time=datetime(2031, 5, 17, 14, tzinfo=UTC)
            ),
        )

    text = caught.value.message
    assert text.startswith(
        f"Invalid request for backup {INSTANCE}/backups/nightly. `expire_time` is either missing, "
        "in the wrong format, or is not within the minimum and maximum expire times supported. "
    )
    assert text.endswith("Z), and the input `expire_time` is 2031-05-17T14:00:00Z.")
    assert [] == caught.value.details


def test_what_exists_already(
    emulator: SpannerAdminEmulator, databases: database_v1.DatabaseAdminClient
) -> None:
    """As in GoogleCloudPlatform/terraform-google-cloud-spanner#30."""
    backup = f"{INSTANCE}/backups/backupdb1"
    emulator.create_backup(backup, DATABASE)

    with pytest.raises(exceptions.AlreadyExists) as caught:
        databases.create_backup(
            parent=INSTANCE,
            backup_id="backupdb1",
            backup=database_v1.Backup(
                database=DATABASE, expire_time=emulator.clock.now() + timedelta(days=1)
            ),
        )

    assert f"Backup already exists: {backup}" == caught.value.message
    assert [
        error_details_pb2.ResourceInfo(
            resource_type="type.googleapis.com/google.spanner.admin.database.v1.Backup",
            resource_name=backup,
            description="Backup already exists.",
        )
    ] == caught.value.details


LISTS: dict[str, Mapping[str, Any]] = {
    "ListDatabases": {"parent": INSTANCE},
    "ListBackups": {"parent": INSTANCE},
    "ListBackupSchedules": {"parent": DATABASE},
    "ListDatabaseRoles": {"parent": DATABASE},
    "ListDatabaseOperations": {"parent": INSTANCE},
    "ListBackupOperations": {"parent": INSTANCE},
    "ListInstances": {"parent": "projects/test"},
    "ListInstanceConfigs": {"parent": "projects/test"},
    "ListInstancePartitions": {"parent": INSTANCE},
    "ListInstanceConfigOperations": {"parent": "projects/test"},
    "ListInstancePartitionOperations": {"parent": INSTANCE},
}


def asked(
    method: str,
    databases: database_v1.DatabaseAdminClient,
    instances: instance_v1.InstanceAdminClient,
    **fields: Any,
) -> Any:
    """Ask for a list, and return the first page."""
    package: Any = database_v1 if hasattr(database_v1, f"{method}Request") else instance_v1
    client = databases if package is database_v1 else instances
    request = getattr(package, f"{method}Request")(**{**LISTS[method], **fields})
    snake = "".join(f"_{each.lower()}" if each.isupper() else each for each in method).strip("_")
    return next(getattr(client, snake)(request).pages)


@pytest.mark.parametrize("method", LISTS)
@pytest.mark.parametrize("token", ["x", "eHh4", "MA==", "0", "ü"])
@pytest.mark.usefixtures("emulator")
def test_every_list_refuses_a_token_that_it_did_not_give(
    databases: database_v1.DatabaseAdminClient,
    instances: instance_v1.InstanceAdminClient,
    method: str,
    token: str,
) -> None:
    """The refusal names the call and the field, also where there is one page only."""
    with pytest.raises(exceptions.InvalidArgument) as caught:
        asked(method, databases, instances, page_token=token)

    assert f"Invalid {method} request." == caught.value.message
    assert ["page_token"] == [field for field, _ in violations(caught)]


@pytest.mark.parametrize("method", LISTS)
@pytest.mark.parametrize("size", [-1, -(2**31), 2**31 - 1])
@pytest.mark.usefixtures("emulator")
def test_every_list_takes_sizes_below_one_for_the_longest(
    databases: database_v1.DatabaseAdminClient,
    instances: instance_v1.InstanceAdminClient,
    method: str,
    size: int,
) -> None:
    """The reference says so: 0 or less is the maximum, and so is more than that."""
    longest = asked(method, databases, instances)

    assert longest == asked(method, databases, instances, page_size=size)


@pytest.mark.parametrize("method", LISTS)
@pytest.mark.parametrize("end", ["/", "//", "/x", " "])
@pytest.mark.usefixtures("emulator")
def test_every_list_refuses_a_parent_that_goes_on(
    databases: database_v1.DatabaseAdminClient,
    instances: instance_v1.InstanceAdminClient,
    method: str,
    end: str,
) -> None:
    """Nor is there a list of nothing: an empty parent is refused as well."""
    for parent in (f"{LISTS[method]['parent']}{end}", ""):
        with pytest.raises(exceptions.InvalidArgument) as caught:
            asked(method, databases, instances, parent=parent)

        assert f"Invalid {method} request." == caught.value.message
        assert ["parent"] == [field for field, _ in violations(caught)]


def test_the_log_of_calls_says_what_was_wrong(
    emulator: SpannerAdminEmulator, databases: database_v1.DatabaseAdminClient
) -> None:
    """A log with nothing but 'Invalid GetDatabase request.' would help nobody."""
    with pytest.raises(exceptions.InvalidArgument):
        databases.get_database(name="projects/p")

    (call,) = emulator.calls.of("GetDatabase")
    assert call.message.startswith("Invalid GetDatabase request. name: Expected projects/")
