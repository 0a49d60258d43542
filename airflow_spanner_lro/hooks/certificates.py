# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Read the certificates of a connection to Spanner Omni, each time that it is connected to.

gRPC takes whatever it is given, and then only says that nobody can be reached. So the files are
looked at before, and what is wrong with one of them is told with its path; what is in them never.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.errors import UnusableConnectionError
from airflow_spanner_lro.core.omni import CA_EXTRA, CERTIFICATE_EXTRA, KEY_EXTRA

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spanner_lro.admin.connect import Certificates
    from airflow_spanner_lro.core.omni import OmniConnection

_NO_PASSWORD = ""
"""Without one OpenSSL would ask for the password of an encrypted key at the terminal."""


def read_certificates(omni: OmniConnection, *, gcp_conn_id: str) -> Certificates | None:
    """Return what is in the files of a connection; None if it speaks plain text.

    :param gcp_conn_id: id of the connection, for errors
    :raises UnusableConnectionError: if a file cannot be read, or is not what it should be
    """
    from airflow_spanner_lro.admin.connect import Certificates  # noqa: PLC0415  # loads gRPC

    if not omni.ca_certificate:
        return None

    def unusable(extra: str, path: str, problem: str) -> UnusableConnectionError:
        return UnusableConnectionError(
            f"Connection {gcp_conn_id!r} is not usable: {extra}={path!r} {problem}"
        )

    def read(extra: str, path: str) -> bytes:
        try:
            return Path(path).read_bytes()
        except (OSError, ValueError) as exc:
            why = exc.strerror if isinstance(exc, OSError) else str(exc)
            problem = (
                f"cannot be read ({why}). The path is one on the machine that connects: workers, "
                "triggerers, and whatever else works with operations."
            )
            raise unusable(extra, path, problem) from exc

    def check(extra: str, path: str, load: Callable[[], None], problem: str) -> None:
        try:
            load()
        except ssl.SSLError as exc:
            # no cause: it is not certain what OpenSSL quotes
            why = exc.reason or "not PEM"
            raise unusable(extra, path, f"{problem} ({why}).") from None

    authority = read(CA_EXTRA, omni.ca_certificate)
    looked_at = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    check(
        CA_EXTRA,
        omni.ca_certificate,
        lambda: looked_at.load_verify_locations(cafile=omni.ca_certificate),
        "is no certificate in PEM form",
    )
    if not omni.client_certificate:
        return Certificates(authority=authority)
    own = read(CERTIFICATE_EXTRA, omni.client_certificate)
    key = read(KEY_EXTRA, omni.client_key)
    check(
        CERTIFICATE_EXTRA,
        omni.client_certificate,
        lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(
            cafile=omni.client_certificate
        ),
        "is no certificate in PEM form",
    )
    check(
        KEY_EXTRA,
        omni.client_key,
        lambda: looked_at.load_cert_chain(
            omni.client_certificate, omni.client_key, password=_NO_PASSWORD
        ),
        f"is not the private key of {CERTIFICATE_EXTRA}, in PEM form and without a password",
    )
    return Certificates(authority=authority, own=own, key=key)
