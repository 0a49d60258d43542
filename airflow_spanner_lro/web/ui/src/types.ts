// SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
// SPDX-License-Identifier: Apache-2.0
// What the server answers: times are ISO 8601 in UTC, null is "not known".

export type Moment = string;

export type State =
  | "WAITING"
  | "STARTING"
  | "RUNNING"
  | "CANCELLING"
  | "SUCCEEDED"
  | "FAILED"
  | "CANCELLED"
  | "GONE"
  | "UNKNOWN"
  | "UNREADABLE";

export interface Emulated {
  /** Emulated seconds for each real one; 0 where time stands still. */
  time_scale: number | null;
}

export interface TaskKey {
  dag_id: string | null;
  run_id: string | null;
  task_id: string | null;
  map_index: number | null;
}

export interface Row extends TaskKey {
  id: string;
  state: State;
  state_text: string | null;
  kind: string | null;
  kind_title: string | null;
  resource: string | null;
  resource_id: string | null;
  instance: string | null;
  operation: string | null;
  percent: number | null;
  rate_percent_per_hour: number | null;
  started: Moment | null;
  expected_end: Moment | null;
  deadline: Moment | null;
  ended: Moment | null;
  try_number: number | null;
  task_state: string | null;
  current_try: number | null;
  evidence: string | null;
  evidence_text: string | null;
  orphaned: boolean;
  exempt: boolean;
  ending: string | null;
  error: string | null;
  seen: Moment | null;
  seen_by: string | null;
  emulated: Emulated | null;
  console_url: string | null;
  may_cancel: boolean;
}

export interface Stage {
  name: string;
  text: string | null;
  at: Moment | null;
}

export interface Statement {
  text: string;
  percent: number | null;
  state: "waiting" | "running" | "committed";
  started: Moment | null;
  committed: Moment | null;
}

export interface Try {
  try_number: number;
  operation: string | null;
  state: string;
  started: Moment | null;
  ended: Moment | null;
}

export interface Detail extends Row {
  now?: Moment;
  stages: Stage[];
  statements: Statement[];
  log_line: { at: Moment | null; text: string } | null;
  commands: { title: string; text: string }[];
  connection: string | null;
  may_delete: boolean;
  tries: Try[];
  problems: string[];
}

export interface Counts {
  running: number;
  orphaned: number;
  waiting: number;
  failed: number;
}

export interface Operations {
  now: Moment;
  total: number;
  offset: number;
  limit: number;
  rows: Row[];
  counts: Counts;
  facets: { dag_ids: string[]; instances: string[]; kinds: { name: string; title: string }[] };
  problems: string[];
}

export interface Round {
  ended: Moment;
  host: string | null;
  seconds: number | null;
  kept: number;
  reaped: number;
  left: number;
}

export interface Status {
  now: Moment;
  orphans: number;
  unreadable: number;
  open: number;
  reaper: {
    where: string;
    interval_seconds: number | null;
    overdue: string | null;
    last_round: Round | null;
  };
  requests: { per_second: number | null; budget: number; busy_budget: number };
  triggerers: { host: string; triggers: number; seen: Moment | null }[];
  /** Waits that no living triggerer has. */
  waiting_triggers: number;
  emulated: { connection: string; time_scale: number | null }[];
  may_reap: boolean;
  problems: string[];
}

export interface TaskView {
  now?: Moment;
  headline: string;
  detail_text: string | null;
  current: Row | null;
  entries: Row[];
  slot: { holders: string[]; text: string | null } | null;
  cancel_text: string | null;
  clear: { verdict: string; text: string } | null;
  problems: string[];
}

export interface Instances {
  instances: { name: string; connection: string | null; may_ask: boolean }[];
  problems: string[];
}

export interface OutsideRow {
  operation: string;
  kind: string | null;
  kind_title: string | null;
  resource: string | null;
  state: State;
  percent: number | null;
  started: Moment | null;
  ended: Moment | null;
  in_ledger: boolean;
}

export interface Outside {
  seen: Moment | null;
  age_seconds: number | null;
  /** Where an emulator has answered: the times of the rows are its own. */
  emulated?: Emulated | null;
  rows: OutsideRow[];
  /** Whether the rows are all that runs there. */
  complete: boolean;
  problems: string[];
}

/** What a person is told before an action, and what he has to type. */
export interface Question {
  allowed: boolean;
  why_not: string | null;
  whose: string | null;
  task_will: string | null;
  confirm: string;
  /** What was told, as a digest: the action is refused if something else runs there by now. */
  plan: string;
}

export interface Outcome {
  outcome: string;
  text: string;
}

export interface Reaping {
  lines: string[];
  summary: string;
  dry_run: boolean;
  plan?: string | null;
}
