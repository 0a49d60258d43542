# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The sides that are compared: whose triggers wait, and how they are made.

Each side's trigger class is what it is in production. What is put in is the endpoint, a certificate
to trust and anonymous credentials, all by environment and connection where that is possible, and at
the one place that makes up the endpoint where it is not. Libraries load here only when asked to.
"""

from __future__ import annotations

import json
from enum import StrEnum
from importlib import import_module
from typing import TYPE_CHECKING, Any

from tests.benchmarks.waiting.operations import LOCATION, PROJECT, Service

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.triggers.base import BaseTrigger

CONNECTION = "AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT"
_OURS = "airflow_spanner_lro.triggers.operation", "SpannerOperationTrigger"
_PROVIDER = "airflow.providers.google.cloud.triggers"
_DEADLINE = "2099-12-31T00:00:00+00:00"


class Side(StrEnum):
    """Whose triggers wait."""

    OURS = "ours"
    DEADLINES = "ours, with deadlines"
    WAKE_UPS = "ours, with wake-ups"
    GETS = "one get each"
    CLOUD_RUN = "Cloud Run job"
    COMPOSER = "Composer execution"
    DATAPROC = "Dataproc operation"

    @property
    def service(self) -> Service:
        """Whose operations they wait for."""
        return _SERVICES.get(self, Service.SPANNER)

    @property
    def interval(self) -> float:
        """The longest time between two looks at one operation, by default and without a budget."""
        return 10.0 if self in {Side.GETS, Side.CLOUD_RUN} else 30.0

    @property
    def of_us(self) -> bool:
        """Whether these are this package's triggers."""
        return self in {Side.OURS, Side.DEADLINES, Side.WAKE_UPS}

    @property
    def listens(self) -> bool:
        """Whether these hear of ends by Pub/Sub."""
        return self is Side.WAKE_UPS

    @property
    def of_provider(self) -> bool:
        """Whether these are the Google provider's own classes."""
        return self in PROVIDER


PROVIDER = (Side.CLOUD_RUN, Side.COMPOSER, Side.DATAPROC)
"""The Google provider's own classes."""

_SERVICES = {
    Side.CLOUD_RUN: Service.CLOUD_RUN,
    Side.COMPOSER: Service.COMPOSER,
    Side.DATAPROC: Service.DATAPROC,
}


def connection(endpoint: str) -> str:
    """Return the Airflow connection that all sides ask through."""
    extra = {"is_anonymous": True, "project": PROJECT, "spanner_endpoint": endpoint}
    return json.dumps({"conn_type": "google_cloud_platform", "extra": extra})


def trigger_class(side: Side, *, endpoint: str) -> type[BaseTrigger]:
    """Load the class of a side's triggers, and let it ask the given endpoint."""
    if side.of_provider:
        _redirect_provider(endpoint)
    module, name = {
        Side.OURS: _OURS,
        Side.DEADLINES: _OURS,
        Side.WAKE_UPS: _OURS,
        Side.GETS: ("tests.benchmarks.waiting.plain_trigger", "GetTrigger"),
        Side.CLOUD_RUN: (f"{_PROVIDER}.cloud_run", "CloudRunJobFinishedTrigger"),
        Side.COMPOSER: (f"{_PROVIDER}.cloud_composer", "CloudComposerExecutionTrigger"),
        Side.DATAPROC: (f"{_PROVIDER}.dataproc", "DataprocOperationTrigger"),
    }[side]
    class_: type[BaseTrigger] = getattr(import_module(module), name)
    return class_


def arguments(side: Side, name: str, *, endpoint: str) -> dict[str, Any]:
    """Return what a trigger for an operation is made with; the intervals are the defaults."""
    where = {"project_id": PROJECT}
    match side:
        case Side.OURS | Side.DEADLINES | Side.WAKE_UPS:
            return {
                "operation": name,
                "endpoint": endpoint,
                # without a limit on the task, as the others have none
                "deadline": _DEADLINE if side is Side.DEADLINES else None,
                "cancel_on_timeout": True,
                "cancel_on_kill": True,
            }
        case Side.GETS:
            return {"operation": name, "endpoint": endpoint}
        case Side.CLOUD_RUN:
            return where | {"operation_name": name, "job_name": "job", "location": LOCATION}
        case Side.COMPOSER:
            return where | {"operation_name": name, "region": LOCATION}
        case Side.DATAPROC:
            return where | {"name": name, "region": LOCATION}


def succeeded(side: Side, payload: Mapping[str, Any]) -> bool:
    """Tell whether an event says that the operation was seen to have succeeded."""
    match side:
        case Side.OURS | Side.DEADLINES | Side.WAKE_UPS:
            return bool(payload["snapshot"] and payload["snapshot"]["state"] == "SUCCEEDED")
        case Side.GETS:
            return bool(payload["done"])
        case Side.COMPOSER:
            return bool(payload["operation_done"])
    return str(payload["status"]).lower() == "success"


def _redirect_provider(endpoint: str) -> None:
    from airflow.providers.google.common.hooks.base_google import (  # noqa: PLC0415  # heavy
        GoogleBaseHook,
    )
    from google.api_core.client_options import ClientOptions  # noqa: PLC0415

    def get_client_options(
        _self: GoogleBaseHook, api_endpoint_override: str | None = None
    ) -> ClientOptions:
        del api_endpoint_override
        return ClientOptions(api_endpoint=endpoint)

    GoogleBaseHook.get_client_options = get_client_options  # type: ignore[method-assign,assignment]
