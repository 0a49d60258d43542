// SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
// SPDX-License-Identifier: Apache-2.0
// How numbers, times and names read. Pure: what time it is comes in as milliseconds.

import type { Emulated, Moment, Operations, Row, TaskKey } from "./types.ts";

export const UNKNOWN = "–";

/** Milliseconds since the epoch, or null for what is no time. */
export function parsed(moment: Moment | null | undefined): number | null {
  const value = moment ? Date.parse(moment) : Number.NaN;
  return Number.isNaN(value) ? null : value;
}

/** The server's time, from its last answer and what has passed since: clocks of browsers lie. */
export function serverNow(told: string | null | undefined, at: number | null, here: number): number {
  const then = parsed(told);
  return then === null || at === null ? here : then + (here - at);
}

/** `percent` within 0 and 100, or null. */
export function bounded(percent: number | null | undefined): number | null {
  if (percent === null || percent === undefined || !Number.isFinite(percent)) return null;
  return Math.min(100, Math.max(0, percent));
}

export function percentText(percent: number | null | undefined): string {
  const value = bounded(percent);
  return value === null ? UNKNOWN : `${Math.floor(value)} %`;
}

export function rateText(rate: number | null | undefined): string {
  if (rate === null || rate === undefined || !Number.isFinite(rate) || rate < 0) return "";
  if (rate > 0 && rate < 0.1) return "< 0.1 %/h";
  return `${rate < 10 ? Number(rate.toFixed(1)) : Math.round(rate)} %/h`;
}

/** "45 s", "12 min", "3 h 05 min", "2 d 4 h": two units at most, never more exact than it helps. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  if (hours < 24) return rest ? `${hours} h ${String(rest).padStart(2, "0")} min` : `${hours} h`;
  return hours % 24 ? `${Math.floor(hours / 24)} d ${hours % 24} h` : `${hours / 24} d`;
}

/** "in 12 min" or "12 min ago". */
export function relative(moment: Moment | null | undefined, now: number): string {
  const at = parsed(moment);
  if (at === null) return UNKNOWN;
  return at >= now ? `in ${duration(at - now)}` : `${duration(now - at)} ago`;
}

/** How fresh a row is: what is shown of it is what Spanner said then. */
export function seenText(row: Pick<Row, "seen">, now: number): string {
  return row.seen ? `seen ${relative(row.seen, now)}` : "not seen yet";
}

/** The zone that the person chose in Airflow, which keeps it in the browser's storage. */
export function chosenZone(stored: string | null): string {
  const name = (stored ?? "").replaceAll('"', "");
  try {
    return new Intl.DateTimeFormat("en-GB", { timeZone: name || undefined }).resolvedOptions()
      .timeZone;
  } catch {
    return "UTC";
  }
}

/** "03:12" today, "29 Nov, 03:12" on another day, with the year where it is another one. */
export function clock(moment: Moment | null | undefined, now: number, zone: string): string {
  const at = parsed(moment);
  if (at === null) return UNKNOWN;
  const day = (value: number, parts: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat("en-GB", { timeZone: zone, ...parts }).format(value);
  const time = day(at, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const full: Intl.DateTimeFormatOptions = { day: "numeric", month: "short", year: "numeric" };
  if (day(at, full) === day(now, full)) return time;
  const date = day(at, { day: "numeric", month: "short" });
  const year = day(at, { year: "numeric" });
  return `${date}${year === day(now, { year: "numeric" }) ? "" : ` ${year}`}, ${time}`;
}

/** The whole moment with its zone, for a tooltip. */
export function exact(moment: Moment | null | undefined, zone: string): string {
  const at = parsed(moment);
  if (at === null) return "";
  return new Intl.DateTimeFormat("en-GB", {
    timeZone: zone,
    dateStyle: "medium",
    timeStyle: "long",
    hourCycle: "h23",
  }).format(at);
}

/** "cancels in 12 min"; a deadline that has passed is due, and somebody should look. */
export function deadlineText(row: Pick<Row, "deadline" | "state">, now: number): string {
  const at = parsed(row.deadline);
  if (at === null) return "";
  // what has not begun cannot be cancelled: its task stops waiting
  const [will, due] = row.state === "WAITING" ? ["gives up", "end"] : ["cancels", "cancel"];
  return at >= now ? `${will} in ${duration(at - now)}` : `${due} due for ${duration(now - at)}`;
}

/** Less than a quarter of an hour is soon: whoever wants to prevent it must hurry. */
export function isSoon(deadline: Moment | null | undefined, now: number): boolean {
  const at = parsed(deadline);
  return at !== null && at - now < 15 * 60_000;
}

export function emulatorText({ time_scale: scale }: Emulated): string {
  if (scale === null || scale === 1) return "EMULATOR";
  return scale === 0 ? "EMULATOR, time stands still" : `EMULATOR ×${Number(scale.toFixed(2))}`;
}

/** Connections that lead to emulators, those together whose time goes alike. */
export function byScale(
  emulated: readonly (Emulated & { connection: string })[],
): { time_scale: number | null; connections: string[] }[] {
  const scales = [...new Set(emulated.map((each) => each.time_scale))];
  return scales.map((time_scale) => ({
    time_scale,
    connections: emulated
      .filter((each) => each.time_scale === time_scale)
      .map((each) => each.connection),
  }));
}

/** Where an operation is over, whatever became of it. */
export function isOver(row: Pick<Row, "state">): boolean {
  return ["SUCCEEDED", "FAILED", "CANCELLED", "GONE"].includes(row.state);
}

/** Airflow's own page of a task's try, below its base path; null where the task is not known. */
export function taskPath(key: TaskKey, tryNumber?: number | null): string | null {
  if (!key.dag_id || !key.run_id || !key.task_id) return null;
  const part = encodeURIComponent;
  const mapped = key.map_index !== null && key.map_index >= 0 ? `/mapped/${key.map_index}` : "";
  const query = tryNumber ? `?try_number=${tryNumber}` : "";
  const run = `/dags/${part(key.dag_id)}/runs/${part(key.run_id)}`;
  return `${run}/tasks/${part(key.task_id)}${mapped}${query}`;
}

/** A link out of the page is https, or it is none: what a record says is a claim. */
export function safeUrl(url: string | null | undefined): string | null {
  return url?.startsWith("https://") ? url : null;
}

export function plural(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** What a list says, in a sentence. */
export function summary({ total, counts }: Pick<Operations, "total" | "counts">): string {
  return `${plural(total, "operation", "operations")} listed. ${counts.running} running, ` +
    `${counts.orphaned} that nobody waits for.`;
}

/** The part of a resource's name that a person knows it by. */
export function shortName(name: string | null | undefined): string {
  return name?.split("/").filter(Boolean).at(-1) ?? UNKNOWN;
}
