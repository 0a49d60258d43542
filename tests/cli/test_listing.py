# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Lists: which operations, in which order, how many, and in which form."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from airflow_spanner_lro.admin.client import SpannerAdminClient
from airflow_spanner_lro.admin.connect import Endpoint
from airflow_spanner_lro.cli import arguments, main
from airflow_spanner_lro.core import kinds
from airflow_spanner_lro.core.lists.queries import OperationType
from airflow_spanner_lro.core.operations.snapshot import OperationState
from airflow_spanner_lro.core.status import Code
from tests.admin import every_kind

from .conftest import DATABASE, INSTANCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_mock import MockerFixture

    from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator

    from .conftest import Starter

Capture = pytest.CaptureFixture[str]

ALL = every_kind.INSTANCE
ON_ORDERS = ("--instance", "main", "--database", "orders", "--project", "test")


@pytest.fixture
def populated(spanner_emulator: SpannerAdminEmulator, emulator_clock: ManualClock) -> None:
    """Let every kind of operation be there."""
    spanner_emulator.create_instance(ALL, config="nam6")
    spanner_emulator.create_database(every_kind.DATABASE)
    client = SpannerAdminClient(Endpoint(target=spanner_emulator.endpoint, plain_text=True))
    every_kind.populate(spanner_emulator, client, emulator_clock)
    client.close()


def listed(capsys: Capture, *words: str) -> list[str]:
    """Return the names that a list shows."""
    code = main(["list", *words, "-o", "name"])
    assert 0 == code
    return capsys.readouterr().out.splitlines()


def names(emulator: SpannerAdminEmulator, *wanted: kinds.OperationKind) -> set[str]:
    """Return the operations of some kinds that there are."""
    return {each.name for each in emulator.operations() if each.kind in wanted}


def test_types_are_those_of_queries() -> None:
    """The parser, which loads nothing, knows the same types, and states, as what it is for."""
    assert [each.value for each in OperationType] == [*arguments.TYPES]
    assert {each.value for each in OperationState} == {*arguments.STATES}


@pytest.mark.usefixtures("populated")
@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        pytest.param(
            ("--type", "DATABASE_CREATE", ALL), (kinds.CREATE_DATABASE,), id="created databases"
        ),
        pytest.param(
            ("--type", "database_restore", ALL),
            (kinds.RESTORE_DATABASE, kinds.OPTIMIZE_RESTORED_DATABASE),
            id="restores, in small letters",
        ),
        pytest.param(
            ("--type", "BACKUP", ALL), (kinds.CREATE_BACKUP, kinds.COPY_BACKUP), id="backups"
        ),
        pytest.param(
            ("--type", "INSTANCE_PARTITION", "--instance", "main", "--project", "test"),
            (kinds.CREATE_INSTANCE_PARTITION, kinds.UPDATE_INSTANCE_PARTITION),
            id="partitions by a flag",
        ),
        pytest.param(
            ("--type", "INSTANCE_CONFIG_CREATE", "--project", "test"),
            (kinds.CREATE_INSTANCE_CONFIG,),
            id="configurations of a project",
        ),
        pytest.param(
            ("--instance-config", "custom-mine", "--project", "test"),
            (kinds.CREATE_INSTANCE_CONFIG, kinds.UPDATE_INSTANCE_CONFIG),
            id="those of one configuration",
        ),
        pytest.param(
            ("--type", "DATABASE_UPDATE_DDL", *ON_ORDERS),
            (kinds.UPDATE_DATABASE_DDL,),
            id="schema changes of one database",
        ),
        pytest.param(("--type", "DATABASE_CHANGE_QUORUM", ALL), (), id="none"),
    ],
)
def test_a_type(
    words: tuple[str, ...],
    wanted: tuple[kinds.OperationKind, ...],
    spanner_emulator: SpannerAdminEmulator,
    capsys: Capture,
) -> None:
    """Each type of gcloud's lists the operations of its kinds, and no others."""
    assert names(spanner_emulator, *wanted) == set(listed(capsys, *words))


@pytest.mark.usefixtures("populated")
def test_an_instance_with_everything_in_it(
    spanner_emulator: SpannerAdminEmulator, capsys: Capture
) -> None:
    """Without a type, operations of databases, backups and partitions come with the instance's."""
    inside = {
        each.name for each in spanner_emulator.operations() if each.name.startswith(f"{ALL}/")
    }

    assert inside == set(listed(capsys, ALL))


@pytest.mark.usefixtures("populated")
def test_states_and_filters(spanner_emulator: SpannerAdminEmulator, capsys: Capture) -> None:
    """States are chosen by name, several at once; the API's own filter does the rest."""
    running = {each.name for each in spanner_emulator.operations() if not each.done}

    assert running == set(listed(capsys, ALL, "--state", "RUNNING"))
    assert running & set(listed(capsys, ALL, "--state", "running,failed")) == running
    assert running.isdisjoint(listed(capsys, ALL, "--state", "succeeded"))
    assert running == set(listed(capsys, ALL, "--filter", "NOT done:true"))


@pytest.mark.usefixtures("operation")
def test_only_what_runs_is_asked_for(mocker: MockerFixture) -> None:
    """What is not wanted is not sent: an instance may have thousands that have ended."""
    spied = mocker.spy(SpannerAdminClient, "query_operations")

    main(["list", INSTANCE, "--state", "RUNNING"])

    filters = [each.kwargs["query"].server_filter for each in spied.call_args_list]
    assert ["(NOT done:true)"] * 4 == filters


def test_order_and_limit(starter: Starter, emulator_clock: ManualClock, capsys: Capture) -> None:
    """What runs comes first, then the newest; other orders, and fewer, when they are asked for."""
    first = starter.backup("first")
    emulator_clock.advance(timedelta(hours=1))
    second = starter.backup("second")
    emulator_clock.advance(timedelta(hours=1))
    third = starter.backup("third")

    assert [third, second, first] == listed(capsys, INSTANCE)
    assert [first, second, third] == listed(capsys, INSTANCE, "--sort-by", "started")
    assert [third, second, first] == listed(capsys, INSTANCE, "--sort-by=~resource")
    assert [third, second] == listed(capsys, INSTANCE, "--sort-by=-name", "--limit", "2")
    assert third == listed(capsys, INSTANCE, "--sort-by", "~ended")[-1]


def test_wide_has_all_columns(starter: Starter, capsys: Capture) -> None:
    """Names in full, times with their date and zone."""
    name = starter.backup()

    main(["list", INSTANCE, "-o", "wide"])

    heading, line = capsys.readouterr().out.splitlines()
    assert ["KIND", "STATE", "DONE", "STARTED", "ENDED", "TOOK", "NAME", "ERROR"] == heading.split()
    assert line.endswith(name)
    assert "Z  " in line


@pytest.mark.parametrize(("form", "read"), [("json", json.loads), ("yaml", yaml.safe_load)])
def test_forms_for_programs(
    starter: Starter, capsys: Capture, form: str, read: Callable[[str], Any]
) -> None:
    """JSON and YAML have the same values; there are no links to the console for an emulator."""
    name = starter.backup()

    main(["list", INSTANCE, "-o", form])

    (found,) = read(capsys.readouterr().out)
    assert (name, "RUNNING", 0, None) == (
        found["name"],
        found["state"],
        found["percent"],
        found["console"],
    )


@pytest.mark.usefixtures("operation")
@pytest.mark.parametrize("form", ["json", "yaml"])
def test_an_empty_list_is_one(capsys: Capture, form: str) -> None:
    """Who reads a list gets one, also where there is nothing in it."""
    code = main(["list", DATABASE, "-o", form])

    assert (0, []) == (code, yaml.safe_load(capsys.readouterr().out))


@pytest.mark.slow
def test_into_a_pipe_nothing_is_cut(starter: Starter) -> None:
    """A table that nobody looks at is as wide as it has to be, without colours."""
    long = "nightly-with-a-name-that-is-too-long-for-a-line-x"
    starter.backup(long)

    done = subprocess.run(  # noqa: S603  # our own command
        [
            sys.executable,
            "-c",
            "import sys; from airflow_spanner_lro.cli import main; sys.exit(main())",
            *("list", INSTANCE),
        ],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"COLUMNS": "40"},
    )

    assert f"Create backup {long}" in done.stdout
    assert "\x1b" not in done.stdout
    assert all(line == line.rstrip() for line in done.stdout.splitlines())


def test_partitions_may_be_refused(
    operation: str, spanner_emulator: SpannerAdminEmulator, capsys: Capture
) -> None:
    """Who may not list partitions still sees the rest; who may not list databases is told."""
    method = "ListInstancePartitionOperations"
    spanner_emulator.faults.fail(method=method, code=Code.PERMISSION_DENIED, times=1)
    allowed = listed(capsys, INSTANCE)
    spanner_emulator.faults.fail(
        method="ListDatabaseOperations", code=Code.PERMISSION_DENIED, times=1
    )
    code = main(["list", INSTANCE])

    assert [operation] == allowed
    assert 6 == code
    assert "PERMISSION_DENIED" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--state", "ENDED", INSTANCE], "invalid state value: 'ENDED'"),
        (["--sort-by", "age", INSTANCE], "invalid sort key value: 'age'"),
        (["--limit", "0", INSTANCE], "invalid count value: '0'"),
        (["--type", "BACKUPS", INSTANCE], "invalid choice: 'BACKUPS'"),
        (["-o", "xml", INSTANCE], "invalid choice: 'xml'"),
    ],
)
def test_words_that_are_none(words: list[str], said: str, capsys: Capture) -> None:
    """The parser's own errors name the word, and are exit code 2."""
    with pytest.raises(SystemExit) as ended:
        main(["list", *words])

    assert 2 == ended.value.code
    assert said in capsys.readouterr().err


@pytest.mark.usefixtures("operation")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "--instance=None is not usable: say in which instance"),
        (["--instance", "main"], "There is no project: say which"),
        (["--database", "orders"], "--database='orders' is not usable: say in which instance"),
        (
            ["--instance", "main", "--database", "orders", "--backup", "b1", "--project", "p1"],
            "--backup='b1' is not usable: --database is given too",
        ),
        (
            ["--instance", "main", "--instance-config", "custom-x", "--project", "p1"],
            "--instance-config='custom-x' is not usable: it is in no instance, and --instance",
        ),
        ([INSTANCE, "--instance", "main"], "flags name a resource too"),
        (
            [INSTANCE, "--type", "INSTANCE_CONFIG_UPDATE"],
            "--type 'INSTANCE_CONFIG_UPDATE' is not usable: it does not go with --instance='main'",
        ),
        (["projects/p1/instances/main/tables/t"], "resource name="),
        ([INSTANCE, "--filter", "((("], "INVALID_ARGUMENT"),
    ],
)
def test_places_that_are_none(words: list[str], said: str, capsys: Capture) -> None:
    """What does not go together is one line in the words of a terminal, and exit code 1."""
    code = main(["list", *words])

    (line,) = capsys.readouterr().err.splitlines()
    assert 1 == code
    assert said in line


@pytest.mark.parametrize("variable", ["GOOGLE_CLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT"])
def test_a_project_from_the_environment(
    operation: str, variable: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """Where the environment names a project, the id of an instance is enough."""
    monkeypatch.setenv(variable, "p1")

    assert [operation] == listed(capsys, "main")
