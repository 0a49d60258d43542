# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Where Google's Spanner emulator is on this machine; it is never downloaded.

It is a part of the Google Cloud CLI.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

BINARY_VARIABLE = "SPANNER_EMULATOR_BINARY"
"""What names it for whoever has it elsewhere."""
HOW_TO_GET_IT = (
    "install it by `gcloud components install cloud-spanner-emulator` or the Debian package "
    f"google-cloud-cli-spanner-emulator, or set {BINARY_VARIABLE} to its emulator_main"
)

_NAME = "emulator_main"
_IN_SDK = Path("bin", "cloud_spanner_emulator", _NAME)
_SDKS = (
    Path("/usr/lib/google-cloud-sdk"),
    Path("~/google-cloud-sdk"),
    Path("/opt/google-cloud-sdk"),
    Path("/google-cloud-sdk"),
)


def find_binary() -> Path | None:
    """Return the path of Google's emulator; None if it is not on this machine."""
    if chosen := os.environ.get(BINARY_VARIABLE):
        return Path(chosen)
    if on_path := shutil.which(_NAME):
        return Path(on_path)
    gcloud = shutil.which("gcloud")
    sdks = () if gcloud is None else (Path(gcloud).resolve().parents[1],)
    places = (sdk.expanduser() / _IN_SDK for sdk in (*sdks, *_SDKS))
    return next((place for place in places if os.access(place, os.X_OK)), None)
