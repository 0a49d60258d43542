// SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
// SPDX-License-Identifier: Apache-2.0
// All that is known of one operation: its stages, its statements, whose it is, and what one can do.

import React, { useState } from "react";
import { ActionDialog } from "./actions.tsx";
import { Dialog } from "./dialog.tsx";
import { isOver, percentText, safeUrl, seenText, serverNow, shortName } from "./format.ts";
import { Bar, type Clock, Copy, Problems, TaskState, Time, Trouble } from "./parts.tsx";
import { usePolled } from "./polled.ts";
import { Deadline, Ends, Marks, Progress } from "./table.tsx";
import { DagLink, RunLink, TaskLink, TryLink } from "./task_links.tsx";
import type { Detail, Row, Statement } from "./types.ts";

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

export function SeenText({ row, now }: { row: Row; now: number }) {
  return <>{seenText(row, now)}{row.seen && row.seen_by ? ` by ${row.seen_by}` : ""}</>;
}

/** The facts that the detail and the panel on a task have in common. */
export function Facts({ row, clock, connection }: {
  row: Row;
  clock: Clock;
  connection?: string | null;
}) {
  return (
    <dl className="facts">
      <Fact name="Resource">
        <code>{row.resource ?? "not known"}</code>
        {row.resource ? <Copy text={row.resource} what="the resource's name" /> : null}
      </Fact>
      <Fact name="Operation">
        <code>{row.operation ?? "not known yet"}</code>
        {row.operation ? <Copy text={row.operation} what="the operation's name" /> : null}
      </Fact>
      <Fact name="Started">
        <Time at={row.started} clock={clock} />
      </Fact>
      <Fact name="Ends"><Ends row={row} clock={clock} /></Fact>
      <Fact name="Deadline"><Deadline row={row} clock={clock} /></Fact>
      <Fact name="Seen"><SeenText row={row} now={clock.now} /></Fact>
      <Fact name="Task"><DagLink row={row} /> › <TaskLink row={row} /> <TaskState state={row.task_state} /></Fact>
      <Fact name="Run"><RunLink row={row} />, <TryLink row={row} /></Fact>
      <Fact name="Evidence">{row.evidence_text ?? row.evidence ?? "none"}</Fact>
      {connection ? <Fact name="Connection"><code>{connection}</code></Fact> : null}
      {row.ending ? <Fact name="How it ends">{row.ending}</Fact> : null}
      {row.error ? <Fact name="Error"><span className="bad">{row.error}</span></Fact> : null}
    </dl>
  );
}

function StatementItem({ statement, number, row, clock }: {
  statement: Statement;
  number: number;
  row: Row;
  clock: Clock;
}) {
  const { text, percent, state, committed } = statement;
  const done = state === "committed";
  return (
    <li>
      <pre tabIndex={0} aria-label={`Statement ${number}`}>{text}</pre>
      <Bar percent={done ? 100 : percent} label={`Progress of statement ${number}`}
        tone={done ? "success" : state === "running" ? "running" : "quiet"} />
      <small>
        {state}{done ? "" : `, ${percentText(percent)}`}
        {done && committed ? <> <Time at={committed} clock={clock} brief={row.emulated !== null} /></> : null}
        {done && committed && row.emulated ? " (emulated time)" : null}
      </small>
    </li>
  );
}

function Body({ row, clock, onAction }: {
  row: Detail;
  clock: Clock;
  onAction: (action: "cancel" | "delete") => void;
}) {
  const console_ = row.emulated ? null : safeUrl(row.console_url);
  return (
    <>
      <div className="body" tabIndex={0} role="group" aria-label="Details">
        <p className="marks"><Marks row={row} /></p>
        <Problems problems={row.problems} />
        <Progress row={row} now={clock.now} />
        {row.state_text ? <p>{row.state_text}</p> : null}
        <Facts row={row} clock={clock} connection={row.connection} />
        {row.statements.length ? (
          <section>
            <h3>Statements</h3>
            <ol className="statements">
              {row.statements.map((each, index) => (
                <StatementItem key={index} statement={each} number={index + 1} row={row} clock={clock} />
              ))}
            </ol>
          </section>
        ) : null}
        {row.stages.length ? (
          <section>
            <h3>Stages</h3>
            <ol className="stages">
              {row.stages.map((stage, index) => (
                <li key={index}>
                  <b>{stage.name}</b> <Time at={stage.at} clock={clock} brief />
                  {stage.text ? <p className="muted">{stage.text}</p> : null}
                </li>
              ))}
            </ol>
          </section>
        ) : null}
        {row.log_line ? (
          <section>
            <h3>Last line of the log</h3>
            <pre tabIndex={0} aria-label="Last line of the log">{row.log_line.text}</pre>
            {row.log_line.at ? <small><Time at={row.log_line.at} clock={clock} /></small> : null}
          </section>
        ) : null}
        {row.tries.length > 1 ? (
          <section>
            <h3>Tries</h3>
            <ol className="stages">
              {row.tries.map((each) => (
                <li key={`${each.try_number} ${each.operation}`}>
                  <b>Try {each.try_number}</b> {each.state} <Time at={each.started} clock={clock} brief />
                  {each.operation ? <p><code>{shortName(each.operation)}</code></p> : null}
                </li>
              ))}
            </ol>
          </section>
        ) : null}
        {row.commands.length ? (
          <section>
            <h3>The same by command</h3>
            {row.commands.map((each) => (
              <div className="command" key={each.title}>
                <span>{each.title}</span>
                <Copy text={each.text} what={`the command: ${each.title}`} />
                <pre tabIndex={0} aria-label={each.title}>{each.text}</pre>
              </div>
            ))}
          </section>
        ) : null}
      </div>
      <footer>
        {console_ ? (
          <a className="button" href={console_} target="_blank" rel="noopener noreferrer">
            Google Cloud console
          </a>
        ) : null}
        {row.may_delete ? (
          <button type="button" onClick={() => onAction("delete")}>Delete the record…</button>
        ) : null}
        {row.may_cancel && !isOver(row) ? (
          <button type="button" className="danger" onClick={() => onAction("cancel")}>Cancel…</button>
        ) : null}
      </footer>
    </>
  );
}

export function DetailDrawer({ id, zone, here, onClose, onDone }: {
  id: string;
  zone: string;
  here: number;
  onClose: () => void;
  onDone: () => void;
}) {
  const { data, error, at, reload } = usePolled<Detail>(`/operations/${encodeURIComponent(id)}`);
  const [action, setAction] = useState<"cancel" | "delete" | null>(null);
  const title = data ? `${data.kind_title ?? "Operation"}: ${data.resource_id ?? data.id}` : "Operation";
  const done = () => {
    reload();
    onDone();
  };
  return (
    <Dialog title={title} onClose={onClose} side>
      <Trouble error={error} />
      {data ? (
        <Body row={data} clock={{ now: serverNow(data.now, at, here), zone }} onAction={setAction} />
      ) : error ? null : (
        <p className="body muted" role="status">Looking it up…</p>
      )}
      {data && action ? (
        <ActionDialog action={action} row={data} onClose={() => setAction(null)} onDone={done} />
      ) : null}
    </Dialog>
  );
}
