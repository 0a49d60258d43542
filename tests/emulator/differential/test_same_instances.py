# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Instances and configurations: Google's emulator and ours answer alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_spanner_lro.core.status import Code
from tests.emulator.differential.sides import codes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.emulator.differential.conftest import Agreed
    from tests.emulator.differential.sides import Answer, Side


def test_an_instance_is_created_once(agreed: Agreed) -> None:
    """A second instance of a name is ALREADY_EXISTS, and the first stays as it is."""

    def script(side: Side) -> Iterator[Answer]:
        yield side.create_instance("second", processing_units=500)
        yield side.create_instance("second")
        name = f"{side.project}/instances/second"
        yield side.call(side.instances.get_instance, name=name)
        yield side.call(side.instances.list_instances, parent=side.project)

    assert [Code.OK, Code.ALREADY_EXISTS, Code.OK, Code.OK] == codes(agreed(script))


@pytest.mark.parametrize(
    ("instance_id", "code"),
    [
        ("ab", Code.OK),
        ("a" * 64, Code.OK),
        ("a-1", Code.OK),
        ("", Code.INVALID_ARGUMENT),
        ("a", Code.INVALID_ARGUMENT),
        ("a" * 65, Code.INVALID_ARGUMENT),
        ("Ab", Code.INVALID_ARGUMENT),
        ("1a", Code.INVALID_ARGUMENT),
        ("ab-", Code.INVALID_ARGUMENT),
        ("a_b", Code.INVALID_ARGUMENT),
        ("a.b", Code.INVALID_ARGUMENT),
    ],
)
def test_ids_of_instances_are_checked(agreed: Agreed, instance_id: str, code: Code) -> None:
    """Both know the same rule for ids."""

    def script(side: Side) -> Iterator[Answer]:
        yield side.create_instance(instance_id)

    assert [code] == codes(agreed(script))


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"node_count": 2}, Code.OK),
        ({"processing_units": 100}, Code.OK),
        ({"processing_units": 2000}, Code.OK),
        ({"processing_units": 900}, Code.OK),
        ({"processing_units": 10_000}, Code.OK),
        ({"instance_type": "FREE_INSTANCE", "node_count": 0}, Code.OK),
        ({"processing_units": 50}, Code.INVALID_ARGUMENT),
        ({"processing_units": 150}, Code.INVALID_ARGUMENT),
        ({"processing_units": 950}, Code.INVALID_ARGUMENT),
        ({"labels": {f"key{number}": "x" for number in range(65)}}, Code.INVALID_ARGUMENT),
        ({"processing_units": 1100}, Code.INVALID_ARGUMENT),
        ({"node_count": 1, "processing_units": 1000}, Code.INVALID_ARGUMENT),
        ({"labels": {"team": "shop"}}, Code.OK),
        ({"labels": {"Team!": "shop"}}, Code.INVALID_ARGUMENT),
        ({"name": "projects/other/instances/third"}, Code.INVALID_ARGUMENT),
    ],
)
def test_what_an_instance_is_made_of_is_checked(
    agreed: Agreed, fields: Mapping[str, Any], code: Code
) -> None:
    """Capacity, labels and a name within the message are accepted and refused alike."""

    def script(side: Side) -> Iterator[Answer]:
        yield side.create_instance("third", **fields)
        yield side.call(side.instances.get_instance, name=f"{side.project}/instances/third")

    then = code if code is Code.OK else Code.NOT_FOUND
    assert [code, then] == codes(agreed(script))


@pytest.mark.parametrize("name", ["", "main", "instances/main", "projects/test"])
def test_names_of_instances_are_parsed(agreed: Agreed, name: str) -> None:
    """What is no instance's name is INVALID_ARGUMENT."""

    def script(side: Side) -> Iterator[Answer]:
        yield side.call(side.instances.get_instance, name=name)
        yield side.call(side.instances.delete_instance, name=name)
        yield side.call(side.databases.list_databases, parent=name)

    assert [Code.INVALID_ARGUMENT] * 3 == codes(agreed(script))


def test_names_of_projects_are_parsed(agreed: Agreed) -> None:
    """What is no project's name is INVALID_ARGUMENT; a project without instances is fine."""

    def script(side: Side) -> Iterator[Answer]:
        yield side.call(side.instances.list_instances, parent="main")
        yield side.call(side.instances.list_instance_configs, parent="main")
        yield side.call(side.instances.list_instances, parent="projects/nobody-has-it")

    bad = Code.INVALID_ARGUMENT
    assert [bad, bad, Code.OK] == codes(agreed(script))


def test_configurations_can_be_read(agreed: Agreed) -> None:
    """One that is there has a name to display, and one that is not is NOT_FOUND."""

    def script(side: Side) -> Iterator[Answer]:
        yield side.call(side.instances.get_instance_config, name=side.config)
        nowhere = f"{side.project}/instanceConfigs/nowhere"
        yield side.call(side.instances.get_instance_config, name=nowhere)
        yield side.call(side.instances.get_instance_config, name="nowhere")

    assert [Code.OK, Code.NOT_FOUND, Code.INVALID_ARGUMENT] == codes(agreed(script))


def test_an_instance_goes_with_its_databases(agreed: Agreed) -> None:
    """After the deletion there is neither, and a new instance of the name is empty."""

    def script(side: Side) -> Iterator[Answer]:
        yield side.call(side.instances.delete_instance, name=side.instance)
        yield side.call(side.instances.get_instance, name=side.instance)
        yield side.call(side.databases.list_databases, parent=side.instance)
        yield side.create_instance("main")
        yield side.call(side.databases.list_databases, parent=side.instance)
        yield side.call(side.databases.get_database, name=side.database)

    gone = Code.NOT_FOUND
    assert [Code.OK, gone, gone, Code.OK, Code.OK, gone] == codes(agreed(script))


def test_a_page_is_as_long_as_one_asks(agreed: Agreed) -> None:
    """Pages of one instance each have every instance once."""

    def script(side: Side) -> Iterator[Answer]:
        side.create_instance("second")
        request = {"parent": side.project, "page_size": 1}
        yield side.call(lambda: next(side.instances.list_instances(request).pages).instances)
        yield side.call(side.instances.list_instances, request)

    first, whole = (answer.items for answer in agreed(script))

    assert [1, 2] == [len(first), len(whole)]


def test_tokens_of_pages_are_checked(agreed: Agreed) -> None:
    """A token that no page came with is INVALID_ARGUMENT."""

    def script(side: Side) -> Iterator[Answer]:
        request = {"parent": side.project, "page_token": "made-up"}
        yield side.call(side.instances.list_instances, request)

    assert [Code.INVALID_ARGUMENT] == codes(agreed(script))
