# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The REST face: the same RPCs over HTTP and JSON, as gcloud and curl speak them.

What HTTP means is in :mod:`routes`, :mod:`templates` and :mod:`transcode`, which know no server;
only :mod:`server` needs aiohttp, so that it is imported by nobody who does not ask for REST.
"""
