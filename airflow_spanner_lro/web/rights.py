# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Who asks, what Airflow allows them, and whether it was they who asked.

Whoever may see the task instances of a Dag sees their operations. Whoever may change them may
cancel, as marking the task failed would; to delete what is left of an operation takes the right to
delete task instances. All of it is the auth manager's to say, Dag by Dag.

A browser sends Airflow's cookie along whoever has written the page that makes it ask. So what
changes anything must come from a page of this very site: the ``Origin`` that browsers send with
each POST has to be ours, and the content type one that no foreign form can send. A script that
sends its token in a header sends no cookie, and needs no ``Origin``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

from airflow.api_fastapi.core_api.security import get_user
from airflow.configuration import conf
from fastapi import Depends, Request, Response

from airflow_spanner_lro.airflow_internals import auth_manager
from airflow_spanner_lro.web.problems import ProblemError

if TYPE_CHECKING:
    from collections.abc import Collection

    from airflow_spanner_lro.airflow_internals.auth_manager import Method

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_PORTS = {"http": 80, "https": 443}


class Rights:
    """What one user may do, as of one request: each Dag is asked about once.

    :param user: as Airflow's ``get_user`` returns it
    """

    def __init__(self, user: Any) -> None:
        self._user = user
        self._known: dict[tuple[Method, str], bool] = {}

    @property
    def user_name(self) -> str:
        """What Airflow calls the user, also in its audit log."""
        return str(self._user.get_name())

    def readable(self, dag_ids: Collection[str]) -> frozenset[str]:
        """Return the Dags whose operations the user may see; blocks."""
        return self._allowed("GET", dag_ids)

    def editable(self, dag_ids: Collection[str]) -> frozenset[str]:
        """Return the Dags whose operations the user may cancel; blocks."""
        return self._allowed("PUT", dag_ids)

    def deletable(self, dag_ids: Collection[str]) -> frozenset[str]:
        """Return the Dags whose finished operations the user may delete; blocks."""
        return self._allowed("DELETE", dag_ids)

    def _allowed(self, method: Method, dag_ids: Collection[str]) -> frozenset[str]:
        unknown = {each for each in dag_ids if (method, each) not in self._known}
        allowed = auth_manager.may(self._user, method, dag_ids=unknown) if unknown else frozenset()
        self._known.update({(method, each): each in allowed for each in unknown})
        return frozenset(each for each in dag_ids if self._known[method, each])


def rights_of(user: Annotated[Any, Depends(get_user)]) -> Rights:
    """Return the rights of whoever asks."""
    return Rights(user)


RightsDep = Annotated[Rights, Depends(rights_of)]
"""A parameter of a route that is told them."""


def guarded(request: Request, response: Response, _: RightsDep) -> None:
    """Let nobody pass who is not logged in, and no change that another site asks for.

    :raises ProblemError: if this request must not be answered
    """
    # what one user may see is nothing for a cache that others use
    response.headers["Cache-Control"] = "no-store"
    if request.method in _SAFE:
        return
    origins = request.headers.getlist("origin")
    if not origins:
        _require_token(request)
    elif len(origins) > 1 or _origin(origins[0]) not in _own_origins(request):
        raise ProblemError(
            403,
            "Refused: another site has asked for this, not Airflow's own page.",
            what_to_do=(
                "Do it from Airflow's page. If this is Airflow's page, set [api] base_url to the "
                "address that you see it under."
            ),
        )
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise ProblemError(400, "The request must be JSON (Content-Type: application/json).")


def _require_token(request: Request) -> None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise ProblemError(
            403,
            "Refused: it is not known which page has asked for this.",
            what_to_do="A script sends its token as `Authorization: Bearer …`, not as a cookie.",
        )


def _own_origins(request: Request) -> set[tuple[str, str, int]]:
    """Return where this server is seen: as it is configured, and as it was called."""
    own = (conf.get("api", "base_url", fallback="") or "", str(request.base_url))
    return {origin for each in own if (origin := _origin(each)) is not None}


def _origin(url: str) -> tuple[str, str, int] | None:
    """Return scheme, host and port; None for what has none, such as ``null``."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError):
        return None
    return (parts.scheme, parts.hostname, port) if parts.hostname else None
