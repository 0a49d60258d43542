// SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
// SPDX-License-Identifier: Apache-2.0
// The panel on a task instance: what its operation does, who is in its way, what clearing would do.

import React, { useState } from "react";
import { ActionDialog } from "./actions.tsx";
import { DetailDrawer, Facts } from "./detail.tsx";
import { chosenZone, duration, isOver, safeUrl, serverNow, shortName } from "./format.ts";
import { type Clock, Problems, StateBadge, Time, Trouble } from "./parts.tsx";
import { usePolled, useSeconds } from "./polled.ts";
import { settled } from "./settled.tsx";
import { Marks, Progress } from "./table.tsx";
import type { Row, TaskView } from "./types.ts";

export interface PanelProps {
  dagId?: string;
  runId?: string;
  taskId?: string;
  mapIndex?: string;
}

const VERDICTS: Record<string, string> = {
  adopts: "adopts it",
  starts_anew: "starts anew",
  continues: "continues",
  waits: "waits",
  delivers: "delivers its result",
};

function Tries({ entries, clock, onOpen }: {
  entries: Row[];
  clock: Clock;
  onOpen: (id: string) => void;
}) {
  return (
    <section>
      <h3>Tries and their operations</h3>
      <ol className="stages">
        {entries.map((row) => (
          <li key={row.id}>
            <b>Try {row.try_number ?? "?"}</b> <StateBadge state={row.state} text={row.state_text} />{" "}
            <button type="button" className="link" onClick={() => onOpen(row.id)}>
              {row.operation ? shortName(row.operation) : (row.resource_id ?? "its entry")}
            </button>{" "}
            <Time at={row.started} clock={clock} />
            {row.ending ? <p className="muted">{row.ending}</p> : null}
            {row.error ? <p className="bad">{row.error}</p> : null}
          </li>
        ))}
      </ol>
    </section>
  );
}

function Body({ view, clock, onOpen, onCancel }: {
  view: TaskView;
  clock: Clock;
  onOpen: (id: string) => void;
  onCancel: (row: Row) => void;
}) {
  const { current, slot, clear } = view;
  const console_ = current?.emulated ? null : safeUrl(current?.console_url);
  return (
    <>
      <p className="headline" role="status">{view.headline}</p>
      {view.detail_text ? <p>{view.detail_text}</p> : null}
      <Problems problems={view.problems.filter((each) => each !== view.detail_text)} />
      {current ? (
        <>
          <p className="marks"><Marks row={current} /></p>
          <Progress row={current} now={clock.now} />
          <p className="actions">
            <button type="button" onClick={() => onOpen(current.id)}>All details</button>
            {console_ ? (
              <a className="button" href={console_} target="_blank" rel="noopener noreferrer">
                Google Cloud console
              </a>
            ) : null}
            {current.may_cancel && !isOver(current) ? (
              <button type="button" className="danger" onClick={() => onCancel(current)}>Cancel…</button>
            ) : null}
          </p>
        </>
      ) : null}
      {slot && (slot.text || slot.holders.length) ? (
        <section>
          <h3>Who holds the slot</h3>
          {slot.text ? <p>{slot.text}</p> : null}
          <ul className="holders">{slot.holders.map((each) => <li key={each}>{each}</li>)}</ul>
        </section>
      ) : null}
      {view.cancel_text ? (
        <section>
          <h3>How the cancel ended</h3>
          <p>{view.cancel_text}</p>
        </section>
      ) : null}
      {current && clear ? (
        <section>
          <h3>Clearing this task {VERDICTS[clear.verdict] ?? clear.verdict.replaceAll("_", " ")}</h3>
          <p>{clear.text}</p>
        </section>
      ) : null}
      {current ? <Facts row={current} clock={clock} /> : null}
      {view.entries.length ? <Tries entries={view.entries} clock={clock} onOpen={onOpen} /> : null}
    </>
  );
}

function PanelOfTask({ dagId, runId, taskId, mapIndex }: PanelProps) {
  const here = useSeconds();
  const [open, setOpen] = useState<string | null>(null);
  const [cancelling, setCancelling] = useState<Row | null>(null);
  const known = dagId && runId && taskId;
  const query = new URLSearchParams({
    dag_id: dagId ?? "",
    run_id: runId ?? "",
    task_id: taskId ?? "",
    map_index: mapIndex ?? "-1",
  });
  const { data, error, at, reload } = usePolled<TaskView>(known ? `/tasks?${query}` : null);
  const zone = chosenZone(localStorage.getItem("timezone"));
  const clock = { now: serverNow(data?.now, at, here), zone };
  return (
    <section className="slro panel" aria-label="Spanner operation of this task">
      <Trouble error={error} />
      {data ? (
        <Body view={data} clock={clock} onOpen={setOpen} onCancel={setCancelling} />
      ) : error ? null : (
        <p className="empty" role="status">{known ? "Looking it up…" : "This page names no task."}</p>
      )}
      {at !== null ? (
        <p className="muted foot">Updated {duration(here - at)} ago. Times are those of {zone}.</p>
      ) : null}
      {open ? (
        <DetailDrawer key={open} id={open} zone={zone} here={here}
          onClose={() => setOpen(null)} onDone={reload} />
      ) : null}
      {cancelling ? (
        <ActionDialog action="cancel" row={cancelling} onClose={() => setCancelling(null)} onDone={reload} />
      ) : null}
    </section>
  );
}

export const Panel = settled(PanelOfTask);
