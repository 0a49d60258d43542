// SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
// SPDX-License-Identifier: Apache-2.0
declare module "*.css" {
  const text: string;
  export default text;
}
