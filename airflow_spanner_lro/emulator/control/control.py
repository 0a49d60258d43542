# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Answers whatever is asked of the remote control, mistakes included."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator.control.routes import METHOD_NOT_ALLOWED, PREFIX, Reply, Request
from airflow_spanner_lro.emulator.errors import RpcError
from airflow_spanner_lro.emulator.until import NeverDoneError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spanner_lro.emulator.server import SpannerAdminEmulator

log = logging.getLogger(__name__)


class Control:
    """The remote control of an emulator. Safe to use from any thread.

    :param emulator: what it controls
    """

    def __init__(self, emulator: SpannerAdminEmulator) -> None:
        self._emulator = emulator

    def answer(self, *, verb: str, path: str, query: Mapping[str, str], body: bytes) -> Reply:
        """Answer a request.

        :param path: decoded, beginning with ``/control``
        :param query: the parameters, decoded
        """
        # the table loads pydantic, which only those need who use it
        from airflow_spanner_lro.emulator.control.table import ROUTES  # noqa: PLC0415

        bare = path.removeprefix(PREFIX).rstrip("/") or "/"
        routes = {route.verb: route for route in ROUTES if route.path == bare}
        route = routes.get("GET" if verb == "HEAD" else verb)
        if not routes:
            known = dict.fromkeys(f"{PREFIX}{route.path}" for route in ROUTES)
            return Reply.refusal(Code.NOT_FOUND, f"There is no {path}, only {', '.join(known)}.")
        if route is None:
            message = f"{path} does not take {verb}, only {', '.join(routes)}."
            return Reply.refusal(Code.UNIMPLEMENTED, message, status=METHOD_NOT_ALLOWED)
        request = Request(emulator=self._emulator, query=query, body=body)
        try:
            route.check(query)
            return Reply(body=route.answer(request))
        except RpcError as exc:
            code, message = exc.code, exc.message
        except NeverDoneError as exc:
            code, message = Code.FAILED_PRECONDITION, str(exc)
        except (ValueError, OverflowError) as exc:
            code, message = Code.INVALID_ARGUMENT, f"{verb} {path}: {exc}"
        except Exception as exc:
            # as in the front: a bug must not look like an outage
            log.exception("The emulator failed in %s %s", verb, path)
            code = Code.INTERNAL
            message = f"The emulator failed: {exc!r}. Its log has the traceback."
        return Reply.refusal(code, message)
