# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Windows of a browser in which a user is logged in, and what they have complained about."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from types import TracebackType

    from playwright.sync_api import Browser, BrowserContext, Page

    from tests.cluster.airflow import LocalAirflow
    from tests.cluster.configuration import Login

WIDE = {"width": 1360, "height": 900}
PHONE = {"width": 390, "height": 844}
TOKEN_COOKIE = "_token"  # noqa: S105  # its name
PATIENCE = 30_000.0
"""Milliseconds until something is no longer waited for; a first request loads all of Airflow."""


class Windows:
    """Opens windows for users; a context manager that closes them."""

    def __init__(self, *, browser: Browser, airflow: LocalAirflow) -> None:
        self.airflow = airflow
        self.errors: list[str] = []
        self._browser = browser
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._open.close()

    def open(self, login: Login | None = None, **options: Any) -> Page:
        """Open a window in which a user is logged in; without a user, nobody is.

        :param options: of Playwright's ``new_context``: ``viewport``, ``color_scheme``
        """
        context = self._browser.new_context(
            **{"viewport": WIDE, "base_url": self.airflow.url, "reduced_motion": "reduce"}
            | {"timezone_id": "UTC", "locale": "en-GB", **options}
        )
        self._open.callback(context.close)
        context.set_default_timeout(PATIENCE)
        if login is not None:
            self._log_in(context, login)
        page = context.new_page()
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        return page

    def _log_in(self, context: BrowserContext, login: Login) -> None:
        """Do what the login page does: get a token, and keep it in the cookie."""
        with self.airflow.api(login=login) as api:
            token = api.new_token()
        cookie = {"name": TOKEN_COOKIE, "value": token, "url": self.airflow.url}
        context.add_cookies([{**cookie, "httpOnly": True, "sameSite": "Lax"}])  # type: ignore[typeddict-item]
