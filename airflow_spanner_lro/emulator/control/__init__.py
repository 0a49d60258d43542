# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The emulator's remote control: what its owner can do in Python, for owners in other processes.

It is no part of Spanner's API. It knows no HTTP server: whoever mounts it hands in verb, path,
query and body, and gets a status and a body back.
"""

from airflow_spanner_lro.emulator.control.control import Control as Control
from airflow_spanner_lro.emulator.control.routes import Reply as Reply
