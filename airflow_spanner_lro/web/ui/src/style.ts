// SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
// SPDX-License-Identifier: Apache-2.0
// Our style sheet: a constructed one, which a strict content security policy allows as well.
//
// All of its rules are about what is within `.slro`, so Airflow's own pages do not change.

import text from "./style.css";

const sheet = new CSSStyleSheet();
sheet.replaceSync(text);
document.adoptedStyleSheets.push(sheet);
