# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What the server answers: GetOperation for every service, and the lists of Spanner's families.

As little as that takes, so that all sides are measured and not this: the emulator in the box checks
far more with each call. A filter that it does not know is an error here, never an empty answer.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import grpc
from google.cloud.spanner_admin_database_v1 import (
    ListBackupOperationsRequest,
    ListDatabaseOperationsRequest,
)
from google.longrunning import operations_pb2

from tests.benchmarks.waiting.operations import Family, OperationBytes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from tests.benchmarks.waiting.operations import World
    from tests.benchmarks.waiting.request_log import RequestLog

    Handler = Callable[[bytes, grpc.aio.ServicerContext[bytes, bytes]], Awaitable[bytes]]

GET = "/google.longrunning.Operations/GetOperation"
_ADMIN = "/google.spanner.admin.database.v1.DatabaseAdmin/"
_LISTS = {
    f"{_ADMIN}ListDatabaseOperations": (ListDatabaseOperationsRequest, Family.DATABASES),
    f"{_ADMIN}ListBackupOperations": (ListBackupOperationsRequest, Family.BACKUPS),
}
LONGEST_PAGE = 1000
"""Spanner documents no maximum; this is the emulator's."""

_PENDING = "(NOT done:true)"
_NAMED = re.compile(r'\(name="([^"]+)"\)')
_NAMES_ONLY = re.compile(r'\(name="[^"]+"\)( OR \(name="[^"]+"\))*')


class Operations:
    """The operations of a world, and what is said about them."""

    def __init__(self, world: World, *, ledger: RequestLog) -> None:
        self._ledger = ledger
        warm = world.warm()
        items = (*world.items(), warm)
        now = time.time()
        self._answers = {
            item.name: OperationBytes(item, service=world.service, begun=now) for item in items
        }
        self._answers[warm.name].ends = now
        self._families: dict[tuple[str, Family], list[OperationBytes]] = {}
        for answer in self._answers.values():
            place = (answer.item.parent, answer.item.family)
            self._families.setdefault(place, []).append(answer)
        self._handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {}
        for path in (GET, *_LISTS):
            handler = self._get if path == GET else self._lister(path)
            self._handlers[path] = grpc.unary_unary_rpc_method_handler(handler)

    def begin(self, at: float) -> None:
        """Let the operations have their ages at a point in time."""
        for answer in self._answers.values():
            answer.begin(at)

    def open(self, at: float) -> None:
        """Let the operations end that are to end, as of a point in time."""
        for answer in self._answers.values():
            after = answer.item.ends_after
            if after is not None and after >= 0:
                answer.ends = at + after

    def handler(self, path: str) -> grpc.RpcMethodHandler[bytes, bytes] | None:
        """Return who answers a call; None if it is not known."""
        return self._handlers.get(path)

    async def _get(self, data: bytes, context: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
        now = time.time()
        name = operations_pb2.GetOperationRequest.FromString(data).name
        self._ledger.note(at=now, method="GetOperation", peer=context.peer(), name=name)
        answer = self._answers.get(name)
        if answer is None:
            await context.abort(grpc.StatusCode.NOT_FOUND, f"Operation not found: {name}")
        return answer.at(now)

    def _lister(self, path: str) -> Handler:
        type_, family = _LISTS[path]
        message = type_.pb()  # type: ignore[attr-defined]  # of its metaclass
        method = path.rpartition("/")[2]

        async def list_(data: bytes, context: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
            now = time.time()
            request = message.FromString(data)
            self._ledger.note(at=now, method=method, peer=context.peer())
            found = self._families.get((request.parent, family), [])
            if _NAMES_ONLY.fullmatch(request.filter):
                names = set(_NAMED.findall(request.filter))
                found = [each for each in found if each.item.name in names]
                pending = False
            elif request.filter in {"", _PENDING}:
                pending = bool(request.filter)
            else:
                about = f"The benchmark's server does not know this filter: {request.filter}"
                await context.abort(grpc.StatusCode.INVALID_ARGUMENT, about)
            size = min(request.page_size or LONGEST_PAGE, LONGEST_PAGE)
            first = int(request.page_token or 0)
            return b"".join(_page(found, first=first, size=size, pending=pending, at=now))

        return list_


def _page(
    found: list[OperationBytes], *, first: int, size: int, pending: bool, at: float
) -> Iterator[bytes]:
    """Yield the parts of a list's answer: all of Spanner's have the same two fields."""
    taken = 0
    for place in range(first, len(found)):
        answer = found[place]
        if pending and answer.done(at):
            continue
        if taken == size:
            token = str(place).encode()
            yield b"\x12" + _varint(len(token)) + token
            return
        taken += 1
        data = answer.at(at)
        yield b"\x0a" + _varint(len(data))
        yield data


def _varint(number: int) -> bytes:
    digits = bytearray()
    while number > 0x7F:
        digits.append(number & 0x7F | 0x80)
        number >>= 7
    digits.append(number)
    return bytes(digits)
