# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What somebody sees who has the Google provider only, as the page about it says."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "moving-from-the-google-provider.md"


@pytest.mark.skipif(
    find_spec("airflow.providers.openlineage") is not None,
    reason="the OpenLineage provider is here, and this is about where it is not",
)
def test_its_hook_cannot_be_imported_without_openlineage() -> None:
    """The page has the error that is told, and the package that is missing."""
    with pytest.raises(ModuleNotFoundError) as caught:
        import airflow.providers.google.cloud.hooks.spanner  # noqa: F401, PLC0415  # slow

    text = PAGE.read_text()
    assert f"ModuleNotFoundError: {caught.value}" in text
    assert re.search(r"pip install apache-airflow-providers-openlineage\b", text)
