# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What the documentation reads off the code: kinds, classes and configuration.

A page says where something generated belongs with a comment, which a forge does not show:
``<!-- generated: kinds -->``. It becomes Markdown before the page is parsed, so that headings and
anchors made here are like those written by hand.
"""

# ruff: noqa: INP001  # this folder is on Sphinx's path, and no package

from __future__ import annotations

import inspect
import re
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.errors import ExtensionError

from airflow_spanner_lro.core.kinds import KINDS
from airflow_spanner_lro.core.ledger.entry import TRANSITIONS
from airflow_spanner_lro.provider_info import get_provider_info

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from sphinx.application import Sphinx

    from airflow_spanner_lro.core.kinds import OperationKind

MARK = re.compile(
    r"^<!-- generated: (?P<what>[a-z_]+)(?P<arguments>(?: [\w.]+)*) -->$", re.MULTILINE
)
FOR_LINTERS = re.compile(r" *# (?:type: ignore|noqa).*$", re.MULTILINE)
TRAILING = re.compile(r"^:param (\w+)_:")
CANCEL = "explanation/cancel.md"
NOT_APPLICABLE = "–"  # noqa: RUF001  # typography is wanted here
BASES = {
    "operators": (
        "operators.operation",
        "operators.base",
    ),
    "sensors": ("sensors.base",),
    "triggers": ("triggers.base",),
}
"""For each family the modules of classes whose parameters all others have."""


def setup(app: Sphinx) -> dict[str, Any]:
    """Tell Sphinx what this extension does."""
    app.connect("source-read", _fill_in)
    app.connect("autodoc-process-docstring", _keep_underscores)
    app.connect("doctree-read", _show_what_people_read)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def _fill_in(app: Sphinx, docname: str, source: list[str]) -> None:
    def generated(match: re.Match[str]) -> str:
        what = match["what"]
        if (maker := MAKERS.get(what)) is None:
            message = f"{docname}: nothing called {what!r} can be generated; there is: {[*MAKERS]}"
            raise ExtensionError(message)
        return maker(Path(app.srcdir), *match["arguments"].split())

    source[0] = MARK.sub(generated, source[0])


def _keep_underscores(  # noqa: PLR0917  # as Sphinx calls it
    app: Sphinx, what: str, name: str, of: object, options: object, lines: list[str]
) -> None:
    """Escape parameters such as ``filter_``, which reST takes for references."""
    del app, what, name, of, options
    lines[:] = [TRAILING.sub(r":param \1\_:", line) for line in lines]


def _show_what_people_read(app: Sphinx, doctree: nodes.document) -> None:
    """Leave out of snippets what only linters read, and blank lines at the end."""
    del app
    for block in doctree.findall(nodes.literal_block):
        if block.rawsource == block.astext():
            code = FOR_LINTERS.sub("", block.rawsource).rstrip()
            block.rawsource = code
            block.children = [nodes.Text(code)]


def kinds(docs: Path) -> str:
    """Return the table of kinds, each with the call and the operator that start it."""
    del docs
    operators = {kind: class_ for class_ in _classes("operators") if (kind := _kind(class_))}
    return _table(
        ("Kind", "Started by", "Works on", "Tells"),
        (
            (
                _link(kind),
                _started_by(kind, operators.get(kind)),
                kind.target.noun,
                _TELLS[kind.progress.name],
            )
            for kind in KINDS
        ),
    )


def cancels(docs: Path) -> str:
    """Return the table of what a cancel does, in the first words of the page that tells more."""
    leads = _first_sentences(docs / CANCEL)
    return _table(
        ("Kind", "What a cancel does", "Made all the same, it is deleted by default"),
        (
            (
                _link(kind),
                _lead(kind, leads),
                ("yes" if kind.cleans_up else "no") if kind.creates else NOT_APPLICABLE,
            )
            for kind in KINDS
        ),
    )


def compared(docs: Path) -> str:
    """Return the table of what tells an operation from another one for the same target."""
    del docs
    return _table(
        ("Kind", "Compared", "Compared, and may be changed later"),
        (
            (
                _link(kind),
                *(
                    ", ".join(each.label for each in kind.compared if each.fixed is fixed)
                    or NOT_APPLICABLE
                    for fixed in (True, False)
                ),
            )
            for kind in KINDS
            if kind.rpc
        ),
    )


_TELLS = {
    "SINGLE": "a percentage",
    "PER_STATEMENT": "a percentage and a commit time for each statement",
    "TIMES_ONLY": "when it started",
    "NONE": "nothing",
}


def configuration(docs: Path) -> str:
    """Return a section for each option of each section that this provider brings."""
    del docs
    parts = []
    for section, told in get_provider_info()["config"].items():
        for name, option in told["options"].items():
            parts.append(
                f"## {name}\n\n{option['description']}\n\n"
                + _table(
                    ("Default", "Type", "Environment variable", "Since"),
                    [
                        (
                            f"`{option['default']}`" if option["default"] else "nothing",
                            option["type"],
                            f"`AIRFLOW__{section.upper()}__{name.upper()}`",
                            option["version_added"],
                        )
                    ],
                )
            )
    return "\n\n".join(parts)


def classes(docs: Path, family: str) -> str:
    """Return a section for each module of a family, with what each of its classes documents."""
    del docs
    modules: dict[str, list[type[Any]]] = {}
    for class_ in _classes(family):
        modules.setdefault(class_.__module__, []).append(class_)
    return "\n\n".join(
        f"## {_title(module)}\n\n" + "\n\n".join(_class(class_) for class_ in members)
        for module, members in modules.items()
    )


def bases(docs: Path, family: str) -> str:
    """Return the classes that all others of a family derive from."""
    del docs
    return "\n\n".join(
        _class(class_)
        for module in BASES[family]
        for class_ in _defined(f"airflow_spanner_lro.{module}", _suffix(family))
    )


def hooks(docs: Path) -> str:
    """Return a section for each hook, with its verbs."""
    del docs
    return "\n\n".join(
        f"## {class_.__name__}\n\n"
        f"```{{eval-rst}}\n.. autoclass:: {_path(class_)}\n   :members:\n```"
        for class_ in _classes("hooks")
    )


def notifications(docs: Path) -> str:
    """Return what each notifier documents."""
    del docs
    named = get_provider_info().get("notifications", ())
    return "\n\n".join(f"```{{eval-rst}}\n.. autoclass:: {name}\n```" for name in named)


def stages(docs: Path) -> str:
    """Return the table of all ways in the life of an operation, numbered as in its drawing."""
    del docs
    return _table(
        ("", "From", "To", "When"),
        (
            (str(number), way.before.value, way.after.value, way.when)
            for number, way in enumerate(TRANSITIONS, start=1)
        ),
    )


MAKERS: dict[str, Callable[..., str]] = {
    "bases": bases,
    "cancels": cancels,
    "classes": classes,
    "compared": compared,
    "configuration": configuration,
    "hooks": hooks,
    "kinds": kinds,
    "notifications": notifications,
    "stages": stages,
}


def _title(module: str) -> str:
    return module.rpartition(".")[2].replace("_", " ").capitalize()


def _class(class_: type[Any]) -> str:
    fields = dict.fromkeys(getattr(class_, "template_fields", ()))
    for base in class_.__bases__:
        for inherited in getattr(base, "template_fields", ()):
            fields.pop(inherited, None)
    own = ", ".join(f"`{name}`" for name in fields)
    templated = f"\n\nTemplated: {own}." if own else ""
    return f"```{{eval-rst}}\n.. autoclass:: {_path(class_)}\n```{templated}"


def _path(class_: type[Any]) -> str:
    return f"{class_.__module__}.{class_.__qualname__}"


def _public(family: str) -> list[str]:
    """Return the modules of a family, as Airflow is told them."""
    groups = get_provider_info().get(family, ())
    return [module for group in groups for module in group["python-modules"]]


def _classes(family: str) -> Iterator[type[Any]]:
    for module in _public(family):
        yield from _defined(module, _suffix(family))


def _suffix(family: str) -> str:
    """Return what the names of a family's classes end with."""
    return family.removesuffix("s").capitalize()


def _defined(module: str, suffix: str) -> Iterator[type[Any]]:
    for name, member in vars(import_module(module)).items():
        ours = inspect.isclass(member) and member.__module__ == module
        if ours and name.endswith(suffix) and not name.startswith("_"):
            yield member


def _kind(class_: type[Any]) -> OperationKind | None:
    return getattr(class_, "kind", None)


def _started_by(kind: OperationKind, operator: type[Any] | None) -> str:
    if kind.rpc is None:
        return "Spanner itself, after a restore"
    if operator is None:
        return f"`{kind.method}`, which has no operator yet"
    return f"`{kind.method}`<br>{{py:class}}`~{_path(operator)}`"


def _link(kind: OperationKind) -> str:
    return f"[{kind.title}](../{CANCEL}#{_slug(kind.title)})"


def _lead(kind: OperationKind, leads: dict[str, str]) -> str:
    if (lead := leads.get(kind.title)) is None:
        message = f"{CANCEL} has no section {kind.title!r}"
        raise ExtensionError(message)
    return lead


def _first_sentences(page: Path) -> dict[str, str]:
    """Return the first line below each heading of a page: each sentence has a line of its own."""
    return dict(re.findall(r"^#+ (.+)\n\n(\S.*)$", page.read_text(), re.MULTILINE))


def _slug(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [list(heads), *map(list, rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
