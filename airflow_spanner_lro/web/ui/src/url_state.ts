// SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
// SPDX-License-Identifier: Apache-2.0
// What the page shows is in its address, so that it can be sent to somebody else.
//
// Values go to the server as they are: it knows what is allowed, and says so in its answer.

export const STATES = [
  { value: "running", title: "Running" },
  { value: "orphaned", title: "Nobody waits" },
  { value: "waiting", title: "Waiting for a turn" },
  { value: "failed", title: "Failed in 24 h" },
  { value: "all", title: "All" },
] as const;

export const SORTS = [
  { value: "-started", title: "Newest first" },
  { value: "started", title: "Oldest first" },
  { value: "ends", title: "Expected end" },
  { value: "deadline", title: "Deadline" },
  { value: "progress", title: "Progress" },
  { value: "dag", title: "Dag" },
  { value: "kind", title: "Kind" },
  { value: "resource", title: "Resource" },
] as const;

const FILTERS = ["state", "dag_id", "instance", "kind", "search"] as const;
const LISTED = [...FILTERS, "sort", "offset", "limit"] as const;

export type Filter = (typeof FILTERS)[number];
export type Field = (typeof LISTED)[number] | "operation" | "outside";
export type PageState = Partial<Record<Field, string>>;

export const DEFAULT_STATE = "running";
export const DEFAULT_SORT = "-started";
export const PAGE_SIZE = 50;

const FIELDS: readonly Field[] = [...LISTED, "operation", "outside"];

/** Read the address; what is empty counts as not there. */
export function fromParams(params: URLSearchParams): PageState {
  const state: PageState = {};
  for (const field of FIELDS) {
    const value = params.get(field);
    if (value) state[field] = value;
  }
  return state;
}

/** The address with `changes`; what it has of others stays. Other filters begin on page one. */
export function withChanges(params: URLSearchParams, changes: PageState): URLSearchParams {
  const next = new URLSearchParams(params);
  const moves = Object.keys(changes).some((field) => field !== "operation" && field !== "outside");
  if (moves && !("offset" in changes)) next.delete("offset");
  for (const field of FIELDS) {
    if (!(field in changes)) continue;
    const value = changes[field];
    if (value) next.set(field, value);
    else next.delete(field);
  }
  return next;
}

/** The query for the server's list. */
export function listQuery(state: PageState): string {
  const query = new URLSearchParams({
    state: DEFAULT_STATE,
    sort: DEFAULT_SORT,
    limit: String(PAGE_SIZE),
  });
  for (const field of LISTED) {
    const value = state[field];
    if (value) query.set(field, value);
  }
  return query.toString();
}

export function isFiltered(state: PageState): boolean {
  return FILTERS.some((field) => state[field] && field !== "state");
}

/** What to change so that nothing is filtered any more. */
export const NO_FILTERS: PageState = {
  state: "",
  dag_id: "",
  instance: "",
  kind: "",
  search: "",
  sort: "",
  offset: "",
  limit: "",
};

/** How a column's header is sorted by now, and what a click on it asks for. */
export function headerSort(sort: string, column: string): { now: AriaSort; next: string } {
  if (column === "started") {
    const newest = sort === "-started";
    return {
      now: newest ? "descending" : sort === "started" ? "ascending" : "none",
      next: newest ? "started" : "-started",
    };
  }
  return { now: sort === column ? "ascending" : "none", next: column };
}

export type AriaSort = "ascending" | "descending" | "none";
