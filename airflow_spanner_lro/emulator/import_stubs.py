# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Message types without clients, for a process that is an emulator and nothing else.

Google's packages load their clients with the message types: transports, authentication and two HTTP
libraries, which is most of the time that an emulator takes to start. It never is a client, so in a
process of its own it says that they are there already. Nobody else's process is touched.
"""

from __future__ import annotations

import sys
from types import ModuleType

_CLIENTS = (
    "google.cloud.spanner_admin_database_v1.services.database_admin",
    "google.cloud.spanner_admin_instance_v1.services.instance_admin",
)


class _NoClients(ModuleType):
    """Stands where a package of clients would be; whatever is imported from it is a mere name."""

    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {"__module__": self.__name__})


def stub_client_imports() -> None:
    """Let later imports of Google's admin packages load message types only.

    To be called only by a process that runs the emulator and has imported none of them yet;
    otherwise it does nothing.
    """
    for clients in _CLIENTS:
        package = clients.rpartition(".services.")[0]
        if package not in sys.modules:
            sys.modules[clients] = _NoClients(clients)
