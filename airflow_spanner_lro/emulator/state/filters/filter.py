# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A filter ready for use: read, checked, and turned into one function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_spanner_lro.emulator.state.filters import rules
from airflow_spanner_lro.emulator.state.filters.parser import parse

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator.state.filters.expressions import Test, ValueOf


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What a list call wants to see.

    :param fields: the paths it uses, in lower case
    :param test: the function it was turned into
    """

    fields: frozenset[str]
    test: Test

    @classmethod
    def parse(cls, text: str, *, roots: frozenset[str], typed: bool = False) -> Filter:
        """Read a filter; an empty one lets everything through.

        :param roots: the fields it may use: first parts of paths, or whole paths; in lower case
        :param typed: whether ``metadata.@type`` must come before other fields of the metadata
        :raises FilterError: saying which part is not understood, and where it stands.
        """
        expression = parse(text)
        rules.check_fields(expression, roots=roots)
        rules.check_times(expression)
        if typed:
            rules.check_type_first(expression)
        fields = frozenset(each.path for each in expression.comparisons())
        return cls(fields=fields, test=expression.compile())

    def matches(self, value_of: ValueOf) -> bool:
        """Tell whether it lets something through; this never raises.

        :param value_of: gives the value of a field by its path, None if it is not set
        """
        return self.test(value_of)
