# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What is refused about access policies."""

from __future__ import annotations

from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator.errors.base import RpcError, about, invalid


def no_policy_here(resource: str) -> RpcError:
    """Say that a service has no policy for a resource of this kind."""
    return invalid(f"Invalid resource {resource!r}: this service has no policy for it.")


def bad_policy(reason: str) -> RpcError:
    """Say what is wrong with a policy."""
    return invalid(f"Invalid policy: {reason}")


def bad_permission(permission: str) -> RpcError:
    """Say that a permission is no permission."""
    return invalid(
        f"Invalid permission {permission!r}: expected <service>.<resource>.<verb>, without "
        "wildcards."
    )


def concurrent_policy_change(resource: str) -> RpcError:
    """Say that the policy has changed since the caller read it."""
    return about(
        Code.ABORTED,
        resource,
        "There were concurrent policy changes. Please retry the whole read-modify-write with "
        "exponential backoff.",
    )


def no_such_role(resource: str) -> RpcError:
    """Say that a database has no such role."""
    return about(Code.NOT_FOUND, resource, f"Database role not found: {resource}")
