# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Other operations of an instance are shown to those whose Dags name it, with its connection."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from airflow.models.dag import DagModel
from sqlalchemy import update

from airflow_spanner_lro.airflow_internals import AirflowDatabaseError
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.reaper.bulk import RequestAllowance
from airflow_spanner_lro.web import other_operations
from airflow_spanner_lro.web.ledger.index import LedgerIndex
from airflow_spanner_lro.web.other_operations import KEPT_FOR, LookupRefusedError, OtherOperations
from tests.reaper.airflow_tables import back_up
from tests.reaper.harness import INSTANCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.reaper.harness import ReaperHarness

LISTS = (
    "ListOperations",
    "ListDatabaseOperations",
    "ListBackupOperations",
    "ListInstancePartitionOperations",
)


class Lookups:
    """Somebody who may read some Dags, and looks at instances."""

    def __init__(self, reaper: ReaperHarness) -> None:
        self.reaper = reaper
        self.seconds = 1000.0
        self.allowances: dict[Any, RequestAllowance] = {}
        self.others = OtherOperations(
            allowances=self.allowances, most=20, seconds=lambda: self.seconds
        )
        self.dags = {"nightly", "weekly"}

    def may_read(self, dag_id: str) -> bool:
        """Tell whether he may."""
        return dag_id in self.dags

    def instances(self) -> list[str]:
        """Return the instances that he may choose."""
        return [each["name"] for each in self.others.instances(self.may_read)["instances"]]

    def rows(self, instance: str = INSTANCE) -> dict[str, Any]:
        """Return what runs in one."""
        return self.others.operations(instance, self.may_read)

    @property
    def asked(self) -> int:
        """How many lists were asked for."""
        return len(self.reaper.emulator.calls.of(*LISTS))


@pytest.fixture
def lookups(reaper: ReaperHarness, monkeypatch: pytest.MonkeyPatch) -> Lookups:
    """Return somebody who looks, and whose task has a backup in its ledger."""
    from airflow_spanner_lro.web.ledger import index  # noqa: PLC0415  # after AIRFLOW_HOME

    made = LedgerIndex(seen=lambda *_: None)
    monkeypatch.setattr(index, "shared_index", lambda: made)
    reaper.orphan(state="deferred")
    as_processed(reaper)
    return Lookups(reaper)


def as_processed(reaper: ReaperHarness) -> None:
    """Say that all Dags are in files, as the dag-processor does."""
    reaper.tables.execute(update(DagModel).values(is_stale=False))


def written(lookups: Lookups, dag_id: str, **arguments: Any) -> None:
    """Write a Dag with one more task, whose ledger has an entry."""
    tables = lookups.reaper.tables
    author: Callable[[str], object] = lambda task_id: back_up(task_id, **arguments)  # noqa: E731
    scope = tables.add_task(dag_id=dag_id, task_id="one", author=author)
    tables.write(scope, lookups.reaper.entry(None))
    as_processed(lookups.reaper)


def test_what_runs_is_listed(lookups: Lookups) -> None:
    """Operations of the ledger are told from those that somebody else has started."""
    reaper, database = lookups.reaper, f"{INSTANCE}/databases/others"
    reaper.emulator.create_database(database)
    request = reaper.request("by-hand")
    request.backup.database = database
    mine = reaper.start_backup(request)
    found = lookups.rows()

    by_name = {each["operation"]: each for each in found["rows"]}
    assert 2 == len(by_name)
    assert {False, True} == {each["in_ledger"] for each in by_name.values()}
    assert False is by_name[str(mine)]["in_ledger"]
    assert ("RUNNING", "CreateBackup", "Create backup") == tuple(
        by_name[str(mine)][key] for key in ("state", "kind", "kind_title")
    )
    assert [] == found["problems"]
    assert found["complete"]
    assert 0 <= found["age_seconds"] < 60


def test_an_emulators_times_are_told_as_its_own(lookups: Lookups) -> None:
    """A list says that an emulator has answered, also one that is shown for want of requests."""
    found = [lookups.rows()]
    lookups.allowances.update(dict.fromkeys(lookups.allowances, RequestAllowance(most=0)))
    lookups.seconds += KEPT_FOR
    found.append(lookups.rows())

    assert [[], 1] == [found[0]["problems"], len(found[1]["problems"])]
    assert found[0]["emulated"] is not None
    assert found[0]["emulated"] == found[1]["emulated"]


def test_one_list_serves_all(lookups: Lookups) -> None:
    """Within half a minute nobody asks again; after that one does, for all."""
    for _ in range(20):
        lookups.rows()
    assert len(LISTS) == lookups.asked
    lookups.seconds += KEPT_FOR
    lookups.rows()
    assert 2 * len(LISTS) == lookups.asked


def test_only_what_a_readable_dag_names(lookups: Lookups) -> None:
    """Whoever may not read the Dag gets neither the name nor what runs there."""
    assert [INSTANCE] == lookups.instances()
    lookups.dags = {"weekly"}
    assert [] == lookups.instances()
    with pytest.raises(LookupRefusedError, match="You may not look at this instance"):
        lookups.rows()
    assert 0 == lookups.asked


@pytest.mark.parametrize(
    "instance",
    ["", "nonsense", "projects/test", f"{INSTANCE}/databases/orders", "projects/x/instances/main"],
)
def test_no_other_instance_by_its_name(lookups: Lookups, instance: str) -> None:
    """The address of the page chooses among what Dags name, and nothing else."""
    with pytest.raises(LookupRefusedError) as refused:
        lookups.rows(instance)
    assert "spanner-lro list" in refused.value.what_to_do
    assert 0 == lookups.asked


@pytest.mark.parametrize(
    "arguments",
    [
        {"gcp_conn_id": "{{ params.connection }}"},
        {"instance_id": "{{ params.instance }}"},
        {"project_id": "{{ params.project }}"},
        {"impersonation_chain": "{{ params.chain }}"},
        {"instance_id": "X"},
    ],
)
def test_templates_choose_nothing(lookups: Lookups, arguments: dict[str, str]) -> None:
    """What a template makes whoever triggers a run could choose; so it opens no instance."""
    lookups.dags = {"weekly"}
    written(lookups, "weekly", **arguments)
    assert [] == lookups.instances()


def test_dag_that_is_gone_opens_nothing(lookups: Lookups) -> None:
    """A Dag that is in no file any more vouches for nothing."""
    lookups.reaper.tables.execute(update(DagModel).values(is_stale=True))
    assert [] == lookups.instances()


def test_impersonation_is_the_tasks(lookups: Lookups) -> None:
    """A chain that the task names is used, one account or several."""
    lookups.dags = {"weekly"}
    written(lookups, "weekly", impersonation_chain="a@x.example", instance_id="other-one")
    assert ["projects/test/instances/other-one"] == lookups.instances()


def test_project_of_the_connection(lookups: Lookups, monkeypatch: pytest.MonkeyPatch) -> None:
    """A task that names no project works in that of its connection, which is asked once."""
    lookups.dags = {"weekly"}
    written(lookups, "weekly", project_id=None, instance_id="other-one")
    monkeypatch.delenv("GOOGLE_CLOUD_PROJECT", raising=False)
    found = lookups.others.instances(lookups.may_read)
    assert [] == found["instances"]
    assert "Connection google_cloud_default cannot be used from this api-server" in str(found)
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "own")
    assert ["projects/own/instances/other-one"] == lookups.instances()


def test_refused_list_hides_no_other(lookups: Lookups) -> None:
    """A permission that is missing is told in its place; what may be listed is shown."""
    lookups.reaper.emulator.faults.fail(
        method="ListInstancePartitionOperations", code=Code.PERMISSION_DENIED, times=1
    )
    found = lookups.rows()
    assert 1 == len(found["rows"])
    (problem,) = found["problems"]
    assert problem.startswith("What runs on its partitions cannot be listed: ")


def test_connection_that_cannot_be_used_is_told(
    lookups: Lookups, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the api-server may not use the connection the page says so, and goes on."""
    monkeypatch.setenv("AIRFLOW__SPANNER_LRO__ALLOW_EMULATOR", "False")
    found = lookups.rows()
    assert [] == found["rows"]
    # which is not to say that nothing runs
    assert not found["complete"]
    assert "cannot be used from this api-server" in found["problems"][0]


@pytest.mark.parametrize("first", [0, 1])
def test_connection_that_can_be_used_is_used(
    lookups: Lookups, monkeypatch: pytest.MonkeyPatch, first: int
) -> None:
    """An instance that two Dags name is listed by whichever of their connections is there."""
    project = INSTANCE.split("/")[1]
    written(lookups, "weekly", project_id=project, gcp_conn_id="partner_cloud")
    ways = sorted(lookups.others._all_ways(), key=lambda each: each.connection_spec.gcp_conn_id)
    ordered = (ways[first], ways[1 - first])
    monkeypatch.setattr(lookups.others, "_all_ways", lambda: ordered)

    found = lookups.rows()

    assert 1 == len(found["rows"])
    assert found["complete"]


def test_budget_is_kept(lookups: Lookups) -> None:
    """Without requests left for pages the last list is shown, with its age."""
    (spec,) = {way.connection_spec for way in lookups.others._all_ways()}
    lookups.allowances[spec] = RequestAllowance(most=len(LISTS) - 1)
    assert ([], 1) == (lookups.rows()["rows"], len(lookups.rows()["problems"]))
    lookups.allowances[spec] = RequestAllowance(most=len(LISTS))
    assert 1 == len(lookups.rows()["rows"])
    lookups.seconds += KEPT_FOR
    later = lookups.rows()
    assert 1 == len(later["rows"])
    assert "the requests of this connection for pages are used up" in later["problems"][0]
    assert len(LISTS) == lookups.asked


def test_who_comes_meanwhile_has_the_last_list(lookups: Lookups) -> None:
    """While one asks, another one is answered from before."""
    lookups.rows()
    lookups.seconds += KEPT_FOR
    begun, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        begun.set()
        assert go_on.wait(20)

    lookups.reaper.upon("ListOperations", hold)
    asking = threading.Thread(target=lookups.rows)
    asking.start()
    assert begun.wait(20)
    assert 1 == len(lookups.rows()["rows"])
    go_on.set()
    asking.join(20)


def test_ledger_that_cannot_be_read_is_none(
    lookups: Lookups, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the database nothing is known to be in the ledger."""
    lookups.rows()

    def away(_: object) -> None:
        message = "gone"
        raise AirflowDatabaseError(message)

    monkeypatch.setattr(LedgerIndex, "view", away)
    assert frozenset() == other_operations._in_ledger()
