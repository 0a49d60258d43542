# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Look afresh at operations that somebody looks at, inside a budget."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.errors import SpannerLroError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from airflow_spanner_lro.reaper.records import LedgerRow


class LookupRefusedError(SpannerLroError):
    """An instance may not be looked at from here."""

    title = "Operations outside the ledger cannot be listed yet."
    what_to_do = ""


class Refresher:
    """Asks nobody so far."""

    def want(self, rows: Iterable[LedgerRow]) -> None:
        """Look at the operations of entries."""

    def instances(self, may_read: Callable[[str], bool]) -> dict[str, Any]:
        """Return the instances that may be looked at."""
        del may_read
        return {"instances": [], "problems": []}

    def operations(self, instance: str, may_read: Callable[[str], bool]) -> dict[str, Any]:
        """Return the operations of one."""
        raise LookupRefusedError(instance)


@cache
def refresh() -> Refresher:
    """Return the one of this process."""
    return Refresher()
