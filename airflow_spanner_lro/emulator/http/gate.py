# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Who may speak to a server that asks nobody who he is: programs, and no web page of others.

A browser on this machine reaches loopback like any program does, and runs what strangers wrote. So
what only a browser says of itself is looked at. ``Host`` must be a name of this machine, because a
page's own name can be made to lead here (DNS rebinding). ``Origin``, if there is one, must be of
this machine too. And a body must be declared as JSON: a browser sends that to others only after it
has asked, and the answer to that question is no, for want of any header that allows it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.addresses import LOCALHOST, address_of, allowed_host

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from airflow_spanner_lro.emulator.errors import RpcError

_JSON = "application/json"
_READING = ("GET", "HEAD")
_BAD_REQUEST, _FORBIDDEN, _UNSUPPORTED = 400, 403, 415

# no userinfo, no zone, no escapes: none of them is in what a client of ours sends
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:@/?#%\\\s,]+)(?::[0-9]{0,5})?")
_ORIGIN = re.compile(r"https?://([^/]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approach:
    """What a request says before anybody reads its body.

    :param verb: the HTTP verb
    :param hosts: its ``Host`` headers
    :param authority: that of its target, where it names one; empty as a rule
    :param origins: its ``Origin`` headers
    :param content_types: its ``Content-Type`` headers
    :param has_body: whether there is a body
    :param by_browser: whether it has a header that only browsers send
    :param control: whether it is for the control interface
    :param here: the address of ours that it came to
    """

    verb: str
    hosts: Sequence[str]
    authority: str = ""
    origins: Sequence[str] = ()
    content_types: Sequence[str] = ()
    has_body: bool = False
    by_browser: bool = False
    control: bool = False
    here: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned:
    """A request that is turned away.

    :param status: the HTTP status
    :param suspicious: whether a web page may be behind it, so that somebody should know
    """

    status: int
    error: RpcError
    suspicious: bool = False


class Gate:
    """Decides whether a request is answered at all.

    :param listens_on: the host that the server was told to listen on
    :param allowed: names that clients may call it by besides those of this machine
    :raises ValueError: if one of these is no name.
    """

    def __init__(self, *, listens_on: str, allowed: Collection[str] = ()) -> None:
        self._names = {LOCALHOST, listens_on.lower(), *map(allowed_host, allowed)}

    def check(self, approach: Approach) -> Turned | None:
        """Return why a request is turned away; None lets it in."""
        if len(approach.hosts) != 1:
            return Turned(status=_BAD_REQUEST, error=errors.one_host(count=len(approach.hosts)))
        named = (approach.authority,) if approach.authority else ()
        for authority in (*approach.hosts, *named):
            if not self._is_ours(authority, here=approach.here):
                error = errors.foreign_host(authority)
                return Turned(status=_FORBIDDEN, error=error, suspicious=True)
        for origin in approach.origins:
            found = _ORIGIN.fullmatch(origin)
            if found is None or not self._is_ours(found[1], here=approach.here):
                error = errors.foreign_origin(origin)
                return Turned(status=_FORBIDDEN, error=error, suspicious=True)
        if approach.verb in _READING or _is_json(approach):
            return None
        error = errors.undeclared_body(approach.verb, ", ".join(approach.content_types))
        return Turned(status=_UNSUPPORTED, error=error)

    def _is_ours(self, authority: str, *, here: str) -> bool:
        found = _AUTHORITY.fullmatch(authority)
        if found is None:
            return False
        name = found[1].lower().removesuffix(".")
        address = address_of(name.strip("[]"))
        if address is None:
            return name in self._names
        return address.is_loopback or address == address_of(here) or str(address) in self._names


def _is_json(approach: Approach) -> bool:
    if not approach.content_types:
        # gcloud declares some of its bodies as nothing; so does a page that sends mere bytes
        return not (approach.has_body and (approach.by_browser or approach.control))
    types = {each.partition(";")[0].strip().lower() for each in approach.content_types}
    return types == {_JSON}
