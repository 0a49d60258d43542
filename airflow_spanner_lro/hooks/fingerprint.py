# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Whether a connection still holds what it held: its fields, and the files that it points to.

What lies elsewhere is not seen here: a key in Secret Manager, the machine's own account. Such
credentials are read again when Spanner refuses the old ones.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow.sdk import Connection

_FILES = ("key_path", "credential_config_file")
"""Extras of a Google Cloud connection that name a file with credentials; also with a prefix."""
_PREFIX = "extra__google_cloud_platform__"
_DEFAULT_CREDENTIALS = "GOOGLE_APPLICATION_CREDENTIALS"
_SALT = secrets.token_bytes(32)
"""Of this process: nobody can find out from a fingerprint what a connection holds."""


def fingerprint_of(connection: Connection) -> bytes:
    """Return the fingerprint of what a connection holds; reads its files, so it may block."""
    digest = hashlib.blake2b(key=_SALT)
    for part in _parts(connection):
        # one field's end is not the next one's beginning
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()


def _parts(connection: Connection) -> Iterator[bytes]:
    for field in ("conn_type", "host", "login", "password", "schema", "port", "extra"):
        yield repr(getattr(connection, field)).encode()
    extras = connection.extra_dejson
    named = [extras.get(name) or extras.get(_PREFIX + name) for name in _FILES]
    for path in (*named, os.environ.get(_DEFAULT_CREDENTIALS)):
        yield _content(path) if isinstance(path, str) and path else b""


def _content(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError) as exc:
        # a file that comes back is another one; some name none, but hold the configuration itself
        return repr(exc).encode()
