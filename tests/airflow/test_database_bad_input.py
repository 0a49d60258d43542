# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Databases: what no retry can cure fails at once, and the message says what, where and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException
from google.api_core.exceptions import FailedPrecondition

from airflow_spanner_lro.core.status import Code
from tests.airflow.operator_builders import DATABASE_KEY, TABLE, create_database, update_database
from tests.airflow.task_runner import play, restore

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow.sdk import BaseOperator

    from tests.airflow.fakes import FakeTask, Stage

POSTGRES_SCHEMA = {"dialect": "POSTGRESQL", "extra_statements": [TABLE]}
HURRIED = {"enable_drop_protection": True, "wait_for_completion": False}
BAD: list[Any] = [
    pytest.param(
        create_database, {"dialect": "mysql"}, ["dialect='mysql'", "POSTGRESQL"], id="dialect"
    ),
    pytest.param(
        create_database, {"dialect": None}, ["dialect=None", "POSTGRESQL"], id="no-dialect"
    ),
    pytest.param(create_database, {"database_id": "Fresh"}, ["database id", "'Fresh'"], id="id"),
    pytest.param(
        create_database,
        POSTGRES_SCHEMA,
        ["extra_statements", TABLE, "SpannerUpdateDatabaseDdlOperator"],
        id="postgres-schema",
    ),
    pytest.param(create_database, {"extra_statements": ""}, ["extra_statements=''"], id="blank"),
    pytest.param(
        create_database, {"extra_statements": [7]}, ["extra_statements=[7]"], id="no-text"
    ),
    pytest.param(
        create_database, {"extra_statements": "A;\n'B"}, ["extra_statements", "line 2"], id="no-end"
    ),
    pytest.param(
        create_database,
        {"enable_drop_protection": "yes"},
        ["enable_drop_protection='yes'"],
        id="flag",
    ),
    pytest.param(
        create_database, HURRIED, ["enable_drop_protection", "wait_for_completion"], id="hurried"
    ),
    pytest.param(
        create_database, {"kms_key_names": "key"}, ["kms_key_names", "cryptoKeys"], id="key"
    ),
    pytest.param(create_database, {"kms_key_names": []}, ["kms_key_names=[]"], id="no-keys"),
    pytest.param(
        create_database,
        {"proto_descriptors_file": "/nowhere/a.pb"},
        ["proto_descriptors_file='/nowhere/a.pb'", "No such file"],
        id="no-file",
    ),
    pytest.param(
        create_database,
        {"proto_descriptors_file": ""},
        ["proto_descriptors_file=''"],
        id="blank-file",
    ),
    pytest.param(
        create_database,
        {"proto_descriptors_file": __file__},
        ["proto_descriptors_file", "protoc", "--descriptor_set_out"],
        id="no-descriptors",
    ),
    pytest.param(
        update_database,
        {},
        ["enable_drop_protection", "kms_key_names", "one of them"],
        id="nothing",
    ),
    pytest.param(
        update_database, {"enable_drop_protection": "no"}, ["enable_drop_protection='no'"], id="off"
    ),
    pytest.param(update_database, {"kms_key_names": ["a"]}, ["kms_key_names='a'"], id="update-key"),
    pytest.param(
        restore, {"encryption_type": "mine"}, ["encryption_type='mine'", "GOOGLE_"], id="type"
    ),
    pytest.param(
        restore,
        {"encryption_type": "GOOGLE_DEFAULT_ENCRYPTION", "kms_key_names": DATABASE_KEY},
        ["kms_key_names", "CUSTOMER_MANAGED_ENCRYPTION"],
        id="keys-of-google",
    ),
]


@pytest.mark.parametrize(("make", "parameters", "words"), BAD)
def test_bad_argument_is_never_sent(
    stage: Stage,
    task: FakeTask,
    *,
    make: Callable[..., BaseOperator],
    parameters: dict[str, Any],
    words: list[str],
) -> None:
    """An argument that breaks a rule fails its task before anything is sent or written."""
    with pytest.raises(AirflowFailException) as caught:
        make(**parameters).execute(task.context)

    assert [] == [word for word in words if word not in str(caught.value)]
    assert not stage.emulator.calls
    assert not task.store.values


@pytest.mark.usefixtures("stage")
def test_keys_for_a_database_without_any(task: FakeTask) -> None:
    """Spanner changes the keys of a database that has some; its words are passed on."""
    with pytest.raises(FailedPrecondition, match=r"customer-managed|CMEK|encryption"):
        play(update_database(kms_key_names=DATABASE_KEY), task)


@pytest.mark.parametrize(
    ("make", "method"),
    [
        pytest.param(create_database, "CreateDatabase", id="create"),
        pytest.param(update_database, "UpdateDatabase", id="update"),
    ],
)
def test_missing_permission(
    stage: Stage, task: FakeTask, make: Callable[..., BaseOperator], method: str
) -> None:
    """A permission that is missing fails for good, and the message names it."""
    stage.script.fail(method=method, code=Code.PERMISSION_DENIED, message="needs spanner.thing")

    with pytest.raises(AirflowFailException, match=r"PERMISSION_DENIED.*needs spanner\.thing"):
        make(enable_drop_protection=True).execute(task.context)
