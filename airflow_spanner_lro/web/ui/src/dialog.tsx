// SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
// SPDX-License-Identifier: Apache-2.0
// A window above the page: focus stays in it, Escape closes it, and focus goes back to where it was.

import React, { useEffect, useId, useRef } from "react";

const FOCUSABLE = "a[href], button:not(:disabled), input:not(:disabled), select, summary, [tabindex='0']";

export function Dialog({ title, onClose, side, children }: {
  title: React.ReactNode;
  onClose: () => void;
  /** At the side of the page, for reading, rather than in its middle, for a question. */
  side?: boolean;
  children: React.ReactNode;
}) {
  const ref = useRef<HTMLDialogElement>(null);
  const heading = useId();

  useEffect(() => {
    const dialog = ref.current;
    const before = document.activeElement;
    dialog?.showModal();
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);

  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.key !== "Tab" || !ref.current) return;
    // without this the focus leaves for the browser's own bars after the last control
    const all = [...ref.current.querySelectorAll<HTMLElement>(FOCUSABLE)].filter(
      (each) => each.closest("dialog") === ref.current && each.checkVisibility(),
    );
    const edge = event.shiftKey ? all[0] : all.at(-1);
    if (document.activeElement !== edge && document.activeElement !== ref.current) return;
    if (document.activeElement === ref.current && !event.shiftKey) return;
    event.preventDefault();
    (event.shiftKey ? all.at(-1) : all[0])?.focus();
  };

  return (
    <dialog
      ref={ref}
      className={side ? "slro-dialog side" : "slro-dialog"}
      aria-labelledby={heading}
      onCancel={(event) => {
        event.preventDefault();
        event.stopPropagation();
        onClose();
      }}
      // a browser may close it without asking, after a second Escape
      onClose={onClose}
      onKeyDown={onKeyDown}
      onClick={(event) => {
        if (side && event.target === ref.current) onClose();
      }}
    >
      <div className="frame">
        <header>
          <h2 id={heading}>{title}</h2>
          <button type="button" className="quiet" onClick={onClose} aria-label="Close">✕</button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
