# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Start Airflow's components as processes, restart or kill each of them, and stop them all."""

from __future__ import annotations

import logging
import re
import sys
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Self

from tests.cluster import executors
from tests.cluster.configuration import (
    HOSTNAME_VARIABLE,
    LOOPBACK,
    AirflowSettings,
    Login,
    build_environment,
    check_requirements,
    choose_port,
    write_local_settings,
    write_passwords,
)
from tests.cluster.errors import ApiUnreachableError
from tests.cluster.executors import READY, WORKER_ARGUMENTS, Executor
from tests.cluster.postgres import LocalPostgres
from tests.cluster.processes import (
    ManagedProcess,
    ProcessRun,
    ProcessSpec,
    delay_signals,
    stop_together,
)
from tests.cluster.rest_api import AirflowApi
from tests.cluster.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from tests.cluster.rest_api import TaskInstance
    from tests.cluster.watchdog import ProcessInfo

log = logging.getLogger(__name__)

_HEALTHY = "healthy"


class Component(StrEnum):
    """The parts of Airflow that run as processes; the value is the sub-command that starts it."""

    API_SERVER = "api-server"
    SCHEDULER = "scheduler"
    DAG_PROCESSOR = "dag-processor"
    TRIGGERER = "triggerer"
    WORKER = "worker"


_GROUPS: dict[Component, str] = {Component.WORKER: "celery"}
"""The groups of Airflow's commands, where one is not by itself."""
_ARGUMENTS: dict[Component, tuple[str, ...]] = {
    # the log servers listen on all addresses
    Component.SCHEDULER: ("--skip-serve-logs",),
    Component.TRIGGERER: ("--skip-serve-logs",),
    Component.WORKER: WORKER_ARGUMENTS,
}
_JOB_TYPES = {
    Component.SCHEDULER: "SchedulerJob",
    Component.DAG_PROCESSOR: "DagProcessorJob",
    Component.TRIGGERER: "TriggererJob",
}
_NETWORKS = {Component.TRIGGERER: "127.0.0", Component.WORKER: "127.0.1"}
"""Of components that may be several: where Airflow knows them, by their number."""
_Key = tuple[Component, int]


class LocalAirflow:
    """One Airflow with a database of its own; a context manager after which nothing is left.

    Entering it migrates the database and starts the components;
    call :meth:`wait_until_ready` before relying on them.
    Components are addressed by kind and, for triggerers and workers, a number that counts from 1.
    """

    def __init__(self, settings: AirflowSettings, /, *, login: Login | None = None) -> None:
        self.settings = replace(
            settings, home=settings.home.resolve(), dags_folder=settings.dags_folder.resolve()
        )
        self.login = login or Login()
        self._run = ProcessRun()
        self._database: LocalPostgres | None = None
        self._components: dict[_Key, ManagedProcess] = {}
        self._environment: dict[str, str] = {}
        self._port = 0

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            # also Ctrl-C: what was started so far must not stay
            self.close()
            raise
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    # -- what it is

    @property
    def url(self) -> str:
        """The address of the web interface; known once it is started."""
        return f"http://{LOOPBACK}:{self._port}"

    @property
    def run(self) -> ProcessRun:
        """All its processes; others that shall end with it may be started here."""
        return self._run

    def api(self, *, login: Login | None = None) -> AirflowApi:
        """Return a new client of the REST API; it logs in when first used.

        :param login: one of the users, by default the administrator
        """
        login = login or self.login
        return AirflowApi(url=self.url, username=login.username, password=login.password)

    def host(self, component: Component, *, number: int = 1) -> str:
        """Return the name under which Airflow knows a component, to tell its like apart."""
        # an address of the loopback network, since Airflow tries to fetch logs from it
        return f"{_NETWORKS[component]}.{number}" if component in _NETWORKS else LOOPBACK

    def process(self, component: Component, *, number: int = 1) -> ManagedProcess:
        """Return the newest process of a component.

        :raises KeyError: if it was never started.
        """
        return self._components[component, number]

    # -- its life

    def start(self) -> None:
        """Start the database, migrate it, and start all components, without waiting for them.

        :raises UnsupportedPythonError: if this interpreter is too old.
        :raises MissingPackageError: if a package of the group ``demo`` is not installed.
        :raises PortInUseError: if the port that was asked for is taken.
        :raises ProcessDiedError: if the migration fails.
        """
        check_requirements()
        settings = self.settings
        self._port = choose_port(
            requested=settings.api_port, purpose="Airflow's web interface and API"
        )
        settings.home.mkdir(parents=True, exist_ok=True)
        log.info("starting PostgreSQL in %s", settings.home)
        self._database = LocalPostgres(
            run=self._run,
            folder=settings.home / "postgres",
            log_path=settings.process_logs / "postgres.log",
        )
        write_local_settings(settings=self.settings)
        self._environment = build_environment(
            settings=settings,
            login=self.login,
            passwords=write_passwords(settings=settings, login=self.login),
            port=self._port,
            database_url=self._database.url,
            async_database_url=self._database.async_url,
        )
        self._database.wait_until_ready()
        log.info("creating Airflow's tables")
        self._migrate(self._database.url)
        log.info("starting Airflow's components")
        # the API server needs longest
        for component in Component:
            for number in range(1, self._count(component) + 1):
                self.start_component(component, number=number)

    def wait_until_ready(self, *, timeout: float = 120.0) -> None:
        """Wait until every component that runs is in Airflow's own eyes alive.

        :param timeout: seconds.
        :raises ProcessDiedError: if a component ends instead, with the end of its log.
        :raises NotReachedError: with the names of those that were not ready.
        """
        with self.api() as api:
            wait_until(
                lambda: self._unready(api),
                accept=lambda unready: not unready,
                timeout=timeout,
                what="all of Airflow's components to be ready (these are not)",
            )

    def close(self, *, grace: float = 3.0) -> None:
        """Stop everything and make sure of it; may be repeated, cannot be interrupted.

        The grace is short, since an idle triggerer takes ten seconds and the database is not kept.

        :param grace: seconds between asking and killing.
        :raises SurvivorsError: if anything is still alive ten seconds after SIGKILL.
        """
        with delay_signals():
            try:
                # all at once: the API server waits for its clients, the triggerer for its runner
                stop_together([*self._components.values()], grace=grace)
                if self._database is not None:
                    self._database.close()
            finally:
                self._run.close(grace=grace)

    # -- the life of its components

    def start_component(
        self,
        component: Component,
        *arguments: str,
        number: int = 1,
        environment: Mapping[str, str] | None = None,
    ) -> ManagedProcess:
        """Start a component, for instance a second triggerer; a running one is returned as is.

        :param arguments: added to its command, such as ``--queues``
        :param environment: added for this process, such as ``AIRFLOW__TRIGGERER__CAPACITY``
        """
        running = self._components.get((component, number))
        if running is not None and running.poll() is None:
            return running
        process = self._start(
            f"{component}-{number}" if component in _NETWORKS else str(component),
            *([_GROUPS[component]] if component in _GROUPS else []),
            component,
            *_ARGUMENTS.get(component, ()),
            *arguments,
            environment={
                HOSTNAME_VARIABLE: self.host(component, number=number),
                **self.settings.component_environment.get(component, {}),
                **(environment or {}),
            },
        )
        self._components[component, number] = process
        return process

    def stop_component(self, component: Component, *, number: int = 1, grace: float = 15.0) -> None:
        """Let a component end in its own way, as an upgrade does; kill it after ``grace`` s."""
        self.process(component, number=number).stop(grace=grace)
        del self._components[component, number]

    def kill_component(self, component: Component, *, number: int = 1) -> None:
        """SIGKILL a component with all it spawned, as a lost machine."""
        self.process(component, number=number).kill()
        del self._components[component, number]

    def task_process(self, task: TaskInstance) -> ProcessInfo | None:
        """Return the process on a worker that executes a task, None if there is none.

        Airflow 3.3.2 gives it a title, where the operating system lets it (not macOS).
        """
        title = f"airflow worker -- {task.id}"
        return next((each for each in self._run.survivors() if each.command == title), None)

    def command(self, *arguments: str, timeout: float = 120.0) -> str:
        """Run one of Airflow's own commands to its end, and return what it has printed.

        :raises ProcessDiedError: if it fails
        """
        process = self._start(f"command-{len(self._run.processes)}", *arguments)
        if process.wait(timeout=timeout) != 0:
            raise process.died()
        return process.spec.log_path.read_text(errors="replace")

    def _start(
        self,
        name: str,
        *arguments: str,
        module: str = "airflow",
        environment: Mapping[str, str] | None = None,
    ) -> ManagedProcess:
        return self._run.start(
            ProcessSpec(
                name=name,
                command=[sys.executable, "-m", module, *arguments],
                environment={
                    **self._environment,
                    HOSTNAME_VARIABLE: LOOPBACK,
                    **(environment or {}),
                },
                directory=self.settings.home,
                log_path=self.settings.process_logs / f"{name}.log",
            )
        )

    def _count(self, component: Component) -> int:
        """Return how many of a component there are in the beginning."""
        if component is Component.WORKER:
            return self.settings.workers if self.settings.executor is Executor.CELERY else 0
        return self.settings.triggerers if component is Component.TRIGGERER else 1

    def _migrate(self, database_url: str) -> None:
        steps = [self._start("db-migrate", "db", "migrate")]
        if self.settings.executor is Executor.CELERY:
            steps.append(self._start("broker", database_url, module=executors.__name__))
        for step in steps:
            if step.wait(timeout=120.0) != 0:
                raise step.died()

    def _unready(self, api: AirflowApi) -> tuple[str, ...]:
        """Return the names of the components that run but do not work yet."""
        for process in self._components.values():
            process.check()
        names = {key: process.name for key, process in self._components.items()}
        try:
            if api.health()["metadatabase"] != _HEALTHY:
                return tuple(names.values())
            jobs = api.jobs()
        except ApiUnreachableError:
            return tuple(names.values())
        # a worker has no job; it says that it is there
        mute = [
            process.name
            for (component, _), process in self._components.items()
            if component is Component.WORKER and not re.search(READY, process.output())
        ]
        return tuple(mute) + tuple(
            name
            for (component, number), name in names.items()
            if component in _JOB_TYPES
            and not any(
                job.job_type == _JOB_TYPES[component]
                and job.hostname == self.host(component, number=number)
                # a killed predecessor counts as alive for half a minute
                and job.started_at.timestamp() >= self._components[component, number].started_at
                for job in jobs
            )
        )
