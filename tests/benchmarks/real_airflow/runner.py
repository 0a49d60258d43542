# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Run a benchmark alone: with a folder for Airflow, a tidy end, and a place for its results."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tests.cluster.configuration import check_requirements
from tests.cluster.errors import ClusterError
from tests.cluster.processes import TerminatedBySignal, exit_on_signals

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

RESULTS = Path(__file__).parents[3] / ".bench" / "results"
_INTERRUPTED = 130
_BEGUN = time.monotonic()


def in_scratch(perform: Callable[[Path], T]) -> T:
    """Do something in a folder that is removed afterwards, unless it fails: the logs are there."""
    # this process forks only to start others, and gRPC would remark on each of them
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")
    check_requirements()
    # not in a folder that only we may enter: PostgreSQL runs as another user where we are root
    home = Path(tempfile.mkdtemp(prefix="spanner-lro-bench-"))
    try:
        done = perform(home)
    except Exception:
        print(f"bench: Airflow's logs are in {home}", file=sys.stderr)
        raise
    except BaseException:
        shutil.rmtree(home, ignore_errors=True)
        raise
    shutil.rmtree(home, ignore_errors=True)
    return done


def run(main: Callable[[], None]) -> int:
    """Run a benchmark as a command; return its status."""
    try:
        with exit_on_signals():
            main()
    except KeyboardInterrupt:
        print("\nbench: interrupted; everything is stopped", file=sys.stderr)
        return _INTERRUPTED
    except TerminatedBySignal as exc:
        print("bench: told to stop; everything is stopped", file=sys.stderr)
        return 128 + exc.signum
    except ClusterError as exc:
        print(f"bench: {exc}", file=sys.stderr)
        return 1
    return 0


def say(text: str) -> None:
    """Tell how far it is and how long it took, apart from the results."""
    print(f"bench: {time.monotonic() - _BEGUN:5.0f} s  {text}", file=sys.stderr, flush=True)
