# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Whether two tries ask for the same: a digest of the request as its author wrote it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def fingerprint(parts: Mapping[str, object]) -> str:
    """Return a digest of what was asked for: equal for equal requests, in any process.

    :param parts: what makes two requests the same to their author; a moment that is computed anew
        on each try, such as "30 days from now", must come in as it was written.
    """
    # what was not given is left out: a release with one more parameter must not see another request
    given = {key: _plain(value) for key, value in parts.items() if value is not None}
    text = "\n".join(f"{key}={given[key]!r}" for key in sorted(given))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _plain(value: object) -> object:
    """Return a value whose ``repr`` tells all of it.

    The results of a mapped task arrive as a sequence that tells neither its items nor, before it
    was read, how many there are.
    """
    # these always told all of themselves, and earlier releases wrote them down as they are
    told = isinstance(value, str | bytes | list | tuple)
    return list(value) if isinstance(value, Sequence) and not told else value
