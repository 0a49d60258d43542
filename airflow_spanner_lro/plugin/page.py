# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What Airflow's api-server is given of the Operations page: where it is, and who answers for it.

Every process of Airflow loads this, and only an api-server serves it: so the server behind it is
loaded by its first request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_spanner_lro import __version__

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    Scope = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Any]]
    Send = Callable[[Any], Awaitable[None]]

PREFIX = "/spanner-lro"
"""Where the api-server mounts the page's own server."""
_BUNDLE = f"{PREFIX.lstrip('/')}/static/operations.js?v={__version__}"
"""Relative to the base of Airflow's own page, which is right below ``[api] base_url`` too."""
PAGE_NAME = "Spanner operations"
PANEL_NAME = "Spanner operation"
"""What Airflow's menu and tab say; under the same names the bundle offers its two components."""
PAGE_ROUTE = "spanner-operations"
PANEL_ROUTE = "spanner-operation"
"""Where Airflow's own page shows them: below ``plugin/``, and below the page of a task instance."""


class LazyServer:
    """The page's server, as an ASGI application that loads itself when it is asked first."""

    def __init__(self) -> None:
        self._app: Any = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if self._app is None:
            from airflow_spanner_lro.web.app import create_app  # noqa: PLC0415  # see above

            self._app = create_app()
        await self._app(scope, receive, send)


def fastapi_apps() -> list[Any]:
    """Return what Airflow mounts."""
    return [{"app": LazyServer(), "url_prefix": PREFIX, "name": PAGE_NAME}]


def react_apps() -> list[Any]:
    """Return what Airflow's own page shows: an entry of its menu, and a tab of task instances."""
    return [
        {
            "name": PAGE_NAME,
            "bundle_url": _BUNDLE,
            "destination": "nav",
            "category": "browse",
            "url_route": PAGE_ROUTE,
        },
        {
            "name": PANEL_NAME,
            "bundle_url": _BUNDLE,
            "destination": "task_instance",
            "url_route": PANEL_ROUTE,
        },
    ]
