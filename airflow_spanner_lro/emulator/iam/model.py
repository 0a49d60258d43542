# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Who may do what, resource by resource; kept and told, never enforced.

A policy is remembered with the serial number of its resource. It is thus gone with it, and nobody
who removes a resource needs to think of policies.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from google.iam.v1 import policy_pb2

if TYPE_CHECKING:
    from airflow_spanner_lro.core.names import ResourceName

EMPTY_ETAG = b"\x00\x20\x01"
"""The etag of a resource that nobody has given a policy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    serial: int
    revision: int
    policy: policy_pb2.Policy


@dataclass(slots=True)
class PolicyTable:
    """The policies of all resources."""

    _stored: dict[ResourceName, _Stored] = field(default_factory=dict)

    def get(self, name: ResourceName, *, serial: int) -> policy_pb2.Policy:
        """Return a copy of the policy of a resource, with its etag.

        :param serial: the serial number of the resource
        """
        stored = self._stored.get(name)
        policy = policy_pb2.Policy(etag=EMPTY_ETAG)
        if stored is not None and stored.serial == serial:
            policy.CopyFrom(stored.policy)
        return policy

    def set(self, name: ResourceName, policy: policy_pb2.Policy, *, serial: int) -> None:
        """Replace the policy of a resource; it gets an etag that it never had."""
        before = self._stored.get(name)
        revision = 1 if before is None else before.revision + 1
        kept = policy_pb2.Policy()
        kept.CopyFrom(policy)
        text = repr((str(name), serial, revision))
        kept.etag = b"\x07" + hashlib.sha256(text.encode()).digest()[:8]
        self._stored[name] = _Stored(serial=serial, revision=revision, policy=kept)
