# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Waiting, cancelling, deleting and watching, where nobody sees bars; and every exit code."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest
from google.auth.exceptions import RefreshError, TransportError

from airflow_spanner_lro.admin.client import SpannerAdminClient
from airflow_spanner_lro.admin.clock import StoppableClock
from airflow_spanner_lro.admin.connect import Endpoint
from airflow_spanner_lro.cli import main
from airflow_spanner_lro.cli.exit_codes import ExitCode, print_errors, worst
from airflow_spanner_lro.core.names import OperationName
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import Plan

from .conftest import DATABASE, INSTANCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_mock import MockerFixture

    from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator

    from .conftest import Starter

Capture = pytest.CaptureFixture[str]
HOUR = timedelta(hours=1)


def test_several_end_well(
    starter: Starter,
    emulator_clock: ManualClock,
    spanner_emulator: SpannerAdminEmulator,
    capsys: Capture,
) -> None:
    """Each tells its end; those of a family are asked about by one list."""
    waited_for = [starter.backup(), starter.backup("weekly", database=f"{INSTANCE}/databases/two")]
    emulator_clock.advance(HOUR)
    before = len(spanner_emulator.calls)

    code = main(["wait", *waited_for])

    sent = [each.method for each in [*spanner_emulator.calls][before:]]
    assert (0, ["ListBackupOperations"]) == (code, sent)
    assert [
        "Create backup nightly: succeeded after 25 min",
        "Create backup weekly: succeeded after 25 min",
    ] == capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("plan", "ends_with"),
    [
        pytest.param(Plan(), ExitCode.DONE, id="done"),
        pytest.param(Plan(fail_at=0.5), ExitCode.FAILED, id="failed"),
    ],
)
def test_how_one_ends(
    starter: Starter,
    emulator_clock: ManualClock,
    spanner_emulator: SpannerAdminEmulator,
    plan: Plan,
    ends_with: ExitCode,
) -> None:
    """A script sees by the exit code how it went."""
    spanner_emulator.plan(plan)
    name = starter.backup()
    emulator_clock.advance(HOUR)

    assert ends_with == main(["wait", name])


def test_a_cancelled_one_has_a_code_of_its_own(operation: str) -> None:
    """What somebody else has cancelled is no failure of the operation's."""
    main(["cancel", operation])

    assert ExitCode.CANCELLED == main(["wait", operation])


def test_any_is_enough(starter: Starter, emulator_clock: ManualClock, capsys: Capture) -> None:
    """With --any the first that ends ends the wait, and says how."""
    waited_for = [starter.backup(), starter.database("other")]
    emulator_clock.advance(timedelta(minutes=5))

    code = main(["wait", "--any", *waited_for])

    said = capsys.readouterr()
    assert (0, "") == (code, said.err)
    assert "Create database other: succeeded" in said.out


def test_one_that_is_gone_ends_nobody_elses_wait(
    operation: str, emulator_clock: ManualClock, capsys: Capture
) -> None:
    """The other is waited for; the code is that of the one that was not found."""
    emulator_clock.advance(HOUR)

    code = main(["wait", operation, f"{DATABASE}/operations/_gone"])

    said = capsys.readouterr()
    assert ExitCode.NOT_FOUND == code
    assert "succeeded after 25 min" in said.out
    assert "NOT_FOUND" in said.err
    assert f"{DATABASE}/operations/_gone" in said.err


def test_time_that_is_up_says_for_which(starter: Starter, capsys: Capture) -> None:
    """Each that is not done is named, and goes on."""
    waited_for = [starter.backup(), starter.database("other")]

    code = main(["wait", *waited_for, "--timeout", "0.1"])

    lines = capsys.readouterr().err.splitlines()
    assert ExitCode.TIMED_OUT == code
    assert [line.rpartition(" ")[2] for line in lines] == waited_for


def test_the_worst_code_counts() -> None:
    """Of several operations, 0 is only said if all went well; a failure says most."""
    assert ExitCode.DONE == worst([ExitCode.DONE, ExitCode.DONE])
    assert ExitCode.CANCELLED == worst([ExitCode.DONE, ExitCode.CANCELLED])
    assert ExitCode.TIMED_OUT == worst([ExitCode.TIMED_OUT, ExitCode.CANCELLED])
    assert ExitCode.FAILED == worst([ExitCode.NOT_FOUND, ExitCode.FAILED, ExitCode.TIMED_OUT])


def test_several_are_cancelled_at_once(starter: Starter, capsys: Capture) -> None:
    """Each cancel tells how it ended."""
    cancelled = [
        starter.backup(),
        starter.schema_change("CREATE TABLE A (I INT64) PRIMARY KEY (I)"),
    ]

    code = main(["cancel", *cancelled])

    assert 0 == code
    assert [True, True] == [
        "was cancelled" in line for line in capsys.readouterr().out.splitlines()
    ]


@pytest.mark.parametrize(
    ("plan", "ends_with", "said"),
    [
        pytest.param(Plan(cancel_delay=HOUR), ExitCode.TIMED_OUT, "is still running", id="slow"),
        pytest.param(
            Plan(cancel_error=(Code.FAILED_PRECONDITION, "not this one")),
            ExitCode.REFUSED,
            "Spanner refused to cancel it",
            id="refused",
        ),
    ],
)
def test_how_a_cancel_ends(  # noqa: PLR0917  # pytest fills them in by name
    starter: Starter,
    spanner_emulator: SpannerAdminEmulator,
    capsys: Capture,
    plan: Plan,
    ends_with: ExitCode,
    said: str,
) -> None:
    """A cancel that takes long is told apart from one that is refused."""
    spanner_emulator.plan(plan)
    name = starter.backup()

    code = main(["cancel", name, "--timeout", "0.5"])

    assert ends_with == code
    assert said in capsys.readouterr().out


@pytest.mark.usefixtures("operation")
def test_nothing_to_cancel(capsys: Capture) -> None:
    """An operation that Spanner does not know is not found, and that is no success."""
    code = main(["cancel", f"{DATABASE}/operations/_gone"])

    assert ExitCode.NOT_FOUND == code
    assert "nothing was cancelled" in capsys.readouterr().out


def test_the_record_of_an_instances_operation_is_deleted(
    starter: Starter, emulator_clock: ManualClock, capsys: Capture
) -> None:
    """What was done is listed no more, and said to be only a record."""
    name = starter.more_nodes()
    emulator_clock.advance(HOUR)

    code = main(["delete", name])

    assert 0 == code
    assert "Update instance main was deleted: only its record is gone." in capsys.readouterr().out
    assert ExitCode.NOT_FOUND == main(["describe", name])


def test_what_runs_is_not_deleted(
    starter: Starter, spanner_emulator: SpannerAdminEmulator, capsys: Capture
) -> None:
    """Without its record nobody could see or cancel it."""
    code = main(["delete", starter.more_nodes()])

    assert ExitCode.REFUSED == code
    assert "it is still running" in capsys.readouterr().err
    assert () == spanner_emulator.calls.of("DeleteOperation")


def test_what_is_gone_cannot_be_deleted(starter: Starter, capsys: Capture) -> None:
    """That there is no such record is told in one line."""
    starter.more_nodes()

    code = main(["delete", f"{INSTANCE}/operations/_gone"])

    assert ExitCode.NOT_FOUND == code
    assert "is not found: Spanner does not know it any more." in capsys.readouterr().err


def test_what_spanner_keeps_is_explained(
    operation: str, emulator_clock: ManualClock, starter: Starter, capsys: Capture
) -> None:
    """The refusal for a backup's operation says why; one beside it is deleted all the same."""
    other = starter.more_nodes()
    emulator_clock.advance(HOUR)

    code = main(["delete", operation, other])

    said = capsys.readouterr()
    assert ExitCode.REFUSED == code
    assert "Spanner deletes no operation of a database or a backup" in said.err
    assert "seven days" in said.err
    assert "Update instance main was deleted" in said.out


@pytest.mark.parametrize(
    ("code", "ends_with"),
    [(Code.NOT_FOUND, ExitCode.NOT_FOUND), (Code.PERMISSION_DENIED, ExitCode.REFUSED)],
)
def test_a_delete_that_fails(  # noqa: PLR0917  # pytest fills them in by name
    starter: Starter,
    emulator_clock: ManualClock,
    spanner_emulator: SpannerAdminEmulator,
    capsys: Capture,
    code: Code,
    ends_with: ExitCode,
) -> None:
    """Somebody was faster, or it is not allowed: one line each."""
    name = starter.more_nodes()
    emulator_clock.advance(HOUR)
    spanner_emulator.faults.fail(method="DeleteOperation", code=code, times=1)

    assert ends_with == main(["delete", name])
    assert 1 == len(capsys.readouterr().err.splitlines())


def test_watch_in_a_pipe(starter: Starter, capsys: Capture) -> None:
    """Lines about what runs, also about a backup of the database that is watched."""
    starter.backup()

    code = main(["watch", DATABASE, "--timeout", "0.1", "--interval", "2"])

    assert 0 == code
    assert capsys.readouterr().out.startswith("Create backup nightly: 0 %")


def test_watch_tells_ends_and_trouble_once(
    starter: Starter,
    emulator_clock: ManualClock,
    spanner_emulator: SpannerAdminEmulator,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
) -> None:
    """An end is a line, and so is an outage; neither is said again with every look."""
    starter.backup()
    forgotten = starter.more_nodes()
    client = SpannerAdminClient(Endpoint(target=spanner_emulator.endpoint, plain_text=True))

    def end() -> None:
        emulator_clock.advance(timedelta(minutes=30))
        # before it is looked at again, so nobody sees how it ended
        client.delete(name=OperationName.parse(forgotten))

    outage = spanner_emulator.faults.outage()
    deeds: list[Callable[[], object]] = [
        partial(outage.__enter__),
        lambda: None,
        partial(outage.__exit__, None, None, None),
        end,
        lambda: None,
    ]

    def sleep(_: StoppableClock, seconds: float) -> None:
        assert seconds > 0
        if not deeds:
            raise KeyboardInterrupt
        deeds.pop(0)()

    monkeypatch.setattr(StoppableClock, "sleep", sleep)

    code = main(["watch", INSTANCE])

    client.close()
    lines = capsys.readouterr().out.splitlines()
    assert ExitCode.INTERRUPTED == code
    assert 1 == sum("Spanner is not answering" in line for line in lines)
    assert 1 == sum("Spanner answers again" in line for line in lines)
    assert 1 == sum("nightly: succeeded" in line for line in lines)
    assert not any("main: succeeded" in line for line in lines)


@pytest.mark.usefixtures("operation")
@pytest.mark.parametrize("kind", ["instancePartitions/part", "instances"])
def test_watch_what_is_not_there(kind: str, capsys: Capture) -> None:
    """What does not exist is said at once, whatever it would be."""
    name = "projects/p1/instances/other" if kind == "instances" else f"{INSTANCE}/{kind}"

    assert ExitCode.NOT_FOUND == main(["watch", name, "--timeout", "1"])
    assert "NOT_FOUND" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "ends_with"),
    [
        (RefreshError("invalid_grant: Bad Request"), ExitCode.REFUSED),
        (TransportError("connection refused"), ExitCode.FAILED),
    ],
)
def test_credentials_in_trouble(error: Exception, ends_with: ExitCode, capsys: Capture) -> None:
    """Google's libraries have errors without a code; each is one line, too."""

    def fail() -> int:
        raise error

    assert ends_with == print_errors(fail, program="spanner-lro")
    assert 1 == len(capsys.readouterr().err.splitlines())


def test_a_bug_is_no_answer_of_spanners() -> None:
    """What is nobody's refusal is not dressed up as one."""

    def fail() -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        print_errors(fail, program="spanner-lro")


def test_clients_are_closed(operation: str, mocker: MockerFixture) -> None:
    """A command leaves no channel open, however it ends."""
    closed = mocker.spy(SpannerAdminClient, "close")

    main(["describe", operation])
    main(["describe", f"{DATABASE}/operations/_gone"])

    assert 2 == closed.call_count


def test_without_an_output(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process whose output is closed altogether still has an exit code."""
    monkeypatch.setattr("sys.stdout", None)

    assert ExitCode.DONE == print_errors(lambda: 0, program="spanner-lro")


def test_watch_ends_where_it_may_not_look(
    starter: Starter,
    emulator_clock: ManualClock,
    spanner_emulator: SpannerAdminEmulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A refusal does not pass by itself, so nobody is kept waiting for it."""
    starter.backup()

    def sleep(_: StoppableClock, seconds: float) -> None:
        emulator_clock.advance(timedelta(hours=1) + timedelta(seconds=seconds))
        spanner_emulator.faults.fail(method="GetOperation", code=Code.PERMISSION_DENIED, times=1)

    monkeypatch.setattr(StoppableClock, "sleep", sleep)

    assert ExitCode.REFUSED == main(["watch", INSTANCE])


def test_a_thread_may_wait_as_well(operation: str, emulator_clock: ManualClock) -> None:
    """Who calls the command from a thread gets its exit code; signals stay the process's own."""
    emulator_clock.advance(HOUR)

    with ThreadPoolExecutor() as threads:
        code = threads.submit(main, ["wait", operation]).result()

    assert ExitCode.DONE == code
