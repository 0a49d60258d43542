// SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
// SPDX-License-Identifier: Apache-2.0
// What somebody on call looks at first: what nobody waits for, and whether those who care for it live.

import React from "react";
import { byScale, clock, emulatorText, plural, relative } from "./format.ts";
import { Bar, type Clock } from "./parts.tsx";
import type { Status } from "./types.ts";

function Tile({ title, alarm, children }: {
  title: string;
  alarm?: boolean | undefined;
  children: React.ReactNode;
}) {
  return (
    <div className="tile" data-alarm={alarm || undefined}>
      <h2>{title}</h2>
      {children}
    </div>
  );
}

function Orphans({ status, onShow }: { status: Status; onShow: () => void }) {
  const { orphans, unreadable, open } = status;
  return (
    <Tile title="Nobody waits" alarm={orphans > 0}>
      {orphans > 0 ? (
        <p className="big">
          <button type="button" className="link" onClick={onShow}>
            {orphans === 1
              ? "1 operation runs that nobody waits for"
              : `${orphans} operations run that nobody waits for`}
          </button>
        </p>
      ) : (
        <p className="big">{open ? `None of ${plural(open, "open entry", "open entries")}` : "Nothing is open"}</p>
      )}
      {unreadable > 0 ? (
        <p className="bad">{plural(unreadable, "entry", "entries")} cannot be read</p>
      ) : null}
    </Tile>
  );
}

function Reaper({ reaper, clock: { now, zone } }: { reaper: Status["reaper"]; clock: Clock }) {
  const { last_round: round, overdue, where } = reaper;
  const place = where === "off" ? "off" : `beside the ${where}`;
  return (
    <Tile title="Reaper" alarm={overdue !== null && overdue !== undefined}>
      <p className="big">
        {round ? `Last round ${relative(round.ended, now)}` : where === "off" ? "Off" : "No round yet"}
      </p>
      {overdue ? <p className="bad">{overdue}</p> : null}
      <p className="muted">
        {round
          ? `${clock(round.ended, now, zone)} on ${round.host ?? "an unknown host"}, ${place}: ` +
            `${round.kept} kept, ${round.reaped} reaped, ${round.left} left`
          : place}
      </p>
    </Tile>
  );
}

function Requests({ requests }: { requests: Status["requests"] }) {
  const { per_second: rate, budget, busy_budget: busy } = requests;
  const most = Math.max(budget, busy);
  return (
    <Tile title="Requests to Spanner">
      <p className="big">
        {rate === null ? "Not known" : <>{Number(rate.toFixed(1))} <small>a second</small></>}
      </p>
      {rate === null ? null : (
        <Bar percent={(100 * rate) / (most || 1)} label="Requests against the budget" tone="running" />
      )}
      <p className="muted">
        budget {budget}{most > budget ? `, up to ${most} while ends would be noticed late` : ""}
      </p>
    </Tile>
  );
}

function Triggerers({ status, clock: { now } }: { status: Status; clock: Clock }) {
  const { triggerers, waiting_triggers: waiting } = status;
  const held = triggerers.reduce((sum, each) => sum + each.triggers, 0);
  return (
    <Tile title="Triggerers" alarm={triggerers.length === 0 && waiting > 0}>
      <p className="big">
        {triggerers.length ? `${triggerers.length} alive` : "None alive"}
        {triggerers.length ? <small> with {plural(held, "wait", "waits")}</small> : null}
      </p>
      {waiting > 0 ? <p className="bad">{plural(waiting, "wait has", "waits have")} no triggerer</p> : null}
      <p className="muted">
        {triggerers
          .map((each) => `${each.host}: ${each.triggers}, seen ${relative(each.seen, now)}`)
          .join("; ")}
      </p>
    </Tile>
  );
}

export function StatusStrip({ status, clock: at, onShowOrphans }: {
  status: Status;
  clock: Clock;
  onShowOrphans: () => void;
}) {
  return (
    <section className="strip" aria-label="Status">
      <Orphans status={status} onShow={onShowOrphans} />
      <Reaper reaper={status.reaper} clock={at} />
      <Requests requests={status.requests} />
      <Triggerers status={status} clock={at} />
    </section>
  );
}

/** Said loudly: what is seen here is no Spanner. */
export function EmulatorBanner({ emulated }: { emulated: Status["emulated"] }) {
  if (!emulated.length) return null;
  return (
    <div className="emulator-banner" role="note">
      {byScale(emulated).map(({ time_scale, connections }) => (
        <p key={time_scale}>
          <strong>{emulatorText({ time_scale })}</strong>
          {connections.length === 1 ? "Connection " : "Connections "}
          {connections.join(", ")} {connections.length === 1 ? "leads" : "lead"} to the emulator.
          {time_scale !== null && time_scale > 1
            ? ` Its clock runs ${time_scale} times as fast: its times are not ours.`
            : ""}
        </p>
      ))}
    </div>
  );
}
