# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The operator that changes a schema, and what all operators that take DDL share.

Airflow renders a template before an operator is executed, and then nothing tells what the author of
the Dag wrote from what the template put in. So the author's text is rendered with marks around it,
which no value can know, and the marks are taken out again.

Counted as written by the author is what stands in a text in the Dag's file, or in a ``.sql`` file
that is named there, outside of ``{{ … }}`` and outside of what a template captures (``macro``,
``call``, ``filter`` and ``set`` blocks). All else is a value: what comes from another task, out of
a function, or from the caller.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_spanner_lro.core.ddl.lexer import Dialect
from airflow_spanner_lro.core.ddl.statements import DdlText, TextPart, parse_statements, texts_in
from airflow_spanner_lro.core.errors import InvalidArgumentError, SpannerLroError
from airflow_spanner_lro.core.kinds import UPDATE_DATABASE_DDL
from airflow_spanner_lro.core.names import DatabaseName
from airflow_spanner_lro.core.operations.errors import StatementsChangedError
from airflow_spanner_lro.core.operations.schema_change import (
    statement_records,
    statement_report,
    with_commits,
)
from airflow_spanner_lro.core.status import code_of
from airflow_spanner_lro.operators.operation import SpannerOperationOperator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from airflow.sdk import BaseOperator, Context
    from jinja2 import Environment
    from jinja2.lexer import Token

    from airflow_spanner_lro.core.operations.schema_change import StatementRecord
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot

    _Operator = BaseOperator
else:
    _Operator = object

_FILES = (".sql",)
_COMMENT = re.compile(r"\s(--|#|/\*)|\n")
"""What the name of a file has not: a statement that ends like one ends in a comment."""
_CAPTURING = ("macro", "call", "filter", "set")
"""Blocks of Jinja whose content goes somewhere else before it is put out."""
_DECISIVE = ("assign", "pipe", "block_end")
_DESCRIPTORS_FIELD = "proto_descriptors_file"


@dataclass(frozen=True, slots=True, kw_only=True)
class _DdlOrigin:
    """Where the texts of a value of the field come from.

    :param value: which value: of another one that the field has by now nothing is known
    :param texts: where each of its texts comes from; None as long as it is not rendered
    :param files: which items of a list were read from files
    """

    value: object = None
    texts: tuple[DdlText, ...] | None = None
    files: frozenset[int] = frozenset()


class TakesDdl(_Operator):
    """Has a parameter with DDL statements, as one text or as a list; stands before the operator.

    It has no constructor: Airflow applies ``default_args`` to the parameters that each class names.
    """

    template_ext = _FILES
    ddl_field: ClassVar[str]
    """Name of the parameter that takes them; a constructor hands it to ``_note_origin``."""

    _origin: _DdlOrigin = _DdlOrigin()

    def resolve_template_files(self) -> None:
        """Read the files that the Dag names; afterwards the items of a list look alike."""
        setattr(self, self.ddl_field, _not_taken_for_files(getattr(self, self.ddl_field)))
        files = self._origin.files | _files_in(getattr(self, self.ddl_field))
        super().resolve_template_files()
        if self._origin.texts is None:
            self._origin = _DdlOrigin(value=getattr(self, self.ddl_field), files=files)

    def render_template(
        self,
        content: Any,
        context: Context,
        jinja_env: Environment | None = None,
        seen_oids: set[int] | None = None,
    ) -> Any:
        """Render a template; of the DDL also note what the author of the Dag wrote."""
        if content is not getattr(self, self.ddl_field, None):
            return super().render_template(content, context, jinja_env, seen_oids)
        origin = self._origin
        if origin.texts is not None:
            # rendered before: the author's words and others cannot be told apart any more
            rendered = super().render_template(content, context, jinja_env, seen_oids)
            self._origin = _DdlOrigin(value=rendered, texts=_inserted_texts(rendered))
            return rendered
        files = origin.files
        if id(content) not in (seen_oids or ()):
            # else another task has named them, and Airflow leaves it at the names
            files |= _files_in(content)
        marks = _AuthorMarks()
        environment = marks.environment(jinja_env or self.get_template_env())
        marked = super().render_template(
            _not_taken_for_files(content), context, environment, seen_oids
        )
        rendered, texts = marks.take_out(marked, files=files)
        self._origin = _DdlOrigin(value=rendered, texts=texts)
        return rendered

    def _note_origin(self, given: object) -> None:
        """Note what was given to the constructor, where only the author of a Dag can give it."""
        # before another operator that has the same list reads the files into it
        self._origin = _DdlOrigin(value=given, files=_files_in(given))

    def _ddl(self, *, dialect: Callable[[], Dialect]) -> list[str]:
        """Return the statements.

        :param dialect: tells the dialect; asked only if the end of a statement depends on it
        :raises InvalidArgumentError: if they cannot be told apart, or are not the author's
        """
        given = getattr(self, self.ddl_field)
        return parse_statements(
            given, field=self.ddl_field, dialect=dialect, texts=self._texts(given)
        )

    def _texts(self, given: object) -> tuple[DdlText, ...]:
        origin = self._origin
        if origin.value is not given:
            # a function has made it, or somebody has put it there
            return _inserted_texts(given)
        if origin.texts is not None:
            return origin.texts
        alone = isinstance(given, str)
        return tuple(
            DdlText.from_author(str(item), several=alone or index in origin.files)
            for index, item in enumerate(texts_in(given))
        )


class SpannerUpdateDatabaseDdlOperator(TakesDdl, SpannerOperationOperator):
    """Change the schema of a database.

    Returns the database's name and each statement with the time of its commit. A schema change
    that is cancelled, on kill or on timeout, keeps the statements that are committed already: they
    cannot be undone, and the error says how many there are.

    The operation's id is chosen here, so a start call that is repeated cannot run twice.

    A text may hold several statements with semicolons between them, and comments. One that ends
    with ``.sql`` is the name of a file with such text, which Airflow looks for in the folder of the
    Dag's file and in the Dag's ``template_searchpath``, and renders as a template. Any other item
    of a list is exactly one statement, and so is a text that another task returns. What a template
    puts in adds no statement and ends none.

    :param instance_id: instance that holds the database
    :param database_id: database to change
    :param ddl_statements: DDL statements or ``.sql`` files, one or several, run in this order
    :param proto_descriptors_file: file on the worker with the ``FileDescriptorSet`` for statements
        that create or alter a proto bundle; absolute, or as seen from the Dag's file

    Also accepts the parameters of
    :class:`~airflow_spanner_lro.operators.operation.SpannerOperationOperator`.
    """

    kind = UPDATE_DATABASE_DDL
    template_fields = (
        *SpannerOperationOperator.template_fields,
        "instance_id",
        "database_id",
        "ddl_statements",
        "proto_descriptors_file",
    )
    ddl_field = "ddl_statements"
    template_fields_renderers = {"ddl_statements": "sql"}  # noqa: RUF012  # as Airflow declares it

    def __init__(
        self,
        *,
        instance_id: str,
        database_id: str,
        ddl_statements: str | Sequence[str],
        proto_descriptors_file: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.instance_id = instance_id
        self.database_id = database_id
        self.ddl_statements = ddl_statements
        self._note_origin(ddl_statements)
        self.proto_descriptors_file = proto_descriptors_file

    @property
    def target(self) -> DatabaseName:
        """The database to change."""
        return DatabaseName(
            project=self.project, instance=self.instance_id, database=self.database_id
        )

    def build_request(self) -> Any:
        """Return the UpdateDatabaseDdlRequest."""
        return self.kind.request_type()(
            database=str(self.target),
            statements=self._statements(),
            proto_descriptors=proto_descriptors(self.proto_descriptors_file, operator=self),
        )

    def result(self, snapshot: OperationSnapshot | None) -> Any:
        """Return the database and its new statements, each with the time of its commit.

        :raises StatementsChangedError: if others were asked for when the operation was started
        """
        return {
            "database": str(self.target),
            "statements": [
                {
                    "statement": text,
                    "commit_time": statement.committed.isoformat() if statement.committed else None,
                }
                for text, statement in self._outcome(snapshot)
            ],
        }

    def report(self, snapshot: OperationSnapshot) -> str:
        """Return what became of each statement."""
        if snapshot.succeeded:
            return ""
        try:
            outcome = self._outcome(snapshot)
        except SpannerLroError:
            # what the Dag says by now must not hide why the change failed
            return ""
        except Exception as exc:
            # nor must a dialect that cannot be asked for just now
            if code_of(exc) is None:
                raise
            return ""
        return statement_report(outcome, snapshot=snapshot)

    def _outcome(self, snapshot: OperationSnapshot | None) -> list[tuple[str, StatementRecord]]:
        """Return each statement with what all tries so far have made of it."""
        texts = self._statements()
        wanted = statement_records(texts)
        known = self.statements(snapshot) or with_commits(wanted, snapshot)
        if [each.digest for each in known] != [each.digest for each in wanted]:
            # the Dag was changed while the task was deferred
            raise StatementsChangedError(self.target)
        return list(zip(texts, known, strict=True))

    def _statements(self) -> list[str]:
        return self._ddl(dialect=lambda: self._dialect)

    @cached_property
    def _dialect(self) -> Dialect:
        """The dialect of the database, which decides where its statements end."""
        database = self.hook.client.get_resource(name=self.target)
        if database.database_dialect.name == Dialect.POSTGRESQL:
            return Dialect.POSTGRESQL
        # also where none is told: it is the API's default
        return Dialect.GOOGLE_STANDARD_SQL


class _AuthorMarks:
    """Marks around what the author of a Dag wrote, which nobody else can make."""

    def __init__(self) -> None:
        # digits and characters without a meaning
        number = f"{secrets.randbelow(10**18):018}"
        self._begin, self._end = f"\ue000{number}\ue001", f"\ue002{number}\ue003"
        self._lead = f"\ue004{number}\ue005"
        self._marked = re.compile(f"{self._begin}(.*?){self._end}", re.DOTALL)
        self._written: set[str] = set()

    def environment(self, environment: Environment) -> Environment:
        """Return an environment that marks what is written in its templates."""
        from jinja2.ext import Extension  # noqa: PLC0415  # Dag files need none of it

        mark = self._mark

        class AuthorsText(Extension):
            def filter_stream(self, stream: Iterable[Token]) -> Iterable[Token]:
                return mark(list(stream))

        # compiled templates are not shared, as they have the marks in them
        return environment.overlay(extensions=[AuthorsText], cache_size=0, bytecode_cache=None)

    def take_out(self, marked: Any, *, files: frozenset[int]) -> tuple[Any, tuple[DdlText, ...]]:
        """Return a rendered value without its marks, and where its texts come from.

        :param files: which items of a list were read from files
        """
        if isinstance(marked, str):
            text = self._text(marked, several=True)
            return text.text, (text,)
        if not isinstance(marked, list | tuple | set):
            return marked, _inserted_texts(marked)
        items = list(marked)
        texts = tuple(
            self._text(item, several=index in files)
            if isinstance(item, str)
            else _inserted_text(item)
            for index, item in enumerate(items)
        )
        cleaned = [
            text.text if isinstance(item, str) else item
            for item, text in zip(items, texts, strict=True)
        ]
        return (cleaned if isinstance(marked, list) else tuple(cleaned)), texts

    def _mark(self, tokens: list[Token]) -> Iterator[Token]:
        """Yield the tokens of a template, with marks around the text that it puts out itself."""
        captured = 0
        own = []
        for index, token in enumerate(tokens):
            if token.type == "block_begin":
                captured += _captures(tokens[index + 1 :])
            # white space alone is left as it is: around a template it is not worth a word
            if token.type == "data" and not captured and token.value.strip():
                own.append(index)
        if own:
            # a Dag that renders to native objects takes no text that begins so for a list
            yield tokens[own[0]]._replace(value=self._lead)
        for index, token in enumerate(tokens):
            if index in own:
                self._written.add(token.value)
                yield token._replace(value=f"{self._begin}{token.value}{self._end}")
            else:
                yield token

    def _text(self, marked: str, *, several: bool) -> DdlText:
        # every second part stood between two marks; a filter may have changed it all the same.
        # What is empty between two of them may be a value, before and behind them it is nothing
        parts = self._marked.split(marked.replace(self._lead, ""))
        pieces = tuple(
            TextPart(part, authored=bool(index % 2) and part in self._written)
            for index, part in enumerate(parts)
            if part or 0 < index < len(parts) - 1
        )
        text = DdlText(pieces=pieces, several=several)
        return text if text.authored else DdlText.from_value(text.text)


def _captures(tokens: list[Token]) -> int:
    """Return 1 if a tag begins to capture what follows it, -1 if it ends that, else 0.

    :param tokens: those behind the beginning of the tag
    """
    name: str = tokens[0].value
    if name.startswith("end"):
        return -1 if name.removeprefix("end") in _CAPTURING else 0
    if name == "set":
        # {% set a = 1 %} has no end; {% set a %} and {% set a | upper %} have one
        decisive = (each.type for each in tokens if each.type in _DECISIVE)
        return int(next(decisive, None) != "assign")
    return int(name in _CAPTURING)


def _files_in(content: object) -> frozenset[int]:
    """Return which items of a list are names of files, which Airflow reads."""
    if not isinstance(content, list | tuple):
        return frozenset()
    return frozenset(
        index
        for index, item in enumerate(content)
        if isinstance(item, str) and item.endswith(_FILES) and not _is_text(item)
    )


def _is_text(item: str) -> bool:
    """Tell whether something that ends like the name of a file is DDL that ends in a comment."""
    return bool(_COMMENT.search(item))


def _not_taken_for_files(content: object) -> object:
    """Return what Airflow, which looks at the end alone, does not take for the name of a file."""
    if isinstance(content, str):
        return f"{content}\n" if content.endswith(_FILES) and _is_text(content) else content
    if isinstance(content, list | tuple):
        told = [_not_taken_for_files(item) for item in content]
        same = all(new is old for new, old in zip(told, content, strict=True))
        return content if same else type(content)(told)
    return content


def _inserted_text(item: object) -> DdlText:
    return DdlText.from_value(str(item))


def _inserted_texts(given: object) -> tuple[DdlText, ...]:
    return tuple(map(_inserted_text, texts_in(given)))


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
        raise InvalidArgumentError(
            field=_DESCRIPTORS_FIELD, value=path, rule="expected the path of a file"
        )
    file = Path(operator.dag.folder if operator.has_dag() else "") / path
    try:
        data = file.read_bytes()
        holds_any = bool(FileDescriptorSet.FromString(data).file)
    except OSError as exc:
        rule = f"this worker cannot read {file}: {exc.strerror}"
        raise InvalidArgumentError(field=_DESCRIPTORS_FIELD, value=path, rule=rule) from exc
    except DecodeError:
        holds_any = False
    if not holds_any:
        raise InvalidArgumentError(
            field=_DESCRIPTORS_FIELD,
            value=path,
            rule="the file holds no descriptors; "
            "protoc makes it with --include_imports and --descriptor_set_out",
        )
    return data
