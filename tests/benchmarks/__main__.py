# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""``make bench``: measure what waiting costs, and print it beside what was promised.

Each part leaves its figures in ``.bench/results``. Whatever is started is stopped, also on Ctrl-C.
"""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module
from pathlib import Path

from tests.benchmarks.report import Found, machine, page, show
from tests.cluster.processes import exit_on_signals

PARTS = {
    "detection": "tests.benchmarks.detection.run",
    "waiting": "tests.benchmarks.waiting.run",
    "calls": "tests.benchmarks.calls.run",
    "workers": "tests.benchmarks.real_airflow.schema_changes",
    "triggerer": "tests.benchmarks.real_airflow.triggerer",
    "loading": "tests.benchmarks.real_airflow.loading",
    "kills": "tests.benchmarks.kill_strokes",
    "page": "tests.benchmarks.operations_page",
    "progress": "tests.benchmarks.published_progress",
    "import": "tests.benchmarks.import_time",
}
VIRTUAL = {"detection"}
"""Parts whose figures are the same on every machine."""
RESULTS = Path(".bench/results")
_INTERRUPTED = 130


def main() -> int:
    """Run the benchmark; return 1 if figures that do not depend on the machine fall short."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; by default all")
    parser.add_argument("--quick", action="store_true", help="a few minutes, with fewer figures")
    parser.add_argument("--saved", action="store_true", help="show what was found last time")
    parser.add_argument("--markdown", type=Path, help="write a page of documentation, too")
    args = parser.parse_args()
    if unknown := set(args.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    # this process forks only to start others, and gRPC would remark on each of them
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")
    try:
        with exit_on_signals():
            found = [
                Found.load(RESULTS, part) if args.saved else _measure(part, quick=args.quick)
                for part in args.parts or PARTS
            ]
    except KeyboardInterrupt:
        sys.stderr.write("bench: interrupted; everything is stopped\n")
        return _INTERRUPTED
    except FileNotFoundError as exc:
        if not args.saved:
            raise
        parser.error(f"{exc.filename} is missing: measure that part first")
    show(found)
    if args.markdown:
        args.markdown.write_text(page(found))
    return int(any(map(_falls_short, found)))


def _falls_short(found: Found) -> bool:
    """Tell whether a target was missed in virtual time, where no other process is in the way."""
    targets = (target for table in found.tables for target in table.all_targets)
    return found.part in VIRTUAL and any(target.met is False for target in targets)


def _measure(part: str, *, quick: bool) -> Found:
    sys.stderr.write(f"bench: {part}\n")
    # loaded when it is its turn, so that a part can be measured where another cannot be loaded
    tables = import_module(PARTS[part]).tables(quick=quick)
    found = Found(part=part, quick=quick, machine=machine(), tables=tuple(tables))
    found.save(RESULTS)
    return found


if __name__ == "__main__":
    sys.exit(main())
