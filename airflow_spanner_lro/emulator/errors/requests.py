# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What is refused whatever a call is about: requests, resources and operations in general."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.rpc import error_details_pb2

from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator.errors.base import RpcError, about, invalid, noun

if TYPE_CHECKING:
    from airflow_spanner_lro.core.names import OperationName, ResourceName

_SERVICE = "spanner.googleapis.com"


def malformed_request(*, method: str, reason: str) -> RpcError:
    """Say that the bytes of a request are not the message they should be."""
    return RpcError(Code.INVALID_ARGUMENT, f"The {method} request cannot be parsed: {reason}")


def not_implemented(*, method: str) -> RpcError:
    """Say that the emulator has no such method."""
    return RpcError(
        Code.UNIMPLEMENTED, f"{method} is not implemented by the airflow-spanner-lro emulator."
    )


def stopping() -> RpcError:
    """Say that the emulator stopped before it answered."""
    return RpcError(Code.UNAVAILABLE, "The emulator is stopping.")


def client_gone() -> RpcError:
    """Say that the client left while its call or its answer was held back; it hears nothing."""
    return RpcError(Code.CANCELLED, "The client did not wait.")


def internal(*, method: str, reason: str) -> RpcError:
    """Say that the emulator has a bug, and that its log has the traceback."""
    return RpcError(
        Code.INTERNAL, f"The emulator failed in {method}: {reason}. Its log has the traceback."
    )


def missing_field(field: str) -> RpcError:
    """Say that a required field is empty."""
    return invalid(f"{field} is required.")


def bad_filter(*, method: str, text: str, reason: str) -> RpcError:
    """Say that a list filter is not understood, by the emulator or by production."""
    return invalid(f"Invalid {method} request. The filter {text!r} is not understood: {reason}")


def bad_page_token(*, method: str) -> RpcError:
    """Say that a page token belongs to another request."""
    return invalid(
        f"Invalid {method} request. The page_token is not one that this call returned for the "
        "same parent and filter."
    )


def cannot_record(*, path: str, reason: str) -> RpcError:
    """Say that a change could not be written down, so that it was not made."""
    return RpcError(
        Code.INTERNAL, f"The emulator cannot write to its state file {path}: {reason}. "
        "Nothing was changed."
    )  # fmt: skip


def connection_broke() -> RpcError:
    """Say what a gRPC client says when its connection breaks."""
    return RpcError(Code.UNAVAILABLE, "Socket closed")


def quota_exceeded(*, consumer: str) -> RpcError:
    """Say that a project has made too many requests, as production does."""
    info = error_details_pb2.ErrorInfo(
        reason="RATE_LIMIT_EXCEEDED",
        domain="googleapis.com",
        metadata={
            "service": _SERVICE,
            "consumer": f"projects/{consumer}",
            "quota_metric": f"{_SERVICE}/admin_method_quota",
            "quota_limit": "AdminMethodQuotaPerMinutePerProject",
        },
    )
    return RpcError(
        Code.RESOURCE_EXHAUSTED,
        "Quota exceeded for quota metric 'Administrative requests' and limit 'Administrative "
        f"requests per minute' of service '{_SERVICE}' for consumer 'project_number:{consumer}'.",
        info,
    )


def has_ended(name: OperationName) -> RpcError:
    """Say that an operation that should be changed has ended."""
    return about(Code.FAILED_PRECONDITION, name, f"Operation {name} has ended already.")


def is_being_undone(name: OperationName) -> RpcError:
    """Say that an operation was cancelled and is sure to end so."""
    return about(
        Code.FAILED_PRECONDITION,
        name,
        f"Operation {name} was cancelled and is being undone; that cannot fail.",
    )


def oversized_request(*, method: str, size: int, limit: int) -> RpcError:
    """Say that a request is longer than administrative requests may be."""
    return invalid(
        f"The {method} request has {size} bytes, and administrative requests may have {limit}."
    )


def not_found(name: ResourceName | OperationName) -> RpcError:
    """Say that the resource or operation does not exist."""
    return about(Code.NOT_FOUND, name, f"{noun(name)} not found: {name}")


def already_exists(name: ResourceName | OperationName) -> RpcError:
    """Say that a resource or operation of this name exists."""
    return about(Code.ALREADY_EXISTS, name, f"{noun(name)} already exists: {name}")


def not_ready(name: ResourceName) -> RpcError:
    """Say that the resource is still being created."""
    return about(
        Code.FAILED_PRECONDITION, name, f"{noun(name)} {name} is still being created. Try later."
    )


def cannot_delete_operation(name: OperationName) -> RpcError:
    """Say that operations of databases and backups cannot be deleted."""
    return about(
        Code.UNIMPLEMENTED, name, f"Operations of this kind of resource cannot be deleted: {name}"
    )


def no_partial_success() -> RpcError:
    """Say that a list is given whole or not at all."""
    return RpcError(Code.UNIMPLEMENTED, "return_partial_success is not supported.")


def not_offered(*, method: str) -> RpcError:
    """Say that a method of the general interface is not part of this service."""
    return RpcError(Code.UNIMPLEMENTED, f"{method} is not offered by Cloud Spanner.")
