# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The command line, in a process of its own."""

from __future__ import annotations

import argparse
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

import psutil
import pytest
from google.cloud import (
    spanner_admin_database_v1 as database_v1,
    spanner_admin_instance_v1 as instance_v1,
)
from google.cloud.spanner_admin_database_v1.services.database_admin.transports import (
    DatabaseAdminGrpcTransport,
)
from google.cloud.spanner_admin_instance_v1.services.instance_admin.transports import (
    InstanceAdminGrpcTransport,
)
from google.longrunning import operations_pb2

from airflow_spanner_lro.emulator import OperationIdForm
from airflow_spanner_lro.emulator.command import add_arguments
from tests.emulator.conftest import DATABASE, INSTANCE
from tests.emulator.support.channels import open_channel
from tests.support.pubsub import running_pubsub

if TYPE_CHECKING:
    from collections.abc import Iterator

    import grpc

    from airflow_spanner_lro.emulator import SpannerAdminEmulator

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
TOPIC = "projects/p/topics/audit"
COMMAND = [sys.executable, "-m", "airflow_spanner_lro.emulator"]


class Started:
    """The command in a process, ready."""

    def __init__(self, process: subprocess.Popen[str], lines: list[str]) -> None:
        self.process = process
        self.lines = lines

    @property
    def target(self) -> str:
        """Where it speaks gRPC."""
        return self.lines[1].strip().rpartition("=")[2]


class Start(Protocol):
    """Starts the command, and waits until it says that it is ready."""

    def __call__(self, *arguments: str) -> Started:
        """Start it."""
        ...


@pytest.fixture
def start() -> Iterator[Start]:
    """Return a function that starts the command; what is left at the end is killed."""
    with ExitStack() as stack:

        def run(*arguments: str) -> Started:
            process = stack.enter_context(
                subprocess.Popen(  # noqa: S603
                    [*COMMAND, "--port", "0", *arguments],
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                    env=ENVIRONMENT,
                )
            )
            stack.callback(process.kill)
            assert process.stdout is not None
            count = 2 if "--no-rest" in arguments else 3
            return Started(process, [process.stdout.readline() for _ in range(count)])

        yield run


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_when_it_is_ready_and_stops_cleanly(start: Start, number: signal.Signals) -> None:
    """Lines tell where it listens; a signal ends it with exit code 0 and without noise."""
    started = start("--rest-port", "0", "--log-calls", "--database", DATABASE)
    first, second, third = started.lines
    started.process.send_signal(number)
    rest, errors = started.process.communicate(timeout=10)

    assert "ready on 127.0.0.1:" in first
    assert ", and for REST on http://127.0.0.1:" in first
    assert second.startswith("export SPANNER_EMULATOR_HOST=localhost:")
    assert third.startswith("export CLOUDSDK_API_ENDPOINT_OVERRIDES_SPANNER=http://localhost:")
    assert (0, "The emulator has stopped.\n", "") == (started.process.returncode, rest, errors)


def test_both_ports_answer_when_it_says_so(start: Start) -> None:
    """The first call of a client that read the lines is answered, whichever way it takes."""
    started = start("--rest-port", "0", "--database", DATABASE, "--quota", "on")
    address = urlsplit(started.lines[2].strip().partition("=")[2])
    connection = http.client.HTTPConnection(f"{address.hostname}:{address.port}", timeout=10)
    connection.request("GET", "/control/quota")
    quota = connection.getresponse().read()
    connection.close()

    with open_channel(started.target) as channel:
        assert DATABASE == client_of(channel).get_database(name=DATABASE, retry=None).name
    assert b"5.0" in quota


def test_an_idle_emulator_does_nothing(start: Start) -> None:
    """With a connection open and nothing to do it waits, and does not look again and again."""
    started = start("--rest-port", "0", "--database", DATABASE)
    address = urlsplit(started.lines[2].strip().partition("=")[2])
    connection = http.client.HTTPConnection(f"{address.hostname}:{address.port}", timeout=10)
    connection.request("GET", f"/v1/{DATABASE}")
    connection.getresponse().read()
    before = sum(psutil.Process(started.process.pid).cpu_times()[:2])
    threading.Event().wait(0.5)
    after = sum(psutil.Process(started.process.pid).cpu_times()[:2])
    connection.close()

    # a loop without rest would use all of it
    assert after - before < 0.25


@pytest.mark.slow
def test_a_reader_that_goes_away_is_no_reason_to_stop(start: Start) -> None:
    """``emulator --log-calls | head -1`` goes on to serve, and says nothing about pipes."""
    started = start("--rest-port", "0", "--log-calls", "--database", DATABASE)
    assert started.process.stdout is not None
    started.process.stdout.close()
    with open_channel(started.target) as channel:
        names = [client_of(channel).get_database(name=DATABASE).name for _ in range(3)]
    started.process.terminate()
    code = started.process.wait(timeout=10)

    assert [DATABASE] * 3 == names
    assert started.process.stderr is not None
    assert (0, "") == (code, started.process.stderr.read())


def test_what_is_there_from_the_start_is_where_it_is_wanted(start: Start) -> None:
    """Instances have the configuration that was asked for, those of databases too."""
    started = start("--no-rest", "--database", DATABASE, "--instance-config", "nam6")
    with open_channel(started.target) as channel:
        client = instance_v1.InstanceAdminClient(
            transport=InstanceAdminGrpcTransport(channel=channel)
        )
        instance = client.get_instance(name=INSTANCE)

    assert "nam6" == instance.config.rpartition("/")[2]


@pytest.mark.slow
def test_an_unknown_configuration_is_one_sentence() -> None:
    """A configuration that there is not is told in a line, with exit code 1."""
    said = fail("--port", "0", "--instance", INSTANCE, "--instance-config", "nowhere")

    assert "Instance config not found: projects/test/instanceConfigs/nowhere\n" == said


def test_rest_can_be_left_out(start: Start) -> None:
    """Then nothing is said of it."""
    started = start("--no-rest")

    assert not [line for line in started.lines if "REST" in line or "http" in line]


def client_of(channel: grpc.Channel) -> database_v1.DatabaseAdminClient:
    """Return a client."""
    return database_v1.DatabaseAdminClient(transport=DatabaseAdminGrpcTransport(channel=channel))


@pytest.mark.slow
def test_a_kill_loses_nothing_that_was_answered(start: Start, tmp_path: Path) -> None:
    """After kill -9 in the middle of many calls, all operations that clients know are there."""
    state = ("--no-rest", "--state", str(tmp_path / "state"), "--database", DATABASE)
    started = start(*state)
    path = "/google.spanner.admin.database.v1.DatabaseAdmin/CreateDatabase"
    with open_channel(started.target) as channel:
        create = channel.unary_unary(
            path,
            request_serializer=database_v1.CreateDatabaseRequest.serialize,
            response_deserializer=operations_pb2.Operation.FromString,
        )
        requests = (
            database_v1.CreateDatabaseRequest(
                parent=INSTANCE, create_statement=f"CREATE DATABASE db{number}"
            )
            for number in range(90)
        )
        calls = [create.future(request) for request in requests]
        calls[20].result(timeout=10)
        started.process.kill()
        started.process.wait(timeout=10)
        known = [call.result().name for call in calls if call.exception(timeout=10) is None]
    again = start(*state)
    with open_channel(again.target) as channel:
        client = client_of(channel)
        found = [client.get_operation({"name": name}).name for name in known]

    assert len(known) >= 1
    assert known == found


@pytest.mark.slow
def test_a_restart_goes_on_with_its_file(start: Start, tmp_path: Path) -> None:
    """A database that is there already is not made again, and the scale may be another."""
    state = ("--no-rest", "--state", str(tmp_path / "state"), "--database", DATABASE)
    first = start(*state)
    first.process.terminate()
    first.process.wait(timeout=10)
    second = start(*state, "--time-scale", "60")

    with open_channel(second.target) as channel:
        assert DATABASE == client_of(channel).get_database(name=DATABASE, retry=None).name


def fail(*arguments: str) -> str:
    """Run the command, which fails; return what it says."""
    done = subprocess.run(  # noqa: S603
        [*COMMAND, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=ENVIRONMENT,
        timeout=30,
    )
    assert (1, "", 1) == (done.returncode, done.stdout, done.stderr.count("\n"))
    return done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [("--no-rest", "--port"), ("--port", "0", "--rest-port")])
def test_a_taken_port_is_one_sentence(
    empty_emulator: SpannerAdminEmulator, arguments: tuple[str, ...]
) -> None:
    """The exit code is 1, and nothing but a sentence is printed, whichever port it is."""
    said = fail(*arguments, str(empty_emulator.port))

    assert said.startswith(f"The emulator cannot listen on {empty_emulator.endpoint}")


@pytest.mark.slow
def test_a_state_file_that_cannot_be_used_is_one_sentence(tmp_path: Path) -> None:
    """The exit code is 1, and the sentence says what to do."""
    path = tmp_path / "shopping.txt"
    path.write_text("bread\n")

    assert "Give another file" in fail("--port", "0", "--no-rest", "--state", str(path))
    assert "bread\n" == path.read_text()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--audit-topic", TOPIC), "by --audit-endpoint or PUBSUB_EMULATOR_HOST."),
        (("--audit-topic", "t", "--audit-endpoint", "localhost:1"), "'t' is no topic"),
        (("--audit-topic", TOPIC, "--audit-endpoint", "pubsub.googleapis.com:443"), "is Google's"),
        (("--audit-endpoint", "localhost:1"), "give an --audit-topic, too"),
    ],
)
def test_an_audit_topic_that_cannot_be_used_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], said: str
) -> None:
    """The emulator does not start to write entries that go nowhere, or to the real Pub/Sub."""
    monkeypatch.delitem(ENVIRONMENT, "PUBSUB_EMULATOR_HOST", raising=False)

    assert said in fail("--port", "0", "--no-rest", *arguments)


def test_audit_log_entries_go_where_the_environment_says(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says so when it is ready, and a start is told."""
    with running_pubsub() as pubsub:
        pubsub.create_topic(TOPIC)
        monkeypatch.setitem(ENVIRONMENT, "PUBSUB_EMULATOR_HOST", pubsub.address)
        started = start(
            "--no-rest",
            "--audit-topic",
            TOPIC,
            "--audit-operation-id=short",
            "--instance",
            INSTANCE,
        )
        assert started.process.stdout is not None
        told = started.process.stdout.readline()
        with open_channel(started.target) as channel:
            operation = client_of(channel).create_database(
                parent=INSTANCE, create_statement="CREATE DATABASE orders"
            )
        pubsub.wait_until(lambda: len(pubsub.published(TOPIC)) == 1)
        (entry,) = map(json.loads, pubsub.published(TOPIC))

    assert f"Audit-log entries go to {TOPIC}.\n" == told
    assert operation.operation.name.rpartition("/")[2] == entry["operation"]["id"]


def test_the_forms_of_an_operation_id_are_those_that_there_are() -> None:
    """The command names them without loading anything."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    forms = [
        parser.parse_args([f"--audit-operation-id={form.value}"]).audit_operation_id
        for form in OperationIdForm
    ]

    assert list(OperationIdForm) == forms
    assert OperationIdForm.FULL == parser.parse_args([]).audit_operation_id


@pytest.mark.parametrize(
    "arguments",
    [
        ["--audit-operation-id", "long"],
        ["--instance", "ii"],
        ["--database", "db"],
        ["--time-scale", "0"],
        ["--quota", "x"],
        ["--time-scale", "soon"],
        ["--port", "65536"],
        ["--rest-port=-1"],
        ["--state", ""],
    ],
)
def test_arguments_are_checked(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot work is a usage error."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)

    with pytest.raises(SystemExit):
        parser.parse_args(arguments)
    said = capsys.readouterr().err
    assert arguments[0].partition("=")[0] in said
    assert "_" not in said.partition("error:")[2]


def test_help_needs_no_grpc() -> None:
    """The arguments can be built without loading the client library."""
    code = (
        "import argparse, sys; from airflow_spanner_lro.emulator import command; "
        "command.add_arguments(argparse.ArgumentParser()); "
        "sys.exit('grpc' in sys.modules or 'proto' in sys.modules)"
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code], check=False, env=ENVIRONMENT, timeout=30
    )

    assert 0 == done.returncode
