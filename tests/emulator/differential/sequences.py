# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""How sequences of schema statements are read from the texts that hold them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.emulator.differential.google_statements import GOOGLE_TABLE
from tests.emulator.differential.postgresql_statements import POSTGRESQL_TABLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from airflow_spanner_lro.core.status import Code

_TABLES = {"T": GOOGLE_TABLE, "t": POSTGRESQL_TABLE}


def sequences(lines: Mapping[Code, str]) -> Iterator[tuple[Code, tuple[str, ...]]]:
    """Yield each sequence of statements with the code that it stands under."""
    for code, text in lines.items():
        for paragraph in text.strip().replace("\n  ", " ").split("\n\n"):
            statements = paragraph.split("\n")
            yield code, tuple(_TABLES.get(each, each) for each in statements)
