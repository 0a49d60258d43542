// SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
// SPDX-License-Identifier: Apache-2.0
// What Airflow finds: it takes a plugin's component from the global that bears the plugin's name.

import "./style.ts";
import { Page } from "./page.tsx";
import { Panel } from "./panel.tsx";

Object.assign(globalThis, { "Spanner operations": Page, "Spanner operation": Panel });
