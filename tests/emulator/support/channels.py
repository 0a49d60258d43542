# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Channels of their own: gRPC lets channels share connections by address, and ports come again."""

from __future__ import annotations

import grpc

ALONE = (("grpc.use_local_subchannel_pool", 1),)


def open_channel(target: str) -> grpc.Channel:
    """Return a channel that knows nothing of what another one met at this address before."""
    return grpc.insecure_channel(target, options=ALONE)
