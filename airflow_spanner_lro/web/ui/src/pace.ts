// SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
// SPDX-License-Identifier: Apache-2.0
// How often the page asks: every few seconds, and less and less while the server does not answer.

export const PACE = 5_000;
export const SLOWEST = 60_000;

/** Milliseconds until the next question, after `failures` in a row. */
export function nextDelay(failures: number, pace: number = PACE): number {
  return Math.min(SLOWEST, pace * 2 ** Math.min(failures, 10));
}
