// SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
// SPDX-License-Identifier: Apache-2.0
// Dag, task, run and try, each with its way to Airflow's own page.

import React from "react";
import { Link } from "./host.ts";
import { taskPath, UNKNOWN } from "./format.ts";
import { TaskState } from "./parts.tsx";
import type { Row } from "./types.ts";

export function DagLink({ row }: { row: Row }) {
  if (!row.dag_id) return <span className="muted">{UNKNOWN}</span>;
  return <Link to={`/dags/${encodeURIComponent(row.dag_id)}`}>{row.dag_id}</Link>;
}

export function TaskLink({ row }: { row: Row }) {
  const path = taskPath(row);
  const mapped = row.map_index !== null && row.map_index >= 0 ? ` [${row.map_index}]` : "";
  if (!path) return <span className="muted">{row.task_id ?? UNKNOWN}</span>;
  return <Link to={path}>{`${row.task_id}${mapped}`}</Link>;
}

export function RunLink({ row }: { row: Row }) {
  if (!row.dag_id || !row.run_id) return <span className="muted">{UNKNOWN}</span>;
  const path = `/dags/${encodeURIComponent(row.dag_id)}/runs/${encodeURIComponent(row.run_id)}`;
  return <Link to={path} className="run" title={row.run_id}>{row.run_id}</Link>;
}

export function TryLink({ row }: { row: Row }) {
  const path = taskPath(row, row.try_number);
  if (!path || row.try_number === null) return null;
  const later = row.current_try !== null && row.current_try > row.try_number;
  return (
    <>
      <Link to={path}>{`try ${row.try_number}`}</Link>
      {later ? <span className="muted"> (now {row.current_try})</span> : null}
    </>
  );
}

export function TaskCell({ row }: { row: Row }) {
  return (
    <>
      <span className="line">
        <DagLink row={row} /> <span className="muted" aria-hidden="true">›</span> <TaskLink row={row} />
      </span>
      <span className="line small of-run">
        <TaskState state={row.task_state} /> <TryLink row={row} /> <RunLink row={row} />
      </span>
    </>
  );
}
