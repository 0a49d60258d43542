# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What Airflow must know about this package: its modules, and its configuration with defaults.

Every Airflow process reads this at provider discovery, so it imports the version and nothing else.
Defaults of ``[spanner_lro]`` stand here once; ``settings.py`` reads them.
"""

from __future__ import annotations

from typing import Any

from airflow_spanner_lro import __version__

_INTEGRATION = "Google Cloud Spanner operations"


def get_provider_info() -> dict[str, Any]:
    """Return the provider's metadata (``airflow/provider_info.schema.json`` of Airflow 3.3)."""
    return {
        "package-name": "airflow-spanner-lro",
        "name": "Cloud Spanner long-running operations",
        "description": "Start, watch, cancel and resume Cloud Spanner's long-running operations.",
        "versions": [__version__],
        "integrations": [
            {
                "integration-name": _INTEGRATION,
                "external-doc-url": "https://cloud.google.com/spanner/docs",
                "tags": ["gcp"],
            }
        ],
        "hooks": [_modules("hooks.spanner_admin", "hooks.spanner_admin_async")],
        "operators": [
            _modules(
                "operators.backup_schedules",
                "operators.backups",
                "operators.configs",
                "operators.databases",
                "operators.instances",
                "operators.operations",
                "operators.partitions",
                "operators.schemas",
            )
        ],
        "sensors": [_modules("sensors.sensors")],
        "triggers": [
            _modules(
                "triggers.backup_watcher",
                "triggers.conditions",
                "triggers.operation",
                "triggers.slot",
            )
        ],
        "extra-links": [
            f"airflow_spanner_lro.links.{name}"
            for name in (
                "SpannerBackupLink",
                "SpannerDatabaseLink",
                "SpannerInstanceLink",
                "SpannerOperationLink",
            )
        ],
        "notifications": [
            "airflow_spanner_lro.notifications.cancel.SpannerCancelOperationNotifier"
        ],
        "asset-uris": [
            {
                "schemes": ["spanner"],
                "handler": "airflow_spanner_lro.assets.sanitize_uri",
                "factory": "airflow_spanner_lro.assets.create_asset",
                "to_openlineage_converter": (
                    "airflow_spanner_lro.assets.convert_asset_to_openlineage"
                ),
            }
        ],
        "cli": ["airflow_spanner_lro.cli.airflow_commands.get_cli_commands"],
        "config": {
            "spanner_lro": {
                "description": "How Cloud Spanner's long-running operations are watched.",
                "options": {
                    "poll_interval": {
                        "description": (
                            "The longest time in seconds between two polls of one operation. "
                            "Young operations, and those about to end, are polled more often, "
                            "up to four times a second. "
                            "From 1 to 86400."
                        ),
                        "version_added": "0.1.0",
                        "type": "float",
                        "example": None,
                        "default": "30.0",
                    },
                    "worker_wait": {
                        "description": (
                            "How long in seconds a deferrable task waits on its worker first, "
                            "where operations of its kind usually take seconds: schema changes, "
                            "the creation of databases, updates. Then it defers; with 0, at "
                            "once. From 0 to 300."
                        ),
                        "version_added": "0.1.0",
                        "type": "float",
                        "example": None,
                        "default": "15.0",
                    },
                    "settle_timeout": {
                        "description": (
                            "How long in seconds to wait, after a cancel was sent, until it is "
                            "known what became of the operation. From 0.1 to 86400."
                        ),
                        "version_added": "0.1.0",
                        "type": "float",
                        "example": None,
                        "default": "60.0",
                    },
                    "deferral_grace": {
                        "description": (
                            "How long in seconds after a deadline Airflow itself ends the "
                            "deferral, in case no triggerer was there to do it. "
                            "From 0.1 to 86400."
                        ),
                        "version_added": "0.1.0",
                        "type": "float",
                        "example": None,
                        "default": "90.0",
                    },
                    "max_admin_requests_per_second": {
                        "description": (
                            "How many requests a second, as an average over a hundred seconds, "
                            "one triggerer sends to Spanner's admin API for one project. "
                            "Spanner allows five for all together. From 0.01 to 1000."
                        ),
                        "version_added": "0.1.0",
                        "type": "float",
                        "example": None,
                        "default": "1.0",
                    },
                    "max_admin_requests_per_second_busy": {
                        "description": (
                            "How many of these requests a second all triggerers of this Airflow "
                            "may send together while ends would be noticed late; they share it "
                            "through Airflow's database. At least max_admin_requests_per_second; "
                            "the same for a budget that never rises. From 0.01 to 1000."
                        ),
                        "version_added": "0.1.0",
                        "type": "float",
                        "example": None,
                        "default": "3.0",
                    },
                    "allow_emulator": {
                        "description": (
                            "Whether Spanner may be an emulator, a server that is reached without "
                            "TLS and credentials. Set it to False in production: an endpoint "
                            "without TLS is then refused, wherever it comes from. True or False."
                        ),
                        "version_added": "0.1.0",
                        "type": "boolean",
                        "example": None,
                        "default": "True",
                    },
                    "sign_expire_time": {
                        "description": (
                            "Whether digits of a relative expiry of backups are chosen at random, "
                            "so that a backup can be recognised as started by its task. "
                            "True or False."
                        ),
                        "version_added": "0.1.0",
                        "type": "boolean",
                        "example": None,
                        "default": "True",
                    },
                    "gc_freeze": {
                        "description": (
                            "Whether a triggerer leaves what has lived long out of the garbage "
                            "collector's passes (gc.freeze), which would stop its event loop for "
                            "a third of a second with thousands of triggers. True or False."
                        ),
                        "version_added": "0.1.0",
                        "type": "boolean",
                        "example": None,
                        "default": "True",
                    },
                    "reaper": {
                        "description": (
                            "Where the reaper runs by itself: in each triggerer, or beside each "
                            "scheduler; one of them makes a round at a time. Off where you let "
                            "`airflow spanner-lro reap` run. triggerer, scheduler or off."
                        ),
                        "version_added": "0.1.0",
                        "type": "string",
                        "example": "scheduler",
                        "default": "triggerer",
                    },
                    "reaper_interval": {
                        "description": (
                            "How long in seconds the reaper pauses between two rounds when it "
                            "runs by itself. From 1 to 3600."
                        ),
                        "version_added": "0.1.0",
                        "type": "float",
                        "example": None,
                        "default": "10.0",
                    },
                    "reaper_grace": {
                        "description": (
                            "How long in seconds a task has to be over before the reaper that "
                            "runs by itself cancels what it has left. After 35 seconds nobody "
                            "else cancels for a task that has ended, so an operation whose name "
                            "is known never waits longer than that. From 5 to 86400."
                        ),
                        "version_added": "0.1.0",
                        "type": "float",
                        "example": None,
                        "default": "60.0",
                    },
                    "reaper_connections": {
                        "description": (
                            "Connections that the reaper, the ledger command and the notifier may "
                            "use for tasks whose connection id is templated, or, the first two, "
                            "whose Dag is gone. A list of connection ids, separated by commas."
                        ),
                        "version_added": "0.1.0",
                        "type": "string",
                        "example": "spanner_orders,spanner_users",
                        "default": "",
                    },
                    "deployment": {
                        "description": (
                            "Names this Airflow deployment in each ledger entry; a reaper leaves "
                            "entries of other deployments alone. At most 64 letters, digits, dots, "
                            "underscores and hyphens."
                        ),
                        "version_added": "0.1.0",
                        "type": "string",
                        "example": "production",
                        "default": "",
                    },
                    "wake_subscription": {
                        "description": (
                            "Pub/Sub subscription on which a triggerer hears from Spanner's audit "
                            "log that operations have ended, so that it notices within seconds "
                            "with hardly any polls; one for each triggerer. Empty for none. "
                            "projects/<project>/subscriptions/<subscription>."
                        ),
                        "version_added": "0.1.0",
                        "type": "string",
                        "example": "projects/my-project/subscriptions/airflow-triggerer-0",
                        "default": "",
                    },
                    "wake_connection": {
                        "description": (
                            "Connection of type google_cloud_platform whose account receives from "
                            "wake_subscription."
                        ),
                        "version_added": "0.1.0",
                        "type": "string",
                        "example": None,
                        "default": "google_cloud_default",
                    },
                },
            }
        },
    }


def _modules(*names: str) -> dict[str, Any]:
    return {
        "integration-name": _INTEGRATION,
        "python-modules": [f"airflow_spanner_lro.{name}" for name in names],
    }
