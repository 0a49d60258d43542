# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The settlement of a cancel: what became of an operation whose cancellation was asked for.

A cancel is a request. It has three endings and one refusal; there may be nothing left to cancel,
and it may not get through at all. None of them is an error by itself, so they are a value, not an
exception.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_spanner_lro.core.names import OperationName
from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot
from airflow_spanner_lro.core.status import Code, to_code

if TYPE_CHECKING:
    from collections.abc import Mapping


class Ending(StrEnum):
    """How a cancel ended: the one word for it in log, error, ledger and metric alike."""

    CANCELLED = "cancelled"
    """Done, with error code 1."""
    FINISHED_FIRST = "finished first"
    """It succeeded or failed before the cancel took hold."""
    STILL_RUNNING = "still running"
    """Not seen to be done when the time to wait for it was spent, or looking was forbidden."""
    NOT_SENT = "not sent"
    """No attempt to cancel got through before the time for it was spent; it may well go on."""
    REFUSED = "refused"
    """The service would not cancel it; it goes on."""
    GONE = "gone"
    """The service no longer knows it."""

    @property
    def tag(self) -> str:
        """The word as a metric has it."""
        return self.value.replace(" ", "_")


_VERDICTS = {
    Ending.CANCELLED: "was cancelled",
    Ending.FINISHED_FIRST: "finished first",
    Ending.STILL_RUNNING: "is still running",
    Ending.NOT_SENT: "may go on",
    Ending.REFUSED: "goes on",
    Ending.GONE: "is gone",
}


def cancel_advice(name: OperationName | str) -> str:
    """Return what to do about an operation that somebody had to leave running.

    Its name is the last word, so that a log that is cut has lost nothing else.
    """
    return (
        "If it goes on, the reaper ends it (by itself, or `airflow spanner-lro reap`); by hand: "
        f"spanner-lro cancel {name}"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """The outcome of a cancel.

    :param name: the operation
    :param ending: which of the endings it was
    :param snapshot: the last thing known about it, if anything
    :param detail: why it was refused, or why the end was not seen
    :param code: the status code it was refused with
    :param cleaned_up: name of the resource that was deleted afterwards, if any
    :param left_behind: why what it made should have been deleted afterwards, and could not be
    """

    name: OperationName
    ending: Ending
    snapshot: OperationSnapshot | None = None
    detail: str = ""
    code: Code | None = None
    cleaned_up: str | None = None
    left_behind: str = ""

    __version__: ClassVar[int] = 1
    """Of what ``serialize`` returns, for Airflow's XComs."""

    def __str__(self) -> str:
        """Return what happened, and to which operation, as a log line says it."""
        return f"{self.sentence} {self.name}"

    @property
    def succeeded_first(self) -> bool:
        """The work was completed in spite of the cancel."""
        return (
            self.ending is Ending.FINISHED_FIRST
            and self.snapshot is not None
            and self.snapshot.succeeded
        )

    @property
    def settled(self) -> bool:
        """Nothing of the operation goes on."""
        return self.ending in {Ending.CANCELLED, Ending.FINISHED_FIRST, Ending.GONE}

    @property
    def label(self) -> str:
        """What a sentence about the operation begins with: ``Create backup nightly``."""
        return (self.snapshot or self.name).label

    @property
    def sentence(self) -> str:
        """What happened and what to do now, for a log line; has the ending's word, and no name."""
        return self._sentence(self._explanation, label=self.label)

    def because(self, reason: str, *, label: str = "") -> str:
        """Return the same with the reason for the cancel, as an error says it.

        :param reason: such as ``the task was killed``
        :param label: what to call the operation, if its snapshot does not tell
        """
        explanation = self._explanation
        return self._sentence(
            f"{reason}. {explanation[:1].upper()}{explanation[1:]}".rstrip(" ."),
            label=(self.snapshot.label if self.snapshot else label) or self.label,
        )

    def _sentence(self, explanation: str, *, label: str) -> str:
        text = f"{label} {_VERDICTS[self.ending]}"
        text += f": {explanation}." if explanation else "."
        if self.code is Code.PERMISSION_DENIED and self.ending is Ending.REFUSED:
            text += (
                " Grant the caller a role that may cancel: spanner.backupAdmin for backups "
                "(spanner.backupWriter cannot), spanner.databaseAdmin for databases."
            )
        if self.cleaned_up:
            text += " What it had made was deleted."
        if self.left_behind:
            text += f" What it made could not be deleted: {self.left_behind}."
        return text

    @property
    def _explanation(self) -> str:
        why = f" ({self.detail})" if self.detail else ""
        match self.ending:
            case Ending.CANCELLED:
                return self._committed()
            case Ending.FINISHED_FIRST:
                return f"it had {self._how_it_finished()} before the cancel"
            case Ending.STILL_RUNNING:
                return (
                    f"cancellation was asked for but is not confirmed yet{why}; look again with "
                    "`spanner-lro describe`"
                )
            case Ending.NOT_SENT:
                return f"the cancel was not sent, or did not get through{why}"
            case Ending.REFUSED:
                return f"Spanner refused to cancel it{why}"
            case Ending.GONE:
                return "Spanner no longer knows it; nothing was cancelled"

    def with_clean_up(self, deleted: str) -> Settlement:
        """Return this settlement with the name of what was deleted afterwards."""
        return replace(self, cleaned_up=deleted)

    def with_leftover(self, reason: str) -> Settlement:
        """Return this settlement with the reason why the clean-up failed."""
        return replace(self, left_behind=reason)

    def _how_it_finished(self) -> str:
        if self.snapshot is None or self.snapshot.succeeded:
            return "succeeded"
        error = self.snapshot.error
        return f"failed ({error})" if error else "failed"

    def _committed(self) -> str:
        if self.snapshot is None or not self.snapshot.statements:
            return ""
        total, committed = len(self.snapshot.statements), self.snapshot.committed
        return f"{committed} of {total} statements were committed and stay"

    def to_event(self) -> dict[str, Any]:
        """Return this settlement as primitives."""
        return {
            "name": str(self.name),
            "ending": self.ending.value,
            "snapshot": self.snapshot.to_event() if self.snapshot else None,
            "detail": self.detail,
            "code": None if self.code is None else int(self.code),
            "cleaned_up": self.cleaned_up,
            "left_behind": self.left_behind,
        }

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> Settlement:
        """Return the settlement that ``to_event`` described."""
        snapshot, code = event["snapshot"], event["code"]
        return cls(
            name=OperationName.parse(event["name"]),
            ending=Ending(event["ending"]),
            snapshot=OperationSnapshot.from_event(snapshot) if snapshot else None,
            detail=event["detail"],
            code=None if code is None else to_code(code),
            cleaned_up=event["cleaned_up"],
            left_behind=event["left_behind"],
        )

    def serialize(self) -> dict[str, Any]:
        """Return this settlement for an XCom; the snapshot as ``snapshot_to_dict`` does."""
        return {
            "name": str(self.name),
            "ending": self.ending.value,
            "settled": self.settled,
            "sentence": self.sentence,
            "snapshot": self.snapshot.serialize() if self.snapshot else None,
            "detail": self.detail,
            "code": None if self.code is None else self.code.name,
            "cleaned_up": self.cleaned_up,
            "left_behind": self.left_behind,
        }

    @staticmethod
    def deserialize(data: Mapping[str, Any], version: int) -> Settlement:
        """Return the settlement that ``serialize`` described, in this release or an earlier one.

        :raises ValueError: if a later release wrote it, or something else
        """
        if version > Settlement.__version__:
            message = (
                "The outcome of a cancel in an XCom is of a later release of airflow-spanner-lro: "
                "run the same one on all workers."
            )
            raise ValueError(message)
        try:
            snapshot, code, deleted = data["snapshot"], data["code"], data["cleaned_up"]
            return Settlement(
                name=OperationName.parse(data["name"]),
                ending=Ending(data["ending"]),
                snapshot=OperationSnapshot.deserialize(snapshot, version) if snapshot else None,
                detail=str(data["detail"]),
                code=None if code is None else Code[code],
                cleaned_up=None if deleted is None else str(deleted),
                left_behind=str(data["left_behind"]),
            )
        except (AttributeError, KeyError, TypeError, ValueError) as exc:
            message = f"An XCom holds no outcome of a cancel, though it says so ({exc!r}): {data!r}"
            raise ValueError(message) from exc
