# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""``make dist``: build twice, compare, check, describe; then leave three files in ``dist/``.

The second time it is built from the source distribution of the first, so both are held against each
other: whoever has the one can make the other.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from airflow_spanner_lro import __version__
from tests.release import sbom
from tests.release.build import build, commit_time, uncommitted, unpack
from tests.release.pins import PINNED, ROOT

DIST = ROOT / "dist"


def main() -> int:
    """Make the files of a release; return the exit code."""
    epoch = commit_time()
    with tempfile.TemporaryDirectory() as folder:
        first, second, unpacked = (Path(folder) / name for name in ("first", "second", "source"))
        made = build(ROOT, into=first, epoch=epoch)
        again = build(unpack(made.sdist, into=unpacked), into=second, epoch=epoch)
        digests = made.digests
        if digests != again.digests:
            print(f"Not reproducible: {digests} at first, then {again.digests}")
            return 1
        print("The same bytes twice, from the checkout and from its source distribution")
        checked = subprocess.run(
            [sys.executable, "-m", "twine", "check", "--strict", made.wheel, made.sdist],
            check=False,
        )
        if checked.returncode:
            return 1
        shutil.rmtree(DIST, ignore_errors=True)
        DIST.mkdir()
        for each in (made.wheel, made.sdist):
            shutil.copy(each, DIST)
        bill = sbom.bill_of(
            sbom.describe_environment(),
            needs=sbom.needed_by(),
            pinned=PINNED.read_text(),
            version=__version__,
            files=digests,
        )
    path = DIST / f"airflow_spanner_lro-{__version__}.cdx.json"
    sbom.write(bill, path)
    print(f"{path.name}: {len(bill['components'])} components, with the hashes of their pins")
    for name, digest in digests.items():
        print(f"{digest}  {name}")
    if others := uncommitted():
        print(f"NO RELEASE: not as in the last commit, {len(others)} in all: {others[0].strip()} …")
    return 0


if __name__ == "__main__":
    sys.exit(main())
