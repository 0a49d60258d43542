// SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
// SPDX-License-Identifier: Apache-2.0
// Which operations are shown: all of it is in the address, so a filtered page can be sent on.

import React, { useEffect, useId, useState } from "react";
import { shortName } from "./format.ts";
import type { Operations } from "./types.ts";
import {
  DEFAULT_SORT,
  DEFAULT_STATE,
  isFiltered,
  NO_FILTERS,
  type PageState,
  SORTS,
  STATES,
} from "./url_state.ts";

interface Option {
  value: string;
  title: string;
}

function Select({ label, value, options, onChange, none }: {
  label: string;
  value: string;
  options: readonly Option[];
  onChange: (value: string) => void;
  none?: string;
}) {
  const id = useId();
  // a value of the address that is no longer there is shown all the same
  const missing = value && !options.some((each) => each.value === value);
  return (
    <span className="field">
      <label htmlFor={id}>{label}</label>
      <select id={id} value={value} onChange={(event) => onChange(event.target.value)}>
        {none ? <option value="">{none}</option> : null}
        {missing ? <option value={value}>{value}</option> : null}
        {options.map((each) => <option key={each.value} value={each.value}>{each.title}</option>)}
      </select>
    </span>
  );
}

function Search({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const id = useId();
  const [typed, setTyped] = useState(value);
  useEffect(() => setTyped(value), [value]);
  useEffect(() => {
    if (typed === value) return undefined;
    const timer = setTimeout(() => onChange(typed), 350);
    return () => clearTimeout(timer);
  }, [typed]);
  return (
    <span className="field grow">
      <label htmlFor={id}>Search</label>
      <input
        id={id}
        type="search"
        value={typed}
        placeholder="Resource, operation, task, run"
        onChange={(event) => setTyped(event.target.value)}
      />
    </span>
  );
}

export function Filters({ state, list, onChange }: {
  state: PageState;
  list: Operations | null;
  onChange: (changes: PageState) => void;
}) {
  const shown = state.state ?? DEFAULT_STATE;
  const counts: Partial<Record<string, number>> = { ...list?.counts };
  const facets = list?.facets;
  const plain = (values: string[] | undefined) =>
    (values ?? []).map((value) => ({ value, title: value }));
  return (
    <search className="filters" aria-label="Filter operations">
      <div className="states" role="group" aria-label="State">
        {STATES.map(({ value, title }) => (
          <button
            type="button"
            key={value}
            aria-pressed={shown === value}
            data-alarm={(value === "orphaned" && (counts[value] ?? 0) > 0) || undefined}
            onClick={() => onChange({ state: value })}
          >
            {title}
            {counts[value] === undefined ? null : <b>{counts[value]}</b>}
          </button>
        ))}
      </div>
      <div className="fields">
        <Select label="Dag" value={state.dag_id ?? ""} none="All Dags"
          options={plain(facets?.dag_ids)} onChange={(dag_id) => onChange({ dag_id })} />
        <Select label="Instance" value={state.instance ?? ""} none="All instances"
          options={(facets?.instances ?? []).map((value) => ({ value, title: shortName(value) }))}
          onChange={(instance) => onChange({ instance })} />
        <Select label="Kind" value={state.kind ?? ""} none="All kinds"
          options={(facets?.kinds ?? []).map(({ name, title }) => ({ value: name, title }))}
          onChange={(kind) => onChange({ kind })} />
        <Search value={state.search ?? ""} onChange={(search) => onChange({ search })} />
        <Select label="Sort" value={state.sort ?? DEFAULT_SORT} options={SORTS}
          onChange={(sort) => onChange({ sort })} />
        {isFiltered(state) ? (
          <button type="button" className="quiet" onClick={() => onChange({ ...NO_FILTERS, state: shown })}>
            Clear
          </button>
        ) : null}
      </div>
    </search>
  );
}
