// SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
// SPDX-License-Identifier: Apache-2.0
// What Airflow's own page lends its plugins: React and its router, the same from 3.3.0 on.
//
// `import … from "react"` leads here in the bundle (build.mjs), and to React's types for tsc.

import type * as Types from "react";

type Navigate = (next: URLSearchParams, options?: { replace?: boolean }) => void;

interface LinkProps {
  to: string;
  children: Types.ReactNode;
  className?: string;
  title?: string;
}

interface Host {
  React: typeof Types;
  ReactRouterDOM: {
    Link: Types.FC<LinkProps>;
    useSearchParams: () => [URLSearchParams, Navigate];
  };
}

const host = globalThis as unknown as Host;

export default host.React;
export const { useCallback, useEffect, useId, useMemo, useRef, useState } = host.React;
export const { Link, useSearchParams } = host.ReactRouterDOM;
