# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Paths of HTTP requests, matched against URI templates.

A template is a path whose segments are words or ``*``, with names for runs of them, and perhaps a
custom verb after a colon at the end: ``/v1/{name=projects/*/instances/*}:move``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_spanner_lro.emulator.rest.routes import Route

_VARIABLE = re.compile(r"\{([\w.]+)=([^}]+)\}")
# a slash within a name stays as it was sent, because decoded it would be a separator
_SLASH = re.compile("(%2[Ff])")
_ANY = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A compiled URI template.

    :param segments: words, or ``*`` for any that is not empty
    :param verb: the custom verb, if there is one
    :param variables: a field path each, with the first segment of it and the one after the last
    """

    segments: tuple[str, ...]
    verb: str
    variables: tuple[tuple[str, int, int], ...]

    @classmethod
    def parse(cls, uri: str) -> Template:
        """Compile a template."""
        variables = []
        for found in _VARIABLE.finditer(uri):
            start = _VARIABLE.sub(r"\2", uri[: found.start()]).count("/") - 1
            length = found[2].count("/") + 1
            variables.append((found[1], start, start + length))
        path, _, verb = _VARIABLE.sub(r"\2", uri).partition(":")
        return cls(segments=tuple(path[1:].split("/")), verb=verb, variables=tuple(variables))

    def match(self, segments: tuple[str, ...]) -> dict[str, str] | None:
        """Return the variables that a path of as many segments fills in, or None."""
        pairs = zip(self.segments, segments, strict=True)
        if not all(sent if wanted == _ANY else sent == wanted for wanted, sent in pairs):
            return None
        return {
            field: "/".join(map(_decode, segments[start:stop]))
            for field, start, stop in self.variables
        }


@dataclass(frozen=True, slots=True)
class Match:
    """A route, and what the path says about the request."""

    route: Route
    variables: dict[str, str]


class Router:
    """Finds the route of a request."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes: dict[tuple[str, str, int], list[tuple[Template, Route]]] = {}
        for route in routes:
            template = Template.parse(route.uri)
            key = (route.verb, template.verb, len(template.segments))
            self._routes.setdefault(key, []).append((template, route))
        self._verbs = {verb for _, verb, _ in self._routes if verb}

    def find(self, verb: str, path: str) -> Match | None:
        """Return the route of a request, or None.

        :param verb: the HTTP verb
        :param path: as it was sent, percent-encoded
        """
        path, custom = self._split(path)
        segments = tuple(path[1:].split("/"))
        for template, route in self._routes.get((verb, custom, len(segments)), ()):
            variables = template.match(segments)
            if variables is not None:
                return Match(route, variables)
        return None

    def _split(self, path: str) -> tuple[str, str]:
        """Take a custom verb off; other colons are part of a name, as in ``example.com:one``."""
        rest, _, verb = path.rpartition(":")
        return (rest, verb) if verb in self._verbs else (path, "")


def _decode(segment: str) -> str:
    parts = _SLASH.split(segment)
    return "".join(part if _SLASH.fullmatch(part) else unquote(part) for part in parts)
