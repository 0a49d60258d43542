// SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
// SPDX-License-Identifier: Apache-2.0
// One row for each operation of the ledger; on a narrow screen each row is a card.

import React from "react";
import { deadlineText, isOver, isSoon, percentText, rateText, seenText, shortName } from "./format.ts";
import { Bar, type Clock, EmulatorMark, StateBadge, Time, tone } from "./parts.tsx";
import { TaskCell } from "./task_links.tsx";
import type { Operations, Row } from "./types.ts";
import { headerSort } from "./url_state.ts";

const COLUMNS = [
  { title: "State", sort: null },
  { title: "Operation", sort: "resource" },
  { title: "Progress", sort: "progress" },
  { title: "Started", sort: "started" },
  { title: "Ends", sort: "ends" },
  { title: "Deadline", sort: "deadline" },
  { title: "Task", sort: "dag" },
  { title: "Evidence", sort: null },
] as const;

export function Progress({ row, now }: { row: Row; now: number }) {
  // a bar would say that something goes on
  if (row.state === "WAITING") return <span className="muted">not started</span>;
  return (
    <span className="progress">
      <Bar percent={row.percent} label={`Progress of ${row.resource_id ?? row.id}`} tone={tone(row)} />
      <span className="figures">
        <b>{percentText(row.percent)}</b>
        {isOver(row) ? null : <small>{rateText(row.rate_percent_per_hour)}</small>}
      </span>
      {row.operation && !isOver(row) ? <small className="muted">{seenText(row, now)}</small> : null}
    </span>
  );
}

export function Ends({ row, clock }: { row: Row; clock: Clock }) {
  if (isOver(row)) {
    return row.ended ? <>ended <Time at={row.ended} clock={clock} /></> : <>ended</>;
  }
  if (!row.expected_end) return <span className="muted">not known</span>;
  const waits = row.state === "WAITING";
  return <>{waits ? "asks again " : ""}<Time at={row.expected_end} clock={clock} about /></>;
}

export function Deadline({ row, clock }: { row: Row; clock: Clock }) {
  // at the deadline a task cancels, and there is none any more
  if (!row.deadline || row.orphaned || isOver(row)) return <span className="muted">none</span>;
  return (
    <span className={isSoon(row.deadline, clock.now) ? "soon" : undefined}>
      {deadlineText(row, clock.now)}{" "}
      <small><Time at={row.deadline} clock={clock} brief /></small>
    </span>
  );
}

export function Marks({ row }: { row: Row }) {
  return (
    <>
      <StateBadge state={row.state} text={row.state_text} />
      {row.orphaned ? <span className="mark bad-mark">nobody waits</span> : null}
      {row.exempt ? <span className="mark">exempt from reaping</span> : null}
      <EmulatorMark emulated={row.emulated} />
    </>
  );
}

function OperationRow({ row, clock, onOpen }: {
  row: Row;
  clock: Clock;
  onOpen: (id: string) => void;
}) {
  const open = (event: React.MouseEvent) => {
    // a link or a marked text in the row is meant for itself
    if ((event.target as Element).closest("a, button") || getSelection()?.toString()) return;
    onOpen(row.id);
  };
  const cells = [
    <Marks row={row} />,
    <>
      <button type="button" className="link name" title={row.resource ?? undefined}
        onClick={() => onOpen(row.id)}>
        {row.resource_id ?? (row.operation ? shortName(row.operation) : `Entry ${row.id}`)}
      </button>
      <span className="line small muted" title={row.instance ?? undefined}>
        {row.kind_title ?? row.kind ?? "Unknown kind"}
        {row.instance ? ` on ${shortName(row.instance)}` : ""}
      </span>
    </>,
    <Progress row={row} now={clock.now} />,
    <Time at={row.started} clock={clock} />,
    <Ends row={row} clock={clock} />,
    <Deadline row={row} clock={clock} />,
    <TaskCell row={row} />,
    <>
      {row.evidence_text ?? row.evidence}
      {row.error ?? row.ending ? (
        <span className={row.error ? "line small bad clip" : "line small clip"}
          title={row.error ?? row.ending ?? undefined}>
          {row.error ?? row.ending}
        </span>
      ) : null}
    </>,
  ];
  return (
    <tr role="row" data-operation={row.id} data-orphaned={row.orphaned || undefined} onClick={open}>
      {COLUMNS.map((column, index) => (
        <td role="cell" key={column.title} data-label={column.title}>{cells[index]}</td>
      ))}
    </tr>
  );
}

export function OperationsTable({ list, sort, stale, clock, onSort, onOpen }: {
  list: Operations;
  sort: string;
  stale: boolean;
  clock: Clock;
  onSort: (sort: string) => void;
  onOpen: (id: string) => void;
}) {
  return (
    <table role="table" className="operations" aria-label="Operations" aria-busy={stale}>
      <thead role="rowgroup">
        <tr role="row">
          {COLUMNS.map((column) => {
            if (!column.sort) return <th role="columnheader" key={column.title}>{column.title}</th>;
            const { now, next } = headerSort(sort, column.sort);
            return (
              <th role="columnheader" scope="col" key={column.title} aria-sort={now}>
                <button type="button" onClick={() => onSort(next)}>
                  {column.title}
                  <span aria-hidden="true">{{ ascending: " ↑", descending: " ↓", none: "" }[now]}</span>
                </button>
              </th>
            );
          })}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {list.rows.map((row) => (
          <OperationRow key={row.id} row={row} clock={clock} onOpen={onOpen} />
        ))}
      </tbody>
    </table>
  );
}

/** Pages are the server's: it says how many rows there are. */
export function Pages({ list, onOffset }: { list: Operations; onOffset: (offset: number) => void }) {
  const { offset, limit, total, rows } = list;
  if (total <= limit && offset === 0) {
    return <p className="pages muted">{total === 1 ? "1 operation" : `${total} operations`}</p>;
  }
  return (
    <nav className="pages" aria-label="Pages">
      <button type="button" disabled={offset === 0} onClick={() => onOffset(Math.max(0, offset - limit))}>
        Previous
      </button>
      <span className="muted">
        {rows.length ? `${offset + 1} to ${offset + rows.length}` : "None"} of {total}
      </span>
      <button type="button" disabled={offset + limit >= total} onClick={() => onOffset(offset + limit)}>
        Next
      </button>
    </nav>
  );
}
