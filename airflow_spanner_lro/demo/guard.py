# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Ends what a driver leaves behind when it could not tidy up itself.

Run as ``python -m airflow_spanner_lro.demo.guard MARK``.
It reads process groups from its standard input, one a line, until the pipe closes.
The kernel closes that pipe however the driver ends, by SIGKILL and by the memory killer too,
which no handler in the driver can catch: that is why this is a process of its own.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from airflow_spanner_lro.demo.proctable import kill_processes

_PACKAGES = Path(__file__).resolve().parents[2]


class Guard:
    """The driver's end of the pipe."""

    def __init__(self, *, mark: str) -> None:
        reading, self._writing = os.pipe()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, mark],
                stdin=reading,
                env={**os.environ, "PYTHONPATH": package_path()},
                start_new_session=True,
            )
        except OSError:
            os.close(self._writing)
            raise
        finally:
            os.close(reading)

    def tell(self, group: int, /) -> None:
        """Name a process group that is to end with the driver."""
        # a guard that is gone cannot help, but neither may it stop the driver
        with suppress(BrokenPipeError):
            os.write(self._writing, f"{group}\n".encode())

    def dismiss(self) -> None:
        """Let it look once more, and wait for its end."""
        os.close(self._writing)
        self._process.wait()


def package_path() -> str:
    """Return a ``PYTHONPATH`` with which a child finds this very package, installed or not."""
    inherited = os.environ.get("PYTHONPATH")
    return os.pathsep.join([str(_PACKAGES), *([inherited] if inherited else [])])


def main() -> int:
    """Wait for the driver's end, then kill what is left; return how many would not die."""
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, signal.SIG_IGN)
    groups = {int(line) for line in sys.stdin}
    return len(kill_processes(mark=sys.argv[1], groups=groups))


if __name__ == "__main__":
    sys.exit(main())
