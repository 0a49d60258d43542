# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What an action is about, whether this person may do it, and by which way: then only, what to do.

The number of a row is easily guessed. So what a person may not see is to them as if it were not
there, and what they may see and not change is refused, which the audit log gets.

Beyond that an entry is only a claim. The client that an action gets is the one that the task's own
Dag vouches for, and what Spanner says is held against the entry, as the reaper does it.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.airflow_internals import AirflowDatabaseError
from airflow_spanner_lro.airflow_internals.auth_manager import write_audit_log
from airflow_spanner_lro.core.ledger.authority import Refusal
from airflow_spanner_lro.core.status import Code, code_of, error_text
from airflow_spanner_lro.reaper.authority import CALL_ERRORS, AuthorisedClients
from airflow_spanner_lro.reaper.inspection import inspect, named_by
from airflow_spanner_lro.reaper.records import COPIED_DATABASE, is_ours, rows_numbered, shown
from airflow_spanner_lro.web.actions.allowed import plan_of, whose
from airflow_spanner_lro.web.problems import ProblemError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_spanner_lro.admin.clock import StoppableClock
    from airflow_spanner_lro.core.ledger.entry import LedgerEntry
    from airflow_spanner_lro.core.names import OperationName
    from airflow_spanner_lro.reaper.bulk import RateLimitedClient
    from airflow_spanner_lro.reaper.inspection import Inspection
    from airflow_spanner_lro.reaper.records import LedgerRow
    from airflow_spanner_lro.web.rights import Rights

log = logging.getLogger(__name__)

_LARGEST = 2**31 - 1
"""What a number of a row can be, in every database of Airflow's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A ledger entry that a person acts on.

    :param row: as it was when the request came
    """

    row: LedgerRow
    entry: LedgerEntry
    rights: Rights

    @property
    def dag_id(self) -> str:
        """Whose rights count."""
        return self.row.stored.dag_id

    @property
    def name(self) -> OperationName:
        """The operation that the task waits for last; there must be one."""
        waited_for = self.entry.waited_for
        assert waited_for is not None  # noqa: S101  # whoever asks has looked
        return waited_for.name

    @property
    def plan(self) -> str:
        """A digest of what a person is told beforehand."""
        return plan_of(self.row, self.entry)

    @property
    def whose(self) -> str:
        """Whose operation it is, in a sentence."""
        return whose(self.row, self.entry)

    def require(self, *, confirm: str, plan: str) -> None:
        """Make sure that a person has been told what is the case, and means this operation.

        :raises ProblemError: if not
        """
        if confirm != self.entry.target.resource_id:
            raise ProblemError(
                400, f"Nothing was done: type {self.entry.target.resource_id} to confirm."
            )
        if plan != self.plan:
            raise ProblemError(
                409, "Nothing was done: operation or task have changed since this was shown."
            )

    def audit(self, event: str, **extra: Any) -> None:
        """Write into Airflow's audit log what this person does.

        :raises AirflowDatabaseError: if it cannot be written
        """
        waited_for = self.entry.waited_for
        about = str(waited_for.name) if waited_for else str(self.entry.target)
        name = self.rights.user_name
        write_audit_log(
            event,
            user_id=name,
            user_name=name,
            about=self.row.stored,
            extra={"operation": about, **extra},
        )

    @contextmanager
    def auditing(self, event: str) -> Iterator[None]:
        """Let the audit log have refusals and troubles of an action as well."""
        try:
            yield
        except ProblemError as exc:
            self.audit_safely(event, outcome="refused", why=exc.title)
            raise

    def audit_safely(self, event: str, **extra: Any) -> None:
        """Do the same when it is too late to do without."""
        try:
            self.audit(event, **extra)
        except AirflowDatabaseError:
            log.exception("Airflow's audit log does not have this: %s %s", event, extra)


def find(number: str, rights: Rights) -> Subject:
    """Return the entry of a row that a person may see; blocks.

    :raises ProblemError: if there is none, or none that can be read
    """
    known = number.isascii() and number.isdecimal() and int(number) <= _LARGEST
    rows = rows_numbered([int(number)]) if known else []
    if not rows or not rights.readable({rows[0].stored.dag_id}):
        raise ProblemError(404, f"There is no operation {shown(number)} here.")
    row = rows[0]
    if row.entry is None:
        raise ProblemError(
            409,
            f"The ledger entry of this operation cannot be read: {row.trouble.rstrip('.')}.",
            what_to_do="Look after its operation yourself, then delete the key "
            f"{shown(row.stored.key)} from the task's state store.",
        )
    return Subject(row=row, entry=row.entry, rights=rights)


@contextmanager
def inspected(subject: Subject, *, clock: StoppableClock) -> Iterator[tuple[Any, Inspection]]:
    """Ask Spanner about an entry, by the connection that its Dag vouches for.

    :returns: the client, and what Spanner knows, which is nobody else's
    :raises ProblemError: if nobody may or can be asked, or it is not the entry's
    """
    if not is_ours(claim=False, leave_mark=False):
        raise ProblemError(409, COPIED_DATABASE)
    with AuthorisedClients(clock=clock) as clients:
        client = _client(clients, subject)
        try:
            inspection = inspect(subject.row, entry=subject.entry, client=client, clock=clock)
        except CALL_ERRORS as exc:
            raise spanner_problem(exc) from exc
        if objection := inspection.objection():
            raise ProblemError(409, objection)
        for other in inspection.others:
            if other.entry is None or not other.is_beside(subject.row):
                raise ProblemError(409, named_by(other))
        yield client, inspection


def _client(clients: AuthorisedClients, subject: Subject) -> RateLimitedClient:
    client = clients.client_for(subject.row, subject.entry)
    if isinstance(client, Refusal):
        raise ProblemError(
            409,
            client.sentence,
            what_to_do="The task's own Dag says what may be done, and by which connection.",
        )
    if client is None:
        raise ProblemError(
            503,
            " ".join(clients.troubles()),
            what_to_do=(
                "Give this api-server the connection and its credentials; or mark the task as "
                f"failed; or end it where they are: spanner-lro cancel {subject.name}"
            ),
        )
    return client


def spanner_problem(exc: Exception) -> ProblemError:
    """Return what to say of a call that Spanner did not answer as it should."""
    denied = code_of(exc) is Code.PERMISSION_DENIED
    return ProblemError(
        503,
        f"Spanner was asked, and answered {error_text(exc)}.",
        what_to_do=(
            "Grant the account of the task's connection the missing permission."
            if denied
            else "Try again in a moment; nothing was done."
        ),
    )
