# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""REST: the same RPCs over HTTP and JSON, as gcloud and curl speak them.

:mod:`dispatcher` is the way in; only :mod:`server` needs aiohttp, so that it is imported by nobody
who does not ask for REST.
"""
