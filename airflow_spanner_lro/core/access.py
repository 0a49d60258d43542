# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""By which way an operation is reached: ids and an endpoint only, never a credential.

The way is decided once, on the worker that starts the operation, and carried along: a triggerer
whose environment lacks ``SPANNER_EMULATOR_HOST`` must not go and ask production instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

INSECURE_SCHEME = "http://"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """A connection, whom to impersonate, and where the admin API answers.

    :param gcp_conn_id: Airflow connection of type ``google_cloud_platform``
    :param impersonation_chain: service accounts, the last of which is impersonated
    :param endpoint: ``host:port`` for TLS, ``http://host:port`` for plain text without credentials
        (an emulator), empty for Google's own endpoint; None where nobody has decided yet, so that
        whoever asks first looks at its own connection and environment
    """

    gcp_conn_id: str
    impersonation_chain: tuple[str, ...] = ()
    endpoint: str | None = ""

    @property
    def plain_text(self) -> bool:
        """The endpoint is spoken to without TLS and without credentials."""
        return (self.endpoint or "").startswith(INSECURE_SCHEME)

    @property
    def target(self) -> str:
        """The ``host:port`` of the endpoint, empty for Google's own."""
        return (self.endpoint or "").removeprefix(INSECURE_SCHEME)

    def to_dict(self) -> dict[str, Any]:
        """Return this access as primitives."""
        return {
            "gcp_conn_id": self.gcp_conn_id,
            "impersonation_chain": list(self.impersonation_chain),
            "endpoint": self.endpoint,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Access:
        """Return the access that ``snapshot_to_dict`` described."""
        return cls(
            gcp_conn_id=data["gcp_conn_id"],
            impersonation_chain=tuple(data["impersonation_chain"]),
            endpoint=data["endpoint"],
        )
