# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What both emulators say of the same refusals, word for word, and where they do not.

Google's emulator knows Spanner's texts about what is missing or exists, and checks hardly any name;
it answers plain texts where Spanner, by what was published of it, names the field.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from google.api_core import exceptions
from google.cloud import spanner_admin_instance_v1 as instance_v1

from airflow_spanner_lro.core.status import Code, code_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.message import Message

    from tests.emulator.differential.sides import Side

    Call = Callable[[Side], Any]

OK = Code.OK
BAD = Code.INVALID_ARGUMENT


def refusal_of(side: Side, call: Call) -> tuple[Code, str, list[Message]]:
    """Return code, text and details of a refusal; OK if there is none."""
    try:
        call(side)
    except exceptions.GoogleAPICallError as exc:
        return code_of(exc) or Code.UNKNOWN, exc.message or "", list(exc.details)
    return OK, "", []


MISSING: dict[str, Call] = {
    "instance": lambda side: side.instances.get_instance(name=f"{side.project}/instances/no"),
    "database": lambda side: side.databases.get_database(name=f"{side.instance}/databases/no"),
    "database to change": lambda side: side.databases.update_database_ddl(
        database=f"{side.instance}/databases/no", statements=["DROP TABLE T"]
    ),
    "instance of a database": lambda side: side.databases.get_database(
        name=f"{side.project}/instances/no/databases/no"
    ),
    "instance of databases": lambda side: list(
        side.databases.list_databases(parent=f"{side.project}/instances/no")
    ),
    "operation": lambda side: side.databases.get_operation(
        {"name": f"{side.database}/operations/no"}
    ),
}


@pytest.mark.parametrize("call", MISSING.values(), ids=MISSING)
def test_what_is_missing_is_told_alike(google: Side, ours: Side, call: Call) -> None:
    """Code, text and details are the same, down to the description of the resource."""
    there = refusal_of(google, call)

    assert there == refusal_of(ours, call)
    assert Code.NOT_FOUND is there[0]


def test_what_exists_is_told_alike(google: Side, ours: Side) -> None:
    """The text is the same; details are ours, as Spanner was seen to give them for a backup."""
    for again in (
        lambda side: side.databases.create_database(
            parent=side.instance, create_statement="CREATE DATABASE shop"
        ),
        lambda side: side.instances.create_instance(
            parent=side.project,
            instance_id="main",
            instance=instance_v1.Instance(
                config=side.config, display_name="Instance main", node_count=1
            ),
        ),
    ):
        there, here = refusal_of(google, again), refusal_of(ours, again)

        assert (Code.ALREADY_EXISTS, there[1]) == here[:2]
        assert ([], 1) == (there[2], len(here[2]))


@pytest.mark.parametrize(
    ("instance", "text"),
    [
        ({"labels": {"A": "b"}}, "Label keys must be between 1-63 characters long"),
        ({"labels": {"a": "B"}}, "Non-empty label values must be between 1-63 characters long"),
    ],
)
def test_rules_are_told_in_the_same_words(
    google: Side, ours: Side, instance: dict[str, Any], text: str
) -> None:
    """There the words are the text; ours, as Spanner, has them in the details, with the field."""

    def call(side: Side) -> object:
        return side.instances.create_instance(
            parent=side.project,
            instance_id="second",
            instance=instance_v1.Instance(
                config=side.config, display_name="Second", node_count=1, **instance
            ),
        )

    there, here = refusal_of(google, call), refusal_of(ours, call)

    (violation,) = here[2][0].field_violations  # type: ignore[attr-defined]
    assert (BAD, BAD) == (there[0], here[0])
    assert there[1].startswith(text)
    # behind it Google's emulator shows the label's key, also where its value is what is wrong
    assert there[1].partition("Got:")[0] == violation.description.partition("Got:")[0]


IN_EACH_WAY: dict[str, tuple[Call, Code, Code]] = {
    "slash behind an instance": (
        lambda side: side.instances.get_instance(name=f"{side.instance}/"), Code.NOT_FOUND, BAD,
    ),
    "slash behind a project": (
        lambda side: list(side.instances.list_instances(parent=f"{side.project}/")), OK, BAD,
    ),
    "id against the rule": (
        lambda side: side.instances.get_instance(name=f"{side.project}/instances/A_b"),
        Code.NOT_FOUND, BAD,
    ),
    "token of configurations": (
        lambda side: list(side.instances.list_instance_configs(
            {"parent": side.project, "page_token": "made up"}
        )), OK, BAD,
    ),
    "field that there is not": (
        lambda side: side.instances.get_instance({"name": side.instance, "field_mask": "none"}),
        OK, BAD,
    ),
    "slash in front": (
        lambda side: side.instances.get_instance(name=f"/{side.instance}"), BAD, BAD,
    ),
    "no parent": (lambda side: list(side.instances.list_instances(parent="")), BAD, BAD),
    "token of instances": (
        lambda side: list(side.instances.list_instances(
            {"parent": side.project, "page_token": "made up"}
        )), BAD, BAD,
    ),
    "page size below none": (
        lambda side: list(side.instances.list_instances(
            {"parent": side.project, "page_size": -1}
        )), OK, OK,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("call", "there", "here"), IN_EACH_WAY.values(), ids=IN_EACH_WAY)
def test_names_tokens_and_masks(
    google: Side, ours: Side, call: Call, there: Code, here: Code
) -> None:
    """Ours refuses what it cannot read, on the side of what was published of Spanner."""
    assert (there, here) == (refusal_of(google, call)[0], refusal_of(ours, call)[0])
