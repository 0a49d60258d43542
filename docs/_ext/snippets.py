# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A part of an example as a reader can paste it: with its imports, its constants and its Dag.

What an example marks with ``# [START name]`` uses names from elsewhere in its file. They are found
by the syntax tree and put before it: imports, the values of constants, functions, and tasks that it
goes on from. Tasks stand within their Dag, which has the default arguments of the example's.
"""

# ruff: noqa: INP001  # this folder is on the path, and no package

from __future__ import annotations

import ast
import builtins
import re
import sys
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

LANGUAGES = {
    ".py": "python",
    ".sh": "bash",
    ".sql": "sql",
    ".toml": "toml",
    ".txt": "text",
    ".yaml": "yaml",
    ".yml": "yaml",
}
WIDTH = 100
"""From how many characters on an import is broken into lines."""
FOR_LINTERS = re.compile(r" *# (?:type: ignore|noqa|ruff:).*$", re.MULTILINE)
FOR_READERS_OF_FILES = re.compile(r"^ +doc_md=__doc__,\n", re.MULTILINE)
MARKS = re.compile(r"^ *# \[(?:START|END) \w+\]\n", re.MULTILINE)
LICENCE = re.compile(r"\A(?:(?:#|--) SPDX-.*\n)+\n?")
OUR_OWN = "airflow_spanner_lro"


class SnippetError(Exception):
    """A snippet that cannot be shown."""


def snippet(path: Path, name: str | None = None, *, bare: bool = False) -> str:
    """Return a file, or the part of it that is marked by a name, as a fenced block.

    :param bare: leave out what the part uses of the rest of its file
    """
    if (language := LANGUAGES.get(path.suffix)) is None:
        raise SnippetError(f"{path.name}: in what language is {path.suffix}? There is {LANGUAGES}")
    if not path.is_file():
        raise SnippetError(f"there is no file {path}")
    code = path.read_text(encoding="utf-8")
    if name is None:
        code = LICENCE.sub("", code)
    elif language == "python" and not bare:
        code = pastable(code, name)
    else:
        code = textwrap.dedent(_part(code, name).text)
    code = FOR_READERS_OF_FILES.sub("", FOR_LINTERS.sub("", MARKS.sub("", code))).strip("\n")
    return f"```{language}\n{code}\n```"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What stands between two marks of a file: lines ``first`` to ``last``, counted from 1."""

    text: str
    first: int
    last: int

    def has(self, node: ast.AST) -> bool:
        """Tell whether a node begins in it."""
        return self.first <= getattr(node, "lineno", 0) <= self.last

    def within(self, first: int, last: int | None) -> bool:
        """Tell whether all of it is between two lines."""
        return first <= self.first and self.last <= (last or 0)


def pastable(code: str, name: str) -> str:
    """Return a part of a Python file with all that it uses from the rest of the file."""
    part = _part(code, name)
    tree = ast.parse(code)
    text = textwrap.dedent(part.text).strip("\n")
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef) or not _is_dag(node):
            continue
        if part.within(node.body[0].lineno, node.end_lineno):
            return _in_its_dag(code, tree, part, node)
        if part.within(node.decorator_list[0].lineno, node.lineno - 1):
            arguments = textwrap.indent(f'"{node.name}",\n{text}', "    ")
            return _complete(code, tree, f"with DAG(\n{arguments}\n):\n    ...", dag=True)
    dags = [
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and part.has(node) and _is_dag(node)
    ]
    calls = [
        ast.unparse(node)
        for node in tree.body
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and not part.has(node)
        and ast.unparse(node.value.func) in dags
    ]
    return _complete(code, tree, "\n\n\n".join([text, *calls]))


def _in_its_dag(code: str, tree: ast.Module, part: Part, dag: ast.FunctionDef) -> str:
    """Return tasks within their Dag, behind those that they go on from."""
    text = textwrap.dedent(part.text).strip("\n")
    before = [node for node in dag.body if (node.end_lineno or 0) < part.first]
    taken: list[ast.stmt] = []
    while True:
        shown = [_source(code, node) for node in sorted(taken, key=lambda node: node.lineno)]
        missing = free_names("\n".join([*shown, text]))
        more = [node for node in before if node not in taken and missing & stored(node)]
        if not more:
            break
        taken += more
    tasks = "\n".join([*shown, text])
    return _complete(
        code, tree, f"{_head(code, dag, tasks)}\n{textwrap.indent(tasks, '    ')}", dag=True
    )


def _head(code: str, dag: ast.FunctionDef, tasks: str) -> str:
    """Return the line, or lines, that make a Dag with what the tasks need of the example's."""
    decorator = dag.decorator_list[0]
    wanted = {"default_args", *(["params"] if "params" in tasks else [])}
    keywords = [
        each
        for each in (decorator.keywords if isinstance(decorator, ast.Call) else ())
        if each.arg in wanted
    ]
    short = [f"{each.arg}={_one_line(code, each.value)}" for each in keywords]
    head = f"with DAG({', '.join([chr(34) + dag.name + chr(34), *short])}):"
    if len(head) <= WIDTH:
        return head
    lines = [f'    "{dag.name}",']
    for keyword, line in zip(keywords, short, strict=True):
        if len(line) + 5 <= WIDTH or not isinstance(keyword.value, ast.Dict):
            lines.append(f"    {line},")
            continue
        lines.append(f"    {keyword.arg}={{")
        for key, value in zip(keyword.value.keys, keyword.value.values, strict=True):
            name = _one_line(code, key) if key else "**"
            lines.append(f"        {name}: {_one_line(code, value)},")
        lines.append("    },")
    return "\n".join(["with DAG(", *lines, "):"])


def _one_line(code: str, node: ast.AST) -> str:
    """Return an expression on one line, with the quotes that the code has."""
    line = re.sub(r"\s*\n\s*", " ", ast.get_source_segment(code, node) or "")
    return re.sub(r",? ([}\])])", r"\1", re.sub(r"([{\[(]) ", r"\1", line))


def _complete(code: str, tree: ast.Module, text: str, *, dag: bool = False) -> str:
    """Return code behind the imports, constants and functions that it uses."""
    taken: list[ast.stmt] = []
    defining = ast.Assign | ast.AnnAssign | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    others = [node for node in tree.body if isinstance(node, defining)]
    while True:
        taken.sort(key=lambda node: node.lineno)
        shown = [_plain(_source(code, node)) for node in taken]
        missing = free_names("\n".join([*shown, text]))
        more = [node for node in others if node not in taken and missing & stored(node)]
        if not more:
            break
        taken += more
    imports = [*_imports(tree, missing)]
    if dag:
        imports.append(("airflow.sdk", ("DAG",)))
    groups = [_sorted_imports(imports)]
    constants = [line for node, line in zip(taken, shown, strict=True) if not _is_definition(node)]
    groups.append("\n".join(constants))
    groups = ["\n\n".join(each for each in groups if each)]
    groups += [line for node, line in zip(taken, shown, strict=True) if _is_definition(node)]
    first = ast.parse(text).body[0]
    wide = len(groups) > 1 or isinstance(
        first, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    )
    head = "\n\n\n".join(each for each in groups if each)
    between = "\n\n\n" if wide else "\n\n"
    return f"{head}{between}{text}" if head else text


def _is_definition(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)


def _is_dag(node: ast.FunctionDef) -> bool:
    return any(
        isinstance(each, ast.Call) and isinstance(each.func, ast.Name) and each.func.id == "dag"
        for each in node.decorator_list
    )


def _part(code: str, name: str) -> Part:
    lines = code.splitlines(keepends=True)
    starts = [at for at, line in enumerate(lines) if line.strip().endswith(f"[START {name}]")]
    ends = [at for at, line in enumerate(lines) if line.strip().endswith(f"[END {name}]")]
    if len(starts) != 1 or len(ends) != 1 or ends[0] < starts[0]:
        raise SnippetError(f"no part is marked with [START {name}] and then [END {name}], once")
    return Part(text="".join(lines[starts[0] + 1 : ends[0]]), first=starts[0] + 2, last=ends[0])


def _source(code: str, node: ast.stmt) -> str:
    first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", ()))])
    return textwrap.dedent("\n".join(code.splitlines()[first - 1 : node.end_lineno]))


def _plain(code: str) -> str:
    """Return a constant with the default that it has where the environment says nothing."""
    while True:
        found = next(
            (
                node
                for node in ast.walk(ast.parse(code))
                if isinstance(node, ast.Call)
                and ast.unparse(node.func) == "os.environ.get"
                and len(node.args) == 2  # noqa: PLR2004  # a name, and a default
            ),
            None,
        )
        if found is None:
            break
        call, default = (
            ast.get_source_segment(code, node) or "" for node in (found, found.args[1])
        )
        whole = code.endswith(f"= {call}")
        code = code.replace(call, f"({default})" if " if " in default and not whole else default)
    return re.sub(r'float\("([\d.]+)"\)', lambda found: str(float(found[1])), code)


def free_names(code: str) -> set[str]:
    """Return the names that code uses and does not define: roughly, without regard to scopes."""
    tree = ast.parse(code)
    used = {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    return used - stored(tree) - set(dir(builtins)) - {"__name__", "__doc__", "__file__"}


def stored(tree: ast.AST) -> set[str]:
    """Return the names that are defined somewhere in a tree."""
    return set(_stored(tree))


def _stored(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.ClassDef(name=name):
                yield name
            case ast.arg(arg=name):
                yield name
            case ast.alias(name=name, asname=other):
                yield (other or name).partition(".")[0]
            case ast.ExceptHandler(name=str() as name):
                yield name


def _imports(tree: ast.Module, names: set[str]) -> Iterator[tuple[str | None, tuple[str, ...]]]:
    """Return each module with what is imported from it; None for plain imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            wanted = tuple(ast.unparse(each) for each in node.names if names & stored(each))
            if wanted:
                yield getattr(node, "module", None), wanted


def _sorted_imports(imports: Iterable[tuple[str | None, tuple[str, ...]]]) -> str:
    groups: dict[int, set[str]] = {0: set(), 1: set(), 2: set()}
    merged: dict[str | None, set[str]] = {}
    for module, names in imports:
        merged.setdefault(module, set()).update(names)
    for name in merged.pop(None, ()):
        groups[_group(name)].add(f"import {name}")
    for module, found in merged.items():
        if module != "__future__":
            groups[_group(str(module))].add(_import(str(module), sorted(found, key=_order)))
    # plain imports come first, as the formatter has them
    return "\n\n".join(
        "\n".join(sorted(lines, key=lambda line: (line.startswith("from"), line)))
        for lines in groups.values()
        if lines
    )


def _import(module: str, names: list[str]) -> str:
    line = f"from {module} import {', '.join(names)}"
    if len(line) <= WIDTH:
        return line
    each = "".join(f"    {name},\n" for name in names)
    return f"from {module} import (\n{each})"


def _order(name: str) -> tuple[bool, bool, str]:
    """Constants first, then classes, then functions, as the formatter has them."""
    return not name.isupper(), not name[0].isupper(), name


def _group(module: str) -> int:
    top = module.partition(".")[0].partition(" ")[0]
    return 2 if top == OUR_OWN else 0 if top in sys.stdlib_module_names else 1
