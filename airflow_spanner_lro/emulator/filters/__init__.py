# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""List filters: AIP-160 as Spanner uses it, such as ``(metadata.name:howl) AND (error:*)``.

A filter is read once and asked of thousands of items, so reading does all the work: what is left is
a chain of functions that stops as soon as the answer is known. What is not understood is refused
when the filter is read, never when it is asked: a list with nothing in it answers like a full one.

The language, and what was decided where its documents are silent:

- ``OR`` binds tighter than ``AND``, and terms side by side are joined by AND. Keywords may be in
  any case, and are keywords only where no operator follows; a leading ``-`` is NOT.
- Case never matters, neither in fields nor in values.
- There are two truth values. NOT is the complement, and ``!=`` is the complement of ``=``; what is
  not set, or cannot be compared, satisfies no other operator.
- ``:`` looks for a part of a text. ``=`` compares all of it, where a ``*`` at an end stands for
  anything. On numbers, booleans and times the two mean the same.
- A ``*`` alone, after ``:`` or ``=``, asks whether there is anything: not unset, and not empty.
- A term holds for a list if it holds for one of its elements.
- Fields whose names end with ``_time`` are compared with RFC 3339 timestamps, or with a date, which
  is its midnight in UTC.
"""

from __future__ import annotations

from airflow_spanner_lro.emulator.filters.expressions import Value
from airflow_spanner_lro.emulator.filters.parser import Filter, FilterError

__all__ = ["Filter", "FilterError", "Value"]
