# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Plain protobuf messages: those within proto-plus ones, and those of ChangeQuorum.

The reference describes ChangeQuorum, and no public ``.proto`` file has its messages. They are made
at run time, unless the client library has come to know them. The reference does not tell the
numbers of the fields: they are numbered in its order here. JSON knows no numbers, so that REST
clients cannot tell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import proto
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, timestamp_pb2

if TYPE_CHECKING:
    from google.protobuf.message import Message

    class SingleRegionQuorum(Message):
        """One region decides."""

        serving_location: str

    class QuorumType(Message):
        """Which regions decide: one of two kinds."""

        single_region: SingleRegionQuorum
        dual_region: Message

    class QuorumInfo(Message):
        """What clients see of a quorum."""

        quorum_type: QuorumType
        initiator: int
        start_time: timestamp_pb2.Timestamp
        etag: str

    class ChangeQuorumRequest(Message):
        """Ask for a quorum of a type."""

        name: str
        quorum_type: QuorumType
        etag: str

    class ChangeQuorumMetadata(Message):
        """What the operation tells."""

        request: ChangeQuorumRequest
        start_time: timestamp_pb2.Timestamp
        end_time: timestamp_pb2.Timestamp


_PACKAGE = "google.spanner.admin.database.v1"
_FILE = "airflow_spanner_lro/emulator/quorum.proto"
_Field = descriptor_pb2.FieldDescriptorProto


def _add_message(
    holder: Any, name: str, *fields: tuple[str, str], oneof: str = ""
) -> descriptor_pb2.DescriptorProto:
    """Add a message; a field without a type is a string, others name the type of a message."""
    message: descriptor_pb2.DescriptorProto = holder.add(name=name)
    if oneof:
        message.oneof_decl.add(name=oneof)
    for number, (field, type_name) in enumerate(fields, start=1):
        added = message.field.add(
            name=field, number=number, label=_Field.LABEL_OPTIONAL, type=_Field.TYPE_STRING
        )
        if type_name:
            added.type, added.type_name = _Field.TYPE_MESSAGE, type_name
        if oneof:
            added.oneof_index = 0
    return message


def _file() -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(
        name=_FILE,
        package=_PACKAGE,
        syntax="proto3",
        dependency=[timestamp_pb2.DESCRIPTOR.name],
    )
    own, time = f".{_PACKAGE}", ".google.protobuf.Timestamp"
    type_ = _add_message(
        file.message_type,
        "QuorumType",
        ("single_region", f"{own}.QuorumType.SingleRegionQuorum"),
        ("dual_region", f"{own}.QuorumType.DualRegionQuorum"),
        oneof="type",
    )
    _add_message(type_.nested_type, "SingleRegionQuorum", ("serving_location", ""))
    _add_message(type_.nested_type, "DualRegionQuorum")
    info = _add_message(
        file.message_type,
        "QuorumInfo",
        ("quorum_type", f"{own}.QuorumType"),
        ("initiator", f"{own}.QuorumInfo.Initiator"),
        ("start_time", time),
        ("etag", ""),
    )
    info.field[1].type = _Field.TYPE_ENUM
    initiators = info.enum_type.add(name="Initiator")
    for number, name in enumerate(("INITIATOR_UNSPECIFIED", "GOOGLE", "USER")):
        initiators.value.add(name=name, number=number)
    _add_message(
        file.message_type,
        "ChangeQuorumRequest",
        ("name", ""),
        ("quorum_type", f"{own}.QuorumType"),
        ("etag", ""),
    )
    _add_message(
        file.message_type,
        "ChangeQuorumMetadata",
        ("request", f"{own}.ChangeQuorumRequest"),
        ("start_time", time),
        ("end_time", time),
    )
    return file


def _message_class(name: str) -> Any:
    pool = descriptor_pool.Default()
    try:
        found = pool.FindMessageTypeByName(f"{_PACKAGE}.{name}")
    except KeyError:
        pool.AddSerializedFile(_file().SerializeToString())
        found = pool.FindMessageTypeByName(f"{_PACKAGE}.{name}")
    return message_factory.GetMessageClass(found)


if not TYPE_CHECKING:
    QuorumType = _message_class("QuorumType")
    QuorumInfo = _message_class("QuorumInfo")
    ChangeQuorumRequest = _message_class("ChangeQuorumRequest")
    ChangeQuorumMetadata = _message_class("ChangeQuorumMetadata")


def plain_message(message: proto.Message | Message) -> Message:
    """Return the plain protobuf message within a proto-plus one, and others as they are."""
    if isinstance(message, proto.Message):
        message = type(message).pb(message)
    plain: Message = message
    return plain


def plain_type(type_: type[Any]) -> type[Message]:
    """Return the protobuf class of a proto-plus class, and others as they are."""
    plain: type[Message] = type_.pb() if issubclass(type_, proto.Message) else type_
    return plain
