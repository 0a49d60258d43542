# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What people write on a resource for themselves: its display name and its labels.

The rules are those of the messages Instance, InstanceConfig and InstancePartition in the API.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from airflow_spanner_lro.core.errors import InvalidArgumentError

_LENGTHS = range(4, 31)
_KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}", re.ASCII)
_VALUE = re.compile(r"[a-z0-9_-]{0,63}", re.ASCII)
_MOST = 64


def display_name(given: object, *, default: str | None = None) -> str:
    """Return the display name of an instance or an instance partition.

    :param given: as it was asked for; None for the default
    :param default: usually the id, where that can serve
    :raises InvalidArgumentError: if it is too short or too long
    """
    name = default if given is None else given
    if isinstance(name, str) and len(name) in _LENGTHS:
        return name
    rule = f"a display name has {_LENGTHS.start} to {_LENGTHS.stop - 1} characters"
    if given is None:
        rule += f", so the id {default!r} cannot stand in for it"
    raise InvalidArgumentError(field="display_name", value=given, rule=rule)


def config_display_name(given: object) -> str:
    """Return the display name of an instance configuration, of which no length is told.

    :raises InvalidArgumentError: if it is empty
    """
    if isinstance(given, str) and given:
        return given
    raise InvalidArgumentError(field="display_name", value=given, rule="expected text, not empty")


def labels(given: object) -> dict[str, str]:
    """Return labels that follow the API's rules; none at all are fine, and clear those there are.

    :raises InvalidArgumentError: if a key or a value does not, or there are too many
    """
    if not isinstance(given, Mapping):
        raise _refused(given, "expected a mapping of keys to values")
    if len(given) > _MOST:
        raise _refused(given, f"a resource has at most {_MOST} labels, and these are {len(given)}")
    for key, value in given.items():
        if not isinstance(key, str) or not _KEY.fullmatch(key):
            rule = "has 1 to 63 lower-case letters, digits, hyphens and underscores, a letter first"
            raise _refused(given, f"a key {rule}, unlike {key!r}")
        if not isinstance(value, str) or not _VALUE.fullmatch(value):
            rule = "is text of up to 63 lower-case letters, digits, hyphens and underscores"
            raise _refused(given, f"a value {rule}, unlike {value!r}")
    return dict(given)


def _refused(given: object, rule: str) -> InvalidArgumentError:
    return InvalidArgumentError(field="labels", value=given, rule=rule)
