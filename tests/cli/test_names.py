# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Short names: what they stand for, when they are ambiguous, and that nothing is guessed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from airflow_spanner_lro.cli import main
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import Plan

from .conftest import INSTANCE

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator

    from .conftest import Starter

Capture = pytest.CaptureFixture[str]

PLACE = ("--project", "p1", "--instance", "main")


def described(capsys: Capture, *words: str) -> str:
    """Return the full name of what a command finds."""
    code = main(["describe", *words, "-o", "name"])
    shown = capsys.readouterr()
    assert 0 == code, shown.err
    return shown.out.strip()


@pytest.mark.parametrize(
    "short",
    [
        pytest.param(lambda name: name, id="the full name"),
        pytest.param(lambda name: name.rpartition("/")[2], id="the id"),
        pytest.param(lambda name: name.rpartition("/")[2][:14], id="the beginning of the id"),
        pytest.param(lambda name: name.rpartition("_")[2][:5], id="without what all have"),
        pytest.param(lambda _: "nightly", id="what it works on"),
        pytest.param(lambda _: "backups/nightly", id="the same with its collection"),
        pytest.param(lambda _: f"{INSTANCE}/backups/nightly", id="the same in full"),
        pytest.param(lambda name: name.removeprefix(f"{INSTANCE}/"), id="without the instance"),
    ],
)
def test_ways_to_say_it(starter: Starter, capsys: Capture, short: object) -> None:
    """One operation, by whatever a person has at hand."""
    starter.database("other")
    name = starter.backup()
    assert callable(short)

    assert name == described(capsys, short(name), *PLACE)


@pytest.mark.parametrize(
    "place",
    [
        ("--instance", INSTANCE),
        ("--instance", INSTANCE, "--project", "p1"),
        ("--backup", f"{INSTANCE}/backups/nightly"),
        ("--backup", f"{INSTANCE}/backups/nightly", "--instance", "main"),
        ("--backup", "nightly", "--instance", INSTANCE),
        ("--instance", "main", "--project", "projects/p1"),
    ],
    ids=" ".join,
)
def test_a_flag_takes_a_full_name_too(
    starter: Starter, capsys: Capture, place: tuple[str, ...]
) -> None:
    """As gcloud's do: what is copied from elsewhere is mostly full."""
    name = starter.backup()

    assert name == described(capsys, name.rpartition("/")[2], *place)


@pytest.mark.parametrize(
    ("place", "message"),
    [
        (("--instance", INSTANCE, "--project", "other"), "--project names another one"),
        (
            ("--backup", f"{INSTANCE}/backups/b9", "--instance", "other"),
            "--instance names another one",
        ),
        (("--instance", f"{INSTANCE}/backups/b9"), "expected projects/<project>/instances/"),
        (("--backup", INSTANCE), "expected projects/<project>/instances/<instance>/backups/"),
    ],
    ids=str,
)
@pytest.mark.usefixtures("operation")
def test_a_full_name_that_fits_no_flag(
    capsys: Capture, place: tuple[str, ...], message: str
) -> None:
    """Nobody is asked for a place that two flags tell differently."""
    assert 1 == main(["describe", "x", *place])
    assert message in capsys.readouterr().err


def test_an_id_with_its_resource_as_gcloud_has_it(
    operation: str, spanner_emulator: SpannerAdminEmulator, capsys: Capture
) -> None:
    """An id and the flags of its resource need no list."""
    found = described(capsys, operation.rpartition("/")[2], *PLACE, "--backup", "nightly")

    assert operation == found
    assert not [each for each in spanner_emulator.calls if each.method.startswith("List")]


def test_within_a_partition(starter: Starter, capsys: Capture) -> None:
    """A partition is a place as any other, also one that does not exist."""
    starter.backup()

    code = main(["list", *PLACE, "--instance-partition", "part"])

    assert 5 == code
    assert "instancePartitions/part" in capsys.readouterr().err


@pytest.mark.parametrize("word", ["_auto", "nightly"])
def test_within_a_resource_short_names_are_looked_for_too(
    operation: str, capsys: Capture, word: str
) -> None:
    """The beginning of an id is found among those of the resource."""
    assert operation == described(capsys, word, *PLACE, "--backup", "nightly")


def test_what_runs_is_meant(starter: Starter, emulator_clock: ManualClock, capsys: Capture) -> None:
    """Who names a database means what happens to it now, not what ended yesterday."""
    starter.schema_change("CREATE TABLE A (Id INT64) PRIMARY KEY (Id)")
    emulator_clock.advance(timedelta(hours=1))
    now = starter.schema_change("CREATE TABLE B (Id INT64) PRIMARY KEY (Id)")

    assert now == described(capsys, "orders", *PLACE)


def test_an_ambiguous_name_lists_the_candidates(
    starter: Starter,
    emulator_clock: ManualClock,
    spanner_emulator: SpannerAdminEmulator,
    capsys: Capture,
) -> None:
    """Nothing is cancelled that may not be meant; each candidate is named with its state."""
    one = starter.schema_change("CREATE TABLE A (Id INT64) PRIMARY KEY (Id)")
    emulator_clock.advance(timedelta(hours=1))
    other = starter.schema_change("CREATE TABLE B (Id INT64) PRIMARY KEY (Id)")
    emulator_clock.advance(timedelta(hours=1))

    code = main(["cancel", "orders", *PLACE])

    said = capsys.readouterr().err
    assert 1 == code
    assert "'orders' may be any of 2 operations:" in said
    assert f"SUCCEEDED  {one}" in said
    assert f"SUCCEEDED  {other}" in said
    assert () == spanner_emulator.calls.of("CancelOperation")


def test_many_candidates_are_not_all_listed(starter: Starter, capsys: Capture) -> None:
    """A screen full of them helps nobody."""
    for number in range(22):
        starter.schema_change(f"CREATE TABLE T{number} (Id INT64) PRIMARY KEY (Id)")

    main(["describe", "_auto", *PLACE])

    said = capsys.readouterr().err.splitlines()
    assert 22 == len(said)
    assert "and 2 more" in said[-1]


@pytest.mark.usefixtures("operation")
@pytest.mark.parametrize(
    ("words", "said", "ends_with"),
    [
        (["weekly", *PLACE], "'weekly' is not found: no operation of", 5),
        (["_auto_op_x", *PLACE, "--backup", "nightly"], "'_auto_op_x' is not found", 5),
        (["no id!", *PLACE, "--backup", "nightly"], "'no id!' is not found", 5),
        ([f"{INSTANCE}/databases/orders"], "there is no operation on it", 5),
        (["nightly"], "or say with --instance where to look", 1),
        (["nightly", "--instance", "main"], "There is no project: say which", 1),
        (
            ["backups/nightly/operations/x", "--instance-config", "custom-x", "--project", "p1"],
            "a name without its beginning goes with --instance",
            1,
        ),
        (["nightly", "--project", "p1", "--instance", "other"], "NOT_FOUND", 5),
        (["nightly", "--project", "p2", "--instance", "main"], "NOT_FOUND", 5),
    ],
)
def test_what_stands_for_nothing(
    words: list[str], said: str, ends_with: int, capsys: Capture
) -> None:
    """What is not found is told apart from what is no name; each is one line."""
    code = main(["describe", *words])

    (line,) = capsys.readouterr().err.splitlines()
    assert ends_with == code
    assert said in line


def test_a_refusal_is_no_absence(
    operation: str, spanner_emulator: SpannerAdminEmulator, capsys: Capture
) -> None:
    """Who may not see an operation is not told that there is none."""
    spanner_emulator.faults.fail(method="GetOperation", code=Code.PERMISSION_DENIED, times=1)

    code = main(["describe", operation.rpartition("/")[2], *PLACE, "--backup", "nightly"])

    assert 6 == code
    assert "PERMISSION_DENIED" in capsys.readouterr().err


def test_several_short_names_share_a_list(
    starter: Starter, spanner_emulator: SpannerAdminEmulator, emulator_clock: ManualClock
) -> None:
    """What was listed for the first serves the others; the same operation is waited for once."""
    starter.backup()
    starter.database("other")
    emulator_clock.advance(timedelta(hours=1))
    before = len(spanner_emulator.calls)

    code = main(["wait", "nightly", "other", "backups/nightly", *PLACE])

    listed = [each for each in [*spanner_emulator.calls][before:] if each.method[:4] == "List"]
    assert (0, 4) == (code, len(listed))


def test_control_characters_are_not_obeyed(
    starter: Starter,
    spanner_emulator: SpannerAdminEmulator,
    emulator_clock: ManualClock,
    capsys: Capture,
) -> None:
    """What an error says is shown, and moves nobody's cursor."""
    message = "no room \x1b[2J\x9b2Jleft"
    spanner_emulator.plan(Plan(fail_at=0.5, fail_with=(Code.RESOURCE_EXHAUSTED, message)))
    name = starter.backup()
    emulator_clock.advance(timedelta(hours=1))

    for words in (["describe", name], ["wait", name], ["cancel", name]):
        main(words)
    for form in ("table", "wide", "json", "yaml"):
        main(["list", INSTANCE, "-o", form])

    shown = capsys.readouterr()
    assert "no room" in shown.out
    assert not {"\x1b", "\x9b"} & {*shown.out, *shown.err}
