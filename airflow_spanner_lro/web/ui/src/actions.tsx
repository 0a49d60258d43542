// SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
// SPDX-License-Identifier: Apache-2.0
// What changes something: cancel and delete by typing the id, reap after a look at what it would do.

import React, { useEffect, useId, useRef, useState } from "react";
import { get, post, Refused } from "./api.ts";
import { Dialog } from "./dialog.tsx";
import { plural } from "./format.ts";
import { Trouble } from "./parts.tsx";
import type { Outcome, Question, Reaping, Row } from "./types.ts";

type Action = "cancel" | "delete";

const WORDS = {
  cancel: {
    title: "Cancel",
    button: "Cancel the operation",
    busy: "Cancelling…",
    leave: "Let it run",
    refused: "It cannot be cancelled from here",
  },
  delete: {
    title: "Delete the record of",
    button: "Delete the record",
    busy: "Deleting…",
    leave: "Keep it",
    refused: "It cannot be deleted from here",
  },
};

function asRefused(error: unknown): Refused {
  return error instanceof Refused ? error : new Refused(0, String(error), "");
}

/** Ask before an action, with whose it is and what the task will do, and tell how it ended. */
export function ActionDialog({ action, row, onClose, onDone }: {
  action: Action;
  row: Row;
  onClose: () => void;
  onDone: () => void;
}) {
  const words = WORDS[action];
  const path = `/operations/${encodeURIComponent(row.id)}/${action}`;
  const field = useId();
  const input = useRef<HTMLInputElement>(null);
  const [question, setQuestion] = useState<Question | null>(null);
  const [typed, setTyped] = useState("");
  const [busy, setBusy] = useState(false);
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const [error, setError] = useState<Refused | null>(null);
  const [changes, setChanges] = useState(0);

  useEffect(() => {
    const asking = new AbortController();
    get<Question>(path, asking.signal)
      .then(setQuestion)
      .catch((refused: unknown) => {
        if (!asking.signal.aborted) setError(asRefused(refused));
      });
    return () => asking.abort();
  }, [path, changes]);

  useEffect(() => input.current?.focus(), [question]);

  const matches = question !== null && typed.trim() === question.confirm;
  const act = async (event: React.FormEvent) => {
    event.preventDefault();
    if (!matches || busy) return;
    setBusy(true);
    setError(null);
    try {
      setOutcome(await post<Outcome>(path, { confirm: typed.trim(), plan: question.plan }));
      onDone();
    } catch (refused) {
      setError(asRefused(refused));
      // what was told no longer holds: tell it anew, and let it be confirmed anew
      if (refused instanceof Refused && refused.status === 409) {
        setTyped("");
        setChanges((count) => count + 1);
      }
    } finally {
      setBusy(false);
    }
  };

  const name = row.resource_id ?? "the operation";
  return (
    <Dialog title={`${words.title} ${name}`} onClose={onClose}>
      <div className="body" aria-live="polite" aria-busy={busy || (!question && !error)}>
        <Trouble error={error} />
        {!question && !error ? <p className="muted">Looking up whose it is…</p> : null}
        {outcome ? (
          <p className="outcome" data-outcome={outcome.outcome}>{outcome.text}</p>
        ) : question && !question.allowed ? (
          <p className="trouble"><strong>{words.refused}.</strong> {question.why_not}</p>
        ) : question ? (
          <>
            {question.whose ? <p>{question.whose}</p> : null}
            {question.task_will ? <p>{question.task_will}</p> : null}
          </>
        ) : null}
      </div>
      {outcome || (question && !question.allowed) ? (
        <footer><button type="button" onClick={onClose}>Close</button></footer>
      ) : (
        <form onSubmit={act}>
          {question ? (
            <p>
              <label htmlFor={field}>
                Type <code>{question.confirm}</code> to confirm
              </label>
              <input
                id={field}
                ref={input}
                value={typed}
                onChange={(event) => setTyped(event.target.value)}
                autoComplete="off"
                autoCapitalize="none"
                spellCheck={false}
              />
            </p>
          ) : null}
          <footer>
            <button type="button" onClick={onClose}>{words.leave}</button>
            <button type="submit" className="danger" disabled={!matches || busy}>
              {busy ? words.busy : words.button}
            </button>
          </footer>
        </form>
      )}
    </Dialog>
  );
}

/** A round of the reaper by hand: first what it would do, then that and nothing else. */
export function ReapDialog({ onClose, onDone }: { onClose: () => void; onDone: () => void }) {
  const [found, setFound] = useState<Reaping | null>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<Refused | null>(null);

  const ask = async (body: object) => {
    setBusy(true);
    setError(null);
    try {
      setFound(await post<Reaping>("/reap", body));
    } catch (refused) {
      setError(asRefused(refused));
    } finally {
      setBusy(false);
    }
  };
  useEffect(() => void ask({ dry_run: true }), []);

  const plan = found?.dry_run ? (found.plan ?? null) : null;
  const reap = async () => {
    await ask({ dry_run: false, plan });
    onDone();
  };
  return (
    <Dialog title="Look for operations that nobody waits for" onClose={onClose}>
      <div className="body" aria-live="polite" aria-busy={busy}>
        <p className="muted">
          {found && !found.dry_run
            ? "This is what was done."
            : "This is what a round of the reaper would do now. Nothing is done yet."}
        </p>
        <Trouble error={error} />
        {busy && !found ? <p className="muted">Looking through the ledger…</p> : null}
        {found ? (
          <>
            <p><strong>{found.summary}</strong></p>
            {found.lines.length ? (
              <details open={found.lines.length <= 20}>
                <summary>{plural(found.lines.length, "line", "lines")}</summary>
                <pre tabIndex={0} aria-label="What the round says">{found.lines.join("\n")}</pre>
              </details>
            ) : null}
          </>
        ) : null}
      </div>
      <footer>
        <button type="button" onClick={onClose}>
          {found && !found.dry_run ? "Close" : "Do nothing"}
        </button>
        {error || (found && !found.dry_run) ? (
          <button type="button" disabled={busy} onClick={() => void ask({ dry_run: true })}>
            Look again
          </button>
        ) : (
          <button type="button" className="danger" disabled={!plan || busy} onClick={reap}>
            {busy && found ? "Reaping…" : "Do this now"}
          </button>
        )}
      </footer>
    </Dialog>
  );
}
