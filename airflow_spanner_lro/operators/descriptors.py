# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Proto descriptors for schemas with a proto bundle, read from a file when the task runs.

They are bytes, which neither a template nor a serialised Dag can hold; a file name is text.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.errors import InvalidArgumentError

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator

_FIELD = "proto_descriptors_file"


def proto_descriptors(path: object, *, operator: BaseOperator) -> bytes:
    """Return what a descriptor file holds; nothing if there is none.

    :param path: where the file is on the worker: absolute, or as seen from the Dag's file; None
        for no file
    :param operator: whose Dag it is
    :raises InvalidArgumentError: if the file cannot be read, or holds no descriptors
    """
    from google.protobuf.descriptor_pb2 import FileDescriptorSet  # noqa: PLC0415  # slow to load
    from google.protobuf.message import DecodeError  # noqa: PLC0415

    if path is None:
        return b""
    if not isinstance(path, str) or not path:
        raise InvalidArgumentError(field=_FIELD, value=path, rule="expected the path of a file")
    file = Path(operator.dag.folder if operator.has_dag() else "") / path
    try:
        data = file.read_bytes()
        holds_any = bool(FileDescriptorSet.FromString(data).file)
    except OSError as exc:
        rule = f"this worker cannot read {file}: {exc.strerror}"
        raise InvalidArgumentError(field=_FIELD, value=path, rule=rule) from exc
    except DecodeError:
        holds_any = False
    if not holds_any:
        raise InvalidArgumentError(
            field=_FIELD,
            value=path,
            rule="the file holds no descriptors; "
            "protoc makes it with --include_imports and --descriptor_set_out",
        )
    return data
