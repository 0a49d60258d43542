# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Each error that a person sees has an entry in the documentation, and each entry an error."""

from __future__ import annotations

import ast
import importlib
import logging
import pkgutil
import re
from functools import cache
from typing import TYPE_CHECKING

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from google.api_core.exceptions import (
    FailedPrecondition,
    GoogleAPICallError,
    PermissionDenied,
    Unknown as UnknownAnswer,
)
from google.auth.exceptions import RefreshError

import airflow_spanner_lro
from airflow_spanner_lro import error_mapping
from airflow_spanner_lro.core.errors import InvalidArgumentError, NoRowsError, SpannerLroError
from airflow_spanner_lro.core.names import BackupName
from airflow_spanner_lro.core.operations.errors import KilledBeforeStartError, NothingStartedError
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.error_mapping import (
    TROUBLESHOOTING,
    map_errors,
    skip_when_late,
    troubleshooting_link,
)
from tests.docs.conftest import DOCS, REPOSITORY
from tests.support.log_lines import logged

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = DOCS / "troubleshooting.md"
ENTRY = re.compile(r"^((?:<a id=\"[^\"]+\"></a>\n)+)\n### (.+)\n\n(.+)", re.MULTILINE)
ANCHOR = re.compile(r'<a id="([^"]+)"></a>')
SPAN = re.compile(r"`([^`]+)`")
PLACEHOLDER = re.compile(r"%[\w.]*[sdgr]|[`…]")
NOBODY_SEES = {
    "BadFilterError": "the Operations page says it in its place",
    "DeadlinePassedError": "becomes OperationTimeoutError",
    "KilledBeforeDeliveryError": "somebody has ended the task, and nothing is left",
    "KilledBeforeStartError": "the same",
    "LedgerFormatError": "becomes LedgerUnreadableError",
    "LookupRefusedError": "the Operations page says it in its place",
    "NewerLeaseFormatError": "within a line on the request budget",
    "ReadStoppedError": "the task was killed",
    "SeenFormatError": "a record that is not used",
    "StartGivenUpError": "becomes StartUnansweredError",
    "StatusLostError": "tried again at once",
    "WaitStoppedError": "becomes OperationKilledError",
    "_StoppedWaitingError": "a base",
}
"""Errors without an entry, and why."""
FAILURES = (AirflowFailException, FailedPrecondition, RefreshError)


def entries() -> dict[str, tuple[str, str]]:
    """Return the heading and the first line of each entry, by its anchors."""
    return {
        anchor: (heading, line)
        for anchors, heading, line in ENTRY.findall(PAGE.read_text())
        for anchor in ANCHOR.findall(anchors)
    }


def errors() -> dict[str, type[SpannerLroError]]:
    """Return all errors of the package by name."""
    for module in pkgutil.walk_packages(airflow_spanner_lro.__path__, "airflow_spanner_lro."):
        if not re.search(r"\.emulator\b|__main__", module.name):
            importlib.import_module(module.name)
    return {
        each.__name__: each
        for each in _subclasses(SpannerLroError)
        if each.__module__.startswith("airflow_spanner_lro.")
    }


def _subclasses(class_: type[SpannerLroError]) -> Iterator[type[SpannerLroError]]:
    for each in class_.__subclasses__():
        yield each
        yield from _subclasses(each)


@cache
def sentences() -> str:
    """Return all text in the sources of the package, a piece on each line."""
    pieces: list[str] = []
    for path in (REPOSITORY / "airflow_spanner_lro").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                pieces += PLACEHOLDER.split(node.value)
    return "\n".join([*pieces, *(code.name for code in Code)])


def test_each_error_has_an_entry() -> None:
    """An error that a person sees is explained under its name in lower case."""
    told = set(entries())

    missing = {name for name in errors() if name.lower() not in told}

    assert set(NOBODY_SEES) == missing


def test_each_entry_names_an_error() -> None:
    """An entry is about an error of the package, a code of Spanner's, or a line of a log."""
    classes = {name.lower(): name for name in errors()}
    codes = {code.name.lower() for code in Code}

    for anchor, (_, line) in entries().items():
        if not anchor.startswith("log-") and anchor not in codes:
            assert f"**{classes[anchor]}**" in line, anchor


@pytest.mark.parametrize("anchor", entries())
def test_the_words_of_an_entry_are_said(anchor: str) -> None:
    """Whoever searches the page for what he was told finds it: headings are the sources' words."""
    heading, _ = entries()[anchor]
    pieces = [
        piece.strip(" .,()")
        for span in SPAN.findall(heading)
        for piece in re.split(r"…|^[A-Z_]+: ", span)
    ]

    assert [] == [piece for piece in pieces if piece not in sentences()]


@pytest.mark.parametrize(
    ("error", "anchor"),
    [
        (NoRowsError("orders"), "norowserror"),
        (InvalidArgumentError(field="a", value=1, rule="it is 2"), "invalidargumenterror"),
        (PermissionDenied("no"), "permission_denied"),
        (FailedPrecondition("in use"), "failed_precondition"),
        (RefreshError("invalid_grant", retryable=False), "unauthenticated"),
    ],
)
def test_log_says_where_an_error_is_explained(
    caplog: pytest.LogCaptureFixture, error: Exception, anchor: str
) -> None:
    """A task that fails logs the address of the entry once, and the entry is there."""
    with caplog.at_level(logging.ERROR), pytest.raises(FAILURES), map_errors():
        raise error

    told = logged(caplog, error_mapping.__name__)
    assert [f"What this means, and what to do: {TROUBLESHOOTING}#{anchor}"] == told
    assert anchor in entries()


@pytest.mark.parametrize(
    "error",
    [
        ValueError("of the Dag's author"),
        AirflowFailException("of the Dag's author"),
        UnknownAnswer("?"),
        KilledBeforeStartError(BackupName(project="test", instance="main", backup="nightly")),
    ],
    ids=lambda error: type(error).__name__,
)
def test_nothing_is_said_where_nothing_is_to_be_done(
    caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    """An error that is none of ours, or needs nobody, gets no line."""
    with caplog.at_level(logging.ERROR), pytest.raises(type(error)), map_errors():
        raise error

    assert [] == logged(caplog, error_mapping.__name__)


def test_a_skipped_task_is_told_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """A task that is skipped when its time is up, as it was to be, has no failure to look up."""
    target = BackupName(project="test", instance="main", backup="nightly")
    with (
        caplog.at_level(logging.ERROR),
        pytest.raises(AirflowSkipException),
        map_errors(),
        skip_when_late(soft=True),
    ):
        raise NothingStartedError(target, reason="out of time")

    assert [] == logged(caplog, error_mapping.__name__)


@pytest.mark.parametrize("code", Code)
def test_links_of_codes_lead_to_an_entry(code: Code) -> None:
    """A refused call is linked where its code has an entry, and nowhere else."""
    exc = GoogleAPICallError("refused")
    exc.grpc_status_code = type("Status", (), {"value": (int(code), code.name)})()

    link = troubleshooting_link(exc)

    assert link == (
        f"{TROUBLESHOOTING}#{code.name.lower()}" if code.name.lower() in entries() else ""
    )
