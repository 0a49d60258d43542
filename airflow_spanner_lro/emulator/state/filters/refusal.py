# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""How a filter is refused: a sentence on the part that is not understood, and where it stands.

It stands apart because each step of reading refuses, from single characters to rules on fields.
"""

from __future__ import annotations

_SHOWN = 60


class FilterError(ValueError):
    """A filter, or a part of it, that is not understood."""


def refusal(reason: str, *, at: int) -> FilterError:
    """Make the error for something that begins at an offset of the filter."""
    return FilterError(f"{reason} (at character {at + 1})")


def shown(part: str) -> str:
    """Return a part of a filter as errors show it: quoted, and short enough for an answer."""
    return repr(part if len(part) <= _SHOWN else f"{part[:_SHOWN]}…")
