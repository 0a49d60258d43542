# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Access policies of both services."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from google.api_core import exceptions
from google.cloud import spanner_admin_database_v1 as database_v1
from google.iam.v1 import iam_policy_pb2, options_pb2, policy_pb2
from google.protobuf import field_mask_pb2
from google.type import expr_pb2  # type: ignore[import-untyped]

from tests.emulator.conftest import BACKUP, DATABASE, INSTANCE

if TYPE_CHECKING:
    from google.cloud import spanner_admin_instance_v1 as instance_v1

    from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator

ROLE = "roles/spanner.databaseReader"
MEMBER = "user:somebody@example.com"
TODAY = expr_pb2.Expr(title="today", expression="request.time < timestamp('2026-01-02T00:00:00Z')")


@pytest.fixture(autouse=True)
def backup(emulator: SpannerAdminEmulator) -> None:
    """Put a backup there."""
    emulator.create_backup(BACKUP, DATABASE)


def policy_of(
    role: str = ROLE,
    *members: str,
    etag: bytes = b"",
    version: int = 0,
    condition: expr_pb2.Expr | None = None,
) -> policy_pb2.Policy:
    """Return a policy with one binding."""
    binding = policy_pb2.Binding(role=role, members=members or (MEMBER,), condition=condition)
    return policy_pb2.Policy(bindings=[binding], etag=etag, version=version)


def set_policy(
    client: database_v1.DatabaseAdminClient | instance_v1.InstanceAdminClient,
    policy: policy_pb2.Policy,
    resource: str = DATABASE,
    *paths: str,
) -> policy_pb2.Policy:
    """Set a policy, or those fields of it."""
    mask = field_mask_pb2.FieldMask(paths=paths) if paths else None
    request = iam_policy_pb2.SetIamPolicyRequest(resource=resource, policy=policy, update_mask=mask)
    result: policy_pb2.Policy = client.set_iam_policy(request=request)
    return result


def get_policy(
    client: database_v1.DatabaseAdminClient, resource: str = DATABASE, version: int = 0
) -> policy_pb2.Policy:
    """Get a policy."""
    options = options_pb2.GetPolicyOptions(requested_policy_version=version)
    request = iam_policy_pb2.GetIamPolicyRequest(resource=resource, options=options)
    result: policy_pb2.Policy = client.get_iam_policy(request=request)
    return result


@pytest.mark.parametrize("resource", [DATABASE, BACKUP])
def test_a_policy_is_kept(databases: database_v1.DatabaseAdminClient, resource: str) -> None:
    """What was set is what is got, on databases and on backups."""
    answered = set_policy(databases, policy_of(), resource)

    assert answered == get_policy(databases, resource)
    assert [(ROLE, [MEMBER])] == [(each.role, list(each.members)) for each in answered.bindings]


def test_a_schedule_has_a_policy(databases: database_v1.DatabaseAdminClient) -> None:
    """Backup schedules, which are within databases, have policies of their own."""
    schedule = databases.create_backup_schedule(
        parent=DATABASE,
        backup_schedule_id="daily",
        backup_schedule=database_v1.BackupSchedule(
            spec={"cron_spec": {"text": "0 2 * * *"}},
            retention_duration=timedelta(days=1),
            full_backup_spec={},
        ),
    )
    set_policy(databases, policy_of(), schedule.name)

    assert 1 == len(get_policy(databases, schedule.name).bindings)
    assert 0 == len(get_policy(databases).bindings)


def test_an_instance_has_a_policy(instances: instance_v1.InstanceAdminClient) -> None:
    """InstanceAdmin keeps policies of instances."""
    answered = set_policy(instances, policy_of(), INSTANCE)

    assert answered == instances.get_iam_policy(resource=INSTANCE)
    assert 1 == len(answered.bindings)


def test_nobody_set_a_policy(databases: database_v1.DatabaseAdminClient) -> None:
    """A resource begins with an empty policy, which has an etag."""
    policy = get_policy(databases)

    assert 0 == len(policy.bindings)
    assert policy.etag


def test_each_policy_has_another_etag(databases: database_v1.DatabaseAdminClient) -> None:
    """The etag changes with every set, even if nothing else does."""
    etags = {get_policy(databases).etag}
    etags.update(set_policy(databases, policy_of()).etag for _ in range(3))

    assert 4 == len(etags)


def test_a_stale_etag_aborts(databases: database_v1.DatabaseAdminClient) -> None:
    """Who read before somebody else wrote is told to read again; nothing is changed."""
    first = get_policy(databases).etag
    second = set_policy(databases, policy_of(etag=first)).etag

    with pytest.raises(exceptions.Aborted, match="concurrent policy changes"):
        set_policy(databases, policy_of("roles/spanner.admin", etag=first))
    assert ROLE == get_policy(databases).bindings[0].role
    assert get_policy(databases).etag == second


def test_without_an_etag_the_last_one_wins(databases: database_v1.DatabaseAdminClient) -> None:
    """A policy without an etag replaces whatever there is."""
    set_policy(databases, policy_of())
    set_policy(databases, policy_of("roles/spanner.admin"))

    assert ["roles/spanner.admin"] == [each.role for each in get_policy(databases).bindings]


def test_conditions_need_version_three(databases: database_v1.DatabaseAdminClient) -> None:
    """A conditional binding can be set and read by those who say that they know conditions."""
    with pytest.raises(exceptions.InvalidArgument, match="version 3"):
        set_policy(databases, policy_of(condition=TODAY))
    set_policy(databases, policy_of(condition=TODAY, version=3))
    policy = get_policy(databases, version=3)
    older = get_policy(databases, version=1)

    assert (3, TODAY) == (policy.version, policy.bindings[0].condition)
    assert 1 == older.version
    assert older.bindings[0].role.startswith(f"{ROLE}_withcond_")
    assert not older.bindings[0].HasField("condition")


def test_a_mask_may_leave_the_bindings(databases: database_v1.DatabaseAdminClient) -> None:
    """Only the fields of the mask are changed."""
    set_policy(databases, policy_of())
    set_policy(databases, policy_of("roles/spanner.admin"), DATABASE, "etag")

    assert ROLE == get_policy(databases).bindings[0].role


@pytest.mark.parametrize(
    ("policy", "text"),
    [
        (policy_of(version=2), "no version 2"),
        (policy_of("reader"), "not the name of a role"),
        (policy_of(ROLE, "somebody"), "'somebody' is not a member"),
        (policy_pb2.Policy(bindings=[policy_pb2.Binding(role=ROLE)]), "no members"),
        (policy_of(version=3, condition=expr_pb2.Expr(title="t")), "needs an expression"),
    ],
)
def test_policies_are_checked(
    databases: database_v1.DatabaseAdminClient, policy: policy_pb2.Policy, text: str
) -> None:
    """A policy that cannot be is an INVALID_ARGUMENT."""
    with pytest.raises(exceptions.InvalidArgument, match=text):
        set_policy(databases, policy)


def test_masks_and_versions_are_checked(databases: database_v1.DatabaseAdminClient) -> None:
    """So are the fields of a mask, and the version that a reader wants."""
    with pytest.raises(exceptions.InvalidArgument, match="update_mask"):
        set_policy(databases, policy_of(), DATABASE, "owner")
    with pytest.raises(exceptions.InvalidArgument, match="no version 2"):
        get_policy(databases, version=2)


@pytest.mark.parametrize(
    "resource", [f"{INSTANCE}/databases/nowhere", f"{INSTANCE}/backups/nowhere"]
)
def test_a_missing_resource_has_no_policy(
    databases: database_v1.DatabaseAdminClient, resource: str
) -> None:
    """A resource that is not there is NOT_FOUND, for all three calls."""
    with pytest.raises(exceptions.NotFound):
        get_policy(databases, resource)
    with pytest.raises(exceptions.NotFound):
        set_policy(databases, policy_of(), resource)
    with pytest.raises(exceptions.NotFound):
        databases.test_iam_permissions(resource=resource, permissions=["spanner.databases.get"])


def test_each_service_has_its_own_resources(
    databases: database_v1.DatabaseAdminClient, instances: instance_v1.InstanceAdminClient
) -> None:
    """A resource of the other service, or of none, is an INVALID_ARGUMENT."""
    for resource in (INSTANCE, "projects/test", "", f"{DATABASE}/databaseRoles/public"):
        with pytest.raises(exceptions.InvalidArgument, match="no policy for it"):
            get_policy(databases, resource)
    with pytest.raises(exceptions.InvalidArgument, match="no policy for it"):
        instances.get_iam_policy(resource=DATABASE)


def test_a_policy_goes_with_its_resource(
    emulator: SpannerAdminEmulator, databases: database_v1.DatabaseAdminClient, clock: ManualClock
) -> None:
    """A database that is made anew has an empty policy, and no old etag fits it."""
    etag = set_policy(databases, policy_of()).etag
    databases.drop_database(database=DATABASE)
    with pytest.raises(exceptions.NotFound):
        get_policy(databases)
    clock.advance(1)
    emulator.create_database(DATABASE)

    assert 0 == len(get_policy(databases).bindings)
    with pytest.raises(exceptions.Aborted):
        set_policy(databases, policy_of(etag=etag))
    assert set_policy(databases, policy_of()).etag != etag


def test_everybody_may_do_everything_in_spanner(
    databases: database_v1.DatabaseAdminClient, instances: instance_v1.InstanceAdminClient
) -> None:
    """Those of the permissions that are Spanner's are granted."""
    asked = ["spanner.databases.get", "storage.objects.get", "spanner.databases.drop"]
    answers = [
        databases.test_iam_permissions(resource=DATABASE, permissions=asked),
        instances.test_iam_permissions(resource=INSTANCE, permissions=asked),
    ]

    for answer in answers:
        assert ["spanner.databases.get", "spanner.databases.drop"] == list(answer.permissions)


@pytest.mark.parametrize("permission", ["", "spanner", "spanner.databases.*", "*", "spanner..get"])
def test_permissions_are_checked(
    databases: database_v1.DatabaseAdminClient, permission: str
) -> None:
    """What is no permission is an INVALID_ARGUMENT."""
    with pytest.raises(exceptions.InvalidArgument, match="Invalid permission"):
        databases.test_iam_permissions(resource=DATABASE, permissions=[permission])


def test_permissions_of_roles_can_be_tested(databases: database_v1.DatabaseAdminClient) -> None:
    """A database role that exists can be asked about, another cannot."""
    permission = "spanner.databaseRoles.use"
    answer = databases.test_iam_permissions(
        resource=f"{DATABASE}/databaseRoles/public", permissions=[permission]
    )

    assert list(answer.permissions) == [permission]
    with pytest.raises(exceptions.NotFound, match="Database role not found"):
        databases.test_iam_permissions(
            resource=f"{DATABASE}/databaseRoles/nobody", permissions=[permission]
        )
