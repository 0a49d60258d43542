# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""All that is known of one operation, as the page gets it: stages, statements, tries, commands.

Pure: what the ledger says, and what a poller saw last. The texts of statements are Spanner's, from
what was seen: the ledger remembers digests only.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.text import count_of
from airflow_spanner_lro.reaper.records import shown
from airflow_spanner_lro.web.actions.allowed import may_delete
from airflow_spanner_lro.web.ledger.rows import EVIDENCE, iso, plain, row

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from datetime import datetime

    from airflow_spanner_lro.airflow_internals.task_instances import PastTry
    from airflow_spanner_lro.core.ledger.entry import LedgerEntry
    from airflow_spanner_lro.core.operations.snapshot import StatementProgress
    from airflow_spanner_lro.core.polling.seen import SeenOperation
    from airflow_spanner_lro.web.ledger.listed import ListedOperation

_MOST_STATEMENTS = 1000
_COMPLETE = 100
_UNKNOWN_LINES = (
    "Look after its operation yourself, then delete the key {key} from the task's state store."
)


def detail(
    listed: ListedOperation,
    *,
    of_task: Iterable[ListedOperation],
    tries: Iterable[PastTry],
    actionable: Collection[str],
    deletable: Collection[str],
) -> dict[str, Any]:
    """Return all that is known of an operation as JSON values.

    :param of_task: all lines of its task instance
    :param tries: all tries of its task instance
    :param actionable: the Dags whose operations whoever asks may cancel
    :param deletable: those whose finished operations he may delete
    """
    spec = listed.connection_spec
    entry, seen = listed.entry, listed.seen
    statements = list(_statements(entry, seen))
    return {
        **row(listed, actionable=actionable),
        "stages": [*_stages(listed, entry)] if entry else [],
        "statements": statements[:_MOST_STATEMENTS],
        "log_line": {"at": iso(seen.line.at), "text": plain(seen.line.text)}
        if seen and seen.line
        else None,
        "commands": [*_commands(listed)],
        "connection": shown(spec.gcp_conn_id) if spec else None,
        "may_delete": listed.dag_id in deletable and entry is not None and may_delete(entry),
        "tries": tries_of(of_task, tries),
        "problems": [*_problems(listed, number=len(statements))],
    }


def tries_of(of_task: Iterable[ListedOperation], tries: Iterable[PastTry]) -> list[dict[str, Any]]:
    """Return all tries of a task instance and the operations that they own, the latest first."""
    operations: dict[int, list[str]] = {}
    for each in of_task:
        if each.operation and each.try_number is not None:
            operations.setdefault(each.try_number, []).append(each.operation)
    return [
        {
            "try_number": each.try_number,
            "operation": name,
            "state": each.state or "none",
            "started": iso(each.started),
            "ended": iso(each.ended),
        }
        for each in sorted(tries, key=lambda each: -each.try_number)
        for name in operations.get(each.try_number, [None])
    ]


def _stages(listed: ListedOperation, entry: LedgerEntry) -> Iterator[dict[str, Any]]:
    """Yield what has happened to an operation, the first thing first, as far as it is known."""
    seen, known = listed.seen, listed.known
    yield _stage("intended", "Its start was written down, before the call.", entry.intended)
    if entry.unanswered:
        yield _stage("unanswered", "The wait for an answer had ended.", entry.unanswered)
    emulated = " (emulated time)" if seen and seen.emulated else ""
    if entry.operation:
        evidence = EVIDENCE[entry.evidence] if entry.evidence else ""
        began = seen.start_time if seen else None
        yield _stage("started", f"Was started. {evidence}".strip() + emulated, began)
    if entry.follow_up:
        whose = "its task" if entry.follow_up.ours else "Spanner"
        yield _stage("follow_up", f"It was done, and {whose} goes on: {entry.follow_up.name}", None)
    if entry.adopted:
        yield _stage("adopted", f"Try {entry.try_number} took it up.", entry.adopted)
    if entry.stopping:
        by = f" by {shown(entry.cancelled_by)}" if entry.cancelled_by else ""
        yield _stage("stopping", f"Its cancel was decided{by}.", entry.stopping)
    if seen and seen.cancel_time:
        yield _stage("cancelling", f"Its cancel took hold.{emulated}", seen.cancel_time)
    if seen and seen.done:
        yield _stage("ended", f"{listed.shown.text}{emulated}", seen.end_time or seen.seen)
    if entry.closed:
        left = "It was left running, and nobody watches it any more."
        text = left if entry.left else "Its outcome was delivered, or nothing of it goes on."
        yield _stage("closed", text, known.written if known else None)


def _stage(name: str, text: str, at: datetime | None) -> dict[str, Any]:
    return {"name": name, "text": text, "at": iso(at)}


def _statements(entry: LedgerEntry | None, seen: SeenOperation | None) -> Iterator[dict[str, Any]]:
    """Yield each statement of a schema change, also those that earlier tries have committed."""
    progress = seen.statements if seen else ()
    records = entry.statements if entry else ()
    carried = entry.carried if entry else 0
    running = not (seen and seen.done) and not (entry and entry.closed)
    for number in range(max(len(records), carried + len(progress))):
        own = progress[number - carried] if 0 <= number - carried < len(progress) else None
        recorded = records[number].committed if number < len(records) else None
        committed = recorded or (own.committed if own else None)
        state = "committed" if committed else ("running" if running else "waiting")
        # Spanner runs them one after the other
        running = running and committed is not None
        yield {
            "text": _text(own, number=number, carried=carried),
            "percent": _COMPLETE if committed else (own.percent if own else None),
            "state": state,
            "started": None,
            "committed": iso(committed),
        }


def _text(own: StatementProgress | None, *, number: int, carried: int) -> str:
    if own is not None:
        return plain(own.label)
    by = " (committed by an earlier try)" if number < carried else ""
    return f"Statement {number + 1}{by}"


def _commands(listed: ListedOperation) -> Iterator[dict[str, str]]:
    """Yield what does the same at a command line; what comes from the entry is quoted."""
    if listed.operation is None:
        return
    spec = listed.connection_spec
    given = [f"--gcp-conn-id={plain(spec.gcp_conn_id)}"] if spec else []
    if spec and spec.impersonation_chain:
        given.append(f"--impersonation-chain={plain(','.join(spec.impersonation_chain))}")
    verbs = [("Describe", "describe")]
    if listed.ended is None and not listed.shown.ended:
        verbs += [("Wait for it", "wait"), ("Cancel", "cancel")]
    for title, verb in verbs:
        parts = ("airflow", "spanner-lro", verb, listed.operation, *given)
        yield {"title": title, "text": shlex.join(parts)}


def _problems(listed: ListedOperation, *, number: int) -> Iterator[str]:
    known = listed.known
    if known is not None and known.row.entry is None:
        yield _UNKNOWN_LINES.format(key=shown(known.row.stored.key))
    if number > _MOST_STATEMENTS:
        yield f"Shown are the first {_MOST_STATEMENTS} of {count_of(number, 'statement')}."
    if listed.operation and listed.seen is None and listed.ended is None:
        yield "No poller has told yet how far it is."
