// SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  bounded,
  byScale,
  chosenZone,
  clock,
  deadlineText,
  duration,
  emulatorText,
  exact,
  isOver,
  isSoon,
  parsed,
  percentText,
  plural,
  rateText,
  relative,
  safeUrl,
  seenText,
  serverNow,
  shortName,
  summary,
  taskPath,
  UNKNOWN,
} from "../src/format.ts";

const NOW = Date.parse("2026-11-28T22:00:00Z");
const MINUTE = 60_000;
const at = (minutes: number) => new Date(NOW + minutes * MINUTE).toISOString();

test("a percentage is rounded down: 100 % is said of what is done only", () => {
  assert.equal(percentText(99.99), "99 %");
  assert.equal(percentText(100), "100 %");
  assert.equal(percentText(0), "0 %");
});

test("what is no percentage is unknown or kept within its bounds", () => {
  assert.equal(percentText(null), UNKNOWN);
  assert.equal(percentText(Number.NaN), UNKNOWN);
  assert.equal(bounded(-3), 0);
  assert.equal(bounded(1e9), 100);
  assert.equal(bounded(undefined), null);
});

test("a rate is short, and none is said where it is not known", () => {
  assert.equal(rateText(12.34), "12 %/h");
  assert.equal(rateText(1.25), "1.3 %/h");
  assert.equal(rateText(0.01), "< 0.1 %/h");
  assert.equal(rateText(0), "0 %/h");
  for (const none of [null, undefined, -1, Number.POSITIVE_INFINITY]) assert.equal(rateText(none), "");
});

test("a duration has at most two units", () => {
  assert.equal(duration(45_000), "45 s");
  assert.equal(duration(12 * MINUTE), "12 min");
  assert.equal(duration(60 * MINUTE), "1 h");
  assert.equal(duration(185 * MINUTE), "3 h 05 min");
  assert.equal(duration(52 * 60 * MINUTE), "2 d 4 h");
  assert.equal(duration(48 * 60 * MINUTE), "2 d");
  assert.equal(duration(-5), "0 s");
});

test("a duration carries over: no 60 s and no 60 min", () => {
  assert.equal(duration(59_600), "1 min");
  assert.equal(duration(59.9 * MINUTE), "1 h");
});

test("times are told from now", () => {
  assert.equal(relative(at(12), NOW), "in 12 min");
  assert.equal(relative(at(-0.5), NOW), "30 s ago");
  assert.equal(relative(null, NOW), UNKNOWN);
  assert.equal(relative("yesterday", NOW), UNKNOWN);
});

test("a clock shows the day where it is another one", () => {
  assert.equal(clock(at(72), NOW, "UTC"), "23:12");
  assert.equal(clock(at(180), NOW, "UTC"), "29 Nov, 01:00");
  assert.equal(clock(at(60 * 24 * 40), NOW, "UTC"), "7 Jan 2027, 22:00");
});

test("a clock goes by the chosen zone, also for what counts as today", () => {
  assert.equal(clock(at(0), NOW, "Asia/Tokyo"), "07:00");
  assert.equal(clock(at(-8 * 60), NOW, "Asia/Tokyo"), "28 Nov, 23:00");
});

test("what is no time is unknown, not NaN", () => {
  assert.equal(clock("", NOW, "UTC"), UNKNOWN);
  assert.equal(exact("never", "UTC"), "");
  assert.equal(parsed("never"), null);
});

test("a tooltip has the seconds and the zone", () => {
  assert.match(exact("2026-11-28T22:00:07Z", "UTC"), /28 Nov 2026.*22:00:07 UTC/);
});

test("the zone is the one that Airflow remembers, or UTC where that is none", () => {
  assert.equal(chosenZone('"Asia/Tokyo"'), "Asia/Tokyo");
  assert.equal(chosenZone("Europe/Berlin"), "Europe/Berlin");
  assert.equal(chosenZone("Middle-earth/Shire"), "UTC");
  assert.equal(chosenZone(null), Intl.DateTimeFormat().resolvedOptions().timeZone);
});

test("a deadline says when the operation is cancelled", () => {
  const text = (minutes: number) => deadlineText({ deadline: at(minutes), state: "RUNNING" }, NOW);
  assert.equal(text(12), "cancels in 12 min");
  assert.equal(text(-3), "cancel due for 3 min");
  assert.equal(deadlineText({ deadline: null, state: "RUNNING" }, NOW), "");
});

test("what waits for its turn gives up at its deadline: there is nothing to cancel", () => {
  const text = (minutes: number) => deadlineText({ deadline: at(minutes), state: "WAITING" }, NOW);
  assert.equal(text(12), "gives up in 12 min");
  assert.equal(text(-3), "end due for 3 min");
});

test("a deadline within a quarter of an hour is soon", () => {
  assert.equal(isSoon(at(14), NOW), true);
  assert.equal(isSoon(at(-1), NOW), true);
  assert.equal(isSoon(at(16), NOW), false);
  assert.equal(isSoon(null, NOW), false);
});

test("an emulator says how fast its time goes", () => {
  assert.equal(emulatorText({ time_scale: 60 }), "EMULATOR ×60");
  assert.equal(emulatorText({ time_scale: 0.5 }), "EMULATOR ×0.5");
  assert.equal(emulatorText({ time_scale: 0 }), "EMULATOR, time stands still");
  assert.equal(emulatorText({ time_scale: 1 }), "EMULATOR");
  assert.equal(emulatorText({ time_scale: null }), "EMULATOR");
});

test("connections to emulators are told together where their time goes alike", () => {
  const told = byScale([
    { connection: "a", time_scale: 60 },
    { connection: "b", time_scale: null },
    { connection: "c", time_scale: 60 },
  ]);
  assert.deepEqual(told, [
    { time_scale: 60, connections: ["a", "c"] },
    { time_scale: null, connections: ["b"] },
  ]);
});

test("an operation is over however it ended, and not while its cancel is under way", () => {
  assert.equal(isOver({ state: "CANCELLED" }), true);
  assert.equal(isOver({ state: "GONE" }), true);
  assert.equal(isOver({ state: "CANCELLING" }), false);
  assert.equal(isOver({ state: "UNKNOWN" }), false);
});

test("a path to a task has its parts encoded, so a name cannot lead elsewhere", () => {
  const key = { dag_id: "a/../b", run_id: "manual__2026-11-28T22:00:00+00:00", task_id: "x?y", map_index: -1 };
  assert.equal(
    taskPath(key),
    "/dags/a%2F..%2Fb/runs/manual__2026-11-28T22%3A00%3A00%2B00%3A00/tasks/x%3Fy",
  );
});

test("a path to a mapped task's try names both", () => {
  const key = { dag_id: "d", run_id: "r", task_id: "t", map_index: 3 };
  assert.equal(taskPath(key, 2), "/dags/d/runs/r/tasks/t/mapped/3?try_number=2");
});

test("without a task there is no path", () => {
  assert.equal(taskPath({ dag_id: "d", run_id: null, task_id: "t", map_index: null }), null);
});

test("a link out of the page is https or none", () => {
  assert.equal(safeUrl("https://console.cloud.google.com/spanner"), "https://console.cloud.google.com/spanner");
  for (const bad of ["javascript:alert(1)", "http://example.com", " https://x", "", null, undefined]) {
    assert.equal(safeUrl(bad), null);
  }
});

test("a row says how fresh it is", () => {
  assert.equal(seenText({ seen: at(-1) }, NOW), "seen 1 min ago");
  assert.equal(seenText({ seen: null }, NOW), "not seen yet");
});

test("the server's clock counts, not the browser's", () => {
  const here = 1_000_000;
  assert.equal(serverNow(at(0), here - 2000, here), NOW + 2000);
  assert.equal(serverNow(null, here, here), here);
  assert.equal(serverNow(at(0), null, here), here);
});

test("a list is told in a sentence", () => {
  const counts = { running: 7, orphaned: 2, waiting: 1, failed: 0 };
  assert.equal(summary({ total: 1, counts }), "1 operation listed. 7 running, 2 that nobody waits for.");
});

test("names are short, and one is one", () => {
  assert.equal(shortName("projects/p/instances/i"), "i");
  assert.equal(shortName(""), UNKNOWN);
  assert.equal(shortName(null), UNKNOWN);
  assert.equal(plural(1, "entry", "entries"), "1 entry");
  assert.equal(plural(0, "entry", "entries"), "0 entries");
});
