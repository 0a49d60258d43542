# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Which of Airflow's processes hosts the reaper, from when on, and that it ends with its host."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from airflow_spanner_lro.admin.clock import WaitStoppedError
from airflow_spanner_lro.reaper import host
from tests.cluster.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

REAPER_RUN = "airflow_spanner_lro.reaper.loop.ReaperLoop.run"
TRIGGERER, SCHEDULER, DAG_PROCESSOR = "TriggererJob", "SchedulerJob", "DagProcessorJob"
HOST = """
    import os, sys, threading, time
    from airflow.jobs.base_job_runner import BaseJobRunner
    from airflow.jobs.job import Job
    from airflow_spanner_lro.plugin import listener

    class Manager:
        class hook:
            on_starting = staticmethod(listener.on_starting)
            before_stopping = staticmethod(listener.before_stopping)

    from airflow.jobs import job as jobs
    jobs.get_listener_manager = Manager

    def reapers():
        return [each for each in threading.enumerate() if each.name == "spanner-lro-reaper"]

    class Runner(BaseJobRunner):
        job_type = sys.argv[1]

    runner = Runner(Job())
"""
"""A process that begins as Airflow's do: a job, its type, and then its work."""


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """Return the environment of an Airflow whose database is not there."""
    return {
        **os.environ,
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{tmp_path / 'airflow.db'}",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }


def started(job_type: str, then: str, *, environment: dict[str, str]) -> subprocess.Popen[str]:
    """Start a process that hosts a job of a type, and does something then."""
    code = textwrap.dedent(HOST) + textwrap.dedent(then)
    return subprocess.Popen(  # noqa: S603  # our own code
        [sys.executable, "-c", code, job_type],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def said(job_type: str, then: str, *, environment: dict[str, str]) -> str:
    """Return the last line of such a process."""
    output, _ = started(job_type, then, environment=environment).communicate(timeout=100)
    return output.splitlines()[-1]


FORKS = """
    before, grpc = len(reapers()), "grpc" in sys.modules
    if os.fork() == 0:
        # the process that runs triggers forks as well
        if os.fork() == 0:
            os._exit(0)
        os.wait()
        os._exit(len(reapers()))
    _, status = os.wait()
    print(before, os.waitstatus_to_exitcode(status), len(reapers()), grpc)
    os._exit(0)
"""


@pytest.mark.slow
def test_triggerer_hosts_it_after_its_fork(home: dict[str, str]) -> None:
    """No thread and no gRPC is there at the fork, no thread in the fork, and one in itself then."""
    assert "0 0 1 False" == said(TRIGGERER, FORKS, environment=home)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("job_type", "option"),
    [
        (TRIGGERER, "scheduler"),
        (TRIGGERER, "off"),
        (SCHEDULER, "triggerer"),
        (SCHEDULER, "off"),
        (DAG_PROCESSOR, "triggerer"),
        (DAG_PROCESSOR, "scheduler"),
    ],
)
def test_others_host_nothing(home: dict[str, str], job_type: str, option: str) -> None:
    """The option says which of Airflow's processes hosts it, and the dag-processor never does."""
    home |= {"AIRFLOW__SPANNER_LRO__REAPER": option}

    assert "0 0 0 False" == said(job_type, FORKS, environment=home)


@pytest.mark.slow
def test_unknown_word_is_an_error_that_names_those_there_are(home: dict[str, str]) -> None:
    """A host that cannot read the option says so, and goes on without a reaper."""
    home |= {"AIRFLOW__SPANNER_LRO__REAPER": "cron"}
    process = started(TRIGGERER, FORKS, environment=home)

    output, _ = process.communicate(timeout=100)

    assert "[spanner_lro] reaper='cron' is not usable: it is triggerer, scheduler or off" in output
    assert "0 0 0 False" == output.splitlines()[-1]


SHARES = """
    from airflow_spanner_lro.triggers import lease_board

    def keepers():
        return [each for each in threading.enumerate() if each.name == "spanner-lro-budget"]

    before = len(keepers())
    if os.fork() == 0:
        os._exit(len(keepers()))
    _, status = os.wait()
    after = len(keepers())
    listener.before_stopping(component=runner.job)
    shared = lease_board.inherited_board() is not None
    print(before, os.waitstatus_to_exitcode(status), after, len(keepers()), shared)
    os._exit(0)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("job_type", "busy", "expected"),
    [
        (TRIGGERER, "3", "0 0 1 0 True"),
        (TRIGGERER, "0.5", "0 0 0 0 False"),
        (SCHEDULER, "3", "0 0 0 0 False"),
    ],
    ids=["triggerer", "misconfigured", "scheduler"],
)
def test_triggerer_renews_its_shares_whoever_hosts_the_reaper(
    home: dict[str, str], job_type: str, busy: str, expected: str
) -> None:
    """After its fork there is a thread for it, in itself alone, until it ends."""
    home |= {
        "AIRFLOW__SPANNER_LRO__REAPER": "off",
        "AIRFLOW__SPANNER_LRO__MAX_ADMIN_REQUESTS_PER_SECOND_BUSY": busy,
    }

    assert expected == said(job_type, SHARES, environment=home)


CHILD = """
    import psutil
    while not (children := psutil.Process().children()):
        time.sleep(0.05)
    print(children[0].pid, "grpc" in sys.modules, flush=True)
    if sys.stdin.readline() == "end\\n":
        listener.before_stopping(component=runner.job)
    os._exit(0)
"""


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["killed", "ended"])
def test_process_beside_the_scheduler_ends_with_it(home: dict[str, str], ending: str) -> None:
    """Whether the scheduler ends or is lost, nothing of the reaper stays."""
    home |= {"AIRFLOW__SPANNER_LRO__REAPER": "scheduler"}
    parent = started(SCHEDULER, CHILD, environment=home)
    assert parent.stdin is not None
    assert parent.stdout is not None
    line = wait_until(
        parent.stdout.readline, accept=lambda seen: seen.endswith("False\n"), timeout=60, what="it"
    )
    child = psutil.Process(int(line.split()[0]))

    if ending == "killed":
        parent.kill()
    else:
        parent.stdin.write("end\n")
        parent.stdin.flush()

    wait_until(
        lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE,
        timeout=40,
        what="the reaper to end",
    )
    parent.stdin.close()
    parent.wait(20)
    parent.stdout.close()


@pytest.fixture
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what has ended be started again at once."""
    monkeypatch.setattr(host, "_AGAIN", 0.01)


@pytest.mark.usefixtures("short_pauses")
@pytest.mark.parametrize(
    ("command", "told"),
    [
        ([sys.executable, "-c", "raise SystemExit(3)"], "ended with status 3 and is started again"),
        (["/nowhere/python"], "could not be started and is tried again"),
    ],
    ids=["ends", "cannot start"],
)
def test_process_beside_the_scheduler_is_started_again(
    caplog: pytest.LogCaptureFixture, command: list[str], told: str
) -> None:
    """A reaper that ends by itself, or cannot begin, is started again, and the log says so."""
    reaper = host.ChildProcess(hostname="here")
    reaper._command = command
    reaper.start()

    wait_until(lambda: caplog.text.count(told) >= 2, timeout=30, what="two beginnings")
    reaper.stop()


def test_thread_of_the_triggerer_ends_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reaper's rounds end when the triggerer does, and not some minutes later."""
    ended = []

    def run(loop: Any, *, interval: float) -> None:
        with suppress(WaitStoppedError):
            loop._clock.sleep(interval)
        ended.append(interval)

    monkeypatch.setattr(REAPER_RUN, run)
    reaper = host.thread_of_triggerer(hostname="here", interval=600)
    reaper._forked()
    reaper.stop()

    assert [600] == ended


def test_thread_that_fails_is_told_and_hurts_nobody(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever the reaper fails with, the triggerer goes on."""

    def run(loop: Any, *, interval: float) -> None:
        del loop, interval
        message = "a library cannot be loaded"
        raise ImportError(message)

    monkeypatch.setattr(REAPER_RUN, run)
    reaper = host.thread_of_triggerer(hostname="here", interval=600)
    reaper._forked()
    reaper.stop()

    assert "nobody else is affected" in caplog.text
    assert "a library cannot be loaded" in caplog.text
