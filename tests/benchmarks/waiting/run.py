# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""All that is measured about waiting, as tables."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.waiting.measurement import Bench
from tests.benchmarks.waiting.plan import carry_out, full, quick as quick_plan
from tests.benchmarks.waiting.server import make_certificate
from tests.benchmarks.waiting.summary import summaries
from tests.benchmarks.waiting.tables import costs, delays, growth, targets

if TYPE_CHECKING:
    from tests.benchmarks.report import Table
    from tests.benchmarks.waiting.measurement import Figures

_LOADING_AT_ONCE = 2


def tables(*, quick: bool) -> tuple[Table, ...]:
    """Measure, and return what was found."""
    with tempfile.TemporaryDirectory(prefix="spanner-lro-bench-") as folder:
        figures = asyncio.run(_measure(Path(folder), quick=quick))
    all_ = summaries(figures)
    first = replace(costs(all_), targets=targets(all_))
    return first, delays(all_), growth(all_)


async def _measure(folder: Path, *, quick: bool) -> tuple[Figures, ...]:
    bench = Bench(
        folder=folder,
        certificate=make_certificate(folder),
        loading=asyncio.Semaphore(_LOADING_AT_ONCE),
        gate=asyncio.Lock(),
    )
    return await carry_out(quick_plan() if quick else full(), bench=bench, tell=_tell)


def _tell(line: str) -> None:
    sys.stderr.write(f"waiting, {line}\n")
    sys.stderr.flush()
