# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Enums and messages as a Dag author writes them: names in any case, mappings in their shape."""

from __future__ import annotations

from typing import Any

import pytest
from google.cloud import spanner_admin_instance_v1 as instance_v1

from airflow_spanner_lro.core.arguments.choices import parse_enum
from airflow_spanner_lro.core.errors import InvalidArgumentError
from airflow_spanner_lro.core.protobuf import message_from_mapping

Edition = instance_v1.Instance.Edition
Schedules = instance_v1.Instance.DefaultBackupScheduleType


@pytest.mark.parametrize("text", ["ENTERPRISE_PLUS", "enterprise_plus", " Enterprise_Plus "])
def test_choice_is_a_name_in_any_case(text: str) -> None:
    """The API's name stands for its member, however it is written."""
    assert Edition.ENTERPRISE_PLUS == parse_enum(text, field="edition", enum=Edition)


def test_none_can_be_a_choice() -> None:
    """A member that is called NONE can be chosen like any other."""
    assert Schedules.NONE == parse_enum("none", field="type", enum=Schedules)


@pytest.mark.parametrize("given", ["GOLD", "", None, 2, "EDITION_UNSPECIFIED"])
def test_unknown_choice_is_refused(given: object) -> None:
    """The error lists what there is, without the member that stands for nothing."""
    with pytest.raises(InvalidArgumentError) as caught:
        parse_enum(given, field="edition", enum=Edition)

    assert f"edition={given!r}" in str(caught.value)
    assert str(caught.value).endswith("expected one of STANDARD, ENTERPRISE, ENTERPRISE_PLUS")


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"autoscaling_limits": {"min_nodes": 1}}, id="snake-case"),
        pytest.param({"autoscalingLimits": {"minNodes": "1"}}, id="camel-case"),
    ],
)
def test_shape_is_taken_in_both_cases(given: dict[str, Any]) -> None:
    """Fields as Python and as JSON name them make the same message."""
    message = message_from_mapping(given, field="autoscaling", type_=instance_v1.AutoscalingConfig)

    assert 1 == message.autoscaling_limits.min_nodes


def test_shape_of_a_result_is_taken() -> None:
    """What another task returned as a message's dictionary is that message again."""
    replica = instance_v1.ReplicaInfo(location="us-east1", type_="READ_ONLY")
    result = instance_v1.ReplicaInfo.to_dict(replica, use_integers_for_enums=False)

    assert replica == message_from_mapping(result, field="replicas", type_=instance_v1.ReplicaInfo)
