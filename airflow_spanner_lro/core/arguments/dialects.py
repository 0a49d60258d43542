# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The two SQL dialects of Spanner's databases, by the names that the API gives them.

Apart from the operators, because both creating a database and changing its schema depend on them.
"""

from __future__ import annotations

from enum import StrEnum

from airflow_spanner_lro.core.errors import InvalidArgumentError


class Dialect(StrEnum):
    """``google.spanner.admin.database.v1.DatabaseDialect``; a database keeps its own for life."""

    GOOGLE_STANDARD_SQL = "GOOGLE_STANDARD_SQL"
    POSTGRESQL = "POSTGRESQL"

    @classmethod
    def of(cls, text: object, *, field: str) -> Dialect:
        """Return the dialect that an author means.

        :param text: the API's name of it, in any case
        :param field: the argument that the text was given for
        :raises InvalidArgumentError: if it names none
        """
        name = text.upper() if isinstance(text, str) else None
        if name not in set(cls):
            raise InvalidArgumentError(
                field=field, value=text, rule=f"it is one of {', '.join(cls)}"
            )
        return cls(name)

    def quoted(self, identifier: str) -> str:
        """Return an identifier in quotes, which it needs if it has a hyphen or is a keyword."""
        quote = "`" if self is Dialect.GOOGLE_STANDARD_SQL else '"'
        return f"{quote}{identifier}{quote}"
