# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Say what went wrong around a local Airflow, in sentences a newcomer can act on.

::

    ClusterError
    ├── UnsupportedPythonError   this interpreter cannot run Airflow 3.3
    ├── MissingPackageError      a package of the dependency group ``demo`` is not installed
    ├── PortInUseError           somebody else listens there
    ├── ProcessDiedError         a process ended that should have stayed
    ├── NotReachedError          an awaited condition did not come true in time
    ├── SurvivorsError           processes are alive that should have ended
    ├── ApiUnreachableError      nothing answers at the address of Airflow's REST API
    ├── ApiError                 Airflow's REST API refused a request
    └── ExamplesMissingError     the example Dags are not where a checkout has them
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class ClusterError(Exception):
    """The local Airflow could not do what was asked of it."""


class UnsupportedPythonError(ClusterError):
    """This interpreter cannot run Airflow 3.3 and this package."""

    def __init__(self, *, found: str, needed: str) -> None:
        super().__init__(
            f"This is Python {found}, and the local Airflow needs Python {needed} or newer. "
            f"Create the virtual environment with a newer interpreter and try again."
        )
        self.found = found
        self.needed = needed


class MissingPackageError(ClusterError):
    """A package of the dependency group ``demo`` cannot be imported."""

    def __init__(self, *, package: str) -> None:
        super().__init__(
            f"The package {package!r} is not installed. "
            "Install what the local Airflow needs with: pip install --group demo"
        )
        self.package = package


class PortInUseError(ClusterError):
    """A loopback port that was asked for is taken."""

    def __init__(self, *, port: int, purpose: str) -> None:
        super().__init__(
            f"Port {port} on 127.0.0.1, wanted for {purpose}, is already in use. "
            f"Stop what listens there (`lsof -i :{port}` names it), "
            f"or choose another port, or none to get a free one."
        )
        self.port = port
        self.purpose = purpose


class ProcessDiedError(ClusterError):
    """A process ended that should still be running, or failed at its one job."""

    def __init__(self, *, name: str, status: int, log_path: Path, tail: Sequence[str]) -> None:
        lines = "\n".join(f"    {line}" for line in tail) or "    (the log is empty)"
        ending = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        super().__init__(f"{name} {ending}. The end of its log, {log_path}:\n{lines}")
        self.name = name
        self.status = status
        self.log_path = log_path
        self.tail = tuple(tail)


class NotReachedError(ClusterError):
    """An awaited condition did not come true in time."""

    def __init__(self, *, what: str, timeout: float, last: object) -> None:
        super().__init__(f"Waited {timeout:g} s for {what}; the last thing seen was: {last!r}")
        self.what = what
        self.timeout = timeout
        self.last = last


class SurvivorsError(ClusterError):
    """Processes outlived SIGKILL, or the time that was given to it."""

    def __init__(self, *, survivors: Sequence[object]) -> None:
        listed = "\n".join(f"    {survivor}" for survivor in survivors)
        super().__init__(f"These processes did not end and must be looked at by hand:\n{listed}")
        self.survivors = tuple(survivors)


class ApiUnreachableError(ClusterError):
    """Nothing answers at the address of Airflow's REST API."""

    def __init__(self, *, url: str, reason: str) -> None:
        super().__init__(f"Airflow's API server at {url} cannot be reached: {reason}")
        self.url = url
        self.reason = reason


class ApiError(ClusterError):
    """Airflow's REST API answered with an error."""

    def __init__(self, *, method: str, path: str, status: int, detail: str) -> None:
        super().__init__(f"{method} {path} was answered with {status}: {detail}")
        self.method = method
        self.path = path
        self.status = status
        self.detail = detail


class ExamplesMissingError(ClusterError):
    """The example Dags are not there: this is not a checkout."""

    def __init__(self, *, folder: Path) -> None:
        super().__init__(
            f"There are no example Dags in {folder}. "
            "The demo runs from a checkout of the project: clone it and say `make demo` there."
        )
        self.folder = folder
