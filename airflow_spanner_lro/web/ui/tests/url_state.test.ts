// SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { fromParams, headerSort, isFiltered, listQuery, NO_FILTERS, withChanges } from "../src/url_state.ts";

const address = (query: string) => new URLSearchParams(query);

test("a bare address asks for what runs, newest first", () => {
  assert.equal(listQuery(fromParams(address(""))), "state=running&sort=-started&limit=50");
});

test("what the address says goes to the server as it is, so that it can say what is wrong", () => {
  const query = address(listQuery(fromParams(address("state=sideways&offset=-x&limit=1e9&dag_id=a%26b"))));
  assert.equal(query.get("state"), "sideways");
  assert.equal(query.get("offset"), "-x");
  assert.equal(query.get("limit"), "1e9");
  assert.equal(query.get("dag_id"), "a&b");
});

test("an address read and written again is the same", () => {
  const all = "state=all&dag_id=d&instance=projects%2Fp%2Finstances%2Fi&kind=k&search=x+y&sort=ends" +
    "&offset=50&limit=10&operation=7&outside=i";
  assert.equal(withChanges(new URLSearchParams(), fromParams(address(all))).toString(), all);
});

test("another filter begins on the first page", () => {
  assert.equal(withChanges(address("state=all&offset=100"), { kind: "k" }).toString(), "state=all&kind=k");
});

test("opening an operation stays on the page", () => {
  const next = withChanges(address("state=all&offset=100"), { operation: "7" });
  assert.equal(next.toString(), "state=all&offset=100&operation=7");
});

test("an empty value is no filter, and strangers' parameters stay", () => {
  assert.equal(withChanges(address("dag_id=d&theme=x"), { dag_id: "" }).toString(), "theme=x");
  assert.deepEqual(fromParams(address("dag_id=&theme=x")), {});
});

test("without filters nothing of the list is left in the address", () => {
  const full = address("state=all&dag_id=d&instance=i&kind=k&search=s&sort=ends&offset=5&limit=2&operation=7");
  assert.equal(withChanges(full, NO_FILTERS).toString(), "operation=7");
});

test("a state alone is no filter that could hide everything", () => {
  assert.equal(isFiltered({ state: "failed" }), false);
  assert.equal(isFiltered({ search: "x" }), true);
});

test("a header says how it is sorted, and only the start goes both ways", () => {
  assert.deepEqual(headerSort("-started", "started"), { now: "descending", next: "started" });
  assert.deepEqual(headerSort("started", "started"), { now: "ascending", next: "-started" });
  assert.deepEqual(headerSort("ends", "started"), { now: "none", next: "-started" });
  assert.deepEqual(headerSort("ends", "ends"), { now: "ascending", next: "ends" });
  assert.deepEqual(headerSort("ends", "dag"), { now: "none", next: "dag" });
});
