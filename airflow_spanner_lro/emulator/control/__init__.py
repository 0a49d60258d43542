# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The control interface: the emulator's Python controller over HTTP. No part of Spanner's API."""
