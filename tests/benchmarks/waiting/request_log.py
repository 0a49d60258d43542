# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What a server was asked: when each request came, for what, and over which connection."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from dataclasses import dataclass, field

OVER = 100.0
"""Seconds over which Spanner averages its quota."""


@dataclass(slots=True)
class RequestLog:
    """Requests in the order in which they came."""

    times: list[float] = field(default_factory=list)
    methods: list[str] = field(default_factory=list)
    peers: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)

    def note(self, *, at: float, method: str, peer: str, name: str = "") -> None:
        """Note a request.

        :param name: the operation, if it asks about one
        """
        self.times.append(at)
        self.methods.append(method)
        self.peers.add(peer)
        if name:
            self.names.add(name)

    def between(self, since: float, until: float) -> Counter[str]:
        """Return how often each method was called in a span of time."""
        first, last = bisect_left(self.times, since), bisect_right(self.times, until)
        return Counter(self.methods[first:last])

    def busiest(self, since: float) -> int:
        """Return the number of requests in those hundred seconds in which there were most."""
        first = most = bisect_left(self.times, since)
        start, most = first, 0
        for place in range(first, len(self.times)):
            while self.times[place] - self.times[start] > OVER:
                start += 1
            most = max(most, place - start + 1)
        return most
