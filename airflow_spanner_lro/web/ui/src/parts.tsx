// SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
// SPDX-License-Identifier: Apache-2.0
// The small things that page and panel are made of: badges, bars, times, problems, copying.

import React, { useState } from "react";
import type { Refused } from "./api.ts";
import { bounded, clock, emulatorText, exact, percentText, relative } from "./format.ts";
import type { Emulated, Moment, Row } from "./types.ts";

/** What time it is for the server, and the zone that times are shown in. */
export interface Clock {
  now: number;
  zone: string;
}

export function StateBadge({ state, text }: { state: string; text?: string | null }) {
  return (
    <span className="state" data-state={state} title={text ?? undefined}>
      {state}
    </span>
  );
}

export function TaskState({ state }: { state: string | null }) {
  return <span className="task-state" data-task-state={state ?? "none"}>{state ?? "no state"}</span>;
}

export function EmulatorMark({ emulated }: { emulated: Emulated | null }) {
  if (!emulated) return null;
  return (
    <span className="emulator" title="Answered by the emulator: there is no such operation in Spanner">
      {emulatorText(emulated)}
    </span>
  );
}

export function Bar({ percent, label, tone }: {
  percent: number | null;
  label: string;
  tone?: string;
}) {
  const value = bounded(percent);
  return (
    <span
      className="bar"
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={value === null ? undefined : Math.floor(value)}
      aria-valuetext={value === null ? "not known" : percentText(value)}
      data-tone={tone}
      data-unknown={value === null || undefined}
    >
      <span style={{ width: `${value ?? 0}%` }} />
    </span>
  );
}

/** A moment by the clock, with how long until or since then. */
export function Time({ at, clock: { now, zone }, about, brief }: {
  at: Moment | null | undefined;
  clock: Clock;
  about?: boolean;
  /** Without how long until or since then: there is no room, or it is another clock's time. */
  brief?: boolean;
}) {
  return (
    <time dateTime={at ?? undefined} title={exact(at, zone)}>
      {about ? "about " : ""}
      {clock(at, now, zone)}
      {at && !brief ? <small> {relative(at, now)}</small> : null}
    </time>
  );
}

/** Sentences about what is not as it should be, in the place where it matters. */
export function Problems({ problems }: { problems: readonly string[] | undefined }) {
  if (!problems?.length) return null;
  return (
    <div className="problems" role="status">
      <ul>{problems.map((each) => <li key={each}>{each}</li>)}</ul>
    </div>
  );
}

export function Trouble({ error, children }: { error: Refused | null; children?: React.ReactNode }) {
  if (!error) return null;
  return (
    <div className="trouble" role="alert">
      <strong>{error.message}</strong>
      {error.whatToDo ? <span className="line">{error.whatToDo}</span> : null}
      {children}
    </div>
  );
}

export function Copy({ text, what }: { text: string; what: string }) {
  const [told, setTold] = useState("");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setTold("copied");
    } catch {
      // no clipboard without https: the text stands beside the button, and can be marked
      setTold("mark it and copy by hand");
    }
    setTimeout(() => setTold(""), 3000);
  };
  return (
    <button type="button" className="quiet" onClick={copy} aria-label={`Copy ${what}`}>
      <span aria-live="polite">{told || "Copy"}</span>
    </button>
  );
}

/** Which tone a bar has: what it leads to. */
export function tone(row: Pick<Row, "state" | "orphaned">): string {
  if (row.state === "FAILED") return "failed";
  if (row.state === "SUCCEEDED") return "success";
  if (row.orphaned) return "orphaned";
  return row.state === "RUNNING" ? "running" : "quiet";
}
