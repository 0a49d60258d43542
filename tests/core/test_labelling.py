# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Display names, labels, and which of them an update changes."""

from __future__ import annotations

import pytest

from airflow_spanner_lro.core.arguments.choices import field_mask
from airflow_spanner_lro.core.arguments.instances import (
    parse_config_display_name,
    parse_display_name,
    parse_labels,
)
from airflow_spanner_lro.core.errors import InvalidArgumentError


@pytest.mark.parametrize("given", ["four", "x" * 30])
def test_display_name_has_a_length(given: str) -> None:
    """Both limits are inclusive."""
    assert given == parse_display_name(given)


def test_display_name_is_the_id_by_default() -> None:
    """An id that is long enough stands in for a name."""
    assert "main" == parse_display_name(None, default="main")


@pytest.mark.parametrize(
    ("given", "default", "words"),
    [
        pytest.param("abc", "main", "'abc' is not usable: a display name has 4 to 30", id="short"),
        pytest.param("x" * 31, "main", "4 to 30 characters", id="long"),
        pytest.param("", "main", "'' is not usable", id="empty"),
        pytest.param(5, "main", "=5 is not usable", id="number"),
        pytest.param(None, "ab", "the id 'ab' cannot stand in for it", id="short-id"),
    ],
)
def test_unusable_display_name_is_refused(given: object, default: str, words: str) -> None:
    """The error tells the lengths, and why the id is no help."""
    with pytest.raises(InvalidArgumentError, match=words):
        parse_display_name(given, default=default)


@pytest.mark.parametrize("given", ["", None, 5])
def test_config_is_called_something(given: object) -> None:
    """A configuration's name is text."""
    with pytest.raises(InvalidArgumentError, match="expected text"):
        parse_config_display_name(given)


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({}, id="none"),
        pytest.param({"team": "data", "cost-centre_2": ""}, id="some"),
        pytest.param({"k" * 63: "v" * 63}, id="longest"),
        pytest.param({f"k{number}": "v" for number in range(64)}, id="most"),
    ],
)
def test_labels_follow_the_pattern(given: dict[str, str]) -> None:
    """Labels that follow the rules are returned as they are."""
    assert given == parse_labels(given)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        pytest.param({"Team": "data"}, "unlike 'Team'", id="capital-key"),
        pytest.param({"": "data"}, "unlike ''", id="empty-key"),
        pytest.param({"2nd": "data"}, "a letter first", id="digit-first"),
        pytest.param({"k" * 64: "data"}, "1 to 63", id="long-key"),
        pytest.param({7: "data"}, "unlike 7", id="key-no-text"),
        pytest.param({"team": "Data"}, "unlike 'Data'", id="capital-value"),
        pytest.param({"team": "v" * 64}, "up to 63", id="long-value"),
        pytest.param({"team": 7}, "unlike 7", id="value-no-text"),
        pytest.param({f"k{number}": "v" for number in range(65)}, "these are 65", id="too-many"),
        pytest.param("team=data", "expected a mapping", id="no-mapping"),
    ],
)
def test_unusable_labels_are_refused(given: object, words: str) -> None:
    """The error shows the key or value that breaks the rule."""
    with pytest.raises(InvalidArgumentError, match=words) as caught:
        parse_labels(given)

    assert "labels" == caught.value.field


def test_mask_names_what_changes() -> None:
    """A mask has the paths that were given, in their order."""
    assert {"paths": ["b", "a"]} == field_mask(["b", "a"], arguments=["a", "b", "c"])


def test_update_of_nothing_is_refused() -> None:
    """The error names the arguments that there are."""
    with pytest.raises(InvalidArgumentError, match=r"a, b=None .* changes one of them or more"):
        field_mask([], arguments=["a", "b"])
