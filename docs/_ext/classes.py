# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What a docstring says, as Markdown: a section for each class, function and member.

A forge shows Markdown and no reStructuredText, so the pages hold what docstrings say in the form
that both a forge and Sphinx can read.
"""

# ruff: noqa: INP001  # this folder is on the path, and no package

from __future__ import annotations

import enum
import inspect
import json
import re
import textwrap
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROLE = re.compile(r":(?:[a-z]+:)?[a-z]+:`~?([^`<>]+)`")
FIELD = re.compile(r"^:(param|raises|returns?|yields?)\s*([^:]*):\s*(.*)$")
CODE = re.compile(r"``([^`]+)``")
OF_OTHERS = ("Also accepts", "Also has")
WIDTH = 88


class DocstringError(Exception):
    """A docstring that cannot be shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Docstring:
    """What a docstring has: paragraphs, parameters, what is returned, and what is raised."""

    text: str
    rest: str
    """What is said of the parameters of other classes, and belongs below the own ones."""
    params: Mapping[str, str]
    returns: str
    raises: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, thing: Any) -> Docstring:
        """Return the docstring of a class or function, its reST turned into Markdown."""
        return cls.parse(inspect.getdoc(thing) or "")

    @classmethod
    def parse(cls, doc: str) -> Docstring:
        """Return what a docstring has."""
        paragraphs: list[str] = []
        params: dict[str, str] = {}
        raises: list[tuple[str, str]] = []
        returns = ""
        for paragraph in re.split(r"\n\s*\n", doc.strip("\n")):
            if not FIELD.match(paragraph.partition("\n")[0]):
                paragraphs.append(paragraph)
                continue
            for field in re.split(r"\n(?=:)", paragraph):
                found = FIELD.match(" ".join(field.split()))
                if found is None:
                    raise DocstringError(f"this is no field of a docstring: {field!r}")
                what, name, told = found.groups()
                if what == "param":
                    params[name.strip()] = _inline(told)
                elif what == "raises":
                    raises.append((name.strip(), _inline(told)))
                else:
                    returns = _inline(told)
        return cls(
            text=_text([each for each in paragraphs if not each.startswith(OF_OTHERS)]),
            rest=_text([each for each in paragraphs if each.startswith(OF_OTHERS)]),
            params=params,
            returns=returns,
            raises=tuple(raises),
        )

    @cached_property
    def first(self) -> str:
        """The first paragraph."""
        return self.text.partition("\n\n")[0]


def class_section(path: str, *, level: int, members: tuple[str, ...] = ()) -> str:
    """Return the section of a class, with some of its members, or all public ones for ``*``."""
    class_ = load(path)
    parts = [f"{'#' * level} {class_.__name__}", _class_body(class_, path.rpartition(".")[0])]
    if issubclass(class_, enum.Enum):
        parts.append(_enumeration(class_))
    else:
        names = tuple(_public_members(class_)) if members == ("*",) else members
        parts += [
            _member(class_, name, level=level + 1)
            for name in names
            if not inspect.ismemberdescriptor(inspect.getattr_static(class_, name))
        ]
    return "\n\n".join(part for part in parts if part)


def function_section(path: str, *, level: int) -> str:
    """Return the section of a function."""
    function = load(path)
    return _callable(function, f"{function.__name__}", level=level, called=function.__name__)


def errors_sections(path: str) -> str:
    """Return a list of the errors that a module defines, in its order."""
    module = import_module(path)
    lines = []
    for name, member in vars(module).items():
        ours = inspect.isclass(member) and member.__module__ == path
        if ours and issubclass(member, Exception) and not name.startswith("_"):
            lines.append(f"- `{name}`: {_on_one_line(Docstring.of(member).text)}")
    return "\n".join(lines)


def load(path: str) -> Any:
    """Return what a dotted path names."""
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)


def _class_body(class_: type[Any], module: str) -> str:
    doc = Docstring.of(class_) if class_.__dict__.get("__doc__") else Docstring.parse("")
    parts = [f"```python\nfrom {module} import {class_.__name__}\n```", doc.text]
    try:
        signature = inspect.signature(class_)
    except ValueError:
        signature = None
    own = {} if signature is None else _own_parameters(class_)
    if doc.params or (own and not issubclass(class_, enum.Enum | Exception)):
        parts.append(_parameters(doc.params, own))
    if doc.rest:
        parts.append(doc.rest)
    if templated := _templated(class_):
        parts.append(f"Templated: {templated}.")
    if doc.raises:
        parts.append(_raises(doc))
    return "\n\n".join(part for part in parts if part)


def _own_parameters(class_: type[Any]) -> dict[str, inspect.Parameter]:
    """Return the parameters that a class adds to those of its bases."""
    # Airflow's operators derive from a dataclass
    if "__dataclass_fields__" in vars(class_):
        return {
            name: each
            for name, each in inspect.signature(class_).parameters.items()
            if not name.startswith("_")
        }
    if "__init__" not in vars(class_):
        return {}
    # a decorator of Airflow's wraps it: what it wraps is what was written
    signature = inspect.signature(inspect.unwrap(vars(class_)["__init__"]))
    plain = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY
    return {
        name: each
        for name, each in signature.parameters.items()
        if name not in {"self", "args", "kwargs"}
        and each.kind in plain
        and not name.startswith("_")
    }


def _parameters(told: Mapping[str, str], parameters: Mapping[str, inspect.Parameter]) -> str:
    """Return a list: a table would be cut on a phone."""
    lines = []
    for name in told or parameters:
        about = _about(parameters[name]) if name in parameters else ""
        text = f": {told[name]}" if told.get(name) else ""
        lines.append(f"- **`{name}`**{about}{text}")
    return "\n".join(lines)


def _about(parameter: inspect.Parameter) -> str:
    type_ = _type(parameter.annotation)
    if parameter.default is inspect.Parameter.empty:
        return f" ({type_}, required)" if type_ else " (required)"
    default = _default(parameter.default)
    if parameter.name == "deferrable" and type_ == "`bool`":
        default = "Airflow's `[operators] default_deferrable`"
    both = ", ".join(each for each in (type_, default and f"default {default}") if each)
    return f" ({both})" if both else ""


def _type(annotation: Any) -> str:
    if annotation is inspect.Parameter.empty:
        return ""
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    return f"`{text}`"


def _default(value: Any) -> str:
    text = repr(value)
    if callable(value) or text.startswith("<") or re.search(r" at 0x|\w=", text):
        return ""
    if value is None:
        return ""
    if isinstance(value, str):
        return f"`{json.dumps(value, ensure_ascii=False)}`"
    if isinstance(value, enum.Enum):
        return f"`{value.value!r}`"
    return f"`{text}`"


def _templated(class_: type[Any]) -> str:
    fields = dict.fromkeys(getattr(class_, "template_fields", ()))
    for base in class_.__bases__:
        for inherited in getattr(base, "template_fields", ()):
            fields.pop(inherited, None)
    return ", ".join(f"`{name}`" for name in fields)


def _public_members(class_: type[Any]) -> Iterator[str]:
    for name, member in vars(class_).items():
        told = callable(member) or isinstance(member, property | classmethod | staticmethod)
        if told and not name.startswith("_") and inspect.getdoc(member):
            yield name


def _member(class_: type[Any], name: str, *, level: int) -> str:
    member = inspect.getattr_static(class_, name)
    if isinstance(member, property | cached_property):
        function: Any = member.fget if isinstance(member, property) else member.func
        result = _type(inspect.signature(function).return_annotation)
        about = f" ({result})" if result else ""
        return f"{'#' * level} {name}\n\nA property{about}.\n{Docstring.of(member).text}"
    bound = getattr(class_, name)
    return _callable(bound, name, level=level, called=name)


def _callable(function: Any, name: str, *, level: int, called: str) -> str:
    doc = Docstring.of(function)
    signature = inspect.signature(function)
    parameters = {key: each for key, each in signature.parameters.items() if key != "self"}
    prefix = "async " if inspect.iscoroutinefunction(function) else ""
    parts = [
        f"{'#' * level} {name}",
        # "py" and not "python": it is no code that can be run
        f"```py\n{prefix}{_signature(called, parameters, signature.return_annotation)}\n```",
        doc.text,
    ]
    if doc.params:
        shown = {key: parameters[key] for key in doc.params if key in parameters}
        parts.append(_parameters(doc.params, shown))
    if doc.returns:
        parts.append(f"Returns {doc.returns}.")
    if doc.raises:
        parts.append(_raises(doc))
    return "\n\n".join(part for part in parts if part)


def _signature(name: str, parameters: Mapping[str, inspect.Parameter], returned: Any) -> str:
    given: list[str] = []
    keywords = False
    for parameter in parameters.values():
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY and not keywords:
            keywords = True
            given.append("*")
        given.append(re.sub(r"'([^']*)'", r'"\1"', _one(parameter)))
    result = _type(returned).strip("`") if returned is not inspect.Signature.empty else ""
    end = f" -> {result}" if result else ""
    line = f"{name}({', '.join(given)}){end}"
    if len(line) <= WIDTH:
        return line
    return f"{name}(\n{''.join(f'    {each},{chr(10)}' for each in given)}){end}"


_STARS: dict[Any, str] = {
    inspect.Parameter.VAR_POSITIONAL: "*",
    inspect.Parameter.VAR_KEYWORD: "**",
}


def _one(parameter: inspect.Parameter) -> str:
    text = _STARS.get(parameter.kind, "") + parameter.name
    type_ = _type(parameter.annotation).strip("`")
    text = f"{text}: {type_}" if type_ else text
    if parameter.default is inspect.Parameter.empty:
        return text
    default = str(None) if parameter.default is None else _default(parameter.default).strip("`")
    default = default or "..."
    return f"{text} = {default}" if type_ else f"{text}={default}"


def _raises(doc: Docstring) -> str:
    return "Raises:\n\n" + "\n".join(f"- `{name}` {told}" for name, told in doc.raises)


def _enumeration(class_: type[enum.Enum]) -> str:
    told = _documented_members(class_)
    return "\n".join(
        f"- `{member.name}`" + (f": {told[member.name]}" if member.name in told else "")
        for member in class_
    )


def _documented_members(class_: type[Any]) -> dict[str, str]:
    """Return what strings below the members of a class say of them."""
    found = re.findall(
        r'^    (\w+)(?:: [^=\n]+)? = [^\n]+\n    """(.*?)"""',
        inspect.getsource(class_),
        re.MULTILINE | re.DOTALL,
    )
    return {name: _inline(" ".join(text.split())) for name, text in found}


def _text(paragraphs: list[str]) -> str:
    parts = []
    code = False
    for paragraph in paragraphs:
        if code and paragraph.startswith(" "):
            parts.append(f"```text\n{textwrap.dedent(paragraph)}\n```")
            continue
        code = paragraph.rstrip().endswith("::")
        if paragraph.strip() == "::":
            continue
        shown = re.sub(r"::\Z", ":", paragraph.rstrip())
        if re.match(r"[*-] ", shown):
            items = re.split(r"\n(?=[*-] )", shown)
            parts.append("\n".join(f"- {_inline(_on_one_line(item[2:]))}" for item in items))
        else:
            parts.append(_inline(sentences(shown)))
    return "\n\n".join(parts)


def sentences(text: str) -> str:
    """Return a paragraph with a line for each sentence, as all pages have it."""
    return re.sub(r"(?<=[a-z`)\d*][.!?]) (?=[A-Z`:*])", "\n", _on_one_line(text))


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


def _inline(text: str) -> str:
    """Turn the inline marks of reST into those of Markdown."""

    def role(found: re.Match[str]) -> str:
        return f"`{found[1].rpartition('.')[2]}`"

    return CODE.sub(r"`\1`", ROLE.sub(role, text)).replace("\\_", "_")
