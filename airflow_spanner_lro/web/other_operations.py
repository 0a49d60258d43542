# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The operations that run in an instance, whoever has started them: to look at only.

An instance can be looked at through a connection if a task names both, literally, in a Dag that the
viewer may read, as the dag-processor has written it. A ledger entry, an XCom, a rendered field and
the address of the page choose neither: whoever may edit a task could write them. So a viewer sees
what the author of a Dag that is open to him could have shown him.

There is one list of each kind for an instance and a connection, kept for half a minute for all
viewers, within the requests that the connection may send for pages.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.airflow_internals import AirflowDatabaseError
from airflow_spanner_lro.core.connection import ConnectionSpec
from airflow_spanner_lro.core.errors import InvalidNameError, SpannerLroError
from airflow_spanner_lro.core.ledger.authority import CHAIN, CONNECTION, PROJECT
from airflow_spanner_lro.core.lists.queries import ListCall, OperationQuery
from airflow_spanner_lro.core.names import InstanceName, parse_resource
from airflow_spanner_lro.core.text import escape_unprintable, shorten, to_iso_text

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from airflow_spanner_lro.core.ledger.authority import AuthoredTask
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot
    from airflow_spanner_lro.core.polling.seen import Emulated
    from airflow_spanner_lro.reaper.authority import Allowances

KEPT_FOR = 30.0
"""Seconds for which a list is shown to all."""
_WAYS_KEPT_FOR = 60.0
_FORGOTTEN_AFTER = 600.0
_INSTANCE = "instance_id"
_TIMEOUT = 10.0
_CALLS = {
    ListCall.OF_RESOURCE: "the instance itself",
    ListCall.OF_DATABASES: "its databases",
    ListCall.OF_BACKUPS: "its backups",
    ListCall.OF_PARTITIONS: "its partitions",
}


class LookupRefusedError(SpannerLroError):
    """An instance may not be looked at from here.

    :param title: what is wrong
    :param what_to_do: what to do about it
    """

    def __init__(self, title: str, *, what_to_do: str = "") -> None:
        super().__init__(f"{title} {what_to_do}".strip())
        self.title = title
        self.what_to_do = what_to_do


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """An instance and a connection that a task names.

    :param project: None for that of the connection
    """

    dag_id: str
    project: str | None
    instance_id: str
    connection_spec: ConnectionSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listed:
    at: float
    seen: datetime
    operations: tuple[OperationSnapshot, ...]
    problems: tuple[str, ...]
    emulated: Emulated | None = None
    usable: bool = True
    """Whether the connection could be used at all."""


class OtherOperations:
    """Lists what runs in instances, for all viewers of this process.

    :param allowances: how many requests each connection has sent for pages
    :param most: requests that a connection may send in a hundred seconds
    """

    def __init__(
        self,
        *,
        allowances: Allowances,
        most: int,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._allowances = allowances
        self._most = most
        self._seconds = seconds
        self._reading = threading.Lock()
        self._listing = threading.Lock()
        self._ways: tuple[float, tuple[_Way, ...]] | None = None
        self._projects: dict[ConnectionSpec, str] = {}
        self._lists: dict[tuple[InstanceName, ConnectionSpec], _Listed] = {}

    def instances(self, may_read: Callable[[str], bool]) -> dict[str, Any]:
        """Return the instances that somebody may look at.

        :param may_read: tells of which Dags he may see task instances
        """
        problems: list[str] = []
        found = self._readable(may_read, problems)
        return {
            "instances": [
                {"name": str(instance), "connection": specs[0].gcp_conn_id, "may_ask": True}
                for instance, specs in sorted(found.items(), key=lambda item: str(item[0]))
            ],
            "problems": problems,
        }

    def operations(self, instance: str, may_read: Callable[[str], bool]) -> dict[str, Any]:
        """Return the operations that run in an instance.

        :raises LookupRefusedError: if he may not look at it
        """
        problems: list[str] = []
        readable = self._readable(may_read, problems)
        specs = readable.get(name) if (name := _instance(instance)) else None
        if name is None or specs is None:
            raise LookupRefusedError(
                "You may not look at this instance here: no task of a Dag that you may read names "
                "it literally, with its connection.",
                what_to_do="Choose one from the list, or use `spanner-lro list` with your own "
                "credentials.",
            )
        listed = self._list_by_any(name, specs, problems)
        ledger = _in_ledger()
        return {
            "seen": to_iso_text(listed.seen),
            "age_seconds": round((datetime.now(tz=UTC) - listed.seen).total_seconds(), 1),
            # then the times of the rows are the emulator's own
            "emulated": {"time_scale": listed.emulated.time_scale} if listed.emulated else None,
            "rows": [_row(each, in_ledger=str(each.name) in ledger) for each in listed.operations],
            # otherwise more may run than the rows show
            "complete": not listed.problems,
            "problems": [*problems, *listed.problems],
        }

    # who may look where

    def _readable(
        self, may_read: Callable[[str], bool], problems: list[str]
    ) -> dict[InstanceName, list[ConnectionSpec]]:
        """Return the instances that a viewer may look at, each with all ways to it."""
        found: dict[InstanceName, list[ConnectionSpec]] = {}
        known: dict[str, bool] = {}
        for way in self._all_ways():
            if way.dag_id not in known:
                known[way.dag_id] = may_read(way.dag_id)
            if not known[way.dag_id]:
                continue
            project = way.project or self._project_of(way.connection_spec, problems)
            if project is None:
                continue
            try:
                instance = InstanceName(project=project, instance=way.instance_id)
            except InvalidNameError:
                continue
            specs = found.setdefault(instance, [])
            if way.connection_spec not in specs:
                specs.append(way.connection_spec)
        return found

    def _all_ways(self) -> tuple[_Way, ...]:
        at = self._seconds()
        with self._reading:
            if self._ways is None or at - self._ways[0] >= _WAYS_KEPT_FOR:
                from airflow_spanner_lro.airflow_internals.dags import (  # noqa: PLC0415
                    newest_tasks,
                )

                tasks = newest_tasks(_dag_ids_of_ledger())
                self._ways = at, tuple(_ways(tasks))
            return self._ways[1]

    def _project_of(self, spec: ConnectionSpec, problems: list[str]) -> str | None:
        """Return the connection's own project, for tasks that name none."""
        if spec not in self._projects:
            from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook  # noqa: PLC0415

            try:
                self._projects[spec] = SpannerAdminHook.from_connection(spec).project_id
            except Exception as exc:  # noqa: BLE001  # whatever code a connection names reads its key
                problems.append(_unusable(spec, exc))
                return None
        return self._projects[spec]

    # what runs there

    def _list_by_any(
        self, instance: InstanceName, specs: list[ConnectionSpec], problems: list[str]
    ) -> _Listed:
        """Return what the first connection lists that can be used; the last one's trouble if none.

        :param problems: gets what is wrong with those before
        """
        *others, last = specs
        for spec in others:
            listed = self._list(instance, spec)
            if listed.usable:
                return listed
            problems += (each for each in listed.problems if each not in problems)
        return self._list(instance, last)

    def _list(self, instance: InstanceName, spec: ConnectionSpec) -> _Listed:
        key = instance, spec
        kept = self._lists.get(key)
        if kept is not None and self._seconds() - kept.at < KEPT_FOR:
            return kept
        # one asks at a time; whoever comes meanwhile has what was listed before, if anything was
        if not self._listing.acquire(blocking=kept is None) and kept is not None:
            return kept
        try:
            kept, at = self._lists.get(key), self._seconds()
            if kept is None or at - kept.at >= KEPT_FOR:
                kept = self._ask(instance, spec, at=at, kept=kept)
                self._lists = {**self._young(at), key: kept}
            return kept
        finally:
            self._listing.release()

    def _young(self, at: float) -> dict[tuple[InstanceName, ConnectionSpec], _Listed]:
        return {key: each for key, each in self._lists.items() if at - each.at < _FORGOTTEN_AFTER}

    def _ask(
        self, instance: InstanceName, spec: ConnectionSpec, *, at: float, kept: _Listed | None
    ) -> _Listed:
        from airflow_spanner_lro.admin.clock import StoppableClock  # noqa: PLC0415  # loads gRPC
        from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook  # noqa: PLC0415
        from airflow_spanner_lro.reaper.bulk import (  # noqa: PLC0415  # the same
            RateLimitedClient,
            RequestAllowance,
        )

        allowance = self._allowances.setdefault(spec, RequestAllowance(most=self._most))
        seen = datetime.now(tz=UTC)
        found: list[OperationSnapshot] = []
        if allowance.room < len(_CALLS):
            why = "Not listed just now: the requests of this connection for pages are used up."
            return _Listed(
                # asked for again as soon as somebody looks
                at=at - KEPT_FOR,
                seen=kept.seen if kept else seen,
                operations=kept.operations if kept else (),
                problems=(why,),
                emulated=kept.emulated if kept else None,
            )
        problems: list[str] = []
        try:
            hook = SpannerAdminHook.from_connection(spec)
            client = RateLimitedClient(hook.client, allowance=allowance, clock=StoppableClock())
        except Exception as exc:  # noqa: BLE001  # as above
            why = _unusable(spec, exc)
            return _Listed(at=at, seen=seen, operations=(), problems=(why,), usable=False)
        try:
            for call, what in _CALLS.items():
                query = OperationQuery(call=call, parent=instance, pending=True)
                try:
                    found += client.query_operations(query=query, timeout=_TIMEOUT)
                except Exception as exc:  # noqa: BLE001  # one list that is refused hides no other
                    from airflow_spanner_lro.core.status import error_text  # noqa: PLC0415

                    text = escape_unprintable(error_text(exc))
                    problems.append(f"What runs on {what} cannot be listed: {text}.")
        finally:
            client.close()
        operations = {each.name: each for each in found}
        return _Listed(
            at=at,
            seen=seen,
            operations=tuple(operations.values()),
            problems=tuple(problems),
            emulated=client.emulated,
        )


def _ways(tasks: Mapping[str, Collection[AuthoredTask]]) -> Iterator[_Way]:
    """Yield which instance and connection tasks name, where both are literals."""
    for dag_id, authored in tasks.items():
        for task in authored:
            if not all(map(task.literal, (CONNECTION, CHAIN, PROJECT, _INSTANCE))):
                continue
            instance_id, project = task.written[_INSTANCE], task.written[PROJECT]
            if not isinstance(instance_id, str):
                continue
            chain = task.written[CHAIN] or ()
            yield _Way(
                dag_id=dag_id,
                project=str(project) if project else None,
                instance_id=instance_id,
                connection_spec=ConnectionSpec(
                    gcp_conn_id=str(task.written[CONNECTION]),
                    impersonation_chain=(chain,) if isinstance(chain, str) else tuple(chain),  # type: ignore[arg-type]  # a literal is no more than that
                    endpoint=None,
                ),
            )


def _instance(text: str) -> InstanceName | None:
    try:
        found = parse_resource(text)
    except InvalidNameError:
        return None
    return found if type(found) is InstanceName else None


def _dag_ids_of_ledger() -> frozenset[str]:
    from airflow_spanner_lro.web.ledger.index import shared_index  # noqa: PLC0415  # heavy

    return shared_index().view().dag_ids


def _in_ledger() -> frozenset[str]:
    from airflow_spanner_lro.web.ledger.index import shared_index  # noqa: PLC0415  # heavy

    try:
        lines = shared_index().view().lines
    except AirflowDatabaseError:
        return frozenset()
    return frozenset(
        str(name) for line in lines if line.entry is not None for name in line.entry.operations
    )


def _row(snapshot: OperationSnapshot, *, in_ledger: bool) -> dict[str, Any]:
    return {
        "operation": str(snapshot.name),
        "kind": snapshot.kind.name if snapshot.kind else None,
        "kind_title": snapshot.title,
        "resource": str(snapshot.name.resource),
        "state": snapshot.state.value,
        "percent": snapshot.percent,
        "started": to_iso_text(snapshot.start_time),
        "ended": to_iso_text(snapshot.end_time),
        "in_ledger": in_ledger,
    }


def _unusable(spec: ConnectionSpec, exc: Exception) -> str:
    from airflow_spanner_lro.core.status import error_text  # noqa: PLC0415  # loads gRPC's codes

    name = shorten(escape_unprintable(spec.gcp_conn_id))
    text = escape_unprintable(error_text(exc)).rstrip(".")
    return f"Connection {name} cannot be used from this api-server: {text}."
