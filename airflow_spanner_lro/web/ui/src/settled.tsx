// SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
// SPDX-License-Identifier: Apache-2.0
// Airflow mounts a plugin twice: once as what it has just loaded, and anew, with all that was typed
// and focused lost, when its router moves next. So it is made to move before anything is shown.
//
// Seen in Airflow 3.3.0 to 3.3.2, where ReactPlugin.tsx renders something else the second time.

import React, { useEffect, useState } from "react";
import { useSearchParams } from "./host.ts";

let moved = false;

/** Return `Component` as it is when Airflow's page has settled. */
export function settled<Props extends object>(Component: React.FC<Props>): React.FC<Props> {
  return function Settled(props: Props) {
    const [params, setParams] = useSearchParams();
    const [ready, setReady] = useState(moved);
    useEffect(() => {
      if (ready) return undefined;
      moved = true;
      setParams(params, { replace: true });
      // an Airflow that does not mount it anew shows it all the same
      const timer = setTimeout(() => setReady(true), 100);
      return () => clearTimeout(timer);
    }, []);
    return ready ? <Component {...props} /> : null;
  };
}
