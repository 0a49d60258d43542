# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A base: the world itself at one moment, written instead of all that was done to it until then.

A journal that only grew would make a long life cost more and more. A world that is made of a base
is the same as the one that the base was made of, in all its future: tables in their order, plans,
limits, serial numbers, and both sources of random numbers. The queue of events and all indexes
follow from the tables.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.errors import InvalidNameError
from airflow_spanner_lro.emulator.journal.records import RecordReader, RecordWriter
from airflow_spanner_lro.emulator.operations.registry import KINDS_BY_NAME

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spanner_lro.emulator.tables import Table
    from airflow_spanner_lro.emulator.world import World


_NOT_SUCH = (KeyError, TypeError, AttributeError, IndexError, OverflowError, RecursionError)
_SUM = "sha256"
_TIME = "at"


def _tables(world: World) -> Mapping[str, Table[Any, Any]]:
    resources = world.resources
    return {
        "configs": resources.configs,
        "instances": resources.instances,
        "partitions": resources.partitions,
        "databases": resources.databases,
        "backups": resources.backups,
        "schedules": resources.schedules,
    }


def count_records(world: World) -> int:
    """Return how many records a base of a world would have, more or less."""
    return len(world.operations) + sum(len(table) for table in _tables(world).values())


def let_go(world: World) -> None:
    """Forget what belonged to resources that are gone, and what nobody can see."""
    for name, policy in world.policies.stored():
        row = world.resources.find_row(name)
        if row is None or row.serial != policy.serial:
            world.policies.forget(name)
    for operation, serial in world.operations.chosen():
        row = world.resources.find_row(operation.resource)
        if row is None or row.serial > serial:
            world.operations.free(operation)


def base_of(world: World, *, at: datetime) -> str:
    """Write a world as one line of JSON.

    :param at: the time up to which it has caught up
    :raises UnknownRecordError: if something in it cannot be written.
    """
    writer = RecordWriter()
    write = writer.write
    usual, overrides, plans_rng = world.plans.state()
    value: dict[str, Any] = {
        _TIME: at.isoformat(),
        "serial": world.serial,
        "rng": world.rng.getstate(),
        "limits": write(world.limits),
        "plans": {
            "usual": {kind.name: write(plan) for kind, plan in usual},
            "overrides": [write(each) for each in overrides],
            "rng": plans_rng,
        },
        **{name: [write(row) for row in table.rows()] for name, table in _tables(world).items()},
        "configs_left": [write(each) for each in world.resources.configs.left()],
        "policies": [write(each) for each in world.policies.stored()],
        "operations": [write(row) for row in world.operations.rows()],
        "chosen": [write(each) for each in world.operations.chosen()],
    }
    # a reader needs them first
    value = {_TIME: value.pop(_TIME), "shared": writer.shared, **value}
    return _dumps({_SUM: _sum_of(value), **value})


def time_of(base: str) -> datetime:
    """Return the time up to which a base tells of a world.

    :raises ValueError: if it is damaged, or no base.
    """
    return _time(_checked(base))


def load(world: World, base: str) -> None:
    """Make an empty world what it was when a base of it was written.

    :raises ValueError: if it is no base that this version understands; the world is of no use then.
    """
    value = _checked(base)
    try:
        _load(world, value, RecordReader(value["shared"]))
    except (*_NOT_SUCH, InvalidNameError) as exc:
        message = f"its base is not one that this version understands: {exc!r}"
        raise ValueError(message) from exc


def _load(world: World, value: Mapping[str, Any], reader: RecordReader) -> None:
    read = reader.read
    world.serial = int(value["serial"])
    world.rng.setstate(_rng(value["rng"]))
    world.limits = read(value["limits"])
    plans = value["plans"]
    world.plans.resume(
        (
            [(KINDS_BY_NAME[name], read(plan)) for name, plan in plans["usual"].items()],
            [read(each) for each in plans["overrides"]],
            _rng(plans["rng"]),
        )
    )
    for name, table in _tables(world).items():
        for each in value[name]:
            row = read(each)
            table.put(row.name, row)
    for name, at in map(read, value["configs_left"]):
        world.resources.configs.note_left(name, at=at)
    for name, policy in map(read, value["policies"]):
        world.policies.put(name, policy)
    for operation in map(read, value["operations"]):
        world.operations.put(operation)
    for name, serial in map(read, value["chosen"]):
        world.operations.spend(name, serial=serial)


def _checked(base: str) -> dict[str, Any]:
    """Return what a base says, provided that it is as it was written."""
    value = json.loads(base)
    if not isinstance(value, dict) or value.pop(_SUM, None) != _sum_of(value):
        message = "its base is damaged: it is not as it was written"
        raise ValueError(message)
    return value


def _time(value: Mapping[str, Any]) -> datetime:
    try:
        at = datetime.fromisoformat(value[_TIME])
    except _NOT_SUCH as exc:
        message = f"its base has no time: {exc!r}"
        raise ValueError(message) from exc
    if at.tzinfo is None:
        message = "the time of its base has no time zone"
        raise ValueError(message)
    return at


def _rng(state: Any) -> tuple[Any, ...]:
    version, numbers, gauss = state
    return version, tuple(numbers), gauss


def _sum_of(value: Mapping[str, Any]) -> str:
    # whoever writes the same JSON in another way has damaged nothing
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _dumps(value: Mapping[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
