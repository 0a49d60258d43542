# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Access policies of both services: get, set, and test what one may do, which is everything."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, ClassVar

from google.iam.v1 import iam_policy_pb2, policy_pb2

from airflow_spanner_lro.core.errors import InvalidNameError
from airflow_spanner_lro.core.kinds import Service
from airflow_spanner_lro.core.names import (
    BackupName,
    BackupScheduleName,
    DatabaseName,
    InstanceName,
    ResourceName,
)
from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.rpc import Servicer, rpc

if TYPE_CHECKING:
    from datetime import datetime

_CONDITIONS_VERSION = 3
_VERSIONS = (0, 1, _CONDITIONS_VERSION)
_MAX_BINDINGS = 1500
_FIELDS = frozenset({"bindings", "etag", "version"})
_ROLE = re.compile(r"((projects|organizations)/[^/]+/)?roles/[A-Za-z0-9_.]+", re.ASCII)
_MEMBER = re.compile(
    r"allUsers|allAuthenticatedUsers|"
    r"(deleted:)?(user|serviceAccount|group|domain|principal|principalSet|"
    r"projectOwner|projectEditor|projectViewer):.+",
    re.ASCII,
)
_PERMISSION = re.compile(r"[a-z][A-Za-z0-9]*(\.[A-Za-z][A-Za-z0-9]*){2,}", re.ASCII)
_PREFIX = "spanner."
_ROLES = "/databaseRoles/"


class _Iam(Servicer):
    """The three RPCs, for the kinds of resource that a service has policies for."""

    collections: ClassVar[tuple[type[ResourceName], ...]]

    @rpc
    def GetIamPolicy(
        self, request: iam_policy_pb2.GetIamPolicyRequest, now: datetime
    ) -> policy_pb2.Policy:
        """Get the policy of a resource, which is empty if nobody has set one."""
        del now
        name, serial = self._resource(request.resource)
        version = request.options.requested_policy_version
        if version not in _VERSIONS:
            raise errors.bad_policy(f"there is no version {version}.")
        policy = self.world.policies.get(name, serial=serial)
        return policy if version == _CONDITIONS_VERSION else _without_conditions(policy)

    @rpc
    def SetIamPolicy(
        self, request: iam_policy_pb2.SetIamPolicyRequest, now: datetime
    ) -> policy_pb2.Policy:
        """Replace the policy of a resource; with an etag only the one that has it."""
        del now
        name, serial = self._resource(request.resource)
        _check(request.policy)
        paths = set(request.update_mask.paths) or _FIELDS
        if not paths <= _FIELDS:
            raise errors.bad_policy(f"update_mask: expected some of {', '.join(sorted(_FIELDS))}.")
        policy = self.world.policies.get(name, serial=serial)
        if request.policy.etag not in (b"", policy.etag):
            raise errors.concurrent_policy_change(request.resource)
        if "bindings" in paths:
            del policy.bindings[:]
            policy.bindings.extend(request.policy.bindings)
        conditional = any(binding.HasField("condition") for binding in policy.bindings)
        policy.version = _CONDITIONS_VERSION if conditional else 1
        self.world.policies.set(name, policy, serial=serial)
        return self.world.policies.get(name, serial=serial)

    @rpc
    def TestIamPermissions(
        self, request: iam_policy_pb2.TestIamPermissionsRequest, now: datetime
    ) -> iam_policy_pb2.TestIamPermissionsResponse:
        """Return those of the permissions that Spanner has: everybody has all of them."""
        del now
        self._tested(request.resource)
        for permission in request.permissions:
            if not _PERMISSION.fullmatch(permission):
                raise errors.bad_permission(permission)
        granted = [each for each in request.permissions if each.startswith(_PREFIX)]
        return iam_policy_pb2.TestIamPermissionsResponse(permissions=granted)

    def _tested(self, resource: str) -> None:
        """Make sure that there is a resource on which permissions can be tested."""
        self._resource(resource)

    def _resource(self, resource: str) -> tuple[ResourceName, int]:
        """Return the name and the serial number of a resource that has a policy.

        :raises RpcError: if this service has none of its kind, or it does not exist.
        """
        for collection in self.collections:
            try:
                name = collection.parse(resource)
            except InvalidNameError:
                continue
            found = self.world.resources.find(name)
            if found is None:
                raise errors.not_found(name)
            return name, found.serial
        raise errors.no_policy_here(resource)


class DatabaseIamService(_Iam):
    """Policies of databases, backups and backup schedules; permissions of database roles, too."""

    service: ClassVar[str] = Service.DATABASE_ADMIN
    collections: ClassVar = (DatabaseName, BackupName, BackupScheduleName)

    def _tested(self, resource: str) -> None:
        text, separator, role = resource.partition(_ROLES)
        if not separator:
            super()._tested(resource)
            return
        database = self.world.resources.database(DatabaseName.parse(text))
        if role.lower() not in map(str.lower, database.schema.roles):
            raise errors.no_such_role(resource)


class InstanceIamService(_Iam):
    """Policies of instances."""

    service: ClassVar[str] = Service.INSTANCE_ADMIN
    collections: ClassVar = (InstanceName,)


def _check(policy: policy_pb2.Policy) -> None:
    """Refuse a policy that cannot be.

    :raises RpcError: INVALID_ARGUMENT
    """
    if policy.version not in _VERSIONS:
        raise errors.bad_policy(f"there is no version {policy.version}.")
    if len(policy.bindings) > _MAX_BINDINGS:
        raise errors.bad_policy(f"at most {_MAX_BINDINGS} bindings are allowed.")
    for binding in policy.bindings:
        _check_binding(binding)
        if binding.HasField("condition") and policy.version != _CONDITIONS_VERSION:
            raise errors.bad_policy("conditions need version 3.")


def _check_binding(binding: policy_pb2.Binding) -> None:
    if not _ROLE.fullmatch(binding.role):
        raise errors.bad_policy(f"{binding.role!r} is not the name of a role.")
    if not binding.members:
        raise errors.bad_policy(f"the binding of {binding.role} has no members.")
    for member in binding.members:
        if not _MEMBER.fullmatch(member):
            raise errors.bad_policy(f"{member!r} is not a member.")
    if binding.HasField("condition") and not binding.condition.expression:
        raise errors.bad_policy("a condition needs an expression.")


def _without_conditions(policy: policy_pb2.Policy) -> policy_pb2.Policy:
    """Return what callers see who did not ask for version 3: roles under names of their own."""
    for binding in policy.bindings:
        if binding.HasField("condition"):
            text = binding.condition.SerializeToString(deterministic=True)
            binding.role += f"_withcond_{hashlib.sha256(text).hexdigest()[:20]}"
            binding.ClearField("condition")
    policy.version = min(policy.version, 1)
    return policy
