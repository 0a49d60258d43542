# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Query parameters that belong to HTTP, not to the RPC: how the answer is to be written.

Each may have a dollar sign in front. Those that say who asks are accepted, and ignored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_spanner_lro.emulator import errors

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_spanner_lro.emulator.errors import RpcError

_IGNORED = {
    *("access_token", "bearer_token", "callback", "key", "oauth_token", "pp", "quotaUser"),
    *("quotaProject", "upload_protocol", "uploadType", "userIp", "userProject"),
    *(".xgafv", "ct", "unique"),
}
_ALT, _FIELDS, _PRETTY = "alt", "fields", "prettyPrint"
_JSON = "json"
_ENUM_ENCODINGS = {"enum-encoding=int": True, "enum-encoding=string": False}
_NO = ("false", "0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How to write the answer.

    :param pretty: whether for people, in lines
    :param numbers: whether enums are numbers
    :param fields: the selection of fields, or empty for all of them
    :param problem: what is wrong with all this, for the answer to say so
    """

    pretty: bool = True
    numbers: bool = False
    fields: str = ""
    problem: RpcError | None = None

    @classmethod
    def split(cls, pairs: Iterable[tuple[str, str]]) -> tuple[Style, list[tuple[str, str]]]:
        """Return the style, and the parameters that belong to the RPC."""
        pretty, numbers, fields = True, False, ""
        problem: RpcError | None = None
        others = []
        for name, value in pairs:
            match name.removeprefix("$"):
                case known if known in _IGNORED:
                    pass
                case known if known == _PRETTY:
                    pretty = value not in _NO
                case known if known == _FIELDS:
                    fields = value
                case known if known == _ALT:
                    format_, _, encoding = value.partition(";")
                    numbers = _ENUM_ENCODINGS.get(encoding, numbers)
                    if format_ != _JSON or (encoding and encoding not in _ENUM_ENCODINGS):
                        problem = errors.unsupported_alt(value)
                case _:
                    others.append((name, value))
        return cls(pretty=pretty, numbers=numbers, fields=fields, problem=problem), others
