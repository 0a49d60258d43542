# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What filters have said of operations, as far as it cannot change any more.

Clients ask for the same few of thousands of operations again and again. Of one that has ended
nothing changes; and of one that is under way, its name, its type and what it was asked for. So a
long list costs much only when a filter is new.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from airflow_spanner_lro.emulator.operations.registry import HANDLERS

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from airflow_spanner_lro.emulator.filter_expressions import ValueOf
    from airflow_spanner_lro.emulator.filters import Filter
    from airflow_spanner_lro.emulator.operations.model import Operation

_FILTERS = 32
"""Of how many filters it is remembered what they said; the one that was not used longest goes."""
_SPARE = 1000

_METADATA = "metadata."
_CHANGING = frozenset[str]().union(*(handler.changing for handler in HANDLERS.values()))


def is_steady(path: str) -> bool:
    """Tell whether a field of an operation stays what it is while the operation is under way."""
    if path.startswith(_METADATA):
        return path.removeprefix(_METADATA).partition(".")[0] not in _CHANGING
    return path == "name"


class FilterVerdicts:
    """What one filter has said of operations, by their serial numbers.

    :param fields_of: gives the fields of an operation at a time
    """

    def __init__(self, wanted: Filter, fields_of: Callable[[Operation, datetime], ValueOf]) -> None:
        self._fields_of = fields_of
        self._steady = wanted.of_terms(lambda paths: all(map(is_steady, paths)))
        self._rest = wanted.of_terms(lambda paths: not all(map(is_steady, paths)))
        self._final: dict[int, bool] = {}
        # of which only the rest is open
        self._passed: set[int] = set()

    def __len__(self) -> int:
        return len(self._final) + len(self._passed)

    def lets_through(self, operation: Operation, now: datetime) -> bool:
        """Tell whether the filter lets an operation through."""
        serial = operation.serial
        known = self._final.get(serial)
        return self._ask(operation, serial, now) if known is None else known

    def _ask(self, operation: Operation, serial: int, now: datetime) -> bool:
        value_of = self._fields_of(operation, now)
        if serial not in self._passed:
            if self._steady is not None and not self._steady(value_of):
                self._final[serial] = False
                return False
            if self._rest is None:
                self._final[serial] = True
                return True
            self._passed.add(serial)
        found = self._rest is None or self._rest(value_of)
        if operation.settled:
            self._passed.discard(serial)
            self._final[serial] = found
        return found


class Verdicts:
    """What the filters said that were used last."""

    def __init__(self) -> None:
        self._filters: OrderedDict[str, FilterVerdicts] = OrderedDict()

    def of(
        self,
        text: str,
        wanted: Filter,
        *,
        fields_of: Callable[[Operation, datetime], ValueOf],
        operations: int,
    ) -> FilterVerdicts:
        """Return what a filter said, and remember what it is going to say.

        :param text: of the filter
        :param fields_of: gives the fields of an operation at a time
        :param operations: how many there are; more need not be remembered
        """
        found = self._filters.pop(text, None)
        # those that are forgotten are not taken out one by one
        if found is None or len(found) > 2 * operations + _SPARE:
            found = FilterVerdicts(wanted, fields_of)
        self._filters[text] = found
        if len(self._filters) > _FILTERS:
            self._filters.popitem(last=False)
        return found
