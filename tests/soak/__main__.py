# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""``make soak``: minutes of trouble on a real Airflow, then calm, the reaper, and five numbers.

Whatever is started is stopped, also on Ctrl-C. After a violation the logs and the evidence stay;
``--judge FILE`` judges such evidence again.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.cluster.configuration import check_requirements
from tests.cluster.errors import ClusterError
from tests.cluster.processes import TerminatedBySignal, exit_on_signals

if TYPE_CHECKING:
    from tests.soak.evidence import SoakEvidence
    from tests.soak.report import LogFolder, Totals

_INTERRUPTED = 130
_VIOLATED = 1
_IDLE = 2


def main() -> int:
    """Run a soak; return 0 if all five numbers are 0, and enough has happened."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="how long there is trouble")
    parser.add_argument("--seed", type=int, help="repeats the plan of an earlier soak")
    parser.add_argument("--keep", action="store_true", help="keep logs and evidence in any case")
    parser.add_argument("--judge", type=Path, help="judge the evidence in a file, and do no more")
    args = parser.parse_args()
    if args.judge:
        return _judge_again(args.judge)
    seed = random.SystemRandom().randrange(10**6) if args.seed is None else args.seed
    print(f"soak: seed {seed}, {args.minutes:g} minutes")
    home = Path(tempfile.mkdtemp(prefix="spanner-lro-soak-"))
    status = _VIOLATED
    try:
        check_requirements()
        with exit_on_signals():
            status = _perform(home=home, seed=seed, minutes=args.minutes)
    except KeyboardInterrupt:
        print("\nsoak: interrupted; everything is stopped", file=sys.stderr)
        status = _INTERRUPTED
    except TerminatedBySignal as exc:
        print("soak: told to stop; everything is stopped", file=sys.stderr)
        status = 128 + exc.signum
    except ClusterError as exc:
        print(f"soak: {exc}", file=sys.stderr)
    finally:
        if args.keep or status == _VIOLATED:
            print(f"soak: logs and evidence are in {home}")
        else:
            shutil.rmtree(home, ignore_errors=True)
        print(f"soak: seed {seed}, {args.minutes:g} minutes, status {status}")
    return status


def _perform(*, home: Path, seed: int, minutes: float) -> int:
    # this process forks only to start others, and gRPC would remark on each of them
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")
    from tests.soak.soak import Soak  # noqa: PLC0415  # with check_requirements() before it

    evidence, totals, log_folder = Soak(home=home, seed=seed, minutes=minutes).perform()
    if _tell(evidence, totals=totals, log_folder=log_folder):
        return _VIOLATED
    return _IDLE if totals.shortfalls() else 0


def _judge_again(path: Path) -> int:
    from tests.soak.evidence import SoakEvidence  # noqa: PLC0415
    from tests.soak.report import Totals  # noqa: PLC0415

    logs = path.parent / "airflow" / "logs"
    violated = _tell(
        SoakEvidence.from_json(path.read_text()),
        totals=Totals(minutes=0),
        log_folder=lambda dag_id, run_id: logs / f"dag_id={dag_id}" / f"run_id={run_id}",
    )
    return _VIOLATED if violated else 0


def _tell(evidence: SoakEvidence, *, totals: Totals, log_folder: LogFolder) -> bool:
    """Print the report; tell whether there is a violation."""
    from tests.soak.judge import judge  # noqa: PLC0415
    from tests.soak.presumed_operations import presumptions  # noqa: PLC0415
    from tests.soak.report import report  # noqa: PLC0415

    violations = judge(evidence)
    presumed = presumptions(evidence)
    for line in report(violations, presumed=presumed, totals=totals, log_folder=log_folder):
        print(line)
    return bool(violations)


if __name__ == "__main__":
    sys.exit(main())
