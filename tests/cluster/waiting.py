# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Wait for a condition, with a limit; a failure says what was seen last."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

from tests.cluster.errors import NotReachedError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def wait_until(
    condition: Callable[[], T],
    *,
    timeout: float,
    what: str,
    accept: Callable[[T], bool] = bool,
    interval: float = 0.2,
) -> T:
    """Look at a value until it is acceptable, and return it.

    :param condition: asked again and again; what it raises ends the waiting.
    :param timeout: seconds; the condition is looked at once more at the very end.
    :param what: completes the sentence "waited for ...".
    :param accept: whether the value will do; by default, whether it is truthy.
    :param interval: seconds between two looks.
    :raises NotReachedError: with the value seen last.
    """
    deadline = time.monotonic() + timeout
    while True:
        late = time.monotonic() >= deadline
        value = condition()
        if accept(value):
            return value
        if late:
            raise NotReachedError(what=what, timeout=timeout, last=value)
        time.sleep(interval)
