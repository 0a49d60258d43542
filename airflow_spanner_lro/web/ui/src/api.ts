// SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
// SPDX-License-Identifier: Apache-2.0
// Asking our own server: beside this very file, so that any prefix of a proxy is kept.

/** What the server refused or could not do, in words for the person who asked. */
export class Refused extends Error {
  readonly status: number;
  readonly whatToDo: string;

  constructor(status: number, title: string, whatToDo: string) {
    super(title);
    this.status = status;
    this.whatToDo = whatToDo;
  }
}

const TITLES: Record<number, string> = {
  401: "You are signed out",
  403: "You may not do this",
  404: "This is not there any more",
  429: "Too many requests",
};

/** Read the body of a refusal, whatever has written it: our server, FastAPI, or a proxy. */
export function refusal(status: number, body: unknown): Refused {
  const title = TITLES[status] ?? `The server answered ${status}`;
  const help = status === 401 ? "Sign in again: reload the page." : "";
  const detail = (body as { detail?: unknown } | null)?.detail;
  if (typeof detail === "string") return new Refused(status, title, status === 401 ? help : detail);
  if (Array.isArray(detail)) {
    const told = detail.map((each: { loc?: unknown[]; msg?: string }) =>
      `${each.loc?.at(-1) ?? "request"}: ${each.msg ?? "is wrong"}`);
    return new Refused(status, "This cannot be asked for", told.join("; "));
  }
  const own = detail as { title?: unknown; what_to_do?: unknown } | null | undefined;
  if (typeof own?.title !== "string") return new Refused(status, title, help);
  return new Refused(status, own.title, typeof own.what_to_do === "string" ? own.what_to_do : help);
}

function address(path: string): string {
  return new URL(`../api${path}`, import.meta.url).href;
}

async function answer<T>(request: Promise<Response>): Promise<T> {
  let response: Response;
  try {
    response = await request;
  } catch (error) {
    if ((error as Error).name === "AbortError") throw error;
    throw new Refused(0, "Airflow does not answer", "Trying again by itself.");
  }
  const body: unknown = await response.json().catch(() => null);
  if (!response.ok || body === null) throw refusal(response.status, body);
  return body as T;
}

const OPTIONS: RequestInit = { credentials: "same-origin", cache: "no-store" };

export function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return answer<T>(fetch(address(path), { ...OPTIONS, ...(signal ? { signal } : {}) }));
}

export function post<T>(path: string, body: object): Promise<T> {
  return answer<T>(
    fetch(address(path), {
      ...OPTIONS,
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    }),
  );
}
