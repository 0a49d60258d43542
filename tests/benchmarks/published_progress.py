# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What it costs a triggerer to publish what its poller has seen, and an api-server to read it.

Spanner is an object in memory, and what is measured is one record: made in the event loop of the
triggers, written as text, and read.
"""

from __future__ import annotations

import asyncio
import base64
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from google.cloud.spanner_admin_database_v1 import RestoreDatabaseMetadata

from airflow_spanner_lro.admin.connect import Endpoint
from airflow_spanner_lro.core.connection import ConnectionSpec
from airflow_spanner_lro.core.polling.seen_record import read_record
from airflow_spanner_lro.triggers.progress_page import open_page
from airflow_spanner_lro.triggers.progress_publisher import ProgressPublisher, note_line
from tests.admin.virtual_spanner import CrowdedSpanner, poller_of, waiting
from tests.benchmarks.report import Row, Table, Target, markdown_of

if TYPE_CHECKING:
    from google.longrunning.operations_pb2 import Operation

    from airflow_spanner_lro.admin.polling.poller import OperationPoller

SIZES = (100, 1_000, 10_000)
QUICK_SIZES = SIZES[1:2]
_EACH_INSTANCE = 100
_SPEC = ConnectionSpec(gcp_conn_id="google_cloud_default")
_MOST_MILLISECONDS = 50.0
"""Of the event loop's CPU for 1,000 operations; one record comes every twenty seconds."""
_MOST_BYTES = 100.0
_NOTE = (
    "A triggerer makes three such records a minute at most, and one where nothing moves; an "
    "api-server reads each once, however many look."
)


class _TellingSpanner(CrowdedSpanner):
    """One whose operations tell how far they are."""

    @staticmethod
    def _now(running: Any) -> Operation:
        operation = CrowdedSpanner._now(running)
        progress = {"progress_percent": hash(operation.name) % 100}
        metadata = RestoreDatabaseMetadata(progress=progress, name=operation.name[:60])
        operation.metadata.Pack(RestoreDatabaseMetadata.pb(metadata))
        return operation


class _Client:
    class channels:  # noqa: N801  # as the client's
        endpoint = Endpoint(target="emulator.example:9010", plain_text=True)


@dataclass
class _Polled:
    poller: OperationPoller
    client: Any = _Client
    connection_spec: ConnectionSpec = _SPEC


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """Of one record.

    :param made: milliseconds of CPU in the event loop
    :param size: characters in the database
    :param read: milliseconds to read it
    """

    operations: int
    made: float
    size: int
    read: float


def tables(*, quick: bool) -> tuple[Table, ...]:
    """Measure all sizes."""
    return (table_of([measure(each) for each in (QUICK_SIZES if quick else SIZES)]),)


def measure(operations: int) -> Costs:
    """Publish what was seen of so many operations, and read it."""
    return asyncio.run(_measure(operations))


async def _measure(count: int) -> Costs:
    page = open_page()
    spanner = _TellingSpanner()
    names = spanner.begin_many(count, instances=max(count // _EACH_INSTANCE, 1))
    poller = poller_of(spanner, rate=1000.0)
    waits = waiting(poller, names)
    watcher = poller.project("test")
    while sum(1 for _ in watcher.sightings()) < count:  # noqa: ASYNC110  # nobody tells
        await asyncio.sleep(0.1)
    for number, name in enumerate(names):
        line = (
            f"Restore database db{number}: {number % 97} % after {number % 59} min {number % 53} s"
        )
        note_line(str(name), line, at=datetime.now(tz=UTC))
    for each in waits:
        # so that nothing else is measured
        each.cancel()
    watched = tuple(watcher.sightings())
    watcher.sightings = lambda: iter(watched)  # type: ignore[method-assign]
    began = time.process_time()
    await ProgressPublisher(lambda: [_Polled(poller)], page=page).look(page)
    made = (time.process_time() - began) * 1000
    head, _, packed = page.read()[1].partition(b"\n")
    text = f"{head.decode()}\n{base64.b64encode(packed).decode()}"
    began = time.process_time()
    found = read_record(text)
    read = (time.process_time() - began) * 1000
    if len(found.operations) != count:
        message = f"{len(found.operations)} of {count} operations are in the record"
        raise AssertionError(message)
    return Costs(operations=count, made=made, size=len(text), read=read)


def table_of(found: list[Costs]) -> Table:
    """Return the figures as a table; the greatest number of operations is judged."""
    most = max(found, key=lambda each: each.operations)
    thousands = most.operations / 1000
    return Table(
        title="Progress, published for those who look",
        columns=("operations", "CPU of the event loop", "in the database", "read"),
        rows=tuple(
            Row(
                cells=(
                    f"{each.operations:,}",
                    f"{each.made:.1f} ms",
                    f"{each.size / 1000:.1f} kB",
                    f"{each.read:.1f} ms",
                )
            )
            for each in found
        ),
        notes=(_NOTE,),
        targets=(
            Target.below(
                _MOST_MILLISECONDS,
                what="progress published: the event loop's CPU for 1,000 operations",
                figure=most.made / thousands,
                unit="ms",
                digits=1,
            ),
            Target.below(
                _MOST_BYTES,
                what="progress published: in the database, an operation",
                figure=most.size / most.operations,
                unit="bytes",
                digits=0,
            ),
        ),
    )


if __name__ == "__main__":
    for table in tables(quick="--quick" in sys.argv):
        print(markdown_of(table))
        print(*(f"{each.what}: {each.figure} ({each.verdict})" for each in table.targets), sep="\n")
