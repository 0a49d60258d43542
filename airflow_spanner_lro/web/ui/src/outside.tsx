// SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
// SPDX-License-Identifier: Apache-2.0
// Operations of an instance that somebody chose, also those that no task of Airflow has started.

import React, { useId } from "react";
import { duration, percentText, shortName } from "./format.ts";
import { Bar, type Clock, EmulatorMark, Problems, StateBadge, Time, Trouble } from "./parts.tsx";
import { usePolled } from "./polled.ts";
import type { Instances, Outside } from "./types.ts";

const PACE = 30_000;

function OutsideTable({ found, clock }: { found: Outside; clock: Clock }) {
  if (!found.rows.length) {
    return (
      <p className="muted">
        {found.complete ? "Nothing runs in this instance now." : "What runs in this instance is not known."}
      </p>
    );
  }
  return (
    <table role="table" className="operations" aria-label="Operations of the instance">
      <thead role="rowgroup">
        <tr role="row">
          {["State", "Operation", "Progress", "Started", "Known here"].map((title) => (
            <th role="columnheader" scope="col" key={title}>{title}</th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {found.rows.map((row) => (
          <tr role="row" key={row.operation}>
            <td role="cell" data-label="State"><StateBadge state={row.state} /></td>
            <td role="cell" data-label="Operation">
              <span title={row.resource ?? undefined}>{shortName(row.resource)}</span>
              <span className="line small muted" title={row.operation}>
                {row.kind_title ?? row.kind ?? "Unknown kind"}, {shortName(row.operation)}
              </span>
            </td>
            <td role="cell" data-label="Progress">
              <span className="progress">
                <Bar percent={row.percent} label={`Progress of ${shortName(row.operation)}`}
                  tone={row.state === "RUNNING" ? "running" : "quiet"} />
                <span className="figures"><b>{percentText(row.percent)}</b></span>
              </span>
            </td>
            <td role="cell" data-label="Started">
              <Time at={row.started} clock={clock} brief />
              {found.emulated && row.started ? <small className="muted"> emulated time</small> : null}
            </td>
            <td role="cell" data-label="Known here">{row.in_ledger ? "in the ledger" : "not from here"}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function OutsideLedger({ chosen, clock, onChoose }: {
  chosen: string;
  clock: Clock;
  onChoose: (instance: string) => void;
}) {
  const id = useId();
  const { data: known, error: unknown } = usePolled<Instances>("/instances", 120_000);
  const path = chosen ? `/instances/operations?${new URLSearchParams({ instance: chosen })}` : null;
  const { data: found, error, stale } = usePolled<Outside>(path, PACE);
  const names = known?.instances ?? [];
  const missing = chosen && !names.some((each) => each.name === chosen);
  return (
    <section className="outside" aria-label="Operations of an instance">
      <h2>All operations of an instance</h2>
      <p className="muted">
        What runs there now, also what was not started from Airflow. To look at only.
      </p>
      <Trouble error={unknown} />
      <Problems problems={known?.problems} />
      <span className="field">
        <label htmlFor={id}>Instance</label>
        <select id={id} value={chosen} onChange={(event) => onChoose(event.target.value)}>
          <option value="">Choose one</option>
          {missing ? <option value={chosen}>{shortName(chosen)}</option> : null}
          {names.map((each) => (
            <option key={each.name} value={each.name} disabled={!each.may_ask} title={each.name}>
              {shortName(each.name)}{each.may_ask ? "" : " (no connection here)"}
            </option>
          ))}
        </select>
      </span>
      <Trouble error={error} />
      <div aria-busy={stale} aria-live="polite">
        {found && !stale ? (
          <>
            <Problems problems={found.problems} />
            <p className="muted">
              <EmulatorMark emulated={found.emulated ?? null} />{" "}
              {found.age_seconds === null
                ? "Not listed yet."
                : `Listed ${duration(found.age_seconds * 1000)} ago.`}
            </p>
            <OutsideTable found={found} clock={clock} />
          </>
        ) : path && !error ? <p className="muted">Asking…</p> : null}
      </div>
    </section>
  );
}
