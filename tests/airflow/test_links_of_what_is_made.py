# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What a task is still to make has no page of the console; each kind leads to one that is known."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_spanner_lro.core.kinds import CREATE_DATABASE, CREATE_INSTANCE, KINDS
from airflow_spanner_lro.core.links import console_url
from airflow_spanner_lro.core.names import (
    BackupName,
    BackupScheduleName,
    DatabaseName,
    InstanceConfigName,
    InstanceName,
    InstancePartitionName,
    OperationName,
    parse_one_of,
    parse_resource,
)
from airflow_spanner_lro.links import LINKS, written_once
from tests.airflow.console_pages import (
    BACKUPS_PAGE,
    CONSOLE,
    DATABASE_PAGE,
    INSTANCE_PAGE,
    FakeHook,
)
from tests.airflow.fakes import BACKUP, DATABASE, INSTANCE, FakeTaskInstance


class MakesDatabase:
    """An operator that makes a database, of which only links matter here."""

    kind = CREATE_DATABASE
    target = parse_resource(DATABASE)

    def __init__(self, **attributes: Any) -> None:
        self.hook = FakeHook()
        self.begun = OperationName.parse(f"{DATABASE}/operations/_auto_op_1")
        self.operator_extra_links: Any = LINKS
        vars(self).update(attributes)


def shown(operator: Any) -> dict[str, str]:
    """Return the links that Airflow writes when the process ends."""
    return {
        each.name: each.get_link(operator, ti_key=FakeTaskInstance())
        for each in operator.operator_extra_links
    }


def test_what_is_not_made_yet_is_shown_by_what_holds_it() -> None:
    """A database whose creation was cancelled has no page; its instance lists those there are."""
    operator: Any = MakesDatabase()

    with pytest.raises(RuntimeError), written_once(operator):
        raise RuntimeError

    assert {"Spanner operation": INSTANCE_PAGE, "Spanner instance": INSTANCE_PAGE} == shown(
        operator
    )


def test_what_is_made_is_shown_itself() -> None:
    """Once the task has succeeded there is a database to look at."""
    operator: Any = MakesDatabase()

    with written_once(operator):
        pass

    assert {
        "Spanner operation": DATABASE_PAGE,
        "Spanner database": DATABASE_PAGE,
        "Spanner instance": INSTANCE_PAGE,
    } == shown(operator)


def test_what_was_made_meanwhile_is_news_after_a_deferral() -> None:
    """The process before could not show it."""
    operator: Any = MakesDatabase(begun=None)

    with written_once(operator, resumed=True):
        pass

    assert {"Spanner database": DATABASE_PAGE} == shown(operator)


def test_what_is_only_started_has_no_page() -> None:
    """A task that does not wait knows of no database yet."""
    operator: Any = MakesDatabase(wait_for_completion=False)

    with written_once(operator):
        pass

    assert "Spanner database" not in shown(operator)


def test_an_instance_that_is_made_is_among_the_others() -> None:
    """Until then the console's list of all instances is what can be shown."""
    name = parse_resource(INSTANCE)
    operator: Any = MakesDatabase(
        kind=CREATE_INSTANCE,
        target=name,
        begun=OperationName.parse(f"{INSTANCE}/operations/_auto_op_1"),
    )

    with pytest.raises(RuntimeError), written_once(operator):
        raise RuntimeError

    assert {"Spanner operation": f"{CONSOLE}?project=test"} == shown(operator)


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        pytest.param(f"{DATABASE}/backupSchedules/daily", DATABASE_PAGE, id="schedule"),
        pytest.param(f"{INSTANCE}/instancePartitions/pp", INSTANCE_PAGE, id="partition"),
        pytest.param(
            "projects/test/instanceConfigs/custom-c", f"{CONSOLE}?project=test", id="config"
        ),
    ],
)
def test_what_has_no_page_is_shown_by_the_nearest_that_has(resource: str, expected: str) -> None:
    """No page of the console is made up."""
    types = (BackupScheduleName, InstancePartitionName, InstanceConfigName)

    assert expected == console_url(parse_one_of(resource, types))


def test_each_kind_leads_to_a_page_that_is_known() -> None:
    """Whatever an operation works on, its link is of one of the console's four known forms."""
    targets = {
        BackupName: BACKUPS_PAGE,
        DatabaseName: DATABASE_PAGE,
        InstanceName: INSTANCE_PAGE,
        InstancePartitionName: INSTANCE_PAGE,
        InstanceConfigName: f"{CONSOLE}?project=test",
    }
    examples = {
        BackupName: BACKUP,
        DatabaseName: DATABASE,
        InstanceName: INSTANCE,
        InstancePartitionName: f"{INSTANCE}/instancePartitions/pp",
        InstanceConfigName: "projects/test/instanceConfigs/custom-c",
    }

    for kind in KINDS:
        assert targets[kind.target] == console_url(parse_resource(examples[kind.target])), kind
