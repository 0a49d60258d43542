# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What the Operations page costs the api-server, with up to 10,000 entries in the ledger.

The database is a file of SQLite; what is measured is all that happens between a request and its
answer but HTTP and the auth manager: the index is brought up to date, and filtered, ordered, paged.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.report import Row, Table, Target, markdown_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.web.ledger.ledgers import Ledgers

SIZES = (100, 1_000, 10_000)
QUICK_SIZES = SIZES[-1:]
VIEWERS = 20
_MILLISECONDS = 300.0
_ROUNDS = 5
_QUERIES: tuple[dict[str, str], ...] = (
    {},
    {"state": "all", "sort": "-dag"},
    {"state": "all", "sort": "ends", "offset": "100"},
    {"state": "all", "search": "backup77"},
)
_NOTES = (
    (
        "Half of the entries are open, in 50 Dags. A first look decodes all of them, once in each "
        "api-server process; from then on only what has changed is read, at most every two "
        "seconds, however many look."
    ),
    (
        f"A page is the slowest of {len(_QUERIES)}: what runs, all by Dag, the third page by end, "
        "and a search; medians of five. The viewers ask at once, each with a thread of its own."
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """Milliseconds for one size.

    :param first: the first look
    :param refresh: a look when nothing has changed
    :param page: filter, order and rows of a page
    :param viewers: until many who look at once all have their page
    """

    entries: int
    first: float
    refresh: float
    page: float
    viewers: float


def tables(*, quick: bool) -> tuple[Table, ...]:
    """Measure all sizes."""
    found = []
    for entries in QUICK_SIZES if quick else SIZES:
        with _ledgers() as ledgers:
            found.append(measure(ledgers, entries=entries))
    return (table_of(found),)


def measure(ledgers: Ledgers, *, entries: int) -> Costs:
    """Write so many entries, and look at them."""
    ledgers.write_many(entries)
    first = _milliseconds(ledgers.index.view)
    refresh = [_milliseconds(lambda: ledgers.later(60.0)) for _ in range(_ROUNDS)]
    pages = [
        statistics.median(_milliseconds(partial(_page, ledgers, given)) for _ in range(_ROUNDS))
        for given in _QUERIES
    ]
    with ThreadPoolExecutor(VIEWERS) as pool:

        def all_look() -> None:
            list(pool.map(lambda _: _page(ledgers, _QUERIES[1]), range(VIEWERS)))

        viewers = statistics.median(_milliseconds(all_look) for _ in range(_ROUNDS))
    return Costs(
        entries=entries,
        first=first,
        refresh=statistics.median(refresh),
        page=max(pages),
        viewers=viewers,
    )


def table_of(found: list[Costs]) -> Table:
    """Return the figures as a table; the greatest number of entries is judged."""
    most = max(found, key=lambda each: each.entries)
    return Table(
        title="The Operations page",
        columns=(
            "entries",
            "first look",
            "look for changes",
            "a page",
            f"{VIEWERS} viewers at once",
        ),
        rows=tuple(
            Row(
                cells=(
                    f"{each.entries:,}",
                    *(
                        f"{figure:.0f} ms"
                        for figure in (each.first, each.refresh, each.page, each.viewers)
                    ),
                )
            )
            for each in found
        ),
        notes=_NOTES,
        targets=(
            Target.below(
                _MILLISECONDS,
                what=f"the Operations page, {most.entries:,} entries: look for changes, and a page",
                figure=most.refresh + most.page,
                unit="ms",
                digits=0,
            ),
        ),
    )


def _page(ledgers: Ledgers, given: dict[str, str]) -> None:
    from airflow_spanner_lro.web.ledger.filters import ListQuery, filtered  # noqa: PLC0415
    from airflow_spanner_lro.web.ledger.rows import row  # noqa: PLC0415

    view = ledgers.index.view()
    query = ListQuery.parse(given)
    found = filtered(view.lines, query=query, readable=view.dag_ids, now=ledgers.now)
    for each in found.page:
        row(each, actionable=view.dag_ids)


def _milliseconds(do: Callable[[], object]) -> float:
    began = time.perf_counter()
    do()
    return (time.perf_counter() - began) * 1000


@contextmanager
def _ledgers() -> Iterator[Ledgers]:
    with tempfile.TemporaryDirectory() as folder:
        # before Airflow is imported, which makes this folder and its configuration
        os.environ.setdefault("AIRFLOW_HOME", folder)
        from airflow import settings  # noqa: PLC0415

        from tests.reaper.airflow_tables import AirflowTables  # noqa: PLC0415
        from tests.web.ledger.ledgers import Ledgers  # noqa: PLC0415

        with AirflowTables.opened(f"sqlite:///{Path(folder) / 'airflow.db'}") as tables:
            settings.Session = tables.session
            yield Ledgers(tables=tables)


if __name__ == "__main__":
    for table in tables(quick="--quick" in sys.argv):
        print(markdown_of(table))
        print(*(f"{each.what}: {each.figure} ({each.verdict})" for each in table.targets), sep="\n")
