# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a request, whatever it asks for; and when the emulator cannot answer."""

from __future__ import annotations

from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator.errors.base import RpcError, invalid


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
    """Say that the client had gone before the work began; only the log hears it."""
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
