# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What importing an operator module costs every process that parses or runs a Dag.

Each import happens in a fresh process, the sides take turns, and medians are compared.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING

from tests.benchmarks.real_airflow import packages
from tests.benchmarks.report import Row, Table, Target, markdown_of

if TYPE_CHECKING:
    from collections.abc import Mapping

ROUNDS = 7
QUICK_ROUNDS = 3
SDK = "airflow.sdk"
OURS = "airflow_spanner_lro.operators.backups"
THEIRS = "airflow.providers.google.cloud.operators.spanner"

_HOW = (
    "Medians of {rounds} fresh processes for each module, the sides by turns, files in the page "
    "cache. `airflow.sdk` is imported first in each of them, as by every Dag file."
)
_SECONDS = 0.25
_TIMES = 10
_SCRIPT = """
import sys, time
begun = time.perf_counter()
import airflow.sdk
alone = time.perf_counter() - begun
__import__(sys.argv[1])
print(alone, time.perf_counter() - begun - alone, len(sys.modules))
"""


def seconds_of(module: str, *, environment: Mapping[str, str]) -> tuple[float, float, int]:
    """Import a module in a fresh process.

    :return: seconds for airflow.sdk, seconds for the module after that, and modules loaded in all
    """
    done = subprocess.run(  # ourselves
        [sys.executable, "-c", _SCRIPT, module],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    alone, beyond, modules = done.stdout.split()[-3:]
    return float(alone), float(beyond), int(modules)


def tables(*, quick: bool) -> tuple[Table, ...]:
    """Measure all sides."""
    modules = [SDK, OURS, *([THEIRS] if packages.installed() else [])]
    rounds = QUICK_ROUNDS if quick else ROUNDS
    with tempfile.TemporaryDirectory() as home:
        environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("AIRFLOW")},
            # the same path for all sides, since each folder in it is searched by every import
            **packages.environment(),
            "AIRFLOW_HOME": home,
        }
        # what is compiled, or read from the disk, once and never again
        for module in modules:
            seconds_of(module, environment=environment)
        seen = {
            (number, module): seconds_of(module, environment=environment)
            for number in range(rounds)
            for module in modules
        }
    alone = statistics.median(each[0] for each in seen.values())
    beyond = {
        module: statistics.median(seen[number, module][1] for number in range(rounds))
        for module in modules
    }
    loaded = {module: seen[0, module][2] for module in modules}
    return (_table(alone=alone, beyond=beyond, loaded=loaded, rounds=rounds),)


def _table(
    *, alone: float, beyond: Mapping[str, float], loaded: Mapping[str, int], rounds: int
) -> Table:
    what = f"import of an operator module beyond {SDK}"
    ours, theirs = beyond[OURS], beyond.get(THEIRS)
    limit = Target.below(_SECONDS, what=what, figure=ours, unit="s", digits=3)
    rows = [
        Row(cells=(f"`{SDK}` alone", f"{alone:.3f} s", f"{loaded[SDK]:,}")),
        Row(cells=_cells(OURS, ours, loaded[OURS]), target=limit),
    ]
    if theirs is not None:
        rows.append(Row(cells=_cells(THEIRS, theirs, loaded[THEIRS])))
    return Table(
        title="Import time of an operator module",
        columns=("module", "seconds", "modules loaded in all"),
        rows=tuple(rows),
        notes=(
            _HOW.format(rounds=rounds),
            *([] if theirs is not None else [packages.MISSING]),
        ),
        targets=(
            Target.times_less(
                _TIMES, what=f"{what}, against the provider's", ours=ours, theirs=theirs
            ),
        ),
    )


def _cells(module: str, seconds: float, modules: int) -> tuple[str, ...]:
    return (f"`{module}`, beyond `{SDK}`", f"{seconds:.3f} s", f"{modules:,}")


if __name__ == "__main__":
    for table in tables(quick="--quick" in sys.argv):
        print(markdown_of(table))
        print(*(f"{each.what}: {each.figure} ({each.verdict})" for each in table.targets), sep="\n")
