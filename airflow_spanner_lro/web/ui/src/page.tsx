// SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
// SPDX-License-Identifier: Apache-2.0
// The Operations page: what runs, for whom, how far, until when, and what nobody waits for.

import React, { useState } from "react";
import { ReapDialog } from "./actions.tsx";
import { DetailDrawer } from "./detail.tsx";
import { Filters } from "./filters.tsx";
import { chosenZone, duration, serverNow, summary } from "./format.ts";
import { useSearchParams } from "./host.ts";
import { OutsideLedger } from "./outside.tsx";
import { Problems, Trouble } from "./parts.tsx";
import { usePolled, useSeconds } from "./polled.ts";
import { settled } from "./settled.tsx";
import { EmulatorBanner, StatusStrip } from "./status_strip.tsx";
import { OperationsTable, Pages } from "./table.tsx";
import type { Operations, Status } from "./types.ts";
import {
  DEFAULT_SORT,
  DEFAULT_STATE,
  fromParams,
  isFiltered,
  listQuery,
  NO_FILTERS,
  type PageState,
  withChanges,
} from "./url_state.ts";

const STATUS_PACE = 10_000;

const EMPTY: Record<string, string> = {
  running: "Nothing runs now.",
  orphaned: "No operation runs that nobody waits for.",
  waiting: "Nothing waits for a turn.",
  failed: "Nothing failed in the last 24 hours.",
  all: "The ledger has no operations yet.",
};

function OperationsPage() {
  const here = useSeconds();
  const [params, setParams] = useSearchParams();
  const [reaping, setReaping] = useState(false);
  const state = fromParams(params);
  const status = usePolled<Status>("/status", STATUS_PACE);
  const list = usePolled<Operations>(`/operations?${listQuery(state)}`);

  const change = (changes: PageState) =>
    // the address itself, since two quick changes come before the router has told of the first
    setParams(withChanges(new URLSearchParams(location.search), changes), {
      // neither each letter of a search nor what was closed is a step to go back to
      replace: "search" in changes || changes.operation === "",
    });
  const reload = () => {
    status.reload();
    list.reload();
  };
  const zone = chosenZone(localStorage.getItem("timezone"));
  const clock = {
    now: serverNow(list.data?.now ?? status.data?.now, list.data ? list.at : status.at, here),
    zone,
  };
  return (
    <main className="slro" aria-label="Spanner operations">
      <header className="head">
        <h1>Spanner operations</h1>
        <span className="muted" data-age>
          {list.at === null ? "" : `updated ${duration(here - list.at)} ago`}
        </span>
        <button type="button" onClick={reload}>Refresh</button>
        {status.data?.may_reap ? (
          <button type="button" onClick={() => setReaping(true)}>Reap…</button>
        ) : null}
      </header>
      {/* told to screen readers when it changes, and not with each answer */}
      <p className="unseen" role="status">{list.data ? summary(list.data) : ""}</p>
      <EmulatorBanner emulated={status.data?.emulated ?? []} />
      <Trouble error={status.error?.message === list.error?.message ? null : status.error} />
      <Problems problems={status.data?.problems} />
      {status.data ? (
        <StatusStrip
          status={status.data}
          clock={{ now: serverNow(status.data.now, status.at, here), zone }}
          onShowOrphans={() => change({ ...NO_FILTERS, state: "orphaned" })}
        />
      ) : null}
      <Filters state={state} list={list.data} onChange={change} />
      <Trouble error={list.error}>
        {list.error?.status === 400 || list.error?.status === 422 ? (
          <button type="button" onClick={() => change(NO_FILTERS)}>Show what runs</button>
        ) : null}
      </Trouble>
      <Problems problems={list.data?.problems} />
      {list.data ? (
        <>
          {list.data.rows.length ? (
            <OperationsTable
              list={list.data}
              sort={state.sort ?? DEFAULT_SORT}
              stale={list.stale}
              clock={clock}
              onSort={(sort) => change({ sort })}
              onOpen={(operation) => change({ operation })}
            />
          ) : (
            <p className="empty" role="status">
              {isFiltered(state) || list.data.offset > 0
                ? "Nothing matches these filters."
                : (EMPTY[state.state ?? DEFAULT_STATE] ?? "Nothing to show.")}
            </p>
          )}
          <Pages list={list.data} onOffset={(offset) => change({ offset: String(offset) })} />
        </>
      ) : list.error ? null : (
        <p className="empty" role="status">Reading the ledger…</p>
      )}
      <OutsideLedger
        chosen={state.outside ?? ""}
        clock={clock}
        onChoose={(outside) => change({ outside })}
      />
      <p className="muted foot">Times are those of {zone}.</p>
      {state.operation ? (
        <DetailDrawer
          key={state.operation}
          id={state.operation}
          zone={zone}
          here={here}
          onClose={() => change({ operation: "" })}
          onDone={reload}
        />
      ) : null}
      {reaping ? <ReapDialog onClose={() => setReaping(false)} onDone={reload} /> : null}
    </main>
  );
}

export const Page = settled(OperationsPage);
