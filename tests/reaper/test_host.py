# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Which of Airflow's processes hosts the reaper, from when on, and that it ends with its host."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.cluster.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

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


def test_triggerer_hosts_it_after_its_fork(home: dict[str, str]) -> None:
    """No thread and no gRPC is there at the fork, no thread in the fork, and one in itself then."""
    assert "0 0 1 False" == said(TRIGGERER, FORKS, environment=home)


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


def test_unknown_word_is_an_error_that_names_those_there_are(home: dict[str, str]) -> None:
    """A host that cannot read the option says so, and goes on without a reaper."""
    home |= {"AIRFLOW__SPANNER_LRO__REAPER": "cron"}
    process = started(TRIGGERER, FORKS, environment=home)

    output, _ = process.communicate(timeout=100)

    assert "[spanner_lro] reaper='cron' is not usable: it is triggerer, scheduler or off" in output
    assert "0 0 0 False" == output.splitlines()[-1]


CHILD = """
    import psutil
    while not (children := psutil.Process().children()):
        time.sleep(0.05)
    print(children[0].pid, "grpc" in sys.modules, flush=True)
    if sys.stdin.readline() == "end\\n":
        listener.before_stopping(component=runner.job)
    os._exit(0)
"""


@pytest.mark.parametrize("ending", ["killed", "ended"])
def test_process_beside_the_scheduler_ends_with_it(home: dict[str, str], ending: str) -> None:
    """Whether the scheduler ends or is lost, nothing of the reaper stays."""
    home |= {"AIRFLOW__SPANNER_LRO__REAPER": "scheduler"}
    host = started(SCHEDULER, CHILD, environment=home)
    assert host.stdin is not None
    assert host.stdout is not None
    line = wait_until(
        host.stdout.readline, accept=lambda seen: seen.endswith("False\n"), timeout=60, what="it"
    )
    child = psutil.Process(int(line.split()[0]))

    if ending == "killed":
        host.kill()
    else:
        host.stdin.write("end\n")
        host.stdin.flush()

    wait_until(
        lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE,
        timeout=40,
        what="the reaper to end",
    )
    host.stdin.close()
    host.wait(20)
    host.stdout.close()
