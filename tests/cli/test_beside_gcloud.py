# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The same questions put to gcloud and to ``spanner-lro``, against one emulator.

Each call of gcloud takes seconds, so the types are compared in one test.
"""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest

from airflow_spanner_lro.admin.client import SpannerAdminClient
from airflow_spanner_lro.admin.connect import Endpoint
from airflow_spanner_lro.cli import main
from airflow_spanner_lro.cli.arguments import TYPES
from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator
from tests.admin import every_kind
from tests.emulator.test_gcloud import Spanner, spanner_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Capture = pytest.CaptureFixture[str]

pytestmark = [
    pytest.mark.skipif(
        shutil.which("gcloud") is None,
        reason="gcloud, with which our lists are compared, is not on the PATH; it is no package of "
        "PyPI, npm or Debian",
    ),
    pytest.mark.timeout(300),
]

# gcloud knows no configurations of a whole project, and asks for backups of a database with
# `contains`, which finds those of a database with a longer name as well
LISTS = (
    ("--instance=main", "--type=DATABASE"),
    ("--instance=main", "--type=DATABASE_CREATE"),
    ("--instance=main", "--type=DATABASE_RESTORE"),
    ("--instance=main", "--type=DATABASE_UPDATE_DDL", "--database=orders"),
    ("--instance=main", "--type=BACKUP"),
    ("--instance=main", "--backup=nightly"),
    ("--instance=main", "--type=INSTANCE"),
    ("--instance=main", "--type=INSTANCE_PARTITION"),
    ("--instance-config=custom-mine", "--type=INSTANCE_CONFIG_UPDATE"),
)


@pytest.fixture
def gcloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Spanner]:
    """Return gcloud, aimed at an emulator in which there is every kind; ours finds it, too."""
    clock = ManualClock()
    with SpannerAdminEmulator(rest_port=0, clock=clock) as emulator:
        emulator.create_instance(every_kind.INSTANCE, config="nam6")
        emulator.create_database(every_kind.DATABASE)
        client = SpannerAdminClient(Endpoint(target=emulator.endpoint, plain_text=True))
        every_kind.populate(emulator, client, clock)
        client.close()
        monkeypatch.setenv("SPANNER_EMULATOR_HOST", emulator.endpoint)
        monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "test")
        yield spanner_of(emulator, tmp_path)


def ours(capsys: Capture, *flags: str) -> list[str]:
    """Return the names that our list prints."""
    assert 0 == main(["list", *flags, "-o", "name"])
    return sorted(capsys.readouterr().out.split())


@pytest.mark.slow
def test_lists_are_the_same(gcloud: Spanner, capsys: Capture) -> None:
    """The same flags list the same operations."""
    theirs = {
        flags: sorted(each["name"] for each in gcloud("operations", "list", *flags))
        for flags in LISTS
    }

    assert theirs == {flags: ours(capsys, *flags) for flags in LISTS}
    assert all(theirs.values())


@pytest.mark.slow
def test_types_are_the_same(gcloud: Spanner) -> None:
    """Every name of a type that gcloud knows is one of ours, and no other."""
    refused = gcloud("operations", "list", "--instance=main", "--type=NONE", fails=True)

    (named,) = re.findall(r"Valid choices are \[([A-Z_, ]+)\]", refused)
    assert sorted(TYPES) == sorted(named.split(", "))


@pytest.mark.slow
def test_one_operation_is_shown_alike(gcloud: Spanner, capsys: Capture) -> None:
    """An id with the flags of its resource is the same operation to both."""
    (started,) = ours(capsys, "--instance=main", "--backup=nightly")
    words = (started.rpartition("/")[2], "--instance=main", "--backup=nightly")

    theirs = gcloud("operations", "describe", *words)
    code = main(["describe", *words])

    shown = capsys.readouterr().out
    assert 0 == code
    assert theirs["done"] is True
    assert theirs["name"] in shown
    assert theirs["metadata"]["progress"]["startTime"][:19] in shown
