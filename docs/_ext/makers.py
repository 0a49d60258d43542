# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What the pages have from the code: tables of kinds, sections of classes, configuration.

Each maker returns Markdown, for headings below the level that it is told.
"""

# ruff: noqa: INP001  # this folder is on the path, and no package

from __future__ import annotations

import inspect
import re
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classes import class_section, errors_sections, function_section, sentences

from airflow_spanner_lro.core.kinds import KINDS
from airflow_spanner_lro.core.ledger.entry import TRANSITIONS
from airflow_spanner_lro.provider_info import get_provider_info

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from airflow_spanner_lro.core.kinds import OperationKind

DOCS = Path(__file__).parent.parent
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


class MakerError(Exception):
    """Something that cannot be made."""


def kinds(level: int) -> str:
    """Return the table of kinds, each with the call and the operator that start it."""
    del level
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


def cancels(level: int) -> str:
    """Return the table of what a cancel does, in the first words of the page that tells more."""
    del level
    leads = _first_sentences(DOCS / CANCEL)
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


def compared(level: int) -> str:
    """Return the table of what tells an operation from another one for the same target."""
    del level
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


def configuration(level: int) -> str:
    """Return a section for each option of each section that this provider brings."""
    parts = []
    for section, told in get_provider_info()["config"].items():
        for name, option in told["options"].items():
            parts.append(
                f"{'#' * level} {name}\n\n{sentences(option['description'])}\n\n"
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


def classes(level: int, family: str) -> str:
    """Return a section for each module of a family, with what each of its classes documents."""
    modules: dict[str, list[type[Any]]] = {}
    for class_ in _classes(family):
        modules.setdefault(class_.__module__, []).append(class_)
    return "\n\n".join(
        "\n\n".join(
            [
                f"{'#' * level} {_title(module)}",
                *(class_section(_path(class_), level=level + 1) for class_ in members),
            ]
        )
        for module, members in modules.items()
    )


def bases(level: int, family: str) -> str:
    """Return the classes that all others of a family derive from."""
    return "\n\n".join(
        class_section(_path(class_), level=level)
        for module in BASES[family]
        for class_ in _defined(f"airflow_spanner_lro.{module}", _suffix(family))
    )


def hooks(level: int) -> str:
    """Return a section for each hook, with its verbs where they are methods to be called."""
    return "\n\n".join(
        class_section(_path(class_), level=level, members=() if _is_async(class_) else ("*",))
        for class_ in _classes("hooks")
    )


def _is_async(class_: type[Any]) -> bool:
    return any(map(inspect.iscoroutinefunction, vars(class_).values()))


def notifications(level: int) -> str:
    """Return what each notifier documents."""
    named = get_provider_info().get("notifications", ())
    return "\n\n".join(class_section(name, level=level) for name in named)


def one_class(level: int, path: str, *members: str) -> str:
    """Return the section of one class, with the members that are named, or all of them."""
    return class_section(path, level=level, members=members)


def one_function(level: int, path: str) -> str:
    """Return the section of one function."""
    return function_section(path, level=level)


def errors(level: int, path: str) -> str:
    """Return the list of the errors that a module defines."""
    del level
    return errors_sections(path)


def stages(level: int) -> str:
    """Return the table of all ways in the life of an operation, numbered as in its drawing."""
    del level
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
    "class": one_class,
    "classes": classes,
    "compared": compared,
    "configuration": configuration,
    "errors": errors,
    "function": one_function,
    "hooks": hooks,
    "kinds": kinds,
    "notifications": notifications,
    "stages": stages,
}


def _title(module: str) -> str:
    return module.rpartition(".")[2].replace("_", " ").capitalize()


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
    return f"`{kind.method}`<br>[`{operator.__name__}`](#{operator.__name__.lower()})"


def _link(kind: OperationKind) -> str:
    return f"[{kind.title}](../{CANCEL}#{_slug(kind.title)})"


def _lead(kind: OperationKind, leads: dict[str, str]) -> str:
    if (lead := leads.get(kind.title)) is None:
        message = f"{CANCEL} has no section {kind.title!r}"
        raise MakerError(message)
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
