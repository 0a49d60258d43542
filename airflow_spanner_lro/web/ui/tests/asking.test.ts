// SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { get, post, refusal, Refused } from "../src/api.ts";
import { nextDelay, PACE, SLOWEST } from "../src/pace.ts";

test("the page asks less and less while the server does not answer, and never stops", () => {
  assert.equal(nextDelay(0), PACE);
  assert.equal(nextDelay(1), 2 * PACE);
  assert.equal(nextDelay(2), 4 * PACE);
  assert.equal(nextDelay(5000), SLOWEST);
});

test("our server's refusal says what is wrong and what to do", () => {
  const refused = refusal(400, { detail: { title: "No such state", what_to_do: "Choose one." } });
  assert.deepEqual([refused.status, refused.message, refused.whatToDo], [400, "No such state", "Choose one."]);
});

test("a refusal of FastAPI names the parameter", () => {
  const refused = refusal(422, { detail: [{ loc: ["query", "offset"], msg: "is no number" }] });
  assert.equal(refused.whatToDo, "offset: is no number");
});

test("a refusal of Airflow's own is told in our words", () => {
  const refused = refusal(401, { detail: "Not authenticated" });
  assert.equal(refused.message, "You are signed out");
  assert.match(refused.whatToDo, /reload the page/);
  assert.equal(refusal(403, { detail: "Forbidden" }).message, "You may not do this");
});

test("whatever a proxy answers, there is a sentence", () => {
  for (const body of [null, {}, { detail: null }, { detail: 7 }, { detail: { title: 7 } }, "text", []]) {
    assert.equal(refusal(502, body).message, "The server answered 502");
  }
});

const answering = (response: Response | Error) => {
  const asked: { url: string; options: RequestInit }[] = [];
  globalThis.fetch = (url, options = {}) => {
    asked.push({ url: String(url), options });
    return response instanceof Error ? Promise.reject(response) : Promise.resolve(response);
  };
  return asked;
};

test("the server is asked beside the bundle, with the cookie of this site", async () => {
  const asked = answering(Response.json({ rows: [] }));
  assert.deepEqual(await get("/operations?state=all"), { rows: [] });
  assert.match(asked[0]!.url, /\/ui\/api\/operations\?state=all$/);
  assert.equal(asked[0]!.options.credentials, "same-origin");
});

test("an action is sent as JSON", async () => {
  const asked = answering(Response.json({ outcome: "cancelled", text: "" }));
  await post("/operations/7/cancel", { confirm: "nightly" });
  assert.equal(asked[0]!.options.method, "POST");
  assert.deepEqual(asked[0]!.options.headers, { "Content-Type": "application/json" });
  assert.equal(asked[0]!.options.body, '{"confirm":"nightly"}');
});

test("a server that is away is told from one that refuses", async () => {
  answering(new TypeError("Failed to fetch"));
  await assert.rejects(get("/status"), (error: Refused) => error.status === 0 && /does not answer/.test(error.message));
});

test("a page of a proxy in place of an answer is a refusal, also with status 200", async () => {
  answering(new Response("<html>", { status: 200 }));
  await assert.rejects(get("/status"), Refused);
});

test("a question that was given up is no trouble", async () => {
  answering(new DOMException("given up", "AbortError"));
  await assert.rejects(get("/status"), { name: "AbortError" });
});
