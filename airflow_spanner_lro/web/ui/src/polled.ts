// SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
// SPDX-License-Identifier: Apache-2.0
// An answer that is kept fresh while somebody looks, and kept while the server is away.

import { useCallback, useEffect, useRef, useState } from "react";
import { get, Refused } from "./api.ts";
import { nextDelay, PACE } from "./pace.ts";

export interface Polled<T> {
  data: T | null;
  error: Refused | null;
  /** When the answer came, by this browser's clock. */
  at: number | null;
  /** The answer is that of an earlier question; the one to this is on its way. */
  stale: boolean;
  reload: () => void;
}

interface Held<T> {
  path: string | null;
  data: T | null;
  error: Refused | null;
  at: number | null;
}

/** Ask for `path` now and every few seconds; null asks for nothing. Hidden pages ask nothing. */
export function usePolled<T>(path: string | null, pace: number = PACE): Polled<T> {
  const [held, setHeld] = useState<Held<T>>({ path: null, data: null, error: null, at: null });
  const again = useRef<() => void>(() => undefined);

  useEffect(() => {
    if (path === null) return undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let failures = 0;
    let asking: AbortController | null = null;

    const ask = async () => {
      clearTimeout(timer);
      asking?.abort();
      const own = new AbortController();
      asking = own;
      try {
        const data = await get<T>(path, own.signal);
        failures = 0;
        if (!own.signal.aborted) setHeld({ path, data, error: null, at: Date.now() });
      } catch (error) {
        if (own.signal.aborted) return;
        failures += 1;
        const told = error instanceof Refused ? error : new Refused(0, String(error), "");
        // what was seen stays on the page, unless it was the answer to another question
        setHeld((before) =>
          before.path === path || before.data === null
            ? { ...before, path, error: told }
            : { path, data: null, error: told, at: null },
        );
      }
      if (!own.signal.aborted && !document.hidden) timer = setTimeout(ask, nextDelay(failures, pace));
    };
    const onVisibility = () => {
      if (document.hidden) clearTimeout(timer);
      else void ask();
    };

    again.current = () => void ask();
    document.addEventListener("visibilitychange", onVisibility);
    void ask();
    return () => {
      document.removeEventListener("visibilitychange", onVisibility);
      clearTimeout(timer);
      asking?.abort();
    };
  }, [path, pace]);

  const reload = useCallback(() => again.current(), []);
  return {
    data: path === null ? null : held.data,
    error: held.path === path ? held.error : null,
    at: held.at,
    stale: path !== null && held.path !== path,
    reload,
  };
}

/** The time, each second: this browser's. */
export function useSeconds(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
