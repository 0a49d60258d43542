# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""How hypothesis draws each of the core's values."""

from __future__ import annotations

from datetime import UTC, timedelta, timezone
from string import ascii_letters, ascii_lowercase, digits
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from airflow_spanner_lro.core.connection import ConnectionSpec
from airflow_spanner_lro.core.kinds import KINDS
from airflow_spanner_lro.core.ledger.entry import LedgerEntry
from airflow_spanner_lro.core.ledger.evidence import Evidence
from airflow_spanner_lro.core.names import (
    BackupName,
    DatabaseName,
    InstanceConfigName,
    InstanceName,
    InstancePartitionName,
    OperationName,
    ProjectName,
    ResourceName,
    SsdCacheName,
)
from airflow_spanner_lro.core.operations.outcome import WaitOutcome
from airflow_spanner_lro.core.operations.schema_change import StatementRecord
from airflow_spanner_lro.core.operations.settlement import Ending, Settlement
from airflow_spanner_lro.core.operations.snapshot import (
    FollowUp,
    OperationError,
    OperationSnapshot,
    OperationState,
    StatementProgress,
)
from airflow_spanner_lro.core.status import Code

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo


def _ids(first: str, middle: str, last: str, *, longest: int) -> st.SearchStrategy[str]:
    """Draw an id of at least two characters."""
    return st.builds(
        "{}{}{}".format,
        st.sampled_from(first),
        st.text(middle, max_size=longest - 2),
        st.sampled_from(last),
    )


_LOWER = ascii_lowercase + digits
_projects = _ids(_LOWER, _LOWER + ".:_-", _LOWER, longest=30)
_instances = _ids(ascii_lowercase, _LOWER + "-", _LOWER, longest=64)
_caches = _ids(_LOWER, _LOWER + "_-", _LOWER, longest=40)
_operations = _ids(ascii_letters + digits + "_", ascii_letters + digits + "_.-", _LOWER, longest=40)

_zones: st.SearchStrategy[tzinfo] = st.just(UTC) | st.integers(-12, 14).map(
    lambda hours: timezone(timedelta(hours=hours))
)
moments = st.datetimes(timezones=_zones)
percents = st.integers(0, 100)
codes = st.sampled_from(Code)
kinds = st.sampled_from(KINDS)

project_names = st.builds(ProjectName, project=_projects)
instance_names = st.builds(InstanceName, project=_projects, instance=_instances)
database_names = st.builds(
    DatabaseName,
    project=_projects,
    instance=_instances,
    database=_ids(ascii_lowercase, _LOWER + "_-", _LOWER, longest=30),
)
backup_names = st.builds(
    BackupName,
    project=_projects,
    instance=_instances,
    backup=_ids(ascii_lowercase, _LOWER + "_-", _LOWER, longest=60),
)
partition_names = st.builds(
    InstancePartitionName, project=_projects, instance=_instances, partition=_instances
)
config_names = st.builds(InstanceConfigName, project=_projects, config=_instances)
cache_names = st.builds(SsdCacheName, project=_projects, config=_instances, ssd_cache=_caches)

operation_parents: st.SearchStrategy[ResourceName] = st.one_of(
    instance_names, database_names, backup_names, partition_names, config_names, cache_names
)
resource_names: st.SearchStrategy[ResourceName] = project_names | operation_parents
operation_names = st.builds(OperationName, resource=operation_parents, operation=_operations)

snapshots = st.builds(
    OperationSnapshot,
    name=operation_names,
    state=st.sampled_from(OperationState),
    kind=st.none() | kinds,
    percent=st.none() | percents,
    start_time=st.none() | moments,
    end_time=st.none() | moments,
    cancel_time=st.none() | moments,
    error=st.none() | st.builds(OperationError, code=codes, message=st.text()),
    statements=st.lists(
        st.builds(
            StatementProgress, label=st.text(), percent=percents, committed=st.none() | moments
        ),
        max_size=3,
    ).map(tuple),
    throttled=st.booleans(),
    follow_up=st.none() | operation_names,
)
settlements = st.builds(
    Settlement,
    name=operation_names,
    ending=st.sampled_from(Ending),
    snapshot=st.none() | snapshots,
    detail=st.text(),
    code=st.none() | codes,
    left_behind=st.text(),
    cleaned_up=st.none() | resource_names.map(str),
)
outcomes = st.builds(
    WaitOutcome,
    name=operation_names,
    snapshot=st.none() | snapshots,
    settlement=st.none() | settlements,
)
_short_texts = st.text(max_size=500)
connection_specs = st.builds(
    ConnectionSpec,
    gcp_conn_id=_short_texts,
    impersonation_chain=st.lists(_short_texts, max_size=3).map(tuple),
    endpoint=st.sampled_from([None, "", "spanner.example:443", "http://localhost:9010"]),
)
statements = st.builds(StatementRecord, digest=_short_texts, committed=st.none() | moments)
_targets: dict[type[ResourceName], st.SearchStrategy[Any]] = {
    InstanceName: instance_names,
    DatabaseName: database_names,
    BackupName: backup_names,
    InstancePartitionName: partition_names,
    InstanceConfigName: config_names,
}


@st.composite
def _entries(draw: Callable[..., Any]) -> LedgerEntry:
    """Draw an entry whose parts agree: a target of its kind, and operations of that target."""
    kind = draw(kinds)
    target = draw(_targets[kind.target])
    names = st.builds(OperationName, resource=st.just(target), operation=_operations)
    operation = draw(st.none() | names)
    return LedgerEntry(
        kind=kind,
        target=target,
        fingerprint=draw(_short_texts),
        intended=draw(moments),
        try_number=draw(st.integers(1, 100)),
        connection_spec=draw(connection_specs),
        deadline=draw(st.none() | moments),
        operation=operation,
        closed=draw(st.booleans()),
        statements=tuple(draw(st.lists(statements, max_size=3))),
        carried=draw(st.integers(0, 3)),
        follow_up=draw(st.none() | st.builds(FollowUp, name=names, ours=st.booleans())),
        cleans_up=draw(st.booleans()),
        exempt=draw(st.booleans()),
        stopping=draw(st.none() | moments),
        ending=draw(st.none() | st.sampled_from(Ending)),
        adopted=draw(st.none() | moments),
        evidence=draw(st.sampled_from(Evidence)) if operation else None,
        asked=draw(st.dictionaries(_short_texts, _short_texts, max_size=3)),
        signed=draw(st.booleans()),
        before=draw(st.none() | st.lists(_short_texts, max_size=3).map(tuple)),
        unanswered=draw(st.none() | moments),
        left=draw(st.booleans()),
        deployment=draw(_short_texts),
    )


entries = _entries()
