# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The emulator from the command line: arguments, readiness line, clean stop, import stubs.

Google's packages load their clients with the message types: transports, authentication and two HTTP
libraries, which is most of the time that an emulator takes to start. It never is a client, so in a
process of its own stubs stand where the clients would be. Nobody else's process is touched.
"""

from __future__ import annotations

import argparse
import logging
import math
import os
import re
import signal
import sys
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.errors import InvalidNameError
from airflow_spanner_lro.core.names import DatabaseName, InstanceName, ResourceName
from airflow_spanner_lro.core.notices import hush_advice_on_python
from airflow_spanner_lro.emulator.addresses import (
    HIGHEST_PORT,
    EmulatorStartError,
    allowed_host,
    dialled,
    is_loopback,
    join_address,
)
from airflow_spanner_lro.emulator.journal.state_file import EmulatorStateError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow_spanner_lro.emulator.audit.log import AuditTopic
    from airflow_spanner_lro.emulator.server import SpannerAdminEmulator


DEFAULT_PORT = 9010
"""The port of Google's emulator too, so that the usual variable fits both."""

DEFAULT_REST_PORT = 9020
"""The port of Google's emulator for REST."""

_ON, _OFF = "on", "off"
# those of OperationIdForm, which takes the client library to load
_ID_FORMS = ("full", "short", "opaque")
# that of the actions, which take the client library to load
_CONFIG = "regional-europe-west1"
_SIGNALS = frozenset({signal.SIGINT, signal.SIGTERM})

DESCRIPTION = (
    "Run an emulator of Cloud Spanner's admin API, whose operations take time, "
    "fail and can be cancelled."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the emulator's arguments to a parser."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument(
        "--port",
        type=_port,
        default=DEFAULT_PORT,
        help="port for gRPC, 0 for a free one (%(default)s)",
    )
    parser.add_argument(
        "--rest-port",
        type=_port,
        default=DEFAULT_REST_PORT,
        help="port for REST, 0 for a free one (%(default)s)",
    )
    parser.add_argument(
        "--no-rest",
        dest="rest_port",
        action="store_const",
        const=None,
        help="speak gRPC only; there is no control interface then either",
    )
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        type=_allowed_host,
        metavar="NAME",
        help="a name by which clients of REST may call it, such as that of a container; those of "
        "this machine always may be used (may be repeated)",
    )
    parser.add_argument(
        "--state",
        type=_file,
        metavar="FILE",
        help="keep everything in this file, so that it is there again after a restart",
    )
    parser.add_argument(
        "--quota",
        choices=(_ON, _OFF),
        default=_OFF,
        help="refuse requests beyond Spanner's quota, 5 per second over 100 seconds (%(default)s)",
    )
    parser.add_argument(
        "--time-scale",
        type=_positive,
        default=1.0,
        metavar="N",
        help="emulated seconds per real second: 60 makes a backup of 25 minutes take 25 seconds "
        "(%(default)s)",
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="for the operation ids that it makes up (%(default)s)"
    )
    parser.add_argument("--log-calls", action="store_true", help="print each call and its answer")
    parser.add_argument(
        "--audit-topic",
        metavar="TOPIC",
        help="publish an audit-log entry when an operation starts and when it ends, to "
        "projects/P/topics/T in an emulator of Pub/Sub",
    )
    parser.add_argument(
        "--audit-endpoint",
        metavar="HOST:PORT",
        default="",
        help="where that emulator is (what PUBSUB_EMULATOR_HOST says)",
    )
    parser.add_argument(
        "--audit-operation-id",
        choices=_ID_FORMS,
        default=_ID_FORMS[0],
        help="what operation.id of the entries is: the full name of the operation, its last "
        "segment, or something that does not tell it (%(default)s)",
    )
    parser.add_argument(
        "--data",
        action="store_true",
        help="have rows, too: pass data calls on to Google's Spanner emulator, if it is on this "
        "machine",
    )
    parser.add_argument(
        "--data-emulator",
        type=_file,
        metavar="PATH",
        help="the emulator_main of Google's Spanner emulator (the one that is found); means --data",
    )
    parser.add_argument(
        "--instance",
        action="append",
        default=[],
        type=_name_of(InstanceName),
        metavar="NAME",
        help="an instance that is there from the start, such as projects/p/instances/i "
        "(may be repeated)",
    )
    parser.add_argument(
        "--database",
        action="append",
        default=[],
        type=_name_of(DatabaseName),
        metavar="NAME",
        help="a database that is there from the start, with its instance (may be repeated)",
    )
    parser.add_argument(
        "--instance-config",
        default=_CONFIG,
        metavar="ID",
        help="where these instances are, such as nam6; partitions need more than one region "
        "(%(default)s)",
    )


def run(args: argparse.Namespace) -> int:
    """Run the emulator until SIGINT or SIGTERM; return the exit code.

    Must be called on the main thread, as signals are.
    """
    # from here on, because a signal may come while libraries are loaded, too
    with _signals_held_back():
        return _run(args)


def _run(args: argparse.Namespace) -> int:
    # gRPC and the client library take a second to load; --help should not
    from airflow_spanner_lro.emulator.audit.log import AuditTopicError  # noqa: PLC0415
    from airflow_spanner_lro.emulator.clock import SystemClock  # noqa: PLC0415
    from airflow_spanner_lro.emulator.errors import RpcError  # noqa: PLC0415
    from airflow_spanner_lro.emulator.quota import AdminQuota  # noqa: PLC0415
    from airflow_spanner_lro.emulator.server import SpannerAdminEmulator  # noqa: PLC0415

    if args.log_calls:
        _log_calls()
    try:
        emulator = SpannerAdminEmulator(
            host=args.host,
            port=args.port,
            rest_port=args.rest_port,
            clock=SystemClock(scale=args.time_scale),
            seed=args.seed,
            state_file=args.state,
            quota=AdminQuota() if args.quota == _ON else None,
            audit=_audit_topic(args),
            data=args.data_emulator or args.data,
            allow_hosts=args.allow_host,
        )
        for name in args.instance:
            emulator.create_instance(name, config=args.instance_config)
        for name in args.database:
            emulator.create_instance(name.instance_name, config=args.instance_config)
            emulator.create_database(name, if_missing=True)
        emulator.start()
    except (AuditTopicError, EmulatorStartError, EmulatorStateError, RpcError) as exc:
        sys.stderr.write(f"{exc}\n")
        return 1
    try:
        _say(*_ready(emulator, args.audit_topic))
        signal.sigwait(_SIGNALS)
    finally:
        emulator.stop()
    _say("The emulator has stopped.")
    return 0


def main() -> int:
    """Run ``python -m airflow_spanner_lro.emulator``."""
    parser = argparse.ArgumentParser(
        prog="python -m airflow_spanner_lro.emulator", description=DESCRIPTION
    )
    add_arguments(parser)
    args = parser.parse_args()
    hush_advice_on_python()
    stub_client_imports(args)
    return run(args)


def _audit_topic(args: argparse.Namespace) -> AuditTopic | None:
    from airflow_spanner_lro.emulator.audit.entries import OperationIdForm  # noqa: PLC0415
    from airflow_spanner_lro.emulator.audit.log import AuditTopic, AuditTopicError  # noqa: PLC0415

    if args.audit_topic is None:
        if args.audit_endpoint:
            message = "An --audit-endpoint does nothing by itself: give an --audit-topic, too."
            raise AuditTopicError(message)
        return None
    return AuditTopic(
        topic=args.audit_topic,
        endpoint=args.audit_endpoint,
        operation_id=OperationIdForm(args.audit_operation_id),
    )


def _ready(emulator: SpannerAdminEmulator, audit_topic: str | None) -> Iterator[str]:
    host = dialled(emulator.host)
    rest = "" if emulator.rest_port is None else f", and for REST on {emulator.rest_endpoint}"
    where = f"{emulator.endpoint}{rest}"
    yield f"The Spanner admin emulator is ready on {where}. Ctrl-C stops it. For clients:"
    yield f"export SPANNER_EMULATOR_HOST={join_address(host, emulator.port)}"
    if emulator.rest_port is not None:
        override = f"http://{join_address(host, emulator.rest_port)}/"
        yield f"export CLOUDSDK_API_ENDPOINT_OVERRIDES_SPANNER={override}"
    if not is_loopback(emulator.host):
        names = (
            " Clients of REST that call it by another name need --allow-host NAME."
            if emulator.rest_port is not None
            else ""
        )
        yield f"It listens beyond this machine, and asks nobody who he is.{names}"
    if audit_topic is not None:
        yield f"Audit-log entries go to {audit_topic}."
    if emulator.data is not None and emulator.data.binary is not None:
        yield f"Data calls are passed on to Google's Spanner emulator, {emulator.data.binary}."
        if emulator.clock.anchor().scale != 1:
            yield (
                "Rows know real time only: a moment that is read from them, such as the time of a "
                "commit, is none of the emulated time, and no version_time for a backup."
            )


def _say(*lines: str) -> None:
    """Print lines to whoever listens; that nobody does is no reason to stop."""
    try:
        # at once, because whoever waits for these lines reads them through a pipe
        print(*lines, sep="\n", flush=True)  # noqa: T201 - it knows of a stdout that is closed
    except OSError:
        # nor is it one to complain at the end, when Python flushes once more
        with open(os.devnull, "w") as nowhere:  # noqa: PTH123 - there is no path to it
            os.dup2(nowhere.fileno(), sys.stdout.fileno())


@contextmanager
def _signals_held_back() -> Iterator[None]:
    """Keep SIGINT and SIGTERM for whoever waits for them, while the context lasts.

    Threads that start meanwhile do not take them either. With a handler instead, a signal that
    some other thread happens to get would not wake the one that waits.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
        # who presses Ctrl-C twice means it once
        while pending := signal.sigpending() & _SIGNALS:
            signal.sigwait(pending)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Sayer(logging.Handler):
    """Prints messages, and minds a reader that has gone away as little as the rest."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print one."""
        _say(record.getMessage())


def _log_calls() -> None:
    logger = logging.getLogger("airflow_spanner_lro.emulator.pipeline.calls")
    logger.addHandler(_Sayer())
    logger.setLevel(logging.DEBUG)
    logger.propagate = False


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        message = f"{text!r} is no number above 0, such as 60 or 0.5"
        raise argparse.ArgumentTypeError(message)
    return number


def _port(text: str) -> int:
    # not isdigit(), to which other scripts have digits too
    if not re.fullmatch("[0-9]{1,5}", text) or int(text) > HIGHEST_PORT:
        message = f"{text!r} is no port: give a number from 0 to {HIGHEST_PORT}"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def _allowed_host(text: str) -> str:
    try:
        return allowed_host(text)
    except ValueError as exc:
        raise argparse.ArgumentTypeError(str(exc)) from exc


def _file(text: str) -> str:
    if not text:
        message = "it is empty: give the name of a file"
        raise argparse.ArgumentTypeError(message)
    return text


def _name_of(type_: type[ResourceName]) -> Callable[[str], ResourceName]:
    """Return a converter for argparse, which shows the sentence of the error."""

    def parse(text: str) -> ResourceName:
        try:
            return type_.parse(text)
        except InvalidNameError as exc:
            raise argparse.ArgumentTypeError(str(exc)) from exc

    return parse


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


def stub_client_imports(args: argparse.Namespace | None = None) -> None:
    """Let later imports of Google's admin packages load message types only.

    To be called only by a process that runs the emulator and has imported none of them yet;
    otherwise it does nothing. Nor does it if there are to be rows: those are moved by messages of
    the client library, which loads its clients and those of the admin packages.
    """
    if args is not None and (args.data or args.data_emulator):
        return
    for clients in _CLIENTS:
        package = clients.rpartition(".services.")[0]
        if package not in sys.modules:
            sys.modules[clients] = _NoClients(clients)
