# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What the server answers: GetOperation for every service, and the lists of Spanner's families.

As little as that takes, so that all sides are measured and not this: the emulator in the box checks
far more with each call. A filter that it does not know is an error here, never an empty answer.
"""

from __future__ import annotations

import re
import time
from datetime import datetime
from typing import TYPE_CHECKING

import grpc
from google.cloud.spanner_admin_database_v1 import (
    ListBackupOperationsRequest,
    ListDatabaseOperationsRequest,
)
from google.longrunning import operations_pb2

from airflow_spanner_lro.core.kinds import CREATE_BACKUP, UPDATE_DATABASE_DDL
from tests.benchmarks.waiting.operations import Family, OperationBytes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping

    from tests.benchmarks.waiting.operations import Item, World
    from tests.benchmarks.waiting.request_log import RequestLog

    Handler = Callable[[bytes, grpc.aio.ServicerContext[bytes, bytes]], Awaitable[bytes]]
    Shown = Callable[[OperationBytes], bool]

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
_ENDED = re.compile(
    r'\(\(metadata\.@type:([\w./]+)\) AND \(metadata\.progress\.end_time>"([\w:-]+)"\)\)'
)
_PENDING_OR_ENDED = re.compile(rf"{re.escape(_PENDING)}( OR {_ENDED.pattern})+")
_TYPES = {
    Family.BACKUPS: CREATE_BACKUP.metadata_type_url,
    Family.DATABASES: UPDATE_DATABASE_DDL.metadata_type_url,
}
"""Of the metadata of the operations that there are here."""


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

    @property
    def ends(self) -> Mapping[Item, float]:
        """When those end that were opened to end, as UNIX time."""
        return {
            answer.item: answer.ends
            for answer in self._answers.values()
            if answer.ends is not None and (answer.item.ends_after or 0.0) >= 0
        }

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
            shown = _shown(request.filter, family=family, at=now)
            if shown is None:
                about = f"The benchmark's server does not know this filter: {request.filter}"
                await context.abort(grpc.StatusCode.INVALID_ARGUMENT, about)
            size = min(request.page_size or LONGEST_PAGE, LONGEST_PAGE)
            first = int(request.page_token or 0)
            return b"".join(_page(found, first=first, size=size, shown=shown, at=now))

        return list_


def _shown(filter_: str, *, family: Family, at: float) -> Shown | None:
    """Return what a filter lets through; None if it is not known."""
    if not filter_:
        return lambda _: True
    if filter_ == _PENDING:
        return lambda each: not each.done(at)
    if _NAMES_ONLY.fullmatch(filter_):
        names = set(_NAMED.findall(filter_))
        return lambda each: each.item.name in names
    if _PENDING_OR_ENDED.fullmatch(filter_):
        times = [time_ for type_, time_ in _ENDED.findall(filter_) if type_ == _TYPES[family]]
        since = min((datetime.fromisoformat(each).timestamp() for each in times), default=at)
        return lambda each: not each.done(at) or (each.ends or 0.0) > since
    return None


def _page(
    found: list[OperationBytes], *, first: int, size: int, shown: Shown, at: float
) -> Iterator[bytes]:
    """Yield the parts of a list's answer: all of Spanner's have the same two fields."""
    taken = 0
    for place in range(first, len(found)):
        answer = found[place]
        if not shown(answer):
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
