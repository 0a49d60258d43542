# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""``make demo``: a real Airflow and the emulator, two Dags, and a verdict as the exit code.

A backup is taken, restored and verified; another one overruns and is cancelled.
Where Google's Spanner emulator is on this machine there are rows as well: all of them are deleted
while the backup is being taken, and found in what was restored.
Whatever is started is stopped, also on Ctrl-C; after a failure the logs stay and are named.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from tests.cluster.configuration import check_requirements
from tests.cluster.errors import ClusterError, NotReachedError
from tests.cluster.processes import exit_on_signals
from tests.cluster.waiting import wait_until

if TYPE_CHECKING:
    from tests.cluster.rest_api import DagRun
    from tests.demo.display import Display
    from tests.demo.orders import Orders
    from tests.demo.promises import PromiseCheck
    from tests.demo.scenario import RunningDemo

RUN_TIMEOUT = 240.0
"""Seconds for both Dags; on two cores they take less than half of it."""

PAGE = "/plugin/spanner-operations"
"""Where Airflow has our page."""

_INTERRUPTED = 130


def main() -> int:
    """Run the demo; return 0 if everything was as it should be."""
    parser = argparse.ArgumentParser(prog="python -m tests.demo", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave Airflow open at the end")
    parser.add_argument(
        "--within",
        type=float,
        metavar="SECONDS",
        help="how soon after its deadline the cancel must be seen; more on a busy machine",
    )
    args = parser.parse_args()
    try:
        check_requirements()
    except ClusterError as exc:
        print(f"demo: {exc}", file=sys.stderr)
        return 1
    home = Path(tempfile.mkdtemp(prefix="spanner-lro-demo-"))
    passed = failed = False
    try:
        with exit_on_signals():
            passed = _perform(home=home, keep=args.keep, within=args.within)
        failed = not passed
    except KeyboardInterrupt:
        print("\ndemo: interrupted; everything is stopped", file=sys.stderr)
        return _INTERRUPTED
    except ClusterError as exc:
        failed = True
        print(f"demo: {exc}", file=sys.stderr)
    finally:
        if not failed:
            shutil.rmtree(home, ignore_errors=True)
    if failed:
        print(f"demo: Airflow's logs are in {home}", file=sys.stderr)
    return 0 if passed else 1


def _perform(*, home: Path, keep: bool, within: float | None) -> bool:
    """Start the demo, let the Dags run, show and check; return whether all promises were kept."""
    # this process forks only to start others, and gRPC would remark on each of them
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")
    from rich.console import Console  # noqa: PLC0415  # with check_requirements() before it

    from tests.demo.display import Display  # noqa: PLC0415
    from tests.demo.orders import orders_of  # noqa: PLC0415
    from tests.demo.scenario import DAGS, start_demo, time_scale  # noqa: PLC0415

    scale = time_scale()
    display = Display(console=Console(), time_scale=scale)
    speed = f"on which a minute takes {60 / scale:g} s" if scale > 1 else "in real time"
    display.say(f"An emulated Spanner, {speed}, and a real Airflow beside it, all on 127.0.0.1.")
    begun = time.monotonic()
    with ExitStack() as ending:
        with display.busy("Starting PostgreSQL, the emulator and Airflow (about half a minute)"):
            demo = ending.enter_context(start_demo(home=home))
        display.say(
            f"Airflow is up after {time.monotonic() - begun:.0f} s, {' and '.join(DAGS)} begin"
        )
        orders = ending.enter_context(orders_of(demo))
        display.say(
            f"Rows      {orders.count():,} orders are written"
            if orders
            else f"No rows, so the drill looks at the schema only. {demo.without_rows}"
        )
        with display.live():
            runs = _watch(demo, display, orders)
        passed = _conclude(demo, display, runs, orders, within=within)
        verdict = "All is as it should be" if passed else "Something is not as it should be"
        display.say(f"\n{verdict}, after {time.monotonic() - begun:.0f} s.")
        if keep:
            _keep_open(demo, display)
    return passed


def _watch(demo: RunningDemo, display: Display, orders: Orders | None) -> tuple[DagRun, ...]:
    """Let the Dags run to their end, showing what happens; a run that hangs ends it too."""
    from tests.demo.scenario import DAGS, DRILL, OVERRUN  # noqa: PLC0415

    runs = [demo.start(DRILL)]

    def look() -> tuple[DagRun, ...]:
        if len(runs) < len(DAGS) and demo.triggerer_is_warm:
            runs.append(demo.start(OVERRUN))
        if orders and orders.lose_once_backed_up(demo):
            display.say("Rows      [red]all orders are deleted[/red], as the backup is being taken")
        tasks = [task for run in runs for task in demo.api.task_instances(run)]
        display.update(operations=demo.emulator.operations(), tasks=tasks)
        return tuple(demo.api.dag_run(run) for run in runs)

    try:
        return wait_until(
            look,
            accept=lambda seen: len(seen) == len(DAGS) and all(run.ended for run in seen),
            timeout=RUN_TIMEOUT,
            what="both Dag runs to end",
            interval=0.5,
        )
    except NotReachedError as exc:
        display.say(f"[red]{exc}[/red]")
        return look()


def _conclude(
    demo: RunningDemo,
    display: Display,
    runs: tuple[DagRun, ...],
    orders: Orders | None,
    *,
    within: float | None,
) -> bool:
    from tests.demo.orders import drill_report  # noqa: PLC0415
    from tests.demo.promises import CANCEL_WITHIN, DemoOutcome, check_promises  # noqa: PLC0415
    from tests.demo.scenario import DATABASES, OVERRUN, deadline_of  # noqa: PLC0415

    report = drill_report(demo.api, runs[0])
    if verdict := report.get("verdict"):
        display.say(f"Drill     {verdict}")
    overrun = next((run for run in runs if run.dag_id == OVERRUN), None)
    deadline = deadline_of(demo.api, demo.api.task_instance(overrun, "backup")) if overrun else None
    operations, resources = demo.emulator.operations(), demo.emulator.resources()
    checks: tuple[PromiseCheck, ...] = check_promises(
        DemoOutcome(
            runs=runs,
            deadline=deadline,
            operations=operations,
            resources=resources,
            calls=demo.emulator.calls,
            databases=DATABASES,
            rows_left=orders.count() if orders else None,
            rows_found=report.get("rows", 0),
            cancel_within=CANCEL_WITHIN if within is None else timedelta(seconds=within),
        )
    )
    display.conclude(operations=operations, resources=resources, checks=checks)
    return all(check.kept for check in checks)


def _keep_open(demo: RunningDemo, display: Display) -> None:
    from tests.demo.front_door import front_door, open_in_browser  # noqa: PLC0415

    demo.keep_busy()
    login = demo.airflow.login
    page = f"{demo.airflow.url}{PAGE}"
    with front_door(token=demo.api.new_token, leads_to=page) as link:
        opened = ", which your browser has opened" if open_in_browser(link) else ""
        display.say(
            f"\nAirflow stays open, and another backup runs, for you to watch and to cancel.\n"
            f"The Operations page: {page}\n"
            f"  user {login.username}, password {login.password}\n"
            # alone on its line, so that no terminal breaks it
            f"Or by one click{opened}:\n{link}\n"
            f"The emulator: export SPANNER_EMULATOR_HOST={demo.emulator.endpoint}\n"
            "Ctrl-C stops everything."
        )
        try:
            signal.pause()
        except KeyboardInterrupt:
            display.say("Stopping …")


if __name__ == "__main__":
    sys.exit(main())
