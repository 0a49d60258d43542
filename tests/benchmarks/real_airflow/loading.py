# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What keeps Airflow's event loop while thousands of triggers load, and whose share that is.

Airflow's own trigger runner with triggers that do nothing, with ours, and with ours where the
garbage collector goes through everything. ``python -m tests.benchmarks loading`` runs it.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks.real_airflow.loop_probe import PASS
from tests.benchmarks.report import Row, Table, Target
from tests.benchmarks.waiting.operations import Service, World
from tests.benchmarks.waiting.processes import ROOT, child
from tests.benchmarks.waiting.server import Order as ServerOrder, make_certificate
from tests.benchmarks.waiting.sides import CONNECTION, Side, arguments, connection

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

TASKS, QUICK = 5_000, 500
LONGEST_BLOCK = 0.25
_INSTANCES = 50
_CALM = 15.0
_WITHIN = 900.0
_NOTES = (
    (
        "Airflow's own trigger runner and supervisor, in two processes as ever, with triggers that "
        "are handed over 50 at a time; without a database, so nothing that a database costs is in "
        "these figures. A trigger that does nothing waits for a future that nobody sets."
    ),
    (
        "Seconds are CPU time of the thread. A block is one round of everything that was ready in "
        "the event loop, or one full pass of the garbage collector in another thread."
    ),
)


class Load(StrEnum):
    """Which triggers, and with what setting."""

    NOTHING = "triggers that do nothing"
    OURS = "ours"
    NEVER_FROZEN = "ours, with gc_freeze = False"


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """What kept the event loop.

    :param passes: seconds of each full pass of the garbage collector
    :param rounds: seconds of each long round
    """

    passes: tuple[float, ...]
    rounds: tuple[float, ...]

    @classmethod
    def read(cls, probe: str) -> Blocks:
        """Read what a probe has noted."""
        noted = [json.loads(line) for line in probe.splitlines()]
        return cls(
            passes=tuple(each["cpu"] for each in noted if each["what"] == PASS),
            rounds=tuple(each["cpu"] for each in noted if each["what"] != PASS),
        )

    @property
    def longest(self) -> float:
        """The longest block."""
        return max((*self.passes, *self.rounds), default=0.0)


def tables(*, quick: bool) -> tuple[Table, ...]:
    """Let them load, and tell."""
    tasks = QUICK if quick else TASKS
    return (table_of(asyncio.run(_measure(tasks)), tasks=tasks),)


def table_of(found: dict[Load, Blocks], *, tasks: int) -> Table:
    """Return what was found as a table."""
    return Table(
        title=f"Blocks of Airflow's event loop while {tasks:,} triggers load",
        columns=("triggers", "full passes", "the longest", "longest block"),
        rows=tuple(_row(load, blocks, tasks=tasks) for load, blocks in found.items()),
        notes=_NOTES,
    )


def _row(load: Load, blocks: Blocks, *, tasks: int) -> Row:
    target = None
    if load is Load.OURS:
        target = Target.at_most(
            LONGEST_BLOCK,
            what=f"longest block of Airflow's event loop while {tasks:,} of our triggers load",
            figure=blocks.longest,
            unit="s",
        )
    cells = (
        load.value,
        f"{len(blocks.passes)}",
        f"{max(blocks.passes, default=0.0):.2f} s",
        f"{blocks.longest:.2f} s",
    )
    return Row(cells=cells, target=target) if target else Row(cells=cells)


async def _measure(tasks: int) -> dict[Load, Blocks]:
    world = World(
        service=Service.SPANNER,
        operations=tasks,
        instances=_INSTANCES,
        seed=1,
        endings_within=0.0,
    )
    with tempfile.TemporaryDirectory(prefix="spanner-lro-bench-") as name:
        folder = Path(name)
        async with _server(folder, world) as (endpoint, environment):
            return {
                load: await _load(
                    load, world, folder=folder, endpoint=endpoint, environment=environment
                )
                for load in Load
            }


@asynccontextmanager
async def _server(folder: Path, world: World) -> AsyncIterator[tuple[str, dict[str, str]]]:
    """Run a Spanner; give its endpoint, and the environment in which it is trusted."""
    certificate = make_certificate(folder)
    kept = {key: value for key, value in os.environ.items() if not key.startswith("AIRFLOW")}
    environment = kept | {"AIRFLOW_HOME": str(folder / "airflow")}
    async with child("server", log=folder / "server.log", environment=environment) as server:
        order = ServerOrder(
            world=world, certificate=str(certificate.certificate), key=str(certificate.key)
        )
        endpoint = f"localhost:{(await server.ask(120, **asdict(order)))['port']}"
        await server.ask(do="begin", at=time.time())
        yield (
            endpoint,
            environment
            | {
                CONNECTION: connection(endpoint),
                "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": str(certificate.certificate),
                "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
            },
        )


async def _load(
    load: Load, world: World, *, folder: Path, endpoint: str, environment: dict[str, str]
) -> Blocks:
    sys.stderr.write(f"loading, {load.value}\n")
    probe = folder / f"{load.name}.jsonl"
    probe.touch()
    order = json.dumps(_order(load, world, endpoint=endpoint, probe=probe))
    freeze = str(load is not Load.NEVER_FROZEN)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        f"{__package__}.bare_triggerer",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=ROOT,
        env=environment | {"AIRFLOW__SPANNER_LRO__GC_FREEZE": freeze},
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(order.encode() + b"\n"), _WITHIN)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise RuntimeError(said.decode(errors="replace")[-2000:])
    return Blocks.read(probe.read_text())


def _order(load: Load, world: World, *, endpoint: str, probe: Path) -> dict[str, Any]:
    names = [item.name for item in world.items()]
    if load is Load.NOTHING:
        path = "tests.benchmarks.real_airflow.idle_trigger.IdleTrigger"
        given = [{"name": name} for name in names]
    else:
        path = "airflow_spanner_lro.triggers.operation.SpannerOperationTrigger"
        given = [arguments(Side.OURS, name, endpoint=endpoint) for name in names]
    return {"classpath": path, "arguments": given, "probe": str(probe), "calm": _CALM}
