# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The application that Airflow's api-server mounts: routes, static files, errors.

Airflow guards nothing of it. So whoever is not logged in gets the bundle and no more: ``guarded``
stands before every route below ``/api``.
"""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import APIRouter, Depends, FastAPI
from fastapi.staticfiles import StaticFiles

from airflow_spanner_lro.web import problems, rights
from airflow_spanner_lro.web.actions import routes as actions
from airflow_spanner_lro.web.reading import router as reading

if TYPE_CHECKING:
    from starlette.responses import Response

_STATIC = "static"


def create_app() -> FastAPI:
    """Return the application."""
    # without documents of its own: they would be there without a log-in
    app = FastAPI(title="Spanner operations", docs_url=None, redoc_url=None, openapi_url=None)
    api = APIRouter(prefix="/api", dependencies=[Depends(rights.guarded)])
    api.include_router(reading)
    api.include_router(actions.router)
    api.add_api_route("/{rest:path}", _nothing, methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    app.include_router(api)
    app.mount("/static", _Revalidated(directory=static_folder(), check_dir=False))
    problems.add_handlers(app)
    app.add_middleware(problems.LastResort)
    return app


def _nothing(rest: str) -> None:
    """Answer what no route answers, which is nothing either for who is not logged in."""
    raise problems.ProblemError(404, f"There is no {problems.shown(rest)} here.")


def static_folder() -> Path:
    """Return where the built bundle is."""
    with as_file(files("airflow_spanner_lro.web") / _STATIC) as folder:
        return Path(folder)


class _Revalidated(StaticFiles):
    """Static files that a browser asks for again each time, which costs it a 304."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        """Return a file."""
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]  # as given
        response.headers["Cache-Control"] = "no-cache"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response
